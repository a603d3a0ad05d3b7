/** The routes of the operations: each path of each operation is the same pipeline. */

import { performForModels } from "../../call/several-models.ts";
import { chat } from "../../operations/chat.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { keyOf } from "../auth.ts";
import { readJson } from "../body.ts";
import type { Route, RouteCall } from "../route.ts";
import { answerOnce } from "./idempotency.ts";

export const operations: readonly AnyOperation[] = [chat];

export const operationRoutes: readonly Route[] = operations.map((operation) => ({
  method: "POST",
  paths: operation.paths,
  access: "key",
  summary: operation.summary,
  tag: operation.name,
  body: operation.request,
  handle: (call) => serve(operation, call),
}));

async function serve(operation: AnyOperation, { context, gateway }: RouteCall): Promise<Response> {
  const request = context.req.raw;
  const { json: body, text } = await readJson(request, gateway.config.settings.maxRequestBytes);
  const named = context.req.param("model");
  if (named !== undefined) body["model"] = named;
  const calls = gateway.calls(context);
  const id: string = context.get("callId");
  const answer = () =>
    performForModels(calls, operation, {
      id,
      body,
      headers: request.headers,
      signal: request.signal,
      mayMock: true, // the master key is the only key so far, and an admin may
    });
  const key = request.headers.get("idempotency-key");
  if (key === null) {
    const reply = await answer();
    return new Response(reply.body, { status: reply.status, headers: reply.headers });
  }
  const { pathname, search } = new URL(request.url);
  const caller = keyOf(request.headers) ?? "";
  const ports = { store: gateway.idempotency, log: gateway.log, waitUntil: calls.waitUntil };
  return answerOnce(ports, { callId: id, key, caller, target: pathname + search, body: text }, operation.done, answer);
}
