/** What a call is made of: what it needs, what comes in, what goes out. */
import type { CallRecord } from "../ledger/record.ts";
import type { CallSettings } from "../operations/attempt.ts";
import type { Choice, RoutingEngine } from "../router/engine.ts";
import type { Log } from "../telemetry/log.ts";

/** What the pipeline needs of the world. */
export interface CallDependencies {
  router: RoutingEngine;
  log: Log;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
  /** Keeps the process of the call alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  settings: GatewayCallSettings;
}

/** Settings of the whole gateway that bear on a call. */
export interface GatewayCallSettings extends CallSettings {
  /** Give usage in every stream, as if the client had asked (`always_include_stream_usage`). */
  alwaysIncludeStreamUsage?: boolean;
}

/** One call as it comes in: authenticated, its body parsed as JSON but not looked at. */
export interface CallInput {
  id: string;
  body: Record<string, unknown>;
  headers: Headers;
  /** Aborts when the client leaves. */
  signal: AbortSignal;
  /** May this client ask for mock answers? */
  mayMock: boolean;
  /** Nobody waits for the answer: the call repeats another at a `silent_model`. */
  shadow?: true;
  /** Told of each deployment, once it is being asked. */
  onAsked?(choice: Choice): void;
}

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | ReadableStream<Uint8Array>;
  /** What became of the call, once it is over: a stream may still fail, or its client leave. */
  ended: Promise<CallRecord["outcome"]>;
}
