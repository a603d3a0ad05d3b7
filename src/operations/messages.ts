import { countableRequest } from "../formats/anthropic/countable.ts";
import { messagesErrorBody, messagesErrorStatus } from "../formats/anthropic/error-body.ts";
import { fromHubResponse } from "../formats/anthropic/from-hub-response.ts";
import { continueMessages, MessageJoiner } from "../formats/anthropic/message-continuation.ts";
import { eventsOf, formatMessageEvent, isMessageContent } from "../formats/anthropic/message-events.ts";
import { thinkingRoom } from "../formats/anthropic/thinking.ts";
import { toHubRequest } from "../formats/anthropic/to-hub-request.ts";
import {
  type Message,
  type MessagesRequest,
  messageSchema,
  messagesRequestSchema,
  type StreamEvent,
} from "../formats/anthropic/types.ts";
import type { SluiceError } from "../formats/errors.ts";
import { OPENAI_CHAT_PARAMS } from "../formats/openai/params.ts";
import { countMessages } from "../models/tokens.ts";
import { messagesByChat } from "../providers/by-chat/messages.ts";
import { chatAdapterOf } from "../providers/chat-by-responses.ts";
import { settleParams } from "../providers/params.ts";
import type { Adapter, MessagesAdapter, Provider, Target } from "../providers/provider.ts";
import { providerFor } from "../providers/registry.ts";
import { cacheableMessage } from "./cacheable-answers.ts";
import { affinityOf, termsOf } from "./message-facts.ts";
import { MessageMeter } from "./message-meter.ts";
import { type MockOptions, mockCompletion, throwMockError } from "./mock.ts";
import type { Operation } from "./operation.ts";

/** What Anthropic's clients say in headers, and Anthropic must hear. */
export const ANTHROPIC_HEADERS = ["anthropic-version", "anthropic-beta"] as const;

/** Anthropic's Messages API for the client; any provider behind it, by chat where it does not speak it. */
export const messages: Operation<MessagesRequest, Message, StreamEvent> = {
  name: "messages",
  summary: "Create a message (Anthropic's Messages API)",
  paths: ["/v1/messages", "/anthropic/v1/messages", "/messages"],
  request: messagesRequestSchema,
  wire: "anthropic",
  forwardedHeaders: ANTHROPIC_HEADERS,
  adapter: adapterOf,
  idPrefix: "msg_",
  settleParams: (request, _, { provider }, policy) => settleParams(request, "all", policy, provider),
  defaultsFor: (adapter, defaults) => (isNative(adapter) ? nativeDefaults(defaults) : defaults),
  cacheable: cacheableMessage,
  countInput: (request) => countMessages(countableRequest(request), request.model),
  outputBound: ({ max_tokens }) => max_tokens,
  answersOf: () => 1,
  roomFor(request, target) {
    const provider = providerFor(target);
    return provider?.messages === undefined && provider?.chat?.wire === "anthropic"
      ? thinkingRoom(toHubRequest(request), target.model)
      : 0;
  },
  termsOf,
  bounded: (request, tokens) => ({ ...request, max_tokens: Math.max(1, Math.floor(tokens)) }),
  paramsOf: ({ tools, stop_sequences, output_config }) => [
    ...(tools?.length ? ["tools"] : []),
    ...(stop_sequences?.length ? ["stop"] : []),
    ...(output_config?.format ? ["response_format"] : []),
  ],
  affinityOf,
  isContent: isMessageContent,
  chunksOf: eventsOf,
  isDialect: () => false,
  mock: mockMessage,
  wantsStreamUsage: () => true, // it is a part of the format
  askForUsage: (request) => request,
  encodeWhole: (message) => JSON.stringify(message),
  // The last event is the stream's end, which is written when all of it is there.
  encode: (event) => (event.type === "message_stop" ? undefined : formatMessageEvent(event)),
  done: formatMessageEvent({ type: "message_stop" }),
  encodeError: (error) => formatMessageEvent({ ...errorBody(error) }),
  errorBody,
  errorStatus,
  meter: (request) => new MessageMeter(request),
  continuation(request, meter, usage) {
    const { answer } = meter;
    if (answer === undefined || continueMessages(request, answer, true) === undefined) return undefined;
    const open = meter instanceof MessageMeter ? meter.open : new Set<number>();
    const joiner = new MessageJoiner(answer, open, usage);
    return {
      request: (prefill) => continueMessages(request, answer, prefill) ?? request,
      join: (event) => joiner.join(event),
    };
  },
};

function adapterOf(provider: Provider, target: Target): MessagesAdapter | undefined {
  const chat = chatAdapterOf(provider, target);
  return provider.messages ?? (chat && messagesByChat(chat));
}

export function errorBody(error: SluiceError) {
  return messagesErrorBody(error, isOfClaude(error));
}

export function errorStatus(error: SluiceError): number {
  return messagesErrorStatus(error, isOfClaude(error));
}

function isOfClaude({ provider, model = "" }: SluiceError): boolean {
  return provider !== undefined && providerFor({ provider, model })?.messages !== undefined;
}

function isNative<Request, Response, Chunk>({ wire, rewritesAnswers }: Adapter<Request, Response, Chunk>): boolean {
  return wire === "anthropic" && !rewritesAnswers;
}

/** OpenAI's parameters that Anthropic has by the same name. */
const SHARED: ReadonlySet<string> = new Set([
  "max_tokens",
  "metadata",
  "service_tier",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_p",
]);
const OPENAI_ONLY: ReadonlySet<string> = new Set(OPENAI_CHAT_PARAMS.filter((name) => !SHARED.has(name)));

/** Anthropic refuses a request for one parameter it does not know. */
function nativeDefaults({ stop, ...defaults }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const known = Object.entries(defaults).filter(([name]) => !OPENAI_ONLY.has(name));
  return {
    ...Object.fromEntries(known),
    ...(stop !== undefined && stop !== null && { stop_sequences: Array.isArray(stop) ? stop : [stop] }),
  };
}

/** @throws SluiceError where the mock asks for an error */
async function mockMessage(
  mock: MockOptions,
  request: MessagesRequest,
  head: { id: string; now: number; model: string },
): Promise<Message> {
  throwMockError(mock, head.model);
  const given = messageSchema.safeParse(mock.response);
  if (given.success) return given.data;
  const completion = await mockCompletion(mock, countableRequest(request), head);
  return fromHubResponse(completion, { toolNames: new Map(), stopSequences: [] });
}
