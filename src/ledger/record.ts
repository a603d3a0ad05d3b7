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
}

/** Takes the records of finished calls. It must not throw, and must not make the call wait. */
export interface Ledger {
  record(call: CallRecord): void;
}
