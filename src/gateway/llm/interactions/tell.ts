/** What clients are told of interactions: ids of the gateway's, and of what is kept that it is kept. */
import { InteractionBuilder } from "../../../formats/gemini/interactions/builder.ts";
import type {
  Interaction,
  InteractionEvent,
  InteractionRequest,
  Step,
} from "../../../formats/gemini/interactions/types.ts";
import { isRecord } from "../../../formats/json.ts";
import { interactions, isNative } from "../../../operations/interactions.ts";
import { providerFor } from "../../../providers/registry.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Gateway } from "../../gateway.ts";
import type { BackgroundCall } from "../responses/background-call.ts";
import { keepConversation } from "../responses/conversation.ts";
import { ToldIds } from "../responses/told-ids.ts";
import { isPayable } from "./background-interaction.ts";
import type { KeptInteraction } from "./find.ts";

export interface Telling {
  gateway: Gateway;
  callId: string;
  owner: string;
  /** The interaction it goes on from, as the client named it. */
  previousId: string | undefined;
  /** Looks after what Google makes in the background, asked for or by the admin's default. */
  background: BackgroundCall<InteractionRequest, Interaction, InteractionEvent>;
  /** The conversation up to the answer. */
  steps: readonly Step[];
  /** How many of the last of them are the request's own. */
  own: number;
}

type Part = Interaction | InteractionEvent;

/** Tells one call's answers. */
export class InteractionTeller {
  readonly #telling: Telling;
  readonly #ids: ToldIds;
  /** What the events of a stream have told so far. */
  readonly #builder = new InteractionBuilder();

  constructor(telling: Telling) {
    this.#telling = telling;
    this.#ids = new ToldIds(telling, "v1_");
  }

  tell<Some extends Part>(part: Some, request: InteractionRequest, deployment: Deployment): Some | Promise<Some> {
    const { store = deployment.defaults["store"], background = deployment.defaults["background"] } = request;
    const isStored = store !== false;
    const isLater = background === true;
    const told = speaksInteractions(deployment)
      ? isStored || isLater
        ? this.#tellNative(part, deployment, isLater)
        : this.#withId(part, idIn(part))
      : this.#tellTranslated(part, isStored);
    return told as Some | Promise<Some>; // an interaction stays one, and so does an event
  }

  /** A text that names interactions, in the client's words. */
  inWords(text: string): string {
    return this.#ids.inWords(text);
  }

  #tellNative(part: Part, deployment: Deployment, isLater: boolean): Part | Promise<Part> {
    const theirs = idIn(part);
    if (theirs === undefined) return part;
    const known = this.#ids.of(theirs);
    if (isLater) return this.#remembered(part, theirs, deployment).then((id) => this.#withId(part, id));
    if (known !== undefined) return this.#withId(part, known);
    return this.#ids.signed(theirs, deployment).then((id) => this.#withId(part, id));
  }

  /** What Google makes in the background is to be paid for, whoever comes back for it. */
  async #remembered(part: Part, theirs: string, deployment: Deployment): Promise<string> {
    const known = this.#ids.of(theirs);
    const id = known ?? (await this.#ids.signed(theirs, deployment));
    const { gateway, background, callId } = this.#telling;
    if (!background.isWatching) return id;
    try {
      if (known === undefined) await background.begun({ id: theirs }, id, deployment);
      const seen = this.#seen(part);
      if (seen !== undefined && isPayable(seen)) background.over(seen);
    } catch (error) {
      gateway.log.fault(callId, error);
    }
    return id;
  }

  /** The interaction a part tells of. The event at its end has none of its steps, where its searches are. */
  #seen(part: Part): Interaction | undefined {
    if (!isEvent(part)) return part;
    this.#builder.add(part);
    return isRecord(part.interaction) ? this.#builder.interaction : undefined;
  }

  #tellTranslated(part: Part, isStored: boolean): Part | Promise<Part> {
    const { gateway } = this.#telling;
    const isKept = isStored && gateway.database !== undefined;
    const id = idIn(part);
    const told = id === undefined ? part : this.#withId(part, isKept ? this.#ids.kept(id) : undefined);
    if (!isKept) return told;
    if (!isEvent(told)) return this.#keep(told).then((stays) => (stays ? told : withId(told, undefined)));
    this.#builder.add(told);
    const { interaction } = this.#builder;
    if (told.event_type !== "interaction.completed" || interaction === undefined) return told;
    return this.#keep(interaction).then(() => told); // its id was told with the first event
  }

  #withId(part: Part, id: string | undefined): Part {
    const { previousId } = this.#telling;
    const told = id === idIn(part) ? part : withId(part, id);
    if (previousId === undefined) return told;
    const previous = { previous_interaction_id: previousId };
    if (!isEvent(told)) return { ...told, ...previous };
    const { interaction } = told;
    return isRecord(interaction) ? { ...told, interaction: { ...interaction, ...previous } } : told;
  }

  /** The client may come back for it as soon as it has read the end, so that waits for the database. */
  async #keep(response: Interaction): Promise<boolean> {
    const { gateway, owner, steps, own, callId } = this.#telling;
    const { id } = response;
    if (id === undefined) return false;
    try {
      const kept: KeptInteraction = { items: [...steps], response: { ...response, id }, own };
      return await keepConversation(gateway, owner, kept, Date.now());
    } catch (error) {
      gateway.log.fault(callId, error);
      return false;
    }
  }
}

/** Does it have the Interactions API itself, and keeps what it answers? */
function speaksInteractions({ target, mockResponse }: Deployment): boolean {
  const provider = providerFor(target);
  const adapter = provider && interactions.adapter(provider, target);
  return mockResponse === undefined && adapter !== undefined && isNative(adapter);
}

/** A whole interaction has no type of an event; events that tell the gateway alone something have no field at all. */
function isEvent(part: Part): part is InteractionEvent {
  return typeof part["status"] !== "string" || part["event_type"] !== undefined;
}

function idIn(part: Part): string | undefined {
  const { id, interaction_id: named, interaction } = part;
  const found = isEvent(part) ? (isRecord(interaction) ? interaction["id"] : named) : id;
  return typeof found === "string" && found !== "" ? found : undefined;
}

function withId(part: Part, id: string | undefined): Part {
  if (!isEvent(part)) {
    const { id: _, ...rest } = part;
    return id === undefined ? rest : { ...part, id };
  }
  const { interaction, interaction_id: named, ...rest } = part;
  return {
    ...rest,
    ...(interaction !== undefined && { interaction: withId(interaction, id) as Interaction }), // it stays one
    ...(named !== undefined && id !== undefined && { interaction_id: id }),
  };
}
