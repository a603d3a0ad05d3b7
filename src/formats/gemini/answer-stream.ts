/** A stream of the hub as the responses of `streamGenerateContent`. */
import type { ChatChunk } from "../openai/chat.ts";
import { CompletionBuilder } from "../openai/stream.ts";
import { candidatesOf, closedCandidate, headOf } from "./answer.ts";
import { type PartOptions, spokenParts } from "./answer-parts.ts";
import { toUsageMetadata } from "./answer-usage.ts";
import { AS_CHAT, type GeneratedChunk } from "./as-chat.ts";
import type { JsonObject } from "./json.ts";

/**
 * Text goes on as it comes. The end of a candidate waits for the usage, which Gemini tells with it, or for the end of
 * the stream where there is none.
 */
export class GeneratedContentStream {
  readonly #options: PartOptions;
  readonly #builder = new CompletionBuilder();
  /** Candidates whose end has come and was not told. */
  readonly #ended = new Set<number>();
  #owesUsage = false;

  constructor(options: PartOptions) {
    this.#options = options;
  }

  chunk(chunk: ChatChunk): GeneratedChunk {
    this.#builder.add(chunk);
    if (chunk.usage) this.#owesUsage = true;
    const candidates: JsonObject[] = [];
    for (const { index, delta, finish_reason } of chunk.choices) {
      const parts = spokenParts(delta ?? {}, this.#options);
      if (parts.length > 0) candidates.push({ content: { role: "model", parts }, index });
      if (finish_reason) this.#ended.add(index);
    }
    if (candidates.length > 0) return { candidates, ...headOf(chunk), [AS_CHAT]: [chunk] };
    const isUsage = chunk.choices.length === 0 && chunk.usage;
    return { ...(isUsage ? this.#rest() : {}), [AS_CHAT]: [chunk] };
  }

  /** Whatever is still owed. */
  end(): GeneratedChunk[] {
    const rest = this.#rest();
    return Object.keys(rest).length > 0 ? [{ ...rest, [AS_CHAT]: [] }] : [];
  }

  #rest(): JsonObject {
    const { completion } = this.#builder;
    if (completion === undefined || (this.#ended.size === 0 && !this.#owesUsage)) return {};
    const { usage } = completion;
    const choices = completion.choices.filter(({ index }) => this.#ended.has(index));
    this.#ended.clear();
    this.#owesUsage = false;
    return {
      ...(choices.length > 0 &&
        candidatesOf({ ...completion, choices }, (choice) => closedCandidate(choice, completion, this.#options))),
      ...(usage && { usageMetadata: toUsageMetadata(usage) }),
      ...headOf(completion),
    };
  }
}
