/** A request of the Responses API with what it goes on from, and its answers with what can be gone on from. */
import { BadRequestError, type SluiceError } from "../../../formats/errors.ts";
import { isRecord, type JsonObject } from "../../../formats/json.ts";
import { inputItemsOf } from "../../../formats/openai/responses/input-items.ts";
import type { Item, ResponseEvent, ResponseObject, ResponsesRequest } from "../../../formats/openai/responses/types.ts";
import type { Operation } from "../../../operations/operation.ts";
import { responses } from "../../../operations/responses.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { isSameAccount } from "../objects/keeper.ts";
import type { BackgroundCall } from "./background-call.ts";
import { findConversation } from "./conversation.ts";
import { newResponseId, whereaboutsOf } from "./ids.ts";
import { withReferences } from "./references.ts";
import { previousNotFound } from "./refusals.ts";
import { restorer } from "./restore.ts";
import { Teller } from "./tell.ts";

export type ResponsesOperation = Operation<ResponsesRequest, ResponseObject, ResponseEvent>;

/** A request that is ready to be made. */
export interface BegunRequest {
  /** Without words that only the gateway understands. */
  body: JsonObject;
  /** Does it say more than the client has sent? */
  isLonger: boolean;
  /** Where it must go: nobody else has the response it goes on from. */
  deployment: Deployment | undefined;
  /** The response it goes on from, as the client named it. */
  previousId: string | undefined;
}

/**
 * What the gateway keeps of the conversation is put before the input; what a provider keeps is told in its own words.
 * @throws BadRequestError where the client does not have what it names
 */
export async function beginRequest(call: RouteCall, body: JsonObject): Promise<BegunRequest> {
  const given = body["previous_response_id"];
  const named = typeof given === "string" && given !== "" ? given : undefined;
  const previous = named === undefined ? undefined : await previousOf(call, body, named);
  const { kept = [], deployment, theirs } = previous ?? {};
  const own = itemsIn(body);
  const items = own && (await withReferences(call, own, kept));
  const isLonger = kept.length > 0 || (items !== undefined && items !== own);
  const { previous_response_id: _, ...rest } = body;
  return {
    body: {
      ...(named === undefined ? body : rest),
      ...(theirs !== undefined && { previous_response_id: theirs }),
      ...(isLonger && { input: [...kept, ...(items ?? [])] }),
    },
    isLonger,
    deployment,
    previousId: named,
  };
}

/** `undefined` where the input is none: that is said by whoever checks the request. */
export function itemsIn({ input }: JsonObject): Item[] | undefined {
  if (typeof input !== "string" && input !== undefined && input !== null && !Array.isArray(input)) return undefined;
  if (Array.isArray(input) && !input.every(isRecord)) return undefined;
  return inputItemsOf({ input: input as ResponsesRequest["input"] }); // just seen
}

interface Previous {
  /** All that was said so far, where the gateway keeps it. */
  kept?: Item[];
  /** Who keeps it, and by which id. */
  deployment?: Deployment;
  theirs?: string;
}

async function previousOf(call: RouteCall, body: JsonObject, id: string): Promise<Previous> {
  const where = await whereaboutsOf(call.gateway, call.principal, id);
  switch (where?.kind) {
    case undefined:
      throw previousNotFound(id);
    case "unmanaged":
      return { theirs: id };
    case "provider": {
      const asked = { model: body["model"], param: "previous_response_id" };
      const deployment = servedWhereKept(call, where.deploymentId, asked, id);
      return { theirs: where.id, ...(deployment && { deployment }) };
    }
    case "here": {
      const found = await findConversation(call.gateway, call.principal, id);
      if (found === undefined) throw previousNotFound(id);
      const { conversation, row } = found;
      if (row.status !== "completed" && row.status !== "incomplete")
        throw new BadRequestError(`The response '${id}' cannot be continued: its status is ${row.status}.`, {
          param: "previous_response_id",
        });
      return { kept: [...conversation.items, ...(conversation.response.output as Item[])] }; // what was said can be said again
    }
  }
}

