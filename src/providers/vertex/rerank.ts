/** Ranking of Google Cloud's Discovery Engine, whose models go by `vertex_ai/semantic-ranker-*`. Source: `rankingConfigs.rank`. */
import { documentText, type RerankResult } from "../../formats/cohere/rerank.ts";
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord, type JsonObject, recordsIn } from "../../formats/json.ts";
import { joinUrl } from "../http.ts";
import { without } from "../openai/json.ts";
import type { RerankAdapter, Target } from "../provider.ts";
import { paramOf } from "./credentials.ts";
import { LABEL, vertexError } from "./errors.ts";
import { vertexHeaders } from "./gemini.ts";
import { projectPath } from "./place.ts";

/** The gateway returns the documents itself, and reads the fields of an object. */
const SUPPORTED: ReadonlySet<string> = new Set(["rank_fields", "return_documents", "top_n"]);

const HUB_FIELDS = ["model", "query", "documents", "rank_fields", "return_documents", "top_n"];

export const rerank: RerankAdapter = {
  wire: "native",
  supportedParams: () => SUPPORTED,

  request(request, target) {
    const { query, documents, rank_fields, top_n: topN } = request;
    return {
      method: "POST",
      url: rankUrl(target),
      headers: vertexHeaders(target),
      body: {
        json: {
          records: documents.map((document, index) => ({
            id: String(index),
            ...titleOf(document),
            content: documentText(document, rank_fields),
          })),
          ...(typeof topN === "number" && { topN }),
          ignoreRecordDetailsInResponse: true,
          ...without(request, HUB_FIELDS),
          model: target.model,
          query,
        },
      },
    };
  },

  response(body, { id, target, request }) {
    const records = isRecord(body) && Array.isArray(body["records"]) ? body["records"] : undefined;
    const results = recordsIn(records).flatMap(resultOf);
    const isWhole = records !== undefined && results.length === records.length;
    if (!isWhole || results.some(({ index }) => index >= request.documents.length))
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no ranking: ${JSON.stringify(body)?.slice(0, 500)}`,
        { provider: target.provider, model: target.model },
      );
    return { id, results, meta: { billed_units: { search_units: Math.ceil(request.documents.length / RECORDS) } } };
  },

  error: vertexError,
};

/** Google, "Ranking API pricing": a query ranks up to 100 documents. */
const RECORDS = 100;

/** It ranks in the one place that has its data, wherever the deployment's other models are. */
function rankUrl(target: Target): string {
  const location = /^(?:us|eu)$/.test(paramOf(target, "location") ?? "") ? paramOf(target, "location") : "global";
  const { vertex_ai_location: _, ...params } = target.params ?? {};
  const parent = projectPath({ ...target, params: { ...params, vertex_location: location } });
  return joinUrl(
    target.apiBase ?? discoveryHost(location ?? "global"),
    `/v1/${parent}/rankingConfigs/default_ranking_config:rank`,
  );
}

/** Discovery Engine has a host for the world, and one for each of these. */
export function discoveryHost(location: string): string {
  return `https://${/^(?:us|eu)$/.test(location) ? `${location}-` : ""}discoveryengine.googleapis.com`;
}

function titleOf(document: unknown): JsonObject {
  const title = isRecord(document) ? document["title"] : undefined;
  return typeof title === "string" ? { title } : {};
}

function resultOf({ id, score }: JsonObject): RerankResult[] {
  const index = Number(id);
  // Google leaves out what is nothing.
  const relevance = score ?? 0;
  if (!Number.isInteger(index) || index < 0 || typeof relevance !== "number") return [];
  return [{ index, relevance_score: relevance }];
}
