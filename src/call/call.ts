/** What a call is made of: what it needs, what comes in, what goes out. */
import type { CacheUse } from "../cache/lookup.ts";
import type { ClosedNote, OpenedNote } from "../ledger/notes.ts";
import type { PayloadStore } from "../ledger/payloads.ts";
import type { CallRecord } from "../ledger/record.ts";
import type { Limiter, Refusal } from "../limits/demand.ts";
import type { Surcharges } from "../models/surcharge.ts";
import type { CallSettings } from "../operations/attempt.ts";
import type { PriceMemory } from "../operations/price-memory.ts";
import type { Choice, RoutingEngine } from "../router/engine.ts";
import type { Log } from "../telemetry/log.ts";
import type { Compatibility } from "../tenancy/compatibility.ts";
import type { Watch } from "../tenancy/marks.ts";
import type { Caller } from "./caller.ts";
import type { DeploymentGate } from "./deployment-gate.ts";
import type { HeaderPassing } from "./passed-headers.ts";
import type { PrioritySettings } from "./priority.ts";
import type { CountedTokens } from "./reservation.ts";

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
  /** Reaches the public internet alone, for hosts that clients name; `fetch`, where there is none. */
  publicFetch?: typeof fetch | undefined;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Keeps the process of the call alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  settings: GatewayCallSettings;
  /** What this isolate has learned of prices from answers. */
  prices: PriceMemory;
  /** Answers that are given again; absent where nothing is cached. */
  cache?: CacheUse;
  /** Told of calls that a limit or a budget refuses, where somebody wants to know. It must not throw. */
  onBudgetRefused?: (refusal: Refusal) => void;
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
  /** How budgets are watched (`general_settings.alerting`); absent: nobody is told. */
  watch?: Watch;
  /** Every request to a model names its customer (`enforce_user_param`). */
  needsCustomer?: boolean;
  /** Clients may bring keys and hosts of their own (`allow_client_side_credentials`). */
  allowsClientCredentials?: boolean;
  /** Clients may set no tags (`reject_clientside_metadata_tags`). */
  refusesTags?: boolean;
  /** Headers of clients that become tags (`extra_spend_tag_headers`). */
  tagHeaders?: readonly string[];
  /** Headers that go on upstream. */
  passing?: HeaderPassing;
  /** Which tokens limits count (`token_rate_limit_type`); all, unless said. */
  countedTokens?: CountedTokens;
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
