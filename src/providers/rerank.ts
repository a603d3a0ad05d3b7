import { asRecord, isRecord, recordsIn } from "../formats/json.ts";
/** Rerank of Cohere, and of everyone who has it in a like format: one adapter, made from a row of differences. */

import { documentText, type RERANK_PARAMS, type RerankMeta, type RerankResult } from "../formats/cohere/rerank.ts";
import { APIResponseValidationError } from "../formats/errors.ts";
import { type ErrorRule, toError } from "./failure.ts";
import { type Host, type Path, postTo } from "./openai/endpoint.ts";
import { embeddedError } from "./openai/errors.ts";
import { type Json, textOf } from "./openai/json.ts";
import { errorIn } from "./openai/stream.ts";
import type { RerankAdapter, Target } from "./provider.ts";

/** What one provider's rerank differs in. What a row does not say is as with most of them. */
export interface RerankRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** Speaks Cohere's format, so that answers may go through untouched. */
  isCohere?: true;
  /** Name of the model as the provider has it. */
  modelName?: (model: string) => string;
  /** Its name for `top_n`. */
  limit?: "top_k";
  /** Parameters the provider takes: `top_n` and `return_documents` unless said. */
  takes?: readonly (typeof RERANK_PARAMS)[number][];
  /** Takes documents that are objects (images) as they are. */
  takesObjects?: true;
  rules: readonly ErrorRule[];
}

export function rerankAdapter(row: RerankRow): RerankAdapter {
  const {
    label,
    rules,
    limit = "top_n",
    takes = ["top_n", "return_documents"],
    modelName = (name: string) => name,
  } = row;
  // The gateway returns the documents itself, and reads the fields of an object.
  const supported = new Set<string>([...takes, "return_documents", "rank_fields"]);
  return {
    wire: row.isCohere ? "cohere" : "openai",
    ...(row.takesObjects && { pictures: "parts" as const }),
    supportedParams: () => supported,

    request({ documents, top_n, return_documents, rank_fields, ...rest }, target) {
      const texts = row.takesObjects ? documents : documents.map((document) => documentText(document, rank_fields));
      return {
        ...postTo(row, row.path, target, row.headers?.(target)),
        body: {
          json: {
            ...rest,
            model: modelName(target.model),
            documents: texts,
            ...(typeof top_n === "number" && { [limit]: top_n }),
            ...(typeof return_documents === "boolean" && takes.includes("return_documents") && { return_documents }),
          },
        },
      };
    },

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      const given = isRecord(body) ? [body["results"], body["data"]].find(Array.isArray) : undefined;
      const results = recordsIn(given).flatMap(resultOf);
      if (!isRecord(body) || given === undefined || results.length !== given.length)
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no ranking: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      const { usage, data: _, object: _object, ...rest } = body;
      const meta = metaOf(body["meta"], usage);
      return { ...rest, id: textOf(body["id"]) || exchange.id, results, ...(meta && { meta }) };
    },

    error: (failure) => toError(failure, label, rules),
  };
}

function resultOf({ document, ...result }: Json): RerankResult[] {
  const { index, relevance_score: score } = result;
  if (typeof index !== "number" || typeof score !== "number") return [];
  const text = textOf(document);
  const told = text === undefined ? asRecord(document) : { text };
  // Together says `{}` where it was not asked for them.
  return [{ ...result, index, relevance_score: score, ...(Object.keys(told).length > 0 && { document: told }) }];
}

/** Cohere's own, or one made of the tokens others count. */
function metaOf(meta: unknown, usage: unknown): RerankMeta | undefined {
  if (isRecord(meta)) return meta;
  const tokens = isRecord(usage) ? (usage["total_tokens"] ?? usage["prompt_tokens"]) : undefined;
  if (typeof tokens !== "number") return undefined;
  return { billed_units: { total_tokens: tokens }, tokens: { input_tokens: tokens } };
}
