/** OpenAI's Batch API. */
import { batchRequestSchema } from "../../../batches/batch.ts";
import type { Route } from "../../route.ts";
import { createBatch } from "./create.ts";
import { cancelBatch, listBatches, retrieveBatch } from "./read.ts";

const paths = (rest: string) => [`/v1/batches${rest}`, `/batches${rest}`, `/:provider/v1/batches${rest}`];
const common = { access: "llm" as const, tag: "batches" };

export const batchRoutes: readonly Route[] = [
  {
    ...common,
    method: "POST",
    paths: paths(""),
    summary: "Start a batch",
    body: batchRequestSchema,
    handle: createBatch,
  },
  { ...common, method: "GET", paths: paths(""), summary: "One's batches", handle: listBatches },
  { ...common, method: "GET", paths: paths("/:batch_id"), summary: "How a batch stands", handle: retrieveBatch },
  { ...common, method: "POST", paths: paths("/:batch_id/cancel"), summary: "Cancel a batch", handle: cancelBatch },
];
