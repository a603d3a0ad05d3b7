/** Answers from one's own documents: LiteLLM's RAG endpoints. */
import { refuseDepth } from "../../../formats/depth.ts";
import type { Route } from "../../route.ts";
import { ingest } from "./ingest.ts";
import { ingestSchema } from "./ingest-request.ts";
import { query, querySchema } from "./query.ts";

const TAG = "rag";

export const ragRoutes: readonly Route[] = [
  {
    method: "POST",
    paths: ["/v1/rag/ingest", "/rag/ingest"],
    access: "llm",
    summary: "Put a file into a vector store",
    tag: TAG,
    body: ingestSchema,
    handle: (call) => ingest(call).catch(refuseDepth),
  },
  {
    method: "POST",
    paths: ["/v1/rag/query", "/rag/query"],
    access: "llm",
    summary: "Ask a model with what a vector store has on it",
    tag: TAG,
    body: querySchema,
    handle: (call) => query(call).catch(refuseDepth),
  },
];
