/** Rerank. Source: Amazon Bedrock API reference, "Rerank" (Agents for Amazon Bedrock Runtime). */
import { documentText, type RerankRequest, type RerankResult } from "../../formats/cohere/rerank.ts";
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord, type JsonObject, recordsIn } from "../../formats/json.ts";
import type { RerankAdapter, Target } from "../provider.ts";
import { agentRuntimeUrl, bedrockRegion, headers, modelId } from "./endpoint.ts";
import { bedrockError, LABEL } from "./errors.ts";

// The gateway returns the documents itself, and reads the fields of an object.
const SUPPORTED: ReadonlySet<string> = new Set(["top_n", "return_documents", "rank_fields"]);

/** "A single query can contain up to 100 document chunks"; each further hundred counts as one more. */
const DOCUMENTS_OF_A_QUERY = 100;

export const rerank: RerankAdapter = {
  wire: "native",
  supportedParams: () => SUPPORTED,

  request({ query, documents, top_n, rank_fields, model: _, return_documents: _documents, ...rest }, target) {
    const modelConfiguration = {
      modelArn: modelArn(target),
      ...(Object.keys(rest).length > 0 && { additionalModelRequestFields: rest }),
    };
    return {
      method: "POST",
      url: agentRuntimeUrl(target, "/rerank"),
      headers: headers(target),
      body: {
        json: {
          queries: [{ type: "TEXT", textQuery: { text: query } }],
          sources: documents.map((document) => ({
            type: "INLINE",
            inlineDocumentSource: sourceOf(document, rank_fields),
          })),
          rerankingConfiguration: {
            type: "BEDROCK_RERANKING_MODEL",
            bedrockRerankingConfiguration: { modelConfiguration, numberOfResults: top_n || documents.length },
          },
        },
      },
    };
  },

  response(body, { id, target, request }) {
    const given = isRecord(body) && Array.isArray(body["results"]) ? body["results"] : undefined;
    const results = recordsIn(given).flatMap(resultOf);
    if (given === undefined || results.length !== given.length)
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no ranking: ${JSON.stringify(body)?.slice(0, 500)}`,
        { provider: target.provider, model: target.model },
      );
    const units = Math.ceil(request.documents.length / DOCUMENTS_OF_A_QUERY);
    return { id, results, meta: { billed_units: { search_units: units } } };
  },

  error: bedrockError,
};

type Document = RerankRequest["documents"][number];

function sourceOf(document: Document, rankFields: readonly string[] | null | undefined): JsonObject {
  return typeof document === "string" || rankFields?.length || typeof document["text"] === "string"
    ? { type: "TEXT", textDocument: { text: documentText(document, rankFields) } }
    : { type: "JSON", jsonDocument: document };
}

function resultOf({ index, relevanceScore }: JsonObject): RerankResult[] {
  return typeof index === "number" && typeof relevanceScore === "number"
    ? [{ index, relevance_score: relevanceScore }]
    : [];
}

/** Models are named by ARN there. */
function modelArn(target: Target): string {
  const id = modelId(target);
  if (id.startsWith("arn:")) return id;
  const region = bedrockRegion(target);
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:bedrock:${region}::foundation-model/${id}`;
}
