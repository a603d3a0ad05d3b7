/**
 * `background: true` for models whose provider has no such thing: the gateway answers at once, and makes the response when the
 * queue says so. Whether the client stays does not matter; a machine that dies is followed by another.
 */
import type { Reply } from "../../../call/call.ts";
import { BadRequestError, ServiceUnavailableError } from "../../../formats/errors.ts";
import type { JsonObject } from "../../../formats/json.ts";
import { begunResponse } from "../../../formats/openai/responses/response-object.ts";
import type { ResponseObject } from "../../../formats/openai/responses/types.ts";
import { validate } from "../../../formats/validate.ts";
import { responses } from "../../../operations/responses.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { databaseOf } from "../objects/lookup.ts";
import { type BegunRequest, itemsIn } from "./begin.ts";
import { deleteConversations, keepConversation } from "./conversation.ts";
import { newResponseId } from "./ids.ts";
import { withIds } from "./items.ts";
import { speaksResponses } from "./speaks.ts";

/** Headers that say how a call is to be made, or whom it is for. */
const KEPT_HEADERS = /^(?:x-litellm-(?!api-key).*|user-agent|openai-beta|cf-connecting-ip)$/;

/**
 * Is it for the gateway to make it in the background? Where all who may be asked can do it themselves, they do.
 * @param keeper the one who may be asked, as nobody else knows what it names
 */
export function isMadeHere(call: RouteCall, begun: BegunRequest, keeper: Deployment | undefined): boolean {
  const { body, deployment = keeper } = begun;
  if (body["background"] !== true || deployment !== undefined) return false;
  const model = typeof body["model"] === "string" ? body["model"] : "";
  const name = callInput(call, {}).caller.modelFor(model);
  const deployments = call.gateway.router.groups.find(name, teamOf(call.principal))?.deployments ?? [];
  return deployments.some((one) => !speaksResponses(one));
}

/**
 * @param body of the request, with what it names
 * @throws BadRequestError for what cannot be made so, ServiceUnavailableError where nothing can
 */
export async function createInBackground(call: RouteCall, begun: BegunRequest, body: JsonObject): Promise<Reply> {
  const { gateway, principal } = call;
  const { background: _, ...given } = body;
  const request = validate(responses.request, given);
  refuse(call, body);
  databaseOf(gateway);
  if (gateway.runs === undefined)
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: this gateway makes nothing in the background.");
  const id = newResponseId();
  const owner = ownerOf(principal);
  const now = Date.now();
  const begunAs = { id, created: Math.floor(now / 1000), model: request.model };
  const response: ResponseObject = {
    ...begunResponse(request, begunAs),
    status: "queued",
    background: true,
    previous_response_id: begun.previousId ?? null,
  };
  const headers = Object.fromEntries([...callInput(call, {}).headers].filter(([name]) => KEPT_HEADERS.test(name)));
  const run = { request, token: principal.token, headers };
  const items = withIds(itemsIn(begun.body) ?? [], id);
  if (!(await keepConversation(gateway, owner, { items, response, run }, now)))
    throw new BadRequestError("The request is too large to be made in the background.", { param: "background" });
  try {
    await gateway.runs.start(id);
  } catch (cause) {
    await deleteConversations(gateway, [id]).catch(() => {}); // a response that never begins
    throw new ServiceUnavailableError("litellm.ServiceUnavailableError: nothing can be begun at the moment.", {
      cause,
    });
  }
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(response),
    ended: Promise.resolve("success"),
  };
}

function refuse(call: RouteCall, { stream, store, model }: JsonObject): void {
  if (stream === true)
    throw new BadRequestError("This model cannot be streamed in the background: ask without stream, and retrieve it.", {
      param: "stream",
    });
  if (store === false)
    throw new BadRequestError("What is made in the background must be kept: ask without store: false.", {
      param: "store",
    });
  const { caller } = callInput(call, {});
  const given = String(model);
  const name = caller.modelFor(given);
  const refusal = name === given ? caller.refuseModel(name) : caller.refuseAlias(given, name);
  if (refusal !== undefined) throw refusal;
}
