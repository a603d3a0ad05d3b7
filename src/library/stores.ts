/** Vector stores, assistants and threads, and responses, kept by a provider. */
import type {
  Assistant,
  Deleted,
  Page,
  Thread,
  ThreadMessage,
  ThreadRun,
  VectorStore,
  VectorStoreSearchPage,
} from "../formats/openai/kept.ts";
import type { ResponseObject } from "../formats/openai/responses/types.ts";
import { native } from "./native.ts";

interface PageParams {
  after?: string;
  before?: string;
  limit?: number;
  order?: "asc" | "desc";
}

interface StoreParams {
  name?: string;
  file_ids?: string[];
  expires_after?: { anchor: "last_active_at"; days: number };
  metadata?: Record<string, string>;
  [field: string]: unknown;
}

interface SearchParams {
  vector_store_id: string;
  query: string | string[];
  max_num_results?: number;
  filters?: Record<string, unknown>;
  rewrite_query?: boolean;
  [field: string]: unknown;
}

interface AssistantParams {
  model: string;
  name?: string;
  instructions?: string;
  tools?: Record<string, unknown>[];
  metadata?: Record<string, string>;
  [field: string]: unknown;
}

interface MessageParams {
  thread_id: string;
  role: "user" | "assistant";
  content: string | Record<string, unknown>[];
  [field: string]: unknown;
}

interface RunParams {
  thread_id: string;
  assistant_id: string;
  instructions?: string;
  /** A run is whole: come back for it. */
  stream?: false;
  [field: string]: unknown;
}

type ResponseId = { response_id: string };

/** OpenAI asks for it. */
const ASSISTANTS = { "openai-beta": "assistants=v2" };

/** @throws the error classes of this library, as all of these */
export const vectorStoreCreate = native<StoreParams, VectorStore>({ method: "POST", path: "/vector_stores" });

export const vectorStoreSearch = native<SearchParams, VectorStoreSearchPage>({
  method: "POST",
  path: "/vector_stores/:vector_store_id/search",
});

/** A response that was stored (`store: true`, or a `background` one). */
export const getResponses = native<ResponseId & { include?: string }, ResponseObject>({
  method: "GET",
  path: "/responses/:response_id",
});

export const deleteResponses = native<ResponseId, Deleted>({ method: "DELETE", path: "/responses/:response_id" });

/** Stops a response that is made in the background. */
export const cancelResponses = native<ResponseId, ResponseObject>({
  method: "POST",
  path: "/responses/:response_id/cancel",
});

export const createAssistants = native<AssistantParams, Assistant>({
  method: "POST",
  path: "/assistants",
  headers: ASSISTANTS,
});

export const getAssistants = native<PageParams, Page<Assistant>>({
  method: "GET",
  path: "/assistants",
  headers: ASSISTANTS,
});

export const deleteAssistant = native<{ assistant_id: string }, Deleted>({
  method: "DELETE",
  path: "/assistants/:assistant_id",
  headers: ASSISTANTS,
});

export const createThread = native<{ messages?: Record<string, unknown>[]; [field: string]: unknown }, Thread>({
  method: "POST",
  path: "/threads",
  headers: ASSISTANTS,
});

export const getThread = native<{ thread_id: string }, Thread>({
  method: "GET",
  path: "/threads/:thread_id",
  headers: ASSISTANTS,
});

export const addMessage = native<MessageParams, ThreadMessage>({
  method: "POST",
  path: "/threads/:thread_id/messages",
  headers: ASSISTANTS,
});

export const getMessages = native<PageParams & { thread_id: string }, Page<ThreadMessage>>({
  method: "GET",
  path: "/threads/:thread_id/messages",
  headers: ASSISTANTS,
});

export const runThread = native<RunParams, ThreadRun>({
  method: "POST",
  path: "/threads/:thread_id/runs",
  headers: ASSISTANTS,
});
