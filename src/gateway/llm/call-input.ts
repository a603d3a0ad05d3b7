/** One call of a client's, as the pipeline takes it. */
import type { CallInput } from "../../call/call.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import { callerOf, type RequestFacts } from "../caller.ts";
import { customerOf } from "../customer.ts";
import type { Gateway } from "../gateway.ts";
import type { RouteCall } from "../route.ts";
import { clientAddress, type Received } from "../route-rules.ts";

/** @param body of the operation's request, as far as it is known; it names the customer, and what is kept with the spend */
export function callInput(call: RouteCall, body: Record<string, unknown>): CallInput {
  const { context, gateway, principal } = call;
  const { headers, signal } = context.req.raw;
  return {
    id: context.get("callId"),
    isOwnId: context.get("isOwnId"),
    body,
    headers: withoutKey(headers, gateway.config.settings.general.litellm_key_header_name),
    signal,
    caller: callerOf(gateway, principal, gateway.subjects(context), factsOf(gateway, context.req.raw, body)),
  };
}

/** What carries the key by a name of the operator's must not go on, as little as `authorization` does. */
function withoutKey(headers: Headers, own: string | undefined): Headers {
  if (own === undefined) return headers;
  const others = new Headers(headers);
  others.delete(own);
  return others;
}

/** What the request says of whom it is for. */
export function factsOf({ config }: Gateway, request: Received, body: Readonly<Record<string, unknown>>): RequestFacts {
  const { general } = config.settings;
  const { headers } = request;
  const settings = { header: general.user_header_name, mappings: general.user_header_mappings ?? [] };
  return {
    customerId: customerOf(body, headers, settings),
    sessionId: headers.get("x-litellm-trace-id") ?? headers.get("x-litellm-session-id") ?? undefined,
    requesterIp: clientAddress(request, general),
    metadata: spendMetadata(body, headers.get("x-litellm-spend-logs-metadata")),
    now: Date.now(),
  };
}

/** What the client wants to find again on the ledger: a header of JSON, or `metadata.spend_logs_metadata`. */
function spendMetadata(body: Readonly<Record<string, unknown>>, header: string | null) {
  const given = asRecord(body["metadata"])["spend_logs_metadata"];
  if (header === null) return isRecord(given) ? { spend_logs_metadata: given } : undefined;
  try {
    const parsed: unknown = JSON.parse(header);
    return isRecord(parsed) ? { spend_logs_metadata: parsed } : undefined;
  } catch {
    return undefined; // a header for people: what is no JSON is not kept
  }
}
