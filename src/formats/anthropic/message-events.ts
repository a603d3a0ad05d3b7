/** A message of the Messages API, whole ↔ as the events of its stream. */

import { isRecord } from "../json.ts";
import { parseArguments } from "../openai/message-calls.ts";
import { formatEvent } from "../sse.ts";
import { extendBlock } from "./block-delta.ts";
import { text } from "./fields.ts";
import type { Block, Message, StreamEvent } from "./types.ts";
import { mergeUsage } from "./usage.ts";

/** One event as the client reads it. */
export function formatMessageEvent(event: StreamEvent): string {
  return formatEvent(JSON.stringify(event), event.type);
}

/** Does the event carry something of the answer? A message or a block that only begins does not. */
export function isMessageContent(event: StreamEvent): boolean {
  switch (event.type) {
    case "content_block_start": {
      const block = event["content_block"];
      if (!isRecord(block)) return false;
      return block["type"] === "text" || block["type"] === "thinking"
        ? text(block["text"]) + text(block["thinking"]) !== ""
        : true;
    }
    case "content_block_delta": {
      const delta = event["delta"];
      return isRecord(delta) && Object.entries(delta).some(([field, value]) => field !== "type" && value !== "");
    }
    case "message_delta":
    case "message_stop":
      return true;
    default: // message_start, content_block_stop, ping
      return false;
  }
}

/** The first event of a stream. Its output is counted when the stream ends. */
export function messageStart(message: Message): StreamEvent {
  const usage = isRecord(message["usage"]) ? message["usage"] : {};
  return {
    type: "message_start",
    message: { ...message, content: [], stop_reason: null, stop_sequence: null, usage: { ...usage, output_tokens: 0 } },
  };
}

/** The events of one block. */
export function eventsOfBlock(block: Block, index: number): StreamEvent[] {
  const { begun, deltas } = inPieces(block);
  return [
    { type: "content_block_start", index, content_block: begun },
    ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
    { type: "content_block_stop", index },
  ];
}

/** A whole answer as the events of a stream. */
export function eventsOf(message: Message): StreamEvent[] {
  const { stop_reason = null, stop_sequence = null, usage, stop_details } = message;
  return [
    messageStart(message),
    ...message.content.flatMap(eventsOfBlock),
    {
      type: "message_delta",
      delta: { stop_reason, stop_sequence, ...(isRecord(stop_details) && { stop_details }) },
      usage: isRecord(usage) ? usage : {},
    },
    { type: "message_stop" },
  ];
}

interface Delta extends Record<string, unknown> {
  type: string;
}

/** What a block begins with, and what follows it. Blocks of other types come whole. */
function inPieces(block: Block): { begun: Block; deltas: Delta[] } {
  switch (block.type) {
    case "text": {
      const { citations, ...plain } = block;
      const cited = Array.isArray(citations) ? citations : [];
      return {
        begun: { ...plain, text: "", ...(cited.length > 0 && { citations: [] }) },
        deltas: [
          ...(block["text"] ? [{ type: "text_delta", text: block["text"] }] : []),
          ...cited.map((citation) => ({ type: "citations_delta", citation })),
        ],
      };
    }
    case "thinking":
      return {
        begun: { ...block, thinking: "", signature: "" },
        deltas: [
          ...(block["thinking"] ? [{ type: "thinking_delta", thinking: block["thinking"] }] : []),
          ...(block["signature"] ? [{ type: "signature_delta", signature: block["signature"] }] : []),
        ],
      };
    case "tool_use":
    case "server_tool_use":
    case "mcp_tool_use":
      return {
        begun: { ...block, input: {} },
        deltas: [{ type: "input_json_delta", partial_json: JSON.stringify(block["input"] ?? {}) }],
      };
    default:
      return { begun: block, deltas: [] };
  }
}

/** Joins the events of a stream into the message they make. */
export class MessageBuilder {
  #message: Message | undefined;
  #started: unknown;
  /** JSON of inputs as it comes, by block. */
  readonly #inputs = new Map<number, string>();
  readonly #open = new Set<number>();
  /** As told at the end; before it the output is not counted. */
  usage: Record<string, unknown> | undefined;

  add(event: StreamEvent): void {
    const index = event.index ?? 0;
    switch (event.type) {
      case "message_start": {
        const message = isRecord(event["message"]) ? event["message"] : {};
        this.#started = message["usage"];
        this.#message = { ...message, content: [] };
        break;
      }
      case "content_block_start":
        if (!isBlock(event["content_block"])) break;
        this.#content[index] = { ...event["content_block"] };
        this.#open.add(index);
        break;
      case "content_block_delta":
        if (isRecord(event["delta"])) this.#continue(index, event["delta"]);
        break;
      case "content_block_stop":
        this.#close(index);
        break;
      case "message_delta":
        this.#end(event);
        break;
      default:
        break;
    }
  }

  /** The message so far, or `undefined` where none has begun. */
  get message(): Message | undefined {
    if (this.#message === undefined) return undefined;
    return { ...this.#message, content: this.#message.content.filter(isBlock) }; // a block that was never begun is a hole
  }

  /** What the first event told of the input. */
  get started(): unknown {
    return this.#started;
  }

  /** What has come of inputs that are not whole. */
  get unfinishedInputs(): string {
    return [...this.#open].map((index) => this.#inputs.get(index) ?? "").join("");
  }

  /** Blocks that have begun and not ended. */
  get open(): ReadonlySet<number> {
    return this.#open;
  }

  get #content(): Block[] {
    this.#message ??= { content: [] };
    return this.#message.content;
  }

  #continue(index: number, delta: Record<string, unknown>): void {
    const block = this.#content[index];
    if (block === undefined) return;
    if (delta["type"] === "input_json_delta")
      this.#inputs.set(index, (this.#inputs.get(index) ?? "") + text(delta["partial_json"]));
    else extendBlock(block, delta);
  }

  #close(index: number): void {
    this.#open.delete(index);
    const block = this.#content[index];
    const json = this.#inputs.get(index);
    if (block !== undefined && json) block["input"] = parseArguments(json);
  }

  #end(event: StreamEvent): void {
    if (isRecord(event["delta"])) this.#message = { ...this.#message, content: this.#content, ...event["delta"] };
    if (event["context_management"] && this.#message) this.#message["context_management"] = event["context_management"];
    if (!isRecord(event["usage"])) return;
    this.usage = mergeUsage(this.usage ?? this.#started, event["usage"]);
    if (this.#message) this.#message["usage"] = this.usage;
  }
}

function isBlock(value: unknown): value is Block {
  return isRecord(value) && typeof value["type"] === "string";
}
