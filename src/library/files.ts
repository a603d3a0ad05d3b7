/** Files, batches and fine-tuning jobs, kept by a provider. */
import type { Deleted, FineTuningJob, Page, StoredBatch, StoredFile } from "../formats/openai/kept.ts";
import { native } from "./native.ts";

interface FileParams {
  /** With a name, by which some purposes tell its format. */
  file: Blob;
  /** `batch`, `fine-tune`, `assistants`, `user_data`, ... */
  purpose: string;
  expires_after?: { anchor: "created_at"; seconds: number };
  [field: string]: unknown;
}

interface BatchParams {
  /** `/v1/chat/completions`, `/v1/embeddings`, ... */
  endpoint: string;
  input_file_id: string;
  completion_window: "24h";
  metadata?: Record<string, string>;
  [field: string]: unknown;
}

interface FineTuningParams {
  model: string;
  training_file: string;
  validation_file?: string;
  suffix?: string;
  seed?: number;
  [field: string]: unknown;
}

/** A page: how many, and after which. */
interface PageParams {
  after?: string;
  limit?: number;
}

/**
 * Uploads a file.
 *
 * @example
 * const { id } = await createFile({ file: new File([lines], "input.jsonl"), purpose: "batch" });
 * const batch = await createBatch({ input_file_id: id, endpoint: "/v1/chat/completions", completion_window: "24h" });
 * @throws the error classes of this library, as all of these
 */
export const createFile = native<FileParams, StoredFile>({ method: "POST", path: "/files", sends: "form" });

export const retrieveFile = native<{ file_id: string }, StoredFile>({ method: "GET", path: "/files/:file_id" });

export const listFiles = native<PageParams & { purpose?: string; order?: "asc" | "desc" }, Page<StoredFile>>({
  method: "GET",
  path: "/files",
});

export const deleteFile = native<{ file_id: string }, Deleted>({ method: "DELETE", path: "/files/:file_id" });

/** @returns a `Response` whose body is the file as it comes: `.text()`, `.bytes()`, `.body` */
export const fileContent = native<{ file_id: string }, Response>({
  method: "GET",
  path: "/files/:file_id/content",
  gives: "bytes",
});

export const createBatch = native<BatchParams, StoredBatch>({ method: "POST", path: "/batches" });

export const retrieveBatch = native<{ batch_id: string }, StoredBatch>({ method: "GET", path: "/batches/:batch_id" });

export const listBatches = native<PageParams, Page<StoredBatch>>({ method: "GET", path: "/batches" });

export const cancelBatch = native<{ batch_id: string }, StoredBatch>({
  method: "POST",
  path: "/batches/:batch_id/cancel",
});

export const createFineTuningJob = native<FineTuningParams, FineTuningJob>({
  method: "POST",
  path: "/fine_tuning/jobs",
});

export const retrieveFineTuningJob = native<{ fine_tuning_job_id: string }, FineTuningJob>({
  method: "GET",
  path: "/fine_tuning/jobs/:fine_tuning_job_id",
});

export const listFineTuningJobs = native<PageParams, Page<FineTuningJob>>({
  method: "GET",
  path: "/fine_tuning/jobs",
});

export const cancelFineTuningJob = native<{ fine_tuning_job_id: string }, FineTuningJob>({
  method: "POST",
  path: "/fine_tuning/jobs/:fine_tuning_job_id/cancel",
});
