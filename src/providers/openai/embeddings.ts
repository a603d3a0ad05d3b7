/** Embeddings of OpenAI, and of everyone who speaks its format: one adapter, made from a row of differences. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { Embedding, EmbeddingResponse, EmbeddingUsage } from "../../formats/openai/embeddings.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { EmbeddingAdapter, Exchange, Target } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";

/** What one provider's embeddings differ in. */
export interface EmbeddingRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  supportedParams: EmbeddingAdapter["supportedParams"];
  mostInputs?: number;
  takesTokens?: boolean;
  pictures?: EmbeddingAdapter["pictures"];
  /** One change of the body on its way to the provider, after the model is set. */
  fix?: (body: Json, target: Target) => Json;
  /** A vector the provider writes in a way of its own, as the gateway has it. */
  readVector?: (vector: unknown) => Embedding["embedding"] | undefined;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

export function openaiEmbeddingAdapter(row: EmbeddingRow): EmbeddingAdapter {
  const { label, rules, fix = (body: Json) => body, readVector = asVector } = row;
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    ...(row.mostInputs !== undefined && { mostInputs: row.mostInputs }),
    ...(row.takesTokens && { takesTokens: true }),
    ...(row.pictures && { pictures: row.pictures }),
    supportedParams: row.supportedParams,

    request: (request, target) => ({
      ...postTo(row, row.path, target, row.headers?.(target)),
      body: { json: fix({ ...request, model: target.model }, target) },
    }),

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      const items = isRecord(body) && Array.isArray(body["data"]) ? recordsIn(body["data"]) : [];
      const data = items.flatMap((item, position) => embeddingOf(item, position, readVector));
      if (!isRecord(body) || data.length === 0 || data.length !== items.length)
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no embeddings: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return normalised(body, data, exchange);
    },

    error: (failure) => toError(failure, label, rules),
  };
}

function embeddingOf(item: Json, position: number, read: NonNullable<EmbeddingRow["readVector"]>): Embedding[] {
  const embedding = read(item["embedding"]);
  if (embedding === undefined) return [];
  const index = typeof item["index"] === "number" ? item["index"] : position;
  return [{ ...item, object: "embedding", index, embedding }];
}

function asVector(value: unknown): Embedding["embedding"] | undefined {
  // The numbers of a list of numbers are not looked at one by one: there are millions.
  if (Array.isArray(value)) return typeof value[0] === "number" ? (value as number[]) : undefined;
  return textOf(value);
}

function normalised(body: Json, data: Embedding[], { target }: Exchange<unknown>): EmbeddingResponse {
  const { usage: told, ...rest } = body;
  const usage = embeddingUsage(told);
  return { ...rest, object: "list", data, model: textOf(body["model"]) || target.model, ...(usage && { usage }) };
}

/** Usage in OpenAI's shape; some tell the total alone (Voyage). @returns nothing where no tokens are counted */
export function embeddingUsage(usage: unknown): EmbeddingUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const { prompt_tokens: prompt, total_tokens: total } = usage;
  const tokens = [prompt, total].find((count) => typeof count === "number");
  if (typeof tokens !== "number") return undefined;
  return { ...usage, prompt_tokens: tokens, total_tokens: typeof total === "number" ? total : tokens };
}
