/** A request of the Interactions API with what it goes on from, and its answers with what can be gone on from. */
import { BadRequestError } from "../../../formats/errors.ts";
import { asSteps, stepsOf } from "../../../formats/gemini/interactions/to-content.ts";
import type {
  Interaction,
  InteractionEvent,
  InteractionRequest,
  Step,
} from "../../../formats/gemini/interactions/types.ts";
import { isRecord, type JsonObject } from "../../../formats/json.ts";
import { interactions, isNative } from "../../../operations/interactions.ts";
import { LaterMeter } from "../../../operations/interactions-meter.ts";
import type { Operation } from "../../../operations/operation.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { ownerOf } from "../../../tenancy/owner.ts";
import { teamOf } from "../../model-names.ts";
import type { RouteCall } from "../../route.ts";
import { publicName } from "../gemini/models.ts";
import type { BackgroundCall, MadeLater } from "../responses/background-call.ts";
import { servedWhereKept } from "../responses/begin.ts";
import { newResponseId } from "../responses/ids.ts";
import { backgroundInteraction } from "./background-interaction.ts";
import { findInteraction, interactionNotFound, whereIs } from "./find.ts";
import { InteractionTeller } from "./tell.ts";

export type InteractionsOperation = Operation<InteractionRequest, Interaction, InteractionEvent>;

/** A request that is ready to be made. */
export interface BegunInteraction {
  /** Without words that only the gateway understands. */
  body: JsonObject;
  /** Does it say more than the client has sent? */
  isLonger: boolean;
  /** Where it must go: nobody else has the interaction it goes on from. */
  deployment: Deployment | undefined;
  /** The interaction it goes on from, as the client named it. */
  previousId: string | undefined;
  /** All that was said before the answer, where the gateway knows it. */
  steps: Step[];
  /** How many of them the client has just sent. */
  own: number;
}

/**
 * What the gateway keeps of the conversation is put before the input; what Google keeps is told in its own words.
 * @throws NotFoundError where the client does not have what it names
 */
export async function beginInteraction(call: RouteCall, given: JsonObject): Promise<BegunInteraction> {
  const body = withModel(call, given);
  const said = body["previous_interaction_id"];
  const named = typeof said === "string" && said !== "" ? said : undefined;
  const { kept = [], deployment, theirs } = named === undefined ? {} : await previousOf(call, body, named);
  const own = stepsIn(body);
  const { previous_interaction_id: _, ...rest } = body;
  const steps = [...kept, ...own];
  return {
    body: {
      ...(named === undefined ? body : rest),
      ...(theirs !== undefined && { previous_interaction_id: theirs }),
      ...(kept.length > 0 && { input: steps }),
    },
    isLonger: kept.length > 0,
    deployment,
    previousId: named,
    steps,
    own: own.length,
  };
}

/** An agent stands where a model does: by its name, or by that of the provider whose agents they are. */
function withModel({ gateway, principal }: RouteCall, body: JsonObject): JsonObject {
  const { agent, model } = body;
  const { groups } = gateway.router;
  if (typeof agent === "string" && agent !== "") {
    const ofGoogle = `gemini/${agent}`;
    const team = teamOf(principal);
    return { ...body, model: !groups.serves(agent, team) && groups.serves(ofGoogle, team) ? ofGoogle : agent };
  }
  return typeof model === "string" ? { ...body, model: publicName(gateway, principal, model) } : body;
}

/** None where the input is no list of them: that is said by whoever checks the request. */
function stepsIn({ input }: JsonObject): Step[] {
  const isKnown = typeof input === "string" || isRecord(input) || (Array.isArray(input) && input.every(isRecord));
  return isKnown ? asSteps(stepsOf(input as InteractionRequest["input"])) : []; // its objects are looked at before anything is done with them
}

interface Previous {
  /** All that was said so far, where the gateway keeps it. */
  kept?: Step[];
  /** Who keeps it, and by which id. */
  deployment?: Deployment;
  theirs?: string;
}

async function previousOf(call: RouteCall, body: JsonObject, id: string): Promise<Previous> {
  const where = await whereIs(call, id);
  switch (where?.kind) {
    case undefined:
      throw interactionNotFound(id);
    case "unmanaged":
      return { theirs: id };
    case "provider": {
      const asked = { model: body["model"], param: "previous_interaction_id" };
      const deployment = servedWhereKept(call, where.deploymentId, asked, id);
      return { theirs: where.id, ...(deployment && { deployment }) };
    }
    case "here": {
      const { conversation } = await findInteraction(call, id);
      const { status, steps = [] } = conversation.response;
      if (status === "failed" || status === "cancelled")
        throw new BadRequestError(`The interaction '${id}' cannot be continued: its status is ${status}.`, {
          param: "previous_interaction_id",
        });
      return { kept: [...conversation.items, ...steps] };
    }
  }
}

/** What Google makes in the background: deep research, and whatever else takes its time. */
export const interactionsLater: MadeLater<InteractionRequest, Interaction, InteractionEvent> = {
  operation: interactions,
  kind: backgroundInteraction,
  meter: (request, target) => new LaterMeter(interactions.meter(request, target), request),
  brokenOff: (error, meter) => interactions.encodeError(error, meter),
};

/**
 * Creates interactions for one request.
 * @param background looks after what Google makes there
 */
export function creatingInteraction(
  call: RouteCall,
  begun: BegunInteraction,
  background: BackgroundCall<InteractionRequest, Interaction, InteractionEvent>,
): InteractionsOperation {
  const { gateway, principal, context } = call;
  const teller = new InteractionTeller({
    gateway,
    callId: context.get("callId"),
    owner: ownerOf(principal),
    previousId: begun.previousId,
    background,
    steps: begun.steps,
    own: begun.own,
  });
  // Where it is known that nothing will be kept, and nothing is named, bytes pass as they come.
  const isRetold = begun.body["store"] !== false || background.isAskedFor || begun.previousId !== undefined;
  const usual = isRetold ? background.operation : interactions;
  return {
    ...usual,
    newId: () => newResponseId("v1_"),
    async prepare(request, adapter, deployment) {
      const { previous_interaction_id: id } = request;
      if (id && id !== begun.body["previous_interaction_id"]) throw interactionNotFound(id); // a fallback's own, that nobody has looked for
      if (isNative(adapter)) await background.cover(request, deployment);
      return request;
    },
    ...(isRetold && { retold: (part, request, deployment) => teller.tell(part, request, deployment) }),
    errorBody: (error) => JSON.parse(inClientsWords(JSON.stringify(usual.errorBody(error)), begun)),
    encodeError: (error, meter) => inClientsWords(teller.inWords(usual.encodeError(error, meter)), begun),
  };
}

/** The text by the client's name for the interaction that it goes on from: whoever keeps that tells of it by its own. */
function inClientsWords(json: string, { body, previousId }: BegunInteraction): string {
  const theirs = body["previous_interaction_id"];
  if (typeof theirs !== "string" || theirs === "" || previousId === undefined) return json;
  const written = (id: string) => JSON.stringify(id).slice(1, -1);
  return json.replaceAll(written(theirs), () => written(previousId));
}
