import { isRecord } from "../json.ts";
import type { ChatChunk, ChatCompletion, Delta, ThinkingBlock, ToolCall, ToolCallDelta } from "./chat.ts";

/** Does the chunk carry something of the answer? A role alone, an empty text or usage does not. */
export function isContent(chunk: ChatChunk): boolean {
  return chunk.choices.some(({ delta, finish_reason }) => {
    if (finish_reason !== null && finish_reason !== undefined) return true;
    return saysSomething(delta ?? {});
  });
}

/** Is there more in it than a role? */
export function saysSomething(delta: Delta): boolean {
  return Object.entries(delta).some(([field, value]) => field !== "role" && !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return value === null || value === undefined || value === "" || (Array.isArray(value) && value.length === 0);
}

/** A whole answer as the chunks of a stream: content, one finish reason for each choice, usage. */
export function chunksOfCompletion(completion: ChatCompletion): ChatChunk[] {
  const { choices, usage, object: _, ...rest } = completion;
  const head = { ...rest, object: "chat.completion.chunk" as const };
  const chunks: ChatChunk[] = choices.flatMap(({ index, message, finish_reason, ...extra }) => {
    const { tool_calls, ...fields } = message;
    const delta: Delta = { ...fields };
    if (tool_calls !== undefined)
      delta.tool_calls = tool_calls.map(
        (call, position) =>
          ({ ...call, index: position, type: call["custom"] === undefined ? "function" : "custom" }) as never, // a whole call is a delta with everything in it
      );
    return [
      { ...head, choices: [{ index, delta, finish_reason: null, ...extra }] },
      { ...head, choices: [{ index, delta: {}, finish_reason: finish_reason ?? "stop" }] },
    ];
  });
  if (usage !== undefined) chunks.push({ ...head, choices: [], usage });
  return chunks;
}

/** Joins the chunks of a stream into the answer they make: what the client would have got unstreamed. */
export class CompletionBuilder {
  #completion: ChatCompletion | undefined;

  add(chunk: ChatChunk): void {
    const { choices, usage, object: _, ...head } = chunk;
    this.#completion = {
      ...this.#completion,
      ...head,
      object: "chat.completion",
      choices: this.#completion?.choices ?? [],
    };
    if (usage) this.#completion.usage = usage;
    for (const { index, delta, finish_reason, logprobs, ...extra } of choices) {
      let choice = this.#completion.choices.find((known) => known.index === index);
      if (choice === undefined) {
        choice = { index, message: { role: "assistant", content: null }, finish_reason: null };
        this.#completion.choices.push(choice);
      }
      merge(choice.message, delta ?? {});
      Object.assign(choice, extra);
      if (finish_reason) choice.finish_reason = finish_reason;
      if (logprobs) choice.logprobs = joinLogprobs(choice.logprobs, logprobs);
    }
  }

  /** The answer so far, or `undefined` where no chunk came. */
  get completion(): ChatCompletion | undefined {
    return this.#completion;
  }
}

type Message = ChatCompletion["choices"][number]["message"];

function merge(message: Message, delta: Delta): void {
  for (const [field, value] of Object.entries(delta)) {
    if (field === "role" || isEmpty(value)) continue;
    if (field === "tool_calls") mergeToolCalls(message, delta.tool_calls ?? []);
    else if (field === "thinking_blocks" && Array.isArray(value))
      mergeThinking(message, (delta.thinking_blocks ?? []).filter(isRecord)); // as types have it; upstreams may not
    else if (field === "audio") mergeAudio(message, value);
    else if (field === "function_call") mergeFunctionCall(message, delta.function_call ?? {});
    else if (typeof value === "string" && typeof message[field] === "string") message[field] += value;
    else if (Array.isArray(value) && Array.isArray(message[field])) message[field] = [...message[field], ...value];
    else if (isRecord(value) && isRecord(message[field])) message[field] = { ...message[field], ...value };
    else message[field] = value;
  }
}

function mergeToolCalls(message: Message, deltas: NonNullable<Delta["tool_calls"]>): void {
  const calls = message.tool_calls ?? [];
  message.tool_calls = calls;
  for (const { index, id, type, function: part, custom, ...extra } of deltas) {
    const known = calls[index];
    if (custom) {
      calls[index] = joinCustom(known, { id, type }, custom);
      continue;
    }
    if (known?.function === undefined) {
      const whole = { name: part?.name ?? "", arguments: part?.arguments ?? "" };
      calls[index] = { ...extra, id: id ?? "", type: type ?? "function", function: whole } as (typeof calls)[number]; // null fields of a delta stay out of no one's way
      continue;
    }
    if (id) known.id = id;
    known.function.name += part?.name && known.function.name !== part.name ? part.name : "";
    known.function.arguments += part?.arguments ?? "";
    Object.assign(known, extra);
  }
}

/** A custom tool is called with a text, which may come in pieces. */
function joinCustom(
  known: ToolCall | undefined,
  { id, type }: Pick<ToolCallDelta, "id" | "type">,
  part: NonNullable<ToolCallDelta["custom"]>,
): ToolCall {
  const before = isRecord(known?.["custom"]) ? known["custom"] : {};
  const input = `${before["input"] ?? ""}${part.input ?? ""}`;
  return { id: id ?? known?.id ?? "", type: type ?? "custom", custom: { ...before, ...part, input } };
}

function mergeThinking(message: Message, deltas: NonNullable<Delta["thinking_blocks"]>): void {
  message.thinking_blocks ??= [];
  joinThinking(message.thinking_blocks, deltas);
}

/** Adds to the blocks what a delta brings. Deltas of one block follow each other; a signature closes it. */
export function joinThinking(blocks: ThinkingBlock[], deltas: readonly ThinkingBlock[]): void {
  for (const delta of deltas) {
    const last = blocks.at(-1);
    if (last?.type === "thinking" && delta.type === "thinking" && !last.signature) {
      last.thinking = (last.thinking ?? "") + (delta.thinking ?? "");
      if (delta.signature) last.signature = delta.signature;
    } else blocks.push({ ...delta });
  }
}

/** Data and transcript come in pieces; the id once. */
function mergeAudio(message: Message, delta: unknown): void {
  if (!isRecord(delta)) return;
  const audio: Record<string, unknown> = { ...message.audio };
  for (const [field, value] of Object.entries(delta)) {
    const before = audio[field];
    const grows =
      (field === "data" || field === "transcript") && typeof before === "string" && typeof value === "string";
    audio[field] = grows ? before + value : value;
  }
  message.audio = audio as Message["audio"]; // whole once the stream is
}

function mergeFunctionCall(message: Message, delta: { name?: string; arguments?: string }): void {
  const call = message.function_call ?? { name: "", arguments: "" };
  message.function_call = {
    name: call.name + (delta.name ?? ""),
    arguments: call.arguments + (delta.arguments ?? ""),
  };
}

function joinLogprobs(known: unknown, more: unknown): unknown {
  if (!isRecord(known) || !isRecord(more)) return more;
  const joined: Record<string, unknown> = { ...known };
  for (const [field, value] of Object.entries(more)) {
    const before = joined[field];
    joined[field] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : (value ?? before);
  }
  return joined;
}
