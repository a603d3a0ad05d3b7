import type { GenerateContentCall } from "../formats/gemini/as-chat.ts";
import { errorEvent, toInteractionError } from "../formats/gemini/interactions/failure.ts";
import { refuseGooglesAlone, toContent, withOutputLimit } from "../formats/gemini/interactions/to-content.ts";
import {
  AS_CONTENT,
  type Interaction,
  type InteractionEvent,
  type InteractionRequest,
  interactionRequestSchema,
} from "../formats/gemini/interactions/types.ts";
import { eventsOfInteraction, toInteraction } from "../formats/gemini/interactions/whole.ts";
import { isRecord, type JsonObject } from "../formats/json.ts";
import { formatEvent } from "../formats/sse.ts";
import { interactionsByChat } from "../providers/by-chat/interactions.ts";
import { chatAdapterOf } from "../providers/chat-by-responses.ts";
import type { InteractionsAdapter, Provider, Target } from "../providers/provider.ts";
import { providerFor } from "../providers/registry.ts";
import { generateContent } from "./generate-content.ts";
import { InteractionsMeter } from "./interactions-meter.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import type { Operation } from "./operation.ts";

/** Google's Interactions API for the client: natively where the provider has it, any other provider by chat. */
export const interactions: Operation<InteractionRequest, Interaction, InteractionEvent> = {
  name: "interactions",
  summary: "Create an interaction (Google's Interactions API)",
  paths: [], // those of Google's API: see its routes
  request: interactionRequestSchema,
  wire: "gemini-interactions",
  forwardedHeaders: ["api-revision"],
  adapter: (provider, target) => provider.interactions ?? byChat(provider, target),
  idPrefix: "v1_",
  settleParams(request, adapter, target, policy) {
    if (isNative(adapter)) return request;
    refuseGooglesAlone(request, target.provider);
    const provider = providerFor(target);
    const asked = provider && generateContent.adapter(provider, target);
    if (asked === undefined) return request;
    return { ...request, [AS_CONTENT]: generateContent.settleParams(contentOf(request), asked, target, policy) };
  },
  countInput: (request) => generateContent.countInput(contentOf(request)),
  // Agents read no such bound.
  outputBound: (request) => (request.agent ? undefined : generateContent.outputBound(contentOf(request))),
  answersOf: (request) => generateContent.answersOf(contentOf(request)),
  roomFor: (request, target) => generateContent.roomFor?.(contentOf(request), target) ?? 0,
  termsOf: (request) => generateContent.termsOf(contentOf(request)),
  bounded: (request, tokens) => withOutputLimit(request, tokens / generateContent.answersOf(contentOf(request))),
  paramsOf: (request) => generateContent.paramsOf(contentOf(request)),
  affinityOf: (request, session) => generateContent.affinityOf(contentOf(request), session),
  isContent: ({ event_type: type }) => type !== undefined && !BEFORE.has(type),
  chunksOf: eventsOfInteraction,
  isDialect: () => false,
  mock,
  wantsStreamUsage: () => true, // Google tells it unasked
  askForUsage: (request) => request,
  encodeWhole: (interaction) => JSON.stringify(interaction),
  encode: (event) => (event.event_type === undefined ? undefined : encoded(event, event.event_type)),
  done: formatEvent("[DONE]", "done"),
  encodeError: (error) => encoded(errorEvent(error), "error"),
  errorBody: toInteractionError,
  meter: (request, target) => new InteractionsMeter(request, contentOf(request), target),
  continuation: () => undefined,
};

/** Does it speak the Interactions API itself, and keep what it answers? */
export function isNative({ wire, rewritesAnswers }: Pick<InteractionsAdapter, "wire" | "rewritesAnswers">): boolean {
  return wire === "gemini-interactions" && !rewritesAnswers;
}

function byChat(provider: Provider, target: Target): InteractionsAdapter | undefined {
  const chat = chatAdapterOf(provider, target);
  return chat && interactionsByChat(chat);
}

/** Events before which nothing of the answer has come. */
const BEFORE: ReadonlySet<string> = new Set([
  "interaction.created",
  "interaction.in_progress",
  "interaction.start",
  "interaction.status_update",
  "step.start",
  "content.start",
]);

function encoded(event: JsonObject, name: string): string {
  return formatEvent(JSON.stringify(event), name);
}

/** Requests as `generateContent`; made once for each. */
const contents = new WeakMap<InteractionRequest, GenerateContentCall>();

function contentOf(request: InteractionRequest): GenerateContentCall {
  const known = request[AS_CONTENT] ?? contents.get(request);
  if (known !== undefined) return known;
  const made = toContent(request);
  contents.set(request, made);
  return made;
}

/** A text is every answer; a whole interaction is the answer. */
async function mock(
  options: MockOptions,
  request: InteractionRequest,
  head: { id: string; now: number; model: string },
): Promise<Interaction> {
  throwMockError(options, head.model);
  const { response } = options;
  const named = request.store === false ? {} : { id: `v1_${head.id}` };
  if (isInteraction(response)) {
    const { id: _, ...said } = response; // whoever mocks does not choose by what name it is found: it may be another's
    return { ...said, ...named };
  }
  const content = await generateContent.mock(options, contentOf(request), head);
  return toInteraction(content, { ...named, model: head.model, created: head.now });
}

function isInteraction(value: unknown): value is Interaction {
  return isRecord(value) && typeof value["status"] === "string" && Array.isArray(value["steps"]);
}
