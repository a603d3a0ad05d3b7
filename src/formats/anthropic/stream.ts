/** The events of a Messages stream → chunks. Joined together they say what the unstreamed answer says. */

import type { SluiceError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatChunk } from "../openai/chat.ts";
import { ChunkWriter } from "../openai/chunks.ts";
import type { ServerEvent } from "../sse.ts";
import { isJsonAnswer, type Reading, specificFields, toolCallHead } from "./assistant.ts";
import { extendBlock } from "./block-delta.ts";
import { BlockWriter, type OpenBlock } from "./block-writer.ts";
import { citationsOf, toAnnotations } from "./citations.ts";
import { cutOff, parseStreamEvent } from "./event-decoder.ts";
import { text } from "./fields.ts";
import { type Defaults, finishReason, messageFields, stopFields } from "./response.ts";
import type { Block, StreamEvent } from "./types.ts";
import { mergeUsage, toUsage } from "./usage.ts";

export interface StreamOptions extends Defaults {
  reading: Reading;
  /** The error for an error event, given its data as text and as JSON. */
  fail(body: string, event: unknown): SluiceError;
}

/**
 * Made anew for each stream. Thinking goes out as `reasoning_content` while it comes, and once more as a whole
 * `thinking_blocks` entry when its block ends, for only then is its signature known; annotations likewise.
 * `provider_specific_fields` of the message come in one delta before the end.
 */
export class MessagesDecoder {
  #options: StreamOptions;
  #writer: ChunkWriter;
  #answer: BlockWriter<Block>;
  #open = new Map<number, OpenBlock<Block>>();
  #blocks: Block[] = [];
  #start: unknown;
  #usage: Record<string, unknown> | undefined;
  #ending: Record<string, unknown> = {};
  #stopped = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#writer = new ChunkWriter(options);
    this.#answer = new BlockWriter(this.#writer, (block) => isJsonAnswer(block, options.reading));
  }

  /** @throws SluiceError where the event is an error, or is no JSON */
  event({ data }: ServerEvent): ChatChunk[] {
    if (this.#stopped || data.trim() === "" || data.trim() === "[DONE]") return [];
    const event = parseStreamEvent(data, this.#options.model);
    switch (event.type) {
      case "message_start":
        this.#begin(event);
        break;
      case "content_block_start":
        this.#openBlock(event);
        break;
      case "content_block_delta":
        this.#continueBlock(event);
        break;
      case "content_block_stop":
        this.#closeBlock(event.index ?? 0);
        break;
      case "message_delta":
        this.#ending = { ...this.#ending, ...event, ...(isRecord(event["delta"]) ? event["delta"] : {}) };
        if (isRecord(event["usage"])) this.#usage = mergeUsage(this.#usage ?? this.#start, event["usage"]);
        break;
      case "message_stop":
        this.#finish();
        break;
      case "error":
        throw this.#options.fail(data, event);
      default: // ping, and what is yet to come
        break;
    }
    return this.#writer.take();
  }

  /** @throws APIConnectionError where the stream ended before its `message_stop` */
  end(): ChatChunk[] {
    if (!this.#stopped) throw cutOff(this.#options.model);
    return [];
  }

  #begin(event: StreamEvent): void {
    const message = isRecord(event["message"]) ? event["message"] : {};
    const id = text(message["id"]);
    const model = text(message["model"]);
    this.#writer.rename({ ...(id && { id }), ...(model && { model }) });
    this.#start = message["usage"];
    this.#ending = messageFields(message);
    this.#writer.delta({ content: "" });
  }

  #openBlock(event: StreamEvent): void {
    const begun = event["content_block"];
    if (!isRecord(begun) || typeof begun["type"] !== "string") return;
    const block: Block = { ...begun, type: begun["type"] };
    const open = this.#answer.begin(block);
    this.#open.set(event.index ?? 0, open);
    this.#blocks.push(block);
    switch (block.type) {
      case "text":
        this.#answer.say(text(block["text"]));
        break;
      case "thinking":
        this.#think(text(block["thinking"]));
        break;
      case "tool_use":
        if (isJsonAnswer(block, this.#options.reading)) break;
        this.#answer.call(open, toolCallHead(block, this.#options.reading));
        break;
      case "fallback": {
        // From here on another model answers, and is paid for.
        const model = isRecord(block["to"]) ? text(block["to"]["model"]) : "";
        if (model) this.#writer.rename({ model });
        break;
      }
      default: // told when the message ends
        break;
    }
  }

  #continueBlock(event: StreamEvent): void {
    const open = this.#open.get(event.index ?? 0);
    const delta = event["delta"];
    if (!open || !isRecord(delta)) return;
    extendBlock(open.block, delta);
    switch (delta["type"]) {
      case "text_delta":
        this.#answer.say(text(delta["text"]));
        break;
      case "thinking_delta":
        this.#think(text(delta["thinking"]));
        break;
      case "input_json_delta":
        this.#answer.input(open, text(delta["partial_json"]));
        break;
      default: // nothing of it is told before the block ends
        break;
    }
  }

  #closeBlock(index: number): void {
    const open = this.#open.get(index);
    if (!open) return;
    this.#open.delete(index);
    const { block } = open;
    switch (block.type) {
      case "thinking":
      case "redacted_thinking":
        this.#writer.delta({ thinking_blocks: [block] });
        break;
      case "text": {
        const annotations = toAnnotations(citationsOf(block), open.start, this.#answer.length - open.start);
        if (annotations.length > 0) this.#writer.delta({ annotations });
        break;
      }
      default:
        this.#closeInput(open);
    }
  }

  #closeInput(open: OpenBlock<Block>): void {
    if (!("input" in open.block) && open.block.type !== "tool_use") return;
    open.block["input"] = this.#answer.wholeInput(open, open.block["input"]);
  }

  #think(reasoning: string): void {
    if (reasoning !== "") this.#writer.delta({ reasoning_content: reasoning });
  }

  #finish(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const index of [...this.#open.keys()]) this.#closeBlock(index);
    const { reading } = this.#options;
    const fields = { ...specificFields(this.#blocks, reading), ...messageFields(this.#ending) };
    if (Object.keys(fields).length > 0) this.#writer.delta({ provider_specific_fields: fields });
    const reason = finishReason(text(this.#ending["stop_reason"]), this.#blocks, reading);
    this.#writer.finish(reason, 0, { provider_specific_fields: stopFields(this.#ending) });
    // Without a message_delta the output was never counted; what is not known is not told.
    if (this.#usage) {
      const usage = toUsage(this.#usage);
      const tier = usage["service_tier"];
      this.#writer.usage(usage, typeof tier === "string" ? { service_tier: tier } : {});
    }
  }
}
