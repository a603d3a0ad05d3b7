/** The routes of the operations: each path of each operation is the same pipeline. */

import { performForModels } from "../../call/several-models.ts";
import { chat } from "../../operations/chat.ts";
import { completions } from "../../operations/completions.ts";
import { embeddings } from "../../operations/embeddings.ts";
import { moderations } from "../../operations/moderations.ts";
import type { AnyOperation } from "../../operations/operation.ts";
import { rerank } from "../../operations/rerank.ts";
import type { Deployment } from "../../router/deployment.ts";
import type { ModelGroups } from "../../router/groups.ts";
import { teamOf } from "../model-names.ts";
import type { Route, RouteCall } from "../route.ts";
import { callInput } from "./call-input.ts";
import { answerOnce } from "./idempotency.ts";
import { readRequestBody } from "./request-body.ts";

export const operations: readonly AnyOperation[] = [chat, completions, embeddings, moderations, rerank];

export const operationRoutes: readonly Route[] = operations.map((operation) => ({
  method: "POST" as const,
  paths: operation.paths,
  access: "llm" as const,
  summary: operation.summary,
  tag: operation.name,
  body: operation.request,
  errorBody: operation.errorBody,
  handle: (call: RouteCall) => serve(operation, call),
}));

/**
 * Answers a request by an operation.
 * @param fields of the request that do not stand in its body, such as those of its path
 */
export async function serve(
  operation: AnyOperation,
  call: RouteCall,
  fields: Readonly<Record<string, unknown>> = modelOfPath(call),
): Promise<Response> {
  const { context, gateway } = call;
  const request = context.req.raw;
  const given = await readRequestBody(operation, request, gateway.config.settings.maxRequestBytes);
  const body: Record<string, unknown> = { ...given.fields, ...fields };
  const calls = gateway.calls(context);
  if (body["model"] === undefined || body["model"] === null || body["model"] === "")
    body["model"] = usualModel(operation, gateway.router.groups, teamOf(call.principal));
  const input = callInput(call, body);
  const answer = () => performForModels(calls, operation, input);
  const key = request.headers.get("idempotency-key");
  if (key === null) {
    const reply = await answer();
    return new Response(reply.body, { status: reply.status, headers: reply.headers });
  }
  const { pathname, search } = new URL(request.url);
  const ports = { store: gateway.idempotency, log: gateway.log, waitUntil: calls.waitUntil };
  return answerOnce(
    ports,
    { callId: input.id, key, caller: call.principal.token, target: pathname + search, body: await given.fingerprint() },
    operation.done,
    answer,
  );
}

function modelOfPath({ context }: RouteCall): Record<string, unknown> {
  const model = context.req.param("model");
  return model === undefined ? {} : { model };
}

/** The model of a request that names none; `undefined` where the operation has no usual one. */
function usualModel({ usual }: AnyOperation, groups: ModelGroups, team: string | undefined): string | undefined {
  if (usual === undefined || groups.serves(usual.model, team)) return usual?.model;
  const isOfMode = ({ info, target }: Deployment) => (info.mode ?? target.info?.mode) === usual.mode;
  const names = groups.names(team).map(({ name }) => name);
  return names.find((name) => groups.find(name, team)?.deployments.some(isOfMode)) ?? usual.model;
}
