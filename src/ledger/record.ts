import type { Usage } from "../formats/openai/chat.ts";
import type { Surcharged } from "../models/surcharge.ts";

/** What is known of a call once it is over: one for each call, whatever became of it. */
export interface CallRecord {
  /** `x-litellm-call-id`. Clients may choose it, so several calls may have the same. */
  id: string;
  /** The ledger's own id of the call, from `newLogId`; made when it is first put on the ledger, if not before. */
  logId?: string;
  operation: string;
  /** The name the client asked for. */
  modelGroup: string;
  /** The model asked of the provider. */
  model?: string;
  provider?: string;
  deploymentId?: string;
  stream: boolean;
  outcome: "success" | "failure" | "aborted";
  /** HTTP status the client got. */
  status: number;
  /** Class of the error, for failures. */
  error?: string;
  usage?: Usage;
  /** The usage was counted here: the upstream reported none. */
  estimated: boolean;
  /** Nano-dollars; absent where the price or the usage is unknown. */
  cost?: number;
  /** What `cost` is made of, where discounts or margins are configured. */
  surcharged?: Surcharged;
  /** Milliseconds since the epoch. */
  startedAt: number;
  endedAt: number;
  /** When the first content of the answer came. */
  firstContentAt?: number;
  tags: string[];
  /** The deployments that were asked, in order. */
  attempts: AttemptRecord[];
  /** Attempts beyond the first, within groups. */
  retries: number;
  /** Groups and levels beyond the first. */
  fallbacks: number;
  /** Second requests sent because the first was slow. */
  hedges: number;
  /** It repeated a client's call at a `silent_model`; the id is that call's with `-shadow` and more behind it. */
  shadow?: true;
  /** Whom it is charged to; absent where nobody is known. */
  attribution?: Attribution;
  /** The upstream's own words, for failures. */
  errorMessage?: string;
  /** It was answered from the response cache, or was not found there; absent without a cache. */
  cacheHit?: boolean;
  /** The name of the answer in the response cache. */
  cacheKey?: string;
  /** Nano-dollars that the answer had cost, where it came from there. */
  savedCost?: number;
  /** What was asked and answered, as JSON; only where `store_prompts_in_spend_logs` is set. */
  payload?: { messages?: string; response?: string /** Where it is, if it is too big for a row. */; ref?: string };
}

/** Who made a call and for whom, as authentication and the request say. */
export interface Attribution {
  /** SHA-256 of the key, in hexadecimal. */
  keyHash?: string;
  keyAlias?: string;
  userId?: string;
  teamId?: string;
  organizationId?: string;
  projectId?: string;
  /** The end user: `user` of the request, or a header. */
  customerId?: string;
  sessionId?: string;
  requesterIp?: string;
  /** `spend_logs_metadata` of key, team and request, and the request's own metadata. */
  metadata?: Record<string, unknown>;
}

/** One deployment, asked once. Times in milliseconds since the epoch. */
export interface AttemptRecord {
  deploymentId: string;
  modelGroup: string;
  provider: string;
  model: string;
  /** Where the upstream is, without what may be secret in its URL. */
  apiBase?: string;
  startedAt: number;
  /** When its answer (or the first content) came; absent where none did. */
  answeredAt?: number;
}

/** Takes the records of finished calls. It must not throw, and must not make the call wait. */
export interface Ledger {
  record(call: CallRecord): void;
}