/**
 * The model where the response (or interaction) is kept. `undefined` where the gateway does not know the place any more: then it goes where any
 * request of the model would.
 * @throws BadRequestError where the model is not served there
 */
export function servedWhereKept(
  call: RouteCall,
  id: string,
  { model, param }: { model: unknown; param: string },
  given: string,
): Deployment | undefined {
  const { groups } = call.gateway.router;
  const keeper = groups.deployments().find((one) => one.id === id);
  if (keeper === undefined) return undefined;
  const name = callInput(call, {}).caller.modelFor(typeof model === "string" ? model : "");
  const deployments = groups.find(name, teamOf(call.principal))?.deployments;
  if (deployments === undefined) return undefined; // no such model: that is said elsewhere
  const found = deployments.find((one) => one.id === id) ?? deployments.find((one) => isSameAccount(one, keeper));
  if (found !== undefined) return { ...found, modelName: name };
  throw new BadRequestError(
    `litellm.BadRequestError: ${given.slice(0, 300)} is kept by ${keeper.target.provider}, where ${name} is not served: go on with the model that made it, or send the conversation as input.`,
    { param, model: name },
  );
}

/**
 * Creates responses for one request.
 * @param isNamed are the objects in its answers given ids of the gateway's elsewhere?
 * @param background looks after what its provider makes there
 */
export function creating(
  call: RouteCall,
  begun: BegunRequest,
  isNamed: boolean,
  background: BackgroundCall,
): ResponsesOperation {
  const { gateway, principal, context } = call;
  const isTold = mayRetell(call, begun.body);
  const usual = isTold ? background.operation : responses;
  const restore = restorer(gateway);
  const teller = new Teller({
    gateway,
    callId: context.get("callId"),
    owner: ownerOf(principal),
    createdBy: principal.userId ?? principal.token,
    background,
    previousId: begun.previousId,
    items: itemsIn(begun.body) ?? [],
    marksItems: marksItems(call),
    namesContainers: !isNamed && mayMakeContainers(begun.body),
  });
  return {
    ...usual,
    newId: newResponseId,
    async prepare(request, adapter, deployment) {
      refuseOtherPrevious(request, begun);
      await background.cover(request, deployment);
      return restore(request, adapter, deployment);
    },
    ...(isTold && {
      retold: (part, request, deployment) => teller.tell(part, request, deployment),
    }),
    errorBody: (error) => inClientsWords(error, begun).toBody(),
    encodeError: (error, meter) => teller.inWords(usual.encodeError(error, meter)),
  };
}

/**
 * A fallback's own fields take the place of the request's, and nobody has asked whose the response is that one names there.
 * @throws BadRequestError
 */
export function refuseOtherPrevious(
  { previous_response_id: id }: ResponsesRequest,
  { body }: { body: Readonly<{ previous_response_id?: unknown }> },
): void {
  if (id && id !== body["previous_response_id"]) throw previousNotFound(id);
}

/** The provider has the response no more that it was told to go on from, by its own name for it. */
function inClientsWords(error: SluiceError, { previousId }: BegunRequest): SluiceError {
  const isGone = isRecord(error.upstream) && error.upstream["code"] === "previous_response_not_found";
  return isGone && previousId !== undefined ? previousNotFound(previousId) : error;
}

/** Do items with encrypted content say who can read them? */
export function marksItems({ gateway }: RouteCall): boolean {
  return gateway.router.settings.affinityChecks.includes("encrypted_content_affinity");
}

/** Where it is known that nothing will be, bytes pass as they come. */
function mayRetell(call: RouteCall, body: JsonObject): boolean {
  return body["store"] !== false || body["background"] === true || marksItems(call) || mayMakeContainers(body);
}

const RUN_CODE: ReadonlySet<unknown> = new Set(["code_interpreter", "shell"]);

function mayMakeContainers({ tools }: JsonObject): boolean {
  return Array.isArray(tools) && tools.some((tool) => isRecord(tool) && RUN_CODE.has(tool["type"]));
}
