/** Calls to Google about interactions that it keeps, told in the words of the client. */
import type { Reply } from "../../../call/call.ts";
import { toInteractionError } from "../../../formats/gemini/interactions/failure.ts";
import { isRecord, type JsonObject } from "../../../formats/json.ts";
import { interactionCalls } from "../../../operations/response-calls.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import type { RouteCall } from "../../route.ts";
import { callNative } from "../native.ts";
import { noCredentials, standing } from "../objects/keeper.ts";
import { retoldReply } from "../objects/renamed-reply.ts";
import { settleShown } from "../objects/runs/settle.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { signedId } from "../responses/ids.ts";
import { backgroundInteraction, isPayable } from "./background-interaction.ts";

/** Who keeps an interaction, and by which id. */
export interface Keeper {
  deployment: Deployment;
  theirs: string;
}

/** Of an interaction by Google's own id, which says nothing. @throws BadRequestError where there are no credentials */
export function unmanagedKeeper({ gateway }: RouteCall, theirs: string): Keeper {
  const deployment = providerDeployment(gateway, "gemini");
  if (deployment === undefined) throw noCredentials("gemini");
  return { deployment, theirs };
}

/** `undefined` where the gateway does not know the place any more. */
export function knownKeeper({ gateway }: RouteCall, deploymentId: string, theirs: string): Keeper | undefined {
  const passed = () => [providerDeployment(gateway, "gemini")].filter((one) => one !== undefined); // asked for below Google's own path
  const isMaker = ({ id }: Deployment) => id === deploymentId;
  const found = gateway.router.groups.deployments().find(isMaker) ?? passed().find(isMaker);
  return found && { deployment: standing(found), theirs };
}

/**
 * Parameters of a query that are the gateway's, and those that all of Google's APIs have: they bring credentials, and leave out of
 * the answer what it is paid by (`fields`).
 */
const NOT_SENT =
  /^(?:\$.*|access_token|alt|api[_-]key|callback|custom_llm_provider|fields|key|model|oauth_token|passw(?:or)?d|prettyPrint|quotaUser|upload_?(?:protocol|Type)|user(?:Ip|Project))$/i;

/** @param id as the client knows it */
export async function askKeeper(
  call: RouteCall,
  keeper: Keeper,
  id: string,
  { name, method, path = "" }: { name: string; method: NativeCall["method"]; path?: string },
): Promise<Reply> {
  const { req } = call.context;
  const query = new URL(req.url).searchParams;
  for (const name of new Set(query.keys())) if (NOT_SENT.test(name)) query.delete(name);
  const tail = `/${encodeURIComponent(keeper.theirs)}${path}${query.size === 0 ? "" : `?${query}`}`;
  const revision = req.header("api-revision");
  const headers: Record<string, string> = revision === undefined ? {} : { "api-revision": revision };
  const native: NativeCall = { method, path: tail, headers };
  const options = { name, operation: interactionCalls(name), errorBody: toInteractionError };
  const reply = await callNative(call, keeper.deployment, native, options);
  return retoldReply(reply, { theirs: keeper.theirs, own: id }, (answer) => retold(call, answer, keeper, id));
}

async function retold(call: RouteCall, answer: JsonObject, keeper: Keeper, id: string): Promise<string> {
  const seen = answer["event_type"] === undefined ? answer : answer["interaction"];
  if (isRecord(seen)) settleSeen(call, seen, keeper);
  return JSON.stringify(await withOwnIds(call, answer, keeper, id));
}

/**
 * One that was made in the background is paid for by whoever sees its end first. The events of a stream tell of it without its
 * steps, where its searches are: then it is asked for as a whole.
 */
function settleSeen({ gateway, context }: RouteCall, interaction: JsonObject, { deployment, theirs }: Keeper): void {
  if (gateway.database === undefined || !isPayable(interaction)) return;
  const isWhole = Array.isArray(interaction["steps"]);
  const run = { ...interaction, id: theirs, status: isWhole ? interaction["status"] : "in_progress" };
  settleShown({ gateway, keeper: context }, backgroundInteraction, run, deployment);
}

async function withOwnIds(call: RouteCall, answer: JsonObject, keeper: Keeper, own: string): Promise<JsonObject> {
  const { interaction, previous_interaction_id: previous, id, interaction_id: named } = answer;
  const { vault } = call.gateway;
  const origin = { deploymentId: keeper.deployment.id, id: String(previous) };
  return {
    ...answer,
    ...(id === keeper.theirs && { id: own }),
    ...(named === keeper.theirs && { interaction_id: own }),
    ...(typeof previous === "string" && {
      previous_interaction_id: await signedId(vault, ownerOf(call.principal), origin, "v1_"),
    }),
    ...(isRecord(interaction) && { interaction: await withOwnIds(call, interaction, keeper, own) }),
  };
}
