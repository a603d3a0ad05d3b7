/** What a call is made of: what it needs, what comes in, what goes out. */
import type { ClosedNote, OpenedNote } from "../ledger/notes.ts";
import type { PayloadStore } from "../ledger/payloads.ts";
import type { CallRecord } from "../ledger/record.ts";
import type { Limiter } from "../limits/demand.ts";
import type { Surcharges } from "../models/surcharge.ts";
import type { CallSettings } from "../operations/attempt.ts";
import type { Choice, RoutingEngine } from "../router/engine.ts";
import type { Log } from "../telemetry/log.ts";
import type { Compatibility } from "../tenancy/compatibility.ts";
import type { Caller } from "./caller.ts";
import type { DeploymentGate } from "./deployment-gate.ts";
import type { PrioritySettings } from "./priority.ts";

/** What the pipeline needs of the world. */
export interface CallDependencies {
  router: RoutingEngine;
  limiter: Limiter;
  gate: Pick<DeploymentGate, "enter">;
  journal: Journal;
  /** Where prompts and answers go that are too big for the ledger; absent: they are left out. */
  payloads: PayloadStore | undefined;
  log: Log;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Keeps the process of the call alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  settings: GatewayCallSettings;
}

/** Takes what becomes of calls, on its way to the ledger. Nothing waits for it. */
export interface Journal {
  opened(note: OpenedNote): void;
  closed(note: Omit<ClosedNote, "wasOpened">): void;
}

/** Settings of the whole gateway that bear on a call. */
export interface GatewayCallSettings extends CallSettings {
  /** Give usage in every stream, as if the client had asked (`always_include_stream_usage`). */
  alwaysIncludeStreamUsage?: boolean;
  /** IANA name: whose midnights budgets begin at. */
  timezone: string;
  compatibility: Compatibility;
  /** What is added to providers' prices and taken off. */
  surcharges?: Surcharges;
  /** Shares of models' capacity, where they are reserved by priority. */
  priorities?: PrioritySettings;
  /** Put what was asked and answered on the ledger (`store_prompts_in_spend_logs`). */
  storePrompts?: boolean;
}

/** One call as it comes in: authenticated, its body parsed as JSON but not looked at. */
export interface CallInput {
  id: string;
  /** Did the gateway make the id, so that no other call has it? */
  isOwnId: boolean;
  body: Record<string, unknown>;
  headers: Headers;
  /** Aborts when the client leaves. */
  signal: AbortSignal;
  caller: Caller;
  /** Nobody waits for the answer: the call repeats another at a `silent_model`. */
  shadow?: true;
  /** Told of each deployment, once it is being asked. */
  onAsked?(choice: Choice): void;
  /** Told the whole answer, as far as it came, once the call is over; nothing waits for it. */
  onAnswer?(answer: unknown, record: CallRecord): void;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;
  /** What became of the call, once it is over: a stream may still fail, or its client leave. */
  ended: Promise<CallRecord["outcome"]>;
  /** Refused for a reason that may be gone when it is asked again, whatever the status says. */
  mayPass?: true;
}
