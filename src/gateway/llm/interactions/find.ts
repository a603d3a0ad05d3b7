/** Where an interaction is that a client names. */
import { NotFoundError } from "../../../formats/errors.ts";
import type { Interaction, Step } from "../../../formats/gemini/interactions/types.ts";
import type { RouteCall } from "../../route.ts";
import { type Conversation, findConversation } from "../responses/conversation.ts";
import { type Whereabouts, whereaboutsOf } from "../responses/ids.ts";

/** One that the gateway keeps, as its client was told it. */
export interface KeptInteraction extends Conversation<Step, Interaction & { id: string }> {
  /** How many of the last steps before the answer its own request had. */
  own: number;
}

/** What an id is for this caller; `undefined` where it may not know of it. */
export function whereIs({ gateway, principal }: RouteCall, id: string): Promise<Whereabouts | undefined> {
  return whereaboutsOf(gateway, principal, id, "v1_");
}

/** One that the gateway keeps. @throws NotFoundError where there is none for this caller */
export async function findInteraction({ gateway, principal }: RouteCall, id: string) {
  const found = await findConversation<KeptInteraction>(gateway, principal, id);
  if (found === undefined) throw interactionNotFound(id);
  return found;
}

const LONGEST_ID = 300;

export function interactionNotFound(id: string): NotFoundError {
  return new NotFoundError(`Interaction '${id.slice(0, LONGEST_ID)}' not found.`);
}
