/**
 * `GET /v1/responses` as a WebSocket. Each response is a request of its own: the key is looked at again, and it takes the way of
 * `POST /v1/responses`, with its limits, budgets, fallbacks and its row on the ledger.
 */
import { Context } from "hono";
import { ResponsesSocket } from "../../../call/responses-socket/session.ts";
import { InternalServerError, SluiceError } from "../../../formats/errors.ts";
import type { JsonObject } from "../../../formats/json.ts";
import { warmUpEvents } from "../../../formats/openai/responses/socket-events.ts";
import type { ResponseEvent } from "../../../formats/openai/responses/types.ts";
import { validate } from "../../../formats/validate.ts";
import { responses } from "../../../operations/responses.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { refuseRoute } from "../../auth.ts";
import { waitUntil } from "../../gateway.ts";
import type { Route, RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { serve } from "../operations.ts";
import { isUpgrade, principalNow, switched, upgradeRequired, whoConnects } from "../web-socket.ts";
import { newResponseId } from "./ids.ts";

export const responseSocketRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: responses.paths,
    access: "llm",
    authenticate: whoConnects,
    summary: "Create responses over a WebSocket, by response.create",
    tag: "responses",
    handle: openSocket,
  },
];

/** workerd takes no larger message, and closes the connection. */
const LARGEST_MESSAGE = 32 * 1024 * 1024;

function openSocket(call: RouteCall): Response {
  const { context, gateway } = call;
  const request = context.req.raw;
  if (!isUpgrade(request.headers)) return upgradeRequired("GET /v1/responses");
  const { 0: client, 1: server } = new WebSocketPair();
  const socket = new ResponsesSocket({
    answer: async (body, signal) => serve(responses, await oneCall(call, body, signal), {}),
    warmUp: async (body) => warmUp(await oneCall(call, body, request.signal), body),
    largestMessage: Math.min(LARGEST_MESSAGE, gateway.config.settings.maxRequestBytes),
    toError(cause) {
      if (cause instanceof SluiceError) return cause;
      gateway.log.fault(context.get("callId"), cause);
      return new InternalServerError("the gateway failed; the call id is in the headers");
    },
  });
  socket.start(server);
  return switched(client, request, "responses", {});
}

/** What belongs to the upgrade, or to one request alone. */
const OF_UPGRADE =
  /^(?:connection|upgrade|sec-websocket-.*|content-.*|transfer-encoding|idempotency-key|x-litellm-call-id|host)$/;

/** One response as a call of its own, by whoever the key is now. @throws SluiceError where it may no longer use the gateway */
async function oneCall(call: RouteCall, body: JsonObject, signal: AbortSignal): Promise<RouteCall> {
  const { context } = call;
  const { url, headers: given } = context.req.raw;
  const principal = await principalNow(call);
  const refusal = refuseRoute(principal, "llm", context.req.path);
  if (refusal !== undefined) throw refusal;
  const gateway = await call.gateway.as(principal);
  await gateway.models.ready((promise) => waitUntil(context, promise));
  const headers = new Headers([...given].filter(([name]) => !OF_UPGRADE.test(name)));
  headers.set("content-type", "application/json");
  const beta = withoutTransport(given.get("openai-beta"));
  if (beta === "") headers.delete("openai-beta");
  else headers.set("openai-beta", beta);
  const request = new Request(url, { method: "POST", headers, body: JSON.stringify(body), signal });
  const { env, executionCtx } = context;
  const own = new Context(request, {
    env,
    executionCtx,
    path: context.req.path,
    notFoundHandler: () => new Response(),
  });
  own.set("callId", newLogId(Date.now()));
  own.set("isOwnId", true);
  return { context: own, gateway, principal };
}

/** Versions a client asks for, without that of this transport: the provider is asked by HTTP. */
function withoutTransport(beta: string | null): string {
  const versions = (beta ?? "").split(",").map((version) => version.trim());
  return versions.filter((version) => version !== "" && !version.startsWith("responses_websockets=")).join(",");
}

/** Nobody is asked, and nothing is used: the request is checked, and can be gone on from. @throws SluiceError */
async function warmUp(call: RouteCall, body: JsonObject): Promise<ResponseEvent[]> {
  const { model } = body;
  const request = validate(responses.request, body);
  const { caller } = callInput(call, body);
  const name = caller.modelFor(request.model);
  const refusal = name === model ? caller.refuseModel(name) : caller.refuseAlias(request.model, name);
  if (refusal !== undefined) throw refusal;
  return warmUpEvents(request, newResponseId(), Date.now());
}
