/** Where a response is that a route names, and the calls to who keeps it. */
import type { Reply } from "../../../call/call.ts";
import { asRecord, isRecord, type JsonObject } from "../../../formats/json.ts";
import { responseCalls } from "../../../operations/response-calls.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { StoredResponseRow } from "../../../store/schema/index.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { callNative } from "../native.ts";
import { noCredentials, standing } from "../objects/keeper.ts";
import { retoldReply } from "../objects/renamed-reply.ts";
import { isRunOver } from "../objects/runs/kind.ts";
import { settleShown } from "../objects/runs/settle.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { backgroundResponse } from "./background-response.ts";
import { marksItems } from "./begin.ts";
import { type Conversation, findConversation } from "./conversation.ts";
import { signedId, whereaboutsOf } from "./ids.ts";
import { responseNotFound } from "./refusals.ts";
import { withMarks } from "./tell.ts";

export type Found =
  | { kind: "here"; row: StoredResponseRow; conversation: Conversation }
  | { kind: "provider"; deployment: Deployment; theirs: string };

export function idOf({ context }: RouteCall): string {
  return context.req.param("response_id") ?? "";
}

/** @throws NotFoundError where the caller has no such response */
export async function findResponseOf(call: RouteCall): Promise<Found> {
  const { gateway, principal } = call;
  const id = idOf(call);
  const where = await whereaboutsOf(gateway, principal, id);
  if (where === undefined) throw responseNotFound(id);
  if (where.kind === "here") {
    const found = await findConversation(gateway, principal, id);
    if (found === undefined) throw responseNotFound(id);
    return { kind: "here", ...found };
  }
  if (where.kind === "unmanaged") return { kind: "provider", deployment: namedProvider(call), theirs: id };
  const deployment = gateway.router.groups.deployments().find((one) => one.id === where.deploymentId);
  if (deployment === undefined) throw responseNotFound(id);
  return { kind: "provider", deployment: standing(deployment), theirs: where.id };
}

/** @throws BadRequestError where the gateway has no credentials for it */
function namedProvider({ context, gateway }: RouteCall): Deployment {
  const { req } = context;
  const slug = req.query("custom_llm_provider") || req.header("custom-llm-provider") || "openai";
  const deployment = providerDeployment(gateway, slug);
  if (deployment === undefined) throw noCredentials(slug);
  return deployment;
}

/** Parameters of a query that are the gateway's. */
const OWN_PARAMETERS = ["key", "api_key", "api-key", "api-version", "custom_llm_provider", "model"];

/** Asks who keeps it. The reply is in the words of the client. */
export async function askKeeper(
  call: RouteCall,
  { deployment, theirs }: Extract<Found, { kind: "provider" }>,
  { name, method, path = "" }: { name: string; method: NativeCall["method"]; path?: string },
): Promise<Reply> {
  const query = new URL(call.context.req.url).searchParams;
  for (const own of OWN_PARAMETERS) query.delete(own);
  const tail = `/${encodeURIComponent(theirs)}${path}${query.size === 0 ? "" : `?${query}`}`;
  const beta = call.context.req.header("openai-beta");
  const headers: Record<string, string> = beta === undefined ? {} : { "openai-beta": beta };
  const native: NativeCall = { method, path: tail, headers };
  const reply = await callNative(call, deployment, native, { name, operation: responseCalls(name) });
  return retoldReply(reply, { theirs, own: idOf(call) }, (answer) => retold(call, answer, { deployment, theirs }));
}

interface Keeper {
  deployment: Deployment;
  theirs: string;
}

async function retold(call: RouteCall, answer: JsonObject, keeper: Keeper): Promise<string> {
  const told = await withOwnIds(call, answer, keeper);
  const response = isRecord(answer["response"]) ? answer["response"] : answer;
  const { gateway, context } = call;
  const isOver = response["background"] === true && isRunOver(response);
  if (isOver && gateway.database !== undefined)
    settleShown(
      { gateway, keeper: context },
      backgroundResponse,
      { ...response, id: keeper.theirs },
      keeper.deployment,
    );
  return JSON.stringify(marksItems(call) ? withMarks(told, keeper.deployment.id) : told);
}

async function withOwnIds(call: RouteCall, answer: JsonObject, keeper: Keeper): Promise<JsonObject> {
  const { response, previous_response_id: previous, id } = answer;
  const origin = { deploymentId: keeper.deployment.id, id: String(previous) };
  return {
    ...answer,
    ...(id === keeper.theirs && { id: idOf(call) }),
    ...(typeof previous === "string" && {
      previous_response_id: await signedId(call.gateway.vault, ownerOf(call.principal), origin),
    }),
    ...(isRecord(response) && { response: await withOwnIds(call, asRecord(response), keeper) }),
  };
}
