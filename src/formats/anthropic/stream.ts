/** The events of a Messages stream → chunks. Joined together they say what the unstreamed answer says. */

import type { SluiceError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatChunk } from "../openai/chat.ts";
import { ChunkWriter } from "../openai/chunks.ts";
import type { ServerEvent } from "../sse.ts";
import { isJsonAnswer, type Reading, specificFields, toolCallHead } from "./assistant.ts";
import { extendBlock } from "./block-delta.ts";
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

/** A block that has begun. */
interface OpenBlock {
  block: Block;
  /** JSON of a tool's input as it comes. */
  json: string;
  /** Index among the answer's tool calls. */
  call?: number;
  /** The block's place in the answer's text, in UTF-16 units. */
  start: number;
}

/**
 * Made anew for each stream. Thinking goes out as `reasoning_content` while it comes, and once more as a whole
 * `thinking_blocks` entry when its block ends, for only then is its signature known; annotations likewise.
 * `provider_specific_fields` of the message come in one delta before the end.
 */
export class MessagesDecoder {
  #options: StreamOptions;
  #writer: ChunkWriter;
  #open = new Map<number, OpenBlock>();
  #blocks: Block[] = [];
  #length = 0;
  #calls = 0;
  #start: unknown;
  #usage: Record<string, unknown> | undefined;
  #ending: Record<string, unknown> = {};
  #stopped = false;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#writer = new ChunkWriter(options);
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
    const open: OpenBlock = { block, json: "", start: this.#length };
    this.#open.set(event.index ?? 0, open);
    this.#blocks.push(block);
    switch (block.type) {
      case "text":
        this.#say(text(block["text"]));
        break;
      case "thinking":
        this.#think(text(block["thinking"]));
        break;
      case "tool_use":
        if (isJsonAnswer(block, this.#options.reading)) break;
        open.call = this.#calls++;
        this.#writer.toolCall(open.call, toolCallHead(block, this.#options.reading));
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
        this.#say(text(delta["text"]));
        break;
      case "thinking_delta":
        this.#think(text(delta["thinking"]));
        break;
      case "input_json_delta":
        this.#input(open, text(delta["partial_json"]));
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
        const annotations = toAnnotations(citationsOf(block), open.start, this.#length - open.start);
        if (annotations.length > 0) this.#writer.delta({ annotations });
        break;
      }
      default:
        this.#closeInput(open);
    }
  }

  /** An input may also come whole with the start of its block, and none at all means `{}`. */
  #closeInput(open: OpenBlock): void {
    if (!("input" in open.block) && open.block.type !== "tool_use") return;
    if (open.json === "") this.#input(open, JSON.stringify(open.block["input"] ?? {}));
    else open.block["input"] = parse(open.json);
  }

  #input(open: OpenBlock, json: string): void {
    if (json === "") return;
    open.json += json;
    if (open.call !== undefined) this.#writer.toolArguments(open.call, json);
    else if (isJsonAnswer(open.block, this.#options.reading)) this.#say(json);
  }

  #say(content: string): void {
    if (content === "") return;
    this.#length += content.length;
    this.#writer.delta({ content });
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

/** The input of a tool Anthropic ran; what `max_tokens` cut in the middle is kept as text. */
function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
