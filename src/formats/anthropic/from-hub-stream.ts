/** The chunks of a chat stream → the events of a Messages stream. */
import { isRecord } from "../json.ts";
import type { ChatChunk, Delta, ThinkingBlock, ToolCallDelta, Usage } from "../openai/chat.ts";
import { citationsOf, imageBlocks, type MessageReading, messageId, stopOf, usageOf } from "./from-hub-response.ts";
import { eventsOfBlock, messageStart } from "./message-events.ts";
import type { Block, StreamEvent } from "./types.ts";

/** A block of the answer, on its way. */
interface Pending {
  kind: "text" | "thinking" | "tool" | "whole";
  /** As `content_block_start` has it; a tool call has none before its name is known. */
  begun: Block | undefined;
  /** Deltas that wait for the blocks before. */
  deltas: Record<string, unknown>[];
  /** Nothing more will come. */
  ended: boolean;
  isSigned: boolean;
  /** The arguments of a tool call so far. */
  json: string;
}

/**
 * One block is open at a time: what belongs to a later one waits. Text and thinking end where something else begins. A
 * tool call ends where its arguments are whole and something else begins, as the pieces of parallel calls may come in any
 * order; a provider that sends them one after the other is never waited for.
 */
export class HubToMessageStream {
  readonly #reading: MessageReading;
  /** In the order of the answer; the first is open, or about to be. */
  readonly #blocks: Pending[] = [];
  /** Tool calls by their index in the hub, those that have ended among them. */
  readonly #calls = new Map<number, Pending>();
  /** Thinking was sent that nobody signed. */
  #leftUnsigned = false;
  /** Has the first of them begun? */
  #isOpen = false;
  #index = 0;
  #events: StreamEvent[] = [];
  #hasStarted = false;
  #hasRefused = false;
  #usage: Usage | undefined;
  #tier: string | null | undefined;
  #choice: Partial<ChatChunk["choices"][number]> = {};
  #head: Pick<ChatChunk, "id" | "model"> = { id: "", model: "" };

  constructor(reading: MessageReading) {
    this.#reading = reading;
  }

