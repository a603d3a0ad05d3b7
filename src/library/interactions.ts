import {
  AS_CONTENT,
  type Interaction,
  type InteractionEvent,
  type InteractionRequest,
  OWN_FIELDS,
} from "../formats/gemini/interactions/types.ts";
import { interactions as operation } from "../operations/interactions.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** A request of Google's Interactions API, with LiteLLM's options beside it. With an `agent` it needs no model. */
export type InteractionsParams = Omit<InteractionRequest, "model" | typeof AS_CONTENT> &
  LibraryOptions &
  ({ model: string } | { agent: string; model?: string });

export interface InteractionsCall<More = unknown> {
  (
    params: InteractionsParams & More & { stream: true },
    options?: AskOptions,
  ): Promise<AsyncIterable<InteractionEvent>>;
  (params: InteractionsParams & More & { stream?: false | null }, options?: AskOptions): Promise<Interaction>;
}

export const interactionsMethod: Method<InteractionRequest, Interaction, InteractionEvent> = {
  operation,
  fields: Object.fromEntries([...OWN_FIELDS].map((name) => [name, true])),
  asked: (params) => ({ ...params, model: params.model ?? `gemini/${params["agent"]}` }),
  whole: plain,
  streamed: said,
};

/**
 * An interaction in Google's format, by any provider: natively by Google, by chat from all others. Only Google keeps them: of
 * others they have no id.
 *
 * @example
 * const { steps } = await interactions({ model: "anthropic/claude-sonnet-4-5", input: "Hi" });
 * @returns Google's interaction; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export const interactions = direct<InteractionsCall>(interactionsMethod);

/** Without what tells the library alone something. */
function plain({ [AS_CONTENT]: content, ...interaction }: Interaction): Interaction {
  return content === undefined ? interaction : withoutId(interaction);
}

async function* said(events: AsyncIterable<InteractionEvent>): AsyncGenerator<InteractionEvent> {
  let isTranslated = false;
  for await (const { [AS_CONTENT]: content, ...event } of events) {
    isTranslated ||= content !== undefined;
    if (event.event_type === undefined) continue;
    const { interaction_id: _, ...nameless } = event;
    const { interaction } = event;
    yield isTranslated ? { ...nameless, ...(interaction && { interaction: withoutId(interaction) }) } : event;
  }
}

function withoutId({ id: _, ...interaction }: Interaction): Interaction {
  return interaction;
}
