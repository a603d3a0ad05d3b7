/** The events of ConverseStream → chunks. Joined together they say what the unstreamed answer says. */
import type { Reading } from "../anthropic/assistant.ts";
import { BlockWriter, type OpenBlock } from "../anthropic/block-writer.ts";
import { fromBase64, toBase64 } from "../base64.ts";
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../errors.ts";
import { asRecord, isRecord, type JsonObject, recordsIn } from "../json.ts";
import type { ChatChunk } from "../openai/chat.ts";
import { ChunkWriter } from "../openai/chunks.ts";
import type { ServerEvent } from "../sse.ts";
import { annotationsOf, imagesOf, isCall, isJsonAnswer, specificFields, thinkingOf } from "./assistant.ts";
import { answerFields, type Defaults, finishReason, stopFields } from "./response.ts";
import { type Block, type Event, eventSchema } from "./types.ts";
import { toUsage } from "./usage.ts";

export interface StreamOptions extends Defaults {
  reading: Reading;
  /** The error for an exception in the stream. */
  fail(exception: ServerEvent): SluiceError;
}

interface CitingBlock extends OpenBlock<Block> {
  citations: JsonObject[];
}

/**
 * Made anew for each stream. Reasoning goes out as `reasoning_content` while it comes, and once more as a whole
 * `thinking_blocks` entry when its block ends, for only then is its signature known; annotations likewise.
 */
export class ConverseDecoder {
  readonly #options: StreamOptions;
  readonly #writer: ChunkWriter;
  readonly #answer: BlockWriter<Block>;
  readonly #open = new Map<number, CitingBlock>();
  readonly #blocks: Block[] = [];
  #images = 0;
  #stopped = false;
  /** What came of it, until it is told: usage is the last chunk. */
  #metadata: Event | undefined;

  constructor(options: StreamOptions) {
    this.#options = options;
    this.#writer = new ChunkWriter(options);
    this.#answer = new BlockWriter(this.#writer, (block) => isJsonAnswer(block, options.reading));
  }

  /** @throws SluiceError where the event is an exception, or is no JSON */
  event(given: ServerEvent): ChatChunk[] {
    const { event: name = "", data } = given;
    if (/(?:Exception|Error|Failure|Fault)$/.test(name)) throw this.#options.fail(given);
    const event = this.#parse(data);
    switch (name) {
      case "messageStart":
        this.#writer.delta({ content: "" });
        break;
      case "contentBlockStart":
        this.#begin(event);
        break;
      case "contentBlockDelta":
        this.#continue(event);
        break;
      case "contentBlockStop":
        this.#close(event.contentBlockIndex ?? 0);
        break;
      case "messageStop":
        this.#finish(event);
        break;
      case "metadata":
        this.#metadata = event;
        if (this.#stopped) this.#tellUsage();
        break;
      default: // what is yet to come
        break;
    }
    return this.#writer.take();
  }

  /** @throws APIConnectionError where the stream ended before its `messageStop` */
  end(): ChatChunk[] {
    if (!this.#stopped)
      throw new APIConnectionError("litellm.APIConnectionError: The stream was cut off before its end.", {
        model: this.#options.model,
      });
    return [];
  }

  #parse(data: string): Event {
    try {
      return eventSchema.parse(JSON.parse(data));
    } catch (cause) {
      throw new APIResponseValidationError("litellm.APIResponseValidationError: An event of the stream is no JSON.", {
        model: this.#options.model,
        upstream: { event: data.slice(0, 500) },
        cause,
      });
    }
  }

  #at(index: number): CitingBlock {
    const known = this.#open.get(index);
    if (known !== undefined) return known;
    const open = { ...this.#answer.begin({}), citations: [] };
    this.#open.set(index, open);
    this.#blocks.push(open.block);
    return open;
  }

  /** Only blocks that are more than text are announced. */
  #begin({ contentBlockIndex, start }: Event): void {
    if (!isRecord(start)) return;
    const open = this.#at(contentBlockIndex ?? 0);
    Object.assign(open.block, start);
    const { toolUse } = open.block;
    if (!toolUse || !isCall(open.block, this.#options.reading)) return;
    const { toolUseId: id, name } = toolUse;
    this.#answer.call(open, { id, name: this.#options.reading.toolNames.get(name) ?? name });
  }

  #continue({ contentBlockIndex, delta }: Event): void {
    if (!isRecord(delta)) return;
    const open = this.#at(contentBlockIndex ?? 0);
    const { text, toolUse, toolResult, reasoningContent, citation, image, ...others } = delta;
    if (typeof text === "string") {
      open.block.text = (open.block.text ?? "") + text;
      this.#answer.say(text);
    }
    if (isRecord(toolUse) && typeof toolUse["input"] === "string") this.#answer.input(open, toolUse["input"]);
    if (isRecord(reasoningContent)) this.#think(open, reasoningContent);
    if (isRecord(citation)) open.citations.push(citation);
    if (toolResult !== undefined) addResult(open.block, toolResult);
    if (isRecord(image)) addImage(open.block, image);
    Object.assign(open.block, others);
  }

  #think(open: CitingBlock, { text, signature, redactedContent }: JsonObject): void {
    const { reasoningContent } = open.block;
    if (typeof redactedContent === "string") {
      const before = reasoningContent?.redactedContent ?? "";
      open.block.reasoningContent = { redactedContent: joinedBytes(before, redactedContent) };
      return;
    }
    const before = reasoningContent?.reasoningText ?? {};
    open.block.reasoningContent = {
      reasoningText: {
        ...before,
        text: (before.text ?? "") + (typeof text === "string" ? text : ""),
        ...(typeof signature === "string" && { signature: (before.signature ?? "") + signature }),
      },
    };
    if (typeof text === "string" && text !== "") this.#writer.delta({ reasoning_content: text });
  }