  chunk({ choices, usage, service_tier, id, model }: ChatChunk): StreamEvent[] {
    this.#tier = service_tier ?? this.#tier;
    this.#usage = usage ?? this.#usage;
    this.#head = { id, model };
    const choice = choices.find(({ index }) => index === 0);
    if (!this.#hasStarted && choice !== undefined) this.#start();
    if (choice === undefined) return this.#take();
    this.#say(choice.delta);
    if (choice.finish_reason) this.#choice = choice;
    return this.#take();
  }

  /** The stream is over: what waited, why it stopped, and what it used. */
  end(): StreamEvent[] {
    if (!this.#hasStarted) this.#start();
    for (const block of this.#blocks) {
      block.ended = true;
      block.begun ??= this.#toolUse("", undefined);
    }
    this.#advance();
    const refusal = this.#hasRefused ? { finish_reason: "content_filter" } : {};
    const stop = stopOf({ ...this.#choice, ...refusal }, this.#calls.size > 0, this.#reading);
    this.#events.push(
      { type: "message_delta", delta: stop, usage: usageOf(this.#usage, this.#tier) },
      { type: "message_stop" },
    );
    return this.#take();
  }

  #take(): StreamEvent[] {
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #start(): void {
    this.#hasStarted = true;
    this.#events.push(
      messageStart({
        id: messageId(this.#head.id),
        type: "message",
        role: "assistant",
        model: this.#head.model,
        content: [],
        usage: usageOf(this.#usage, undefined),
      }),
    );
  }

  #say(delta: Delta): void {
    const blocks = (delta.thinking_blocks ?? []).filter(isRecord) as ThinkingBlock[]; // a type is all that is proven, and read
    if (delta.reasoning_content) this.#think(delta.reasoning_content);
    for (const block of blocks) this.#sign(block, Boolean(delta.reasoning_content));
    const said = (delta.content ?? "") + (delta.refusal ?? "");
    if (delta.refusal) this.#hasRefused = true;
    if (said !== "") this.#current("text", { type: "text", text: "" }).deltas.push({ type: "text_delta", text: said });
    const citations = citationsOf(delta.annotations);
    if (citations.length > 0) this.#cite(citations);
    for (const block of imageBlocks(delta.images)) this.#whole(block);
    for (const call of delta.tool_calls ?? []) this.#call(call);
    for (const block of ranBlocks(delta.provider_specific_fields)) this.#whole(block);
    this.#advance();
  }

  /** The last block where it is of this kind and goes on, else a new one. */
  #current(kind: "text" | "thinking", begun: Block): Pending {
    const last = this.#blocks.at(-1);
    return last?.kind === kind && !last.ended ? last : this.#add({ kind, begun });
  }

  #add(block: Pick<Pending, "kind" | "begun">): Pending {
    const pending: Pending = { ...block, deltas: [], ended: false, isSigned: false, json: "" };
    this.#blocks.push(pending);
    return pending;
  }

  #whole(block: Block): void {
    this.#add({ kind: "whole", begun: block }).ended = true;
  }

  #think(thinking: string): void {
    this.#current("thinking", { type: "thinking", thinking: "", signature: "" }).deltas.push({
      type: "thinking_delta",
      thinking,
    });
  }

  /**
   * A signature ends the thinking before it. Providers give the text of a block once with the reasoning, and some give
   * it in the block again, as a piece or as a whole.
   */
  #sign(block: ThinkingBlock, wasSaid: boolean): void {
    if (block.type === "redacted_thinking") {
      this.#whole({ ...block });
      return;
    }
    const last = this.#blocks.at(-1);
    const open = last?.kind === "thinking" && !last.ended ? last : undefined;
    const isNew = open === undefined || !block.signature;
    if (isNew && !wasSaid && block.thinking) this.#think(block.thinking);
    // Gemini may sign the thinking with what it says after: there that block has gone, and no other is meant.
    if (!block.signature || (open === undefined && !block.thinking && this.#leftUnsigned)) return;
    const signed = this.#current("thinking", { type: "thinking", thinking: "", signature: "" });
    signed.deltas.push({ type: "signature_delta", signature: block.signature });
    signed.isSigned = true;
    signed.ended = true;
  }

  /** Of the text they stand in. To one that has been sent nothing can be added, and a text of citations alone is none. */
  #cite(citations: Record<string, unknown>[]): void {
    const text = this.#blocks.findLast(({ kind }) => kind === "text");
    text?.deltas.push(...citations.map((citation) => ({ type: "citations_delta", citation })));
  }

  #call({ index, id, function: part }: ToolCallDelta): void {
    const block = this.#calls.get(index) ?? this.#add({ kind: "tool", begun: undefined });
    this.#calls.set(index, block);
    if (part?.name) block.begun ??= this.#toolUse(part.name, id);
    if (!part?.arguments || block.ended) return; // after a whole object there is white space at most
    block.json += part.arguments;
    block.deltas.push({ type: "input_json_delta", partial_json: part.arguments });
  }

  #toolUse(name: string, id: string | undefined): Block {
    return {
      type: "tool_use",
      id: id || `toolu_${messageId(this.#head.id)}_${this.#calls.size}`,
      name: this.#reading.toolNames.get(name) ?? name,
      input: {},
    };
  }

  /** Sends what may be sent: all of the first block, and of the next ones where it has ended. */
  #advance(): void {
    for (let first = this.#blocks[0]; first?.begun !== undefined; first = this.#blocks[0]) {
      const hasNext = this.#blocks.length > 1;
      if (first.kind === "whole") this.#events.push(...eventsOfBlock(first.begun, this.#index));
      else {
        if (!this.#isOpen)
          this.#events.push({ type: "content_block_start", index: this.#index, content_block: first.begun });
        this.#isOpen = true;
        for (const delta of first.deltas.splice(0))
          this.#events.push({ type: "content_block_delta", index: this.#index, delta });
        if (!first.ended && !(hasNext && isOver(first))) return;
        this.#events.push({ type: "content_block_stop", index: this.#index });
        first.ended = true;
        this.#leftUnsigned ||= first.kind === "thinking" && !first.isSigned;
      }
      this.#blocks.shift();
      this.#isOpen = false;
      this.#index += 1;
    }
  }
}

/** Has it said all, now that something else has begun? */
function isOver({ kind, json }: Pending): boolean {
  if (kind !== "tool") return true;
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

/** Calls and results of tools the provider ran itself. Where they stood among the text the hub does not tell. */
function ranBlocks(fields: Delta["provider_specific_fields"]): Block[] {
  const kept = fields?.["content_blocks"];
  if (!Array.isArray(kept)) return [];
  const isRan = (block: unknown): block is Block =>
    isRecord(block) &&
    typeof block["type"] === "string" &&
    /^(?:server|mcp)_tool_use$|_tool_result$|^compaction$/.test(block["type"]);
  return kept.filter(isRan);
}
