/** Items of an answer that are still being said, and their events. */
import { isRecord, type JsonObject } from "../../json.ts";
import type { Annotation, ThinkingBlock } from "../chat.ts";
import { joinThinking } from "../stream.ts";
import { toResponsesAnnotation } from "./annotations.ts";
import { type CallKind, callItem, inputOf } from "./client-tools.ts";
import type { EventWriter } from "./event-writer.ts";
import { seal } from "./sealed.ts";
import type { OutputItem, TextPart } from "./types.ts";

/** Reasoning, told as a summary of one part: the place where clients show it. */
export class OpenReasoning {
  readonly #writer: EventWriter;
  readonly #id: string;
  readonly #by: string | undefined;
  readonly #index: number;
  #text = "";
  #hasPart = false;
  #blocks: ThinkingBlock[] = [];

  /** @param by whoever signs it */
  constructor(writer: EventWriter, id: string, by: string | undefined) {
    this.#writer = writer;
    this.#id = id;
    this.#by = by;
    this.#index = writer.add({ id, type: "reasoning", summary: [] });
  }

  think(delta: string): void {
    if (!this.#hasPart)
      this.#emit("response.reasoning_summary_part.added", { part: { type: "summary_text", text: "" } });
    this.#hasPart = true;
    this.#text += delta;
    this.#emit("response.reasoning_summary_text.delta", { delta });
  }

  add(blocks: readonly ThinkingBlock[]): void {
    joinThinking(this.#blocks, blocks);
  }

  close(): void {
    const part = { type: "summary_text", text: this.#text };
    if (this.#hasPart) {
      this.#emit("response.reasoning_summary_text.done", { text: this.#text });
      this.#emit("response.reasoning_summary_part.done", { part });
    }
    // Thinking that nobody signed is no state: the text says all of it.
    const isState = this.#blocks.some(({ signature, data }) => Boolean(signature) || Boolean(data));
    this.#writer.done(this.#index, {
      id: this.#id,
      type: "reasoning",
      summary: this.#hasPart ? [part] : [],
      ...(isState && { encrypted_content: seal({ ...(this.#by && { by: this.#by }), thinking: this.#blocks }) }),
    });
  }

  #emit(type: string, fields: JsonObject): void {
    this.#writer.emit(type, { item_id: this.#id, output_index: this.#index, summary_index: 0, ...fields });
  }
}

type MessagePart = TextPart | { type: "refusal"; refusal: string };

/** A message: text and refusals, each a part of its own. */
export class OpenMessage {
  readonly #writer: EventWriter;
  readonly #id: string;
  readonly #index: number;
  /** Characters the answer had before this message. */
  readonly #before: number;
  readonly #content: MessagePart[] = [];
  #part: MessagePart | undefined;
  #length = 0;

  constructor(writer: EventWriter, id: string, before: number) {
    this.#writer = writer;
    this.#id = id;
    this.#before = before;
    this.#index = writer.add({ id, type: "message", status: "in_progress", role: "assistant", content: [] });
  }

  /** Characters of text so far. */
  get length(): number {
    return this.#length;
  }

  say(delta: string, logprobs: unknown[]): void {
    const part = this.#part?.type === "output_text" ? this.#part : this.#open(emptyText());
    part.text += delta;
    part.logprobs.push(...logprobs);
    this.#length += delta.length;
    this.#emit("response.output_text.delta", { delta, logprobs });
  }

  refuse(delta: string): void {
    const part = this.#part?.type === "refusal" ? this.#part : this.#open({ type: "refusal", refusal: "" });
    part.refusal += delta;
    this.#emit("response.refusal.delta", { delta });
  }

  annotate(annotation: Annotation): void {
    if (this.#part?.type !== "output_text") return;
    const told = toResponsesAnnotation(annotation, this.#before);
    this.#part.annotations.push(told);
    this.#emit("response.output_text.annotation.added", {
      annotation_index: this.#part.annotations.length - 1,
      annotation: told,
    });
  }

  close(status: string): void {
    this.#closePart();
    this.#writer.done(this.#index, {
      id: this.#id,
      type: "message",
      status,
      role: "assistant",
      content: this.#content,
    });
  }

  #open<Part extends MessagePart>(part: Part): Part {
    this.#closePart();
    this.#part = part;
    this.#content.push(part);
    const begun = "annotations" in part ? emptyText() : { ...part };
    this.#emit("response.content_part.added", { part: begun });
    return part;
  }

  #closePart(): void {
    const part = this.#part;
    if (part === undefined) return;
    if (part.type === "output_text")
      this.#emit("response.output_text.done", { text: part.text, logprobs: part.logprobs });
    else this.#emit("response.refusal.done", { refusal: part.refusal });
    this.#emit("response.content_part.done", { part });
    this.#part = undefined;
  }

  #emit(type: string, fields: JsonObject): void {
    const content_index = this.#content.length - 1;
    this.#writer.emit(type, { item_id: this.#id, output_index: this.#index, content_index, ...fields });
  }
}

function emptyText(): TextPart {
  return { type: "output_text", text: "", annotations: [], logprobs: [] };
}

/** A call of a tool. Functions are told as they come; of other kinds the client can read only the whole. */
export class OpenCall {
  readonly #writer: EventWriter;
  readonly #kind: CallKind;
  readonly #id: string;
  readonly #callId: string;
  #index: number | undefined;
  #args = "";

  constructor(writer: EventWriter, kind: CallKind, ids: { id: string; callId: string }) {
    this.#writer = writer;
    this.#kind = kind;
    this.#id = ids.id;
    this.#callId = ids.callId;
    if (kind.type === "function" || kind.type === "custom") this.#index = writer.add(this.#begun());
  }

  write(args: string): void {
    if (args === "") return;
    this.#args += args;
    if (this.#kind.type === "function") this.#emit("response.function_call_arguments.delta", { delta: args });
  }

  /** Are its arguments whole, as far as one can see? */
  get isWhole(): boolean {
    try {
      return this.#args !== "" && isRecord(JSON.parse(this.#args));
    } catch {
      return false;
    }
  }

  /** @param status of a call whose arguments were cut short */
  close(status: "completed" | "incomplete"): void {
    const args = this.#args.trim() === "" ? "{}" : this.#args;
    const item = { ...callItem(this.#kind, this.#id, this.#callId, args), status: this.isWhole ? "completed" : status };
    this.#index ??= this.#writer.add({ ...item, status: "in_progress" });
    if (this.#kind.type === "function")
      this.#emit("response.function_call_arguments.done", { arguments: args, name: this.#kind.name });
    if (this.#kind.type === "custom") {
      const input = inputOf(args);
      if (input !== "") this.#emit("response.custom_tool_call_input.delta", { delta: input });
      this.#emit("response.custom_tool_call_input.done", { input });
    }
    this.#writer.done(this.#index, item);
  }

  #begun(): OutputItem {
    const { input: _, ...item } = callItem(this.#kind, this.#id, this.#callId, "");
    const nothing = this.#kind.type === "custom" ? { input: "" } : { arguments: "" };
    return { ...item, status: "in_progress", ...nothing };
  }

  #emit(type: string, fields: JsonObject): void {
    this.#writer.emit(type, { item_id: this.#id, output_index: this.#index, ...fields });
  }
}