  #close(index: number): void {
    const open = this.#open.get(index);
    if (open === undefined) return;
    this.#open.delete(index);
    const { block } = open;
    if (block.toolUse) block.toolUse.input = this.#answer.wholeInput(open, block.toolUse.input);
    const thought = thinkingOf(block);
    if (thought !== undefined) this.#writer.delta({ thinking_blocks: [thought] });
    const images = imagesOf(block, this.#images);
    this.#images += images.length;
    if (images.length > 0) this.#writer.delta({ images });
    if (open.citations.length === 0) return;
    block.citationsContent = { content: [{ text: block.text ?? "" }], citations: open.citations };
    delete block.text;
    const annotations = annotationsOf(block, open.start, this.#answer.length - open.start);
    if (annotations.length > 0) this.#writer.delta({ annotations });
  }

  #finish(event: Event): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const index of [...this.#open.keys()]) this.#close(index);
    const { reading } = this.#options;
    const fields = specificFields(this.#blocks, reading);
    if (fields !== undefined) this.#writer.delta({ provider_specific_fields: fields });
    const reason = finishReason(event.stopReason, this.#blocks, reading);
    this.#writer.finish(reason, 0, { provider_specific_fields: stopFields(event) });
    this.#tellUsage();
  }

  #tellUsage(): void {
    const event = this.#metadata;
    const usage = toUsage(event?.usage);
    this.#metadata = undefined;
    if (event === undefined) return;
    const { trace, ...fields } = answerFields(event);
    if (trace !== undefined) this.#writer.fields({ trace });
    if (usage !== undefined) this.#writer.usage(usage, fields);
  }
}

/** Content of a result comes in pieces, under the head that came with the start of its block. */
function addResult(block: Block, pieces: unknown): void {
  const head = isRecord(block["toolResult"]) ? block["toolResult"] : {};
  block["toolResult"] = { ...head, content: [...recordsIn(head["content"]), ...recordsIn(pieces)] };
}

/** Bytes of an image come in pieces, under the head that came with the start of its block. */
function addImage(block: Block, piece: JsonObject): void {
  const head = asRecord(block["image"]);
  const before = asRecord(head["source"])["bytes"];
  const more = asRecord(piece["source"])["bytes"];
  const bytes = joinedBytes(typeof before === "string" ? before : "", typeof more === "string" ? more : "");
  block["image"] = { ...head, source: { bytes } };
}

/** Two pieces of base64 as one, also where the first is filled up to its end. */
function joinedBytes(first: string, second: string): string {
  if (!first.endsWith("=")) return first + second;
  const [one, other] = [fromBase64(first), fromBase64(second)];
  if (one === undefined || other === undefined) return first + second;
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return toBase64(both);
}
