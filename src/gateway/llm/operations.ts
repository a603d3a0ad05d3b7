/** The routes of the operations: each path of each operation is the same pipeline. */

import { perform } from "../../call/pipeline.ts";
import { chat } from "../../operations/chat.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { readJson } from "../body.ts";
import type { Route, RouteCall } from "../route.ts";

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
  const body = await readJson(request, gateway.config.settings.maxRequestBytes);
  const named = context.req.param("model");
  if (named !== undefined) body["model"] = named;
  const reply = await perform(gateway.calls(context), operation, {
    id: context.get("callId"),
    body,
    headers: request.headers,
    signal: request.signal,
    mayMock: true, // the master key is the only key so far, and an admin may
  });
  return new Response(reply.body, { status: reply.status, headers: reply.headers });
}
