/**
 * What OpenAI's API keeps for its clients: files, batches, fine-tuning jobs, vector stores, assistants, threads.
 * Source: OpenAI API reference. Fields not named here survive.
 */

/** Times are Unix seconds. */
export interface Kept {
  id: string;
  object: string;
  created_at: number;
  metadata?: Record<string, string> | null;
  [field: string]: unknown;
}

export interface StoredFile extends Omit<Kept, "metadata"> {
  bytes: number;
  filename: string;
  purpose: string;
  expires_at?: number | null;
}

export interface StoredBatch extends Kept {
  endpoint: string;
  input_file_id: string;
  completion_window: string;
  status: "validating" | "failed" | "in_progress" | "finalizing" | "completed" | "expired" | "cancelling" | "cancelled";
  output_file_id?: string | null;
  error_file_id?: string | null;
  request_counts?: { total: number; completed: number; failed: number };
}

export interface FineTuningJob extends Kept {
  model: string;
  status: "validating_files" | "queued" | "running" | "paused" | "succeeded" | "failed" | "cancelled";
  training_file: string;
  fine_tuned_model: string | null;
}

export interface VectorStore extends Kept {
  name: string | null;
  status: "expired" | "in_progress" | "completed";
  file_counts?: { in_progress: number; completed: number; failed: number; cancelled: number; total: number };
}

export interface VectorStoreSearchPage {
  object: string;
  search_query: string | string[];
  data: VectorStoreMatch[];
  has_more?: boolean;
  next_page?: string | null;
  [field: string]: unknown;
}

export interface VectorStoreMatch {
  file_id: string;
  filename: string;
  /** From 0 to 1. */
  score: number;
  attributes?: Record<string, string | number | boolean> | null;
  content: { type: string; text: string }[];
  [field: string]: unknown;
}

export interface Assistant extends Kept {
  model: string;
  name: string | null;
  instructions: string | null;
}

export type Thread = Kept;

export interface ThreadMessage extends Kept {
  thread_id: string;
  role: "user" | "assistant";
  content: { type: string; [field: string]: unknown }[];
}

export interface ThreadRun extends Kept {
  thread_id: string;
  assistant_id: string;
  status: string;
}

/** One page of a list. */
export interface Page<Item> {
  object: string;
  data: Item[];
  first_id?: string | null;
  last_id?: string | null;
  has_more?: boolean;
  [field: string]: unknown;
}

export interface Deleted {
  id: string;
  object: string;
  deleted: boolean;
}
