/** The answer to the first request with an `Idempotency-Key`, on its way to the client and into the store. */

import type { Reply } from "../../call/call.ts";
import { type IdempotencyStore, isLasting, type KeptAnswer, RENEWAL_INTERVAL } from "../../call/idempotency.ts";
import type { CallRecord } from "../../ledger/record.ts";
import { inTime } from "../../router/in-time.ts";
import type { Log } from "../../telemetry/log.ts";

/** The largest answer that is kept, in bytes. */
const MAX_KEPT_BYTES = 8 * 1024 * 1024;

/** How long an answer may wait for the store to take it, in milliseconds. */
const STORE_PATIENCE = 5000;

/** How long the last event of a stream may wait for the stream to be kept, in milliseconds. */
const LAST_EVENT_PATIENCE = 1000;

/** Headers a repeat gets too. Left out is what was true of the first request only: its cost, duration and rate limits. */
const KEPT_HEADERS =
  /^(?:content-type|content-disposition|cache-control|x-accel-buffering|x-litellm-model-.*|llm_provider-(?:x-)?request-id)$/;

export interface IdempotencyPorts {
  store: IdempotencyStore;
  log: Log;
  /** Keeps the process of the request alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
}

/** A claimed key: held by renewals until the answer is kept or the key is free again. The first end counts. */
export class HeldKey {
  readonly #ports: IdempotencyPorts;
  readonly callId: string;
  readonly #name: string;
  readonly #holder: string;
  readonly #renewal: ReturnType<typeof setInterval>;
  readonly #over = Promise.withResolvers<void>();
  #isEnding = false;

  constructor(ports: IdempotencyPorts, callId: string, name: string, holder: string) {
    this.#ports = ports;
    this.callId = callId;
    this.#name = name;
    this.#holder = holder;
    const renew = () => ports.store.renew(name, holder).catch((error: unknown) => ports.log.fault(callId, error));
    this.#renewal = setInterval(() => void renew(), RENEWAL_INTERVAL);
    ports.waitUntil(this.#over.promise);
  }

  /** Never throws: the client has its answer whatever the store says, and a claim nobody renews runs out. */
  async end(answer?: KeptAnswer): Promise<void> {
    if (this.#isEnding) return this.#over.promise;
    this.#isEnding = true;
    clearInterval(this.#renewal);
    const { store, log } = this.#ports;
    const told = answer ? store.keep(this.#name, this.#holder, answer) : store.release(this.#name, this.#holder);
    await inTime(told, STORE_PATIENCE).catch((error: unknown) => log.fault(this.callId, error));
    this.#over.resolve();
  }
}

/** The client gets the answer when it is kept: from then on every repeat gets it too. */
export async function keepWhole(
  held: HeldKey,
  reply: Reply,
  body: string | Uint8Array<ArrayBuffer>,
): Promise<Response> {
  const bytes = typeof body === "string" ? new Uint8Array(await new Blob([body]).arrayBuffer()) : body;
  const { status, headers } = reply;
  const fits = bytes.length <= MAX_KEPT_BYTES;
  await held.end(isLasting(status) && !reply.mayPass && fits ? keptAnswer(held, reply, bytes) : undefined);
  return new Response(bytes, { status, headers: fits ? headers : { ...headers, "x-sluice-idempotency": "too-large" } });
}

/**
 * A stream is kept when it is complete. Its last event waits for that, so that whoever has read it and asks again gets
 * the stream again. A stream that failed, or whose client left before, frees the key.
 */
export function keepStream(
  held: HeldKey,
  reply: Reply,
  source: ReadableStream<Uint8Array>,
  lastEvent: string,
): Response {
  const reader = source.getReader();
  const copy = new StreamCopy(lastEvent);
  let outcome: CallRecord["outcome"] | undefined;
  let hasLeft = false;
  void reply.ended.then((ended) => {
    outcome = ended;
  });
  const end = async (isWhole: boolean) => {
    const ended = await reply.ended;
    const isComplete = copy.hasLastEvent ? ended !== "failure" : isWhole && ended === "success";
    const bytes = isComplete ? await copy.bytes() : undefined;
    await held.end(bytes && keptAnswer(held, reply, bytes));
  };
  const readRest = async () => {
    const rest: Uint8Array[] = [];
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      copy.add(read.value);
      rest.push(read.value);
    }
    await end(!hasLeft || outcome === "success");
    return rest;
  };
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) copy.add(value);
        if (!done && !copy.hasLastEvent) {
          if (!hasLeft) controller.enqueue(value);
          return;
        }
        const rest = readRest();
        await inTime(rest, LAST_EVENT_PATIENCE).catch(() => {}); // an upstream that lingers; a failure is thrown below
        if (!done && !hasLeft) controller.enqueue(value);
        for (const bytes of await rest) if (!hasLeft) controller.enqueue(bytes);
        if (!hasLeft) controller.close();
      } catch (cause) {
        await held.end();
        throw cause;
      }
    },
    async cancel(reason) {
      hasLeft = true;
      if (outcome === "success")
        await readRest(); // all of it is here, and on its way
      else {
        await reader.cancel(reason);
        await end(false);
      }
    },
  });
  return new Response(body, { status: reply.status, headers: reply.headers });
}

function keptAnswer({ callId }: HeldKey, { status, headers }: Reply, body: KeptAnswer["body"]): KeptAnswer {
  const kept = Object.fromEntries(Object.entries(headers).filter(([name]) => KEPT_HEADERS.test(name)));
  return { status, headers: { ...kept, "x-sluice-original-call-id": callId }, body };
}

/** What has passed of a stream, as long as it is not too large. */
class StreamCopy {
  readonly #lastEvent: string;
  #parts: Uint8Array<ArrayBuffer>[] = [];
  #size = 0;
  /** As much of the end as the last event is long. */
  #tail = "";

  constructor(lastEvent: string) {
    this.#lastEvent = lastEvent;
  }

  add(bytes: Uint8Array): void {
    this.#size += bytes.length;
    if (this.#size <= MAX_KEPT_BYTES) this.#parts.push(bytes.slice());
    else this.#parts = [];
    const { length } = this.#lastEvent;
    if (length > 0) this.#tail = (this.#tail + new TextDecoder().decode(bytes.subarray(-length))).slice(-length);
  }

  get hasLastEvent(): boolean {
    return this.#lastEvent !== "" && this.#tail === this.#lastEvent;
  }

  /** `undefined` where it is too large. */
  async bytes(): Promise<KeptAnswer["body"] | undefined> {
    return this.#size <= MAX_KEPT_BYTES ? new Uint8Array(await new Blob(this.#parts).arrayBuffer()) : undefined;
  }
}
