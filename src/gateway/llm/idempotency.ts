/** `Idempotency-Key` at the gateway: the first request is answered and its answer kept, its repeats get that one. */

import type { Reply } from "../../call/call.ts";
import type { Claim, KeptAnswer, Verdict } from "../../call/idempotency.ts";
import {
  BadRequestError,
  ConflictError,
  ServiceUnavailableError,
  UnprocessableEntityError,
} from "../../formats/errors.ts";
import { inTime } from "../../router/in-time.ts";
import { digestOf } from "../../tenancy/digest.ts";
import type { RouteCall } from "../route.ts";
import { HeldKey, type IdempotencyPorts, keepStream, keepWhole } from "./kept-answer.ts";
import { asResponse } from "./native.ts";
import type { RequestBody } from "./request-body.ts";

/** How long the store may take to say whether a request may run, in milliseconds. */
const CLAIM_PATIENCE = 5000;

const IDEMPOTENCY_ERROR = { type: "idempotency_error", param: "Idempotency-Key" } as const;

export interface KeyedRequest {
  callId: string;
  /** The header's value. */
  key: string;
  /** The caller's API key. */
  caller: string;
  /** Path and query. */
  target: string;
  /** The body's text, or for a form what tells it from others. */
  body: string;
}

/** The answer; made once, where the client says by a key that it may ask again. */
export async function keyedAnswer(
  call: RouteCall,
  { fingerprint }: Pick<RequestBody, "fingerprint">,
  lastEvent: string,
  answer: () => Promise<Reply>,
): Promise<Response> {
  const { context, gateway, principal } = call;
  const { headers, url } = context.req.raw;
  const key = headers.get("idempotency-key");
  if (key === null) return asResponse(await answer());
  const { pathname, search } = new URL(url);
  const waitUntil = (promise: Promise<unknown>) => gateway.waitUntil(context, promise);
  return answerOnce(
    { store: gateway.idempotency, log: gateway.log, waitUntil },
    {
      callId: context.get("callId"),
      key,
      caller: principal.token,
      target: pathname + search,
      body: await fingerprint(),
    },
    lastEvent,
    answer,
  );
}

/**
 * The kept answer, or what `perform` makes.
 * @param lastEvent what ends a stream of this operation, where something does
 * @throws BadRequestError (400) where the key cannot be one, ConflictError (409) while the first request runs,
 * UnprocessableEntityError (422) where the key was used for another request, ServiceUnavailableError (503) where the
 * store cannot be asked
 */
export async function answerOnce(
  ports: IdempotencyPorts,
  request: KeyedRequest,
  lastEvent: string,
  perform: () => Promise<Reply>,
): Promise<Response> {
  const key = parseKey(request.key);
  const [name, fingerprint] = await Promise.all([
    digestOf(JSON.stringify([request.caller, key])),
    digestOf(`${request.target}\n${request.body}`),
  ]);
  const holder = crypto.randomUUID();
  const verdict = await claim(ports, request, name, { fingerprint, holder });
  switch (verdict.kind) {
    case "kept":
      return replay(verdict.answer);
    case "mismatch":
      throw new UnprocessableEntityError(
        "This Idempotency-Key was used for a different request. Another request needs another key.",
        IDEMPOTENCY_ERROR,
      );
    case "running":
      throw new ConflictError("A request with this Idempotency-Key is still running. Ask again for its answer.", {
        ...IDEMPOTENCY_ERROR,
        headers: { "retry-after": String(secondsToWait(verdict.elapsed)) },
      });
    case "claimed":
      return answerFirst(new HeldKey(ports, request.callId, name, holder), lastEvent, perform);
  }
}

async function answerFirst(held: HeldKey, lastEvent: string, perform: () => Promise<Reply>): Promise<Response> {
  try {
    const reply = await perform();
    const { body } = reply;
    if (body instanceof ReadableStream) return keepStream(held, reply, body, lastEvent);
    return await keepWhole(held, reply, body);
  } catch (cause) {
    await held.end();
    throw cause;
  }
}

/** The longer it has run, the longer it may still take. */
function secondsToWait(elapsed: number): number {
  return Math.min(30, Math.max(1, Math.ceil(elapsed / 1000)));
}

/**
 * The key a header names: 1 to 255 printable ASCII characters, as they are or as a string of RFC 8941 (the IETF draft's
 * form). Both forms of one key are the same key.
 */
export function parseKey(header: string): string {
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(header)?.[1];
  const key = quoted?.replace(/\\(["\\])/g, "$1") ?? header;
  if (/^[\x20-\x7e]{1,255}$/.test(key) && (quoted !== undefined || !header.startsWith('"'))) return key;
  throw new BadRequestError(
    "The Idempotency-Key must be 1 to 255 printable ASCII characters, or these between double quotes.",
    IDEMPOTENCY_ERROR,
  );
}

/** Without an answer of the store nothing may run: it could run twice. */
async function claim(
  { store, log, waitUntil }: IdempotencyPorts,
  { callId }: KeyedRequest,
  name: string,
  claim: Claim,
): Promise<Verdict> {
  const asked = store.claim(name, claim);
  try {
    return await inTime(asked, CLAIM_PATIENCE);
  } catch (cause) {
    log.fault(callId, cause);
    waitUntil(asked.then(() => store.release(name, claim.holder)).catch(() => {})); // it may come through yet
    throw new ServiceUnavailableError(
      "Idempotency-Key cannot be honoured now: its store does not answer. Nothing was done.",
      { ...IDEMPOTENCY_ERROR, headers: { "retry-after": "5" }, cause },
    );
  }
}

function replay({ status, headers, body }: KeptAnswer): Response {
  const bytes = body as Uint8Array<ArrayBuffer>; // what a store gives is never shared memory
  return new Response(bytes, { status, headers: { ...headers, "idempotent-replayed": "true" } });
}
