/**
 * Cohere's rerank, the format of the gateway for it (as LiteLLM's): its second version, with what the first had.
 * Source: Cohere API reference, "Rerank". Fields not named here survive.
 */
import { z } from "zod";

const documentSchema = z.union([z.string(), z.looseObject({})]);

export const rerankRequestSchema = z.looseObject({
  model: z.string().min(1),
  /** A text; Jina's models of pictures take `{ text }` and `{ image }`, too. */
  query: z.union(
    [
      z.string().min(1, "it must not be empty"),
      z.looseObject({ text: z.string().min(1) }),
      z.looseObject({ image: z.string().min(1) }),
    ],
    "it must be a text, and not empty",
  ),
  /** Texts; the first version has objects, too: `{ text }`, or fields of which `rank_fields` names those to read. */
  documents: z.array(documentSchema).min(1, "it must not be empty"),
  /** How many results to give; all, unless said. */
  top_n: z.int().min(0).nullish(),
  return_documents: z.boolean().nullish(),
  rank_fields: z.array(z.string()).nullish(),
  max_chunks_per_doc: z.int().min(1).nullish(),
  max_tokens_per_doc: z.int().min(1).nullish(),
});
export type RerankRequest = z.infer<typeof rerankRequestSchema>;
type Document = RerankRequest["documents"][number];

/** Parameters beyond `model`, `query` and `documents`. Anything else is a provider's own. */
export const RERANK_PARAMS = [
  "max_chunks_per_doc",
  "max_tokens_per_doc",
  "rank_fields",
  "return_documents",
  "top_n",
] as const;

export interface RerankResult {
  /** Place of the document in the request. */
  index: number;
  relevance_score: number;
  document?: Record<string, unknown>;
  [key: string]: unknown;
}

export interface RerankMeta {
  /** What is paid for: searches, or tokens. */
  billed_units?: { search_units?: number; total_tokens?: number; [key: string]: unknown };
  tokens?: { input_tokens?: number; output_tokens?: number; [key: string]: unknown };
  [key: string]: unknown;
}

export interface RerankResponse {
  id: string;
  /** Most relevant first. */
  results: RerankResult[];
  meta?: RerankMeta;
  [key: string]: unknown;
}

/** A document as text: the fields to be ranked by, its `text`, or all of it. */
export function documentText(document: Document, rankFields?: readonly string[] | null): string {
  if (typeof document === "string") return document;
  if (rankFields && rankFields.length > 0)
    return rankFields.map((field) => `${field}: ${String(document[field] ?? "")}`).join("\n");
  return typeof document["text"] === "string" ? document["text"] : JSON.stringify(document);
}

/** Are the documents there, or not there, as the client asked? */
export function hasDocumentsAsAsked({ results }: RerankResponse, { return_documents: wanted }: RerankRequest): boolean {
  if (wanted === true) return results.every(({ document }) => document !== undefined);
  return wanted !== false || results.every(({ document }) => document === undefined);
}

/** The answer with its documents as the client asked: the gateway has them, too. */
export function withDocumentsAsAsked(response: RerankResponse, request: RerankRequest): RerankResponse {
  if (hasDocumentsAsAsked(response, request)) return response;
  const results = response.results.map(({ document, ...result }) => {
    if (request.return_documents !== true) return result;
    const own = request.documents[result.index];
    const shown = document ?? (typeof own === "string" ? { text: own } : own);
    return { ...result, ...(shown && { document: shown }) };
  });
  return { ...response, results };
}
