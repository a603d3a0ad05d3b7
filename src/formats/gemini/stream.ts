/** Gemini's stream: each event is a `GenerateContentResponse` with a piece of the answer. */
import { APIConnectionError, APIResponseValidationError, type SluiceError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ChatChunk } from "../openai/chat.ts";
import { ChunkWriter } from "../openai/chunks.ts";
import { CandidateReader } from "./candidate.ts";
import type { JsonObject } from "./json.ts";
import { geminiModel, isGemini3 } from "./model.ts";
import { type GenerateContentResponse, responseSchema, type UsageMetadata } from "./types.ts";
import { usageOf } from "./usage.ts";

/** What the translation of an answer needs to know of its call. */
export interface AnswerContext {
  /** Slug of the provider, for errors. */
  provider: string;
  /** The model that was asked. */
  model: string;
  /** Unique to the call; the answer's id where Gemini tells none. */
  id: string;
  /** Unix seconds. */
  now: number;
}

/**
 * Translates the responses of one stream. The finish reason waits for the end: some versions of the API repeat
 * `STOP` in each chunk.
 */
export class GeminiStream {
  readonly #context: AnswerContext;
  readonly #writer: ChunkWriter;
  readonly #candidates = new Map<number, CandidateReader>();
  #usage: UsageMetadata | undefined;
  #blocked: NonNullable<GenerateContentResponse["promptFeedback"]> | undefined;
  #begun = false;

  constructor(context: AnswerContext) {
    this.#context = context;
    this.#writer = new ChunkWriter({ id: context.id, created: context.now, model: context.model });
  }

  /**
   * @param toError makes the error of an error object that stands in place of a response
   * @throws SluiceError for an error object, APIResponseValidationError for anything else that is no response
   */
  response(body: unknown, toError: (error: JsonObject) => SluiceError): ChatChunk[] {
    if (isRecord(body) && isRecord(body["error"])) throw toError(body["error"]);
    const parsed = responseSchema.safeParse(body);
    if (!parsed.success)
      throw new APIResponseValidationError(
        "litellm.APIResponseValidationError: GeminiException - The answer is no GenerateContentResponse.",
        { ...this.#origin, cause: parsed.error },
      );
    this.#read(parsed.data);
    return this.#writer.take();
  }

  /**
   * What is owed at the end.
   * @param whole the answer came unstreamed: a candidate may lack its finish reason
   * @throws APIConnectionError where the stream broke off, APIResponseValidationError where it held no answer
   */
  end(whole = false): ChatChunk[] {
    if (this.#candidates.size === 0) this.#endWithout();
    for (const [index, candidate] of this.#candidates) {
      if (!candidate.isFinished && !whole && this.#blocked === undefined)
        throw brokenOff("The stream ended before the answer did.", this.#origin);
      for (const delta of candidate.rest()) this.#writer.delta(delta, index);
      const { reason, extra } = candidate.end();
      this.#writer.finish(this.#blocked === undefined ? reason : "content_filter", index, {
        ...extra,
        ...this.#block(),
      });
    }
    const chunks = this.#writer.take();
    const last = chunks.at(-1);
    if (last !== undefined) Object.assign(last, this.#metadata());
    if (this.#usage !== undefined) this.#writer.usage(usageOf(this.#usage, this.#searches()), this.#tier(this.#usage));
    return [...chunks, ...this.#writer.take()];
  }

  #read(response: GenerateContentResponse): void {
    if (!this.#begun) this.#begin(response);
    this.#usage = response.usageMetadata ?? this.#usage;
    if (response.promptFeedback?.blockReason) this.#blocked = response.promptFeedback;
    for (const candidate of response.candidates ?? []) {
      const index = candidate.index ?? 0;
      const reader = this.#candidates.get(index) ?? new CandidateReader(index, this.#context.id);
      this.#candidates.set(index, reader);
      for (const delta of reader.read(candidate)) this.#writer.delta(delta, index);
    }
  }

  #begin(response: GenerateContentResponse): void {
    this.#begun = true;
    this.#writer.rename({
      id: response.responseId || this.#context.id,
      model: response.modelVersion || this.#context.model,
    });
  }

  get #origin(): { provider: string; model: string } {
    return { provider: this.#context.provider, model: this.#context.model };
  }

  /** No candidate: the prompt was blocked, or this is no answer. */
  #endWithout(): void {
    if (this.#blocked !== undefined) this.#writer.finish("content_filter", 0, this.#block());
    else if (this.#begun)
      throw new APIResponseValidationError(
        "litellm.APIResponseValidationError: GeminiException - The answer holds no candidate.",
        this.#origin,
      );
    else throw brokenOff("The stream ended before it began.", this.#origin);
  }

  /** Why the prompt was blocked, on the choice that stands for the answer. */
  #block(): Record<string, unknown> {
    if (this.#blocked === undefined) return {};
    const { blockReason, blockReasonMessage, safetyRatings } = this.#blocked;
    return {
      provider_specific_fields: {
        native_finish_reason: blockReason,
        block_reason: blockReason,
        ...(blockReasonMessage ? { block_reason_message: blockReasonMessage } : {}),
        ...(safetyRatings === undefined ? {} : { safety_ratings: safetyRatings }),
      },
    };
  }

  /** LiteLLM's fields for what Gemini tells beside the answer: lists with an entry for each candidate that has one. */
  #metadata(): Record<string, unknown[]> {
    const candidates = [...this.#candidates.values()];
    const lists = {
      vertex_ai_grounding_metadata: candidates.map((candidate) => candidate.grounding),
      vertex_ai_url_context_metadata: candidates.map((candidate) => candidate.urlContext),
      vertex_ai_safety_results: [...candidates.map((candidate) => candidate.safety), this.#blocked?.safetyRatings],
      vertex_ai_citation_metadata: candidates.map((candidate) => candidate.citation),
    };
    return Object.fromEntries(
      Object.entries(lists)
        .map(([name, list]) => [name, list.filter((item) => item !== undefined && item !== null)] as const)
        .filter(([, list]) => list.length > 0),
    );
  }

  /** Google bills each search since Gemini 3, before it each answer that searched. */
  #searches(): number {
    const counts = [...this.#candidates.values()].map(({ grounding }) => {
      const queries = grounding?.["webSearchQueries"];
      return Array.isArray(queries) ? queries.length : 0;
    });
    const searches = counts.reduce((sum, count) => sum + count, 0);
    return isGemini3(geminiModel(this.#context.model)) ? searches : Math.min(searches, 1);
  }

  #tier({ serviceTier, trafficType }: UsageMetadata): Record<string, unknown> {
    return {
      ...(typeof serviceTier === "string"
        ? { service_tier: serviceTier === "standard" ? "default" : serviceTier }
        : {}),
      ...(trafficType === undefined ? {} : { provider_specific_fields: { traffic_type: trafficType } }),
    };
  }
}

function brokenOff(words: string, origin: { provider: string; model: string }): APIConnectionError {
  return new APIConnectionError(`litellm.APIConnectionError: GeminiException - ${words}`, origin);
}
