import type { ChatChunk, Delta, FinishReason, ToolCallDelta, Usage } from "./chat.ts";

/**
 * Builds the chunks of one OpenAI stream and keeps its rules, whatever order the upstream has:
 * the role comes with the first delta of a choice, a tool call's id and name come before its arguments,
 * a choice has one finish reason, and usage is a last chunk without choices.
 *
 * A decoder writes what it understood and hands over with `take()`.
 */
export class ChunkWriter {
  #head: Pick<ChatChunk, "id" | "object" | "created" | "model">;
  #chunks: ChatChunk[] = [];
  #begun = new Set<number>();
  #finished = new Set<number>();

  /** `created` in Unix seconds. */
  constructor(head: { id: string; created: number; model: string }) {
    this.#head = { id: head.id, object: "chat.completion.chunk", created: head.created, model: head.model };
  }

  /** Corrects id or model for the chunks that follow: some upstreams tell them with the first event only. */
  rename(head: { id?: string; model?: string }): void {
    this.#head = { ...this.#head, ...head };
  }

  /** @param extra further fields of the choice, such as `logprobs` */
  delta(delta: Delta, choice = 0, extra: Record<string, unknown> = {}): void {
    const first = !this.#begun.has(choice);
    this.#begun.add(choice);
    const told = first ? { role: "assistant" as const, ...delta } : delta;
    this.#push({ index: choice, delta: told, finish_reason: null, ...extra });
  }

  /** Begins a tool call: `index` counts the tool calls of the choice from 0. */
  toolCall(
    index: number,
    call: { id: string; name: string; arguments?: string; fields?: Record<string, unknown> },
    choice = 0,
  ): void {
    const delta: ToolCallDelta = {
      index,
      id: call.id,
      type: "function",
      function: { name: call.name, arguments: call.arguments ?? "" },
    };
    if (call.fields !== undefined) delta.provider_specific_fields = call.fields;
    this.delta({ tool_calls: [delta] }, choice);
  }

  /** Continues the arguments of a tool call that was begun. */
  toolArguments(index: number, text: string, choice = 0): void {
    this.delta({ tool_calls: [{ index, function: { arguments: text } }] }, choice);
  }

  /** Ends a choice. A second call for the same choice does nothing. */
  finish(reason: FinishReason, choice = 0, extra: Record<string, unknown> = {}): void {
    if (this.#finished.has(choice)) return;
    this.#finished.add(choice);
    const delta: Delta = this.#begun.has(choice) ? {} : { role: "assistant", content: "" };
    this.#begun.add(choice);
    this.#push({ index: choice, delta, finish_reason: reason, ...extra });
  }

  isFinished(choice = 0): boolean {
    return this.#finished.has(choice);
  }

  /** The usage chunk. It is always written; whoever sends it on drops it where the client did not ask. */
  usage(usage: Usage, extra: Record<string, unknown> = {}): void {
    this.#chunks.push({ ...this.#head, choices: [], usage, ...extra });
  }

  /** Fields of the answer as a whole, in a chunk that says nothing else: it goes on also where usage is not asked for. */
  fields(extra: Record<string, unknown>): void {
    this.#chunks.push({ ...this.#head, choices: [{ index: 0, delta: {}, finish_reason: null }], ...extra });
  }

  /** The chunks written since the last call. */
  take(): ChatChunk[] {
    const chunks = this.#chunks;
    this.#chunks = [];
    return chunks;
  }

  #push(choice: ChatChunk["choices"][number]): void {
    this.#chunks.push({ ...this.#head, choices: [choice] });
  }
}
