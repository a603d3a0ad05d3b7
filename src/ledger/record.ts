import type { Usage } from "../formats/openai/chat.ts";

/** What is known of a call once it is over: one for each call, whatever became of it. */
export interface CallRecord {
  /** `x-litellm-call-id`. */
  id: string;
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
