import { thinkingRoom } from "../formats/anthropic/thinking.ts";
import { withPlainToolCallIds } from "../formats/gemini/plain-ids.ts";
import {
  type AssistantMessage,
  type ChatChunk,
  type ChatCompletion,
  type ChatRequest,
  chatRequestSchema,
  type Delta,
  type Usage,
} from "../formats/openai/chat.ts";
import { ContinuationJoiner, continueRequest } from "../formats/openai/continuation.ts";
import { toLegacyChunk, toLegacyCompletion, usesLegacyFunctions } from "../formats/openai/legacy-functions.ts";
import { inChatWords } from "../formats/openai/mixed-chat.ts";
import { OPENAI_CHAT_PARAMS } from "../formats/openai/params.ts";
import { toChatRequest } from "../formats/openai/responses/to-chat-request.ts";
import { responsesRequestSchema } from "../formats/openai/responses/types.ts";
import { CompletionBuilder, chunksOfCompletion, isContent } from "../formats/openai/stream.ts";
import { DONE_EVENT, formatEvent } from "../formats/sse.ts";
import { validate } from "../formats/validate.ts";
import type { CostOptions } from "../models/cost.ts";
import { countMessages, estimateUsage } from "../models/tokens.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import { chatAdapterOf } from "../providers/chat-by-responses.ts";
import { settleParams } from "../providers/params.ts";
import { providerFor } from "../providers/registry.ts";
import { cacheableChat } from "./cacheable-answers.ts";
import { mockCompletion } from "./mock.ts";
import type { Meter, Operation } from "./operation.ts";
import { searchesOf } from "./searches.ts";
import { wantsStreamUsage, withoutUsage, withStreamUsage } from "./stream-usage.ts";

/** Chat completions: OpenAI's format for the client, any provider behind it. */
export const chat: Operation<ChatRequest, ChatCompletion, ChatChunk> = {
  name: "chat",
  summary: "Create a chat completion",
  paths: [
    "/v1/chat/completions",
    "/chat/completions",
    "/engines/:model{.+}/chat/completions",
    "/v1/engines/:model{.+}/chat/completions",
    "/openai/deployments/:model{.+}/chat/completions",
    "/v1/openai/deployments/:model{.+}/chat/completions",
    "/cursor/chat/completions",
    "/cursor/v1/chat/completions",
    "/queue/chat/completions",
  ],
  request: chatRequestSchema,
  wire: "openai",
  read: async (fields) => (isResponsesRequest(fields) ? fromResponses(fields) : inChatWords(fields)),
  adapter: chatAdapterOf,
  idPrefix: "chatcmpl-",
  settleParams(request, adapter, target, policy) {
    const portable = adapter.wire === "gemini" ? request : withPlainToolCallIds(request);
    return settleParams(portable, adapter.supportedParams(target), policy, target.provider);
  },
  cacheable: cacheableChat,
  countInput: (request) => countMessages(request, request.model),
  outputBound({ max_completion_tokens, max_tokens, n }) {
    // Which of two counts is for the provider to say; 0 and -1 are "no limit" to local servers.
    const given = [max_completion_tokens, max_tokens].filter((limit) => limit !== undefined && limit !== null);
    return given.length === 0 || given.some((limit) => limit < 1) ? undefined : Math.max(...given) * (n ?? 1);
  },
  answersOf: ({ n }) => n ?? 1,
  roomFor(request, target) {
    const adapter = providerFor(target)?.chat;
    if (adapter?.roomFor !== undefined) return adapter.roomFor(request, target);
    return adapter?.wire === "anthropic" ? thinkingRoom(request, target.model) : 0;
  },
  termsOf,
  bounded({ max_completion_tokens: _, ...request }, tokens) {
    return { ...request, max_tokens: Math.max(1, Math.floor(tokens / (request.n ?? 1))) };
  },
  paramsOf: (request) => OPENAI_CHAT_PARAMS.filter((name) => request[name] !== undefined && request[name] !== null),
  affinityOf: (request, session) => ({
    session,
    user: request.user ?? undefined,
    get promptPrefix() {
      return cacheablePrefix(request); // made only for a router that asks
    },
  }),
  isContent,
  chunksOf: chunksOfCompletion,
  isDialect,
  mock: mockCompletion,
  wantsStreamUsage,
  askForUsage: withStreamUsage,
  encodeWhole: (completion, request) =>
    JSON.stringify(usesLegacyFunctions(request) ? toLegacyCompletion(completion) : completion),
  encode(chunk, request) {
    const spoken = usesLegacyFunctions(request) ? toLegacyChunk(chunk) : chunk;
    const shown = wantsStreamUsage(request) ? spoken : withoutUsage(spoken);
    return shown && formatEvent(JSON.stringify(shown));
  },
  done: DONE_EVENT,
  encodeError: (error) => formatEvent(JSON.stringify(error.toBody())),
  errorBody: (error) => error.toBody(),
  meter: (request) => new ChatMeter(request),
  continuation(request, { answer }, usage) {
    if (answer === undefined || continueRequest(request, answer, true) === undefined) return undefined;
    const joiner = new ContinuationJoiner(answer, usage);
    return {
      request: (prefill) => continueRequest(request, answer, prefill) ?? request,
      join: (chunk) => joiner.join(chunk),
    };
  },
};

/** Cursor asks a chat's route in the format of the Responses API, and reads the answer as chat's. */
function isResponsesRequest(fields: Record<string, unknown>): boolean {
  return fields["messages"] === undefined && fields["input"] !== undefined;
}

function fromResponses(fields: Record<string, unknown>): ChatRequest {
  return toChatRequest(validate(responsesRequestSchema, fields), { dropParams: true });
}

function termsOf(request: ChatRequest): AskedTerms {
  const { service_tier, web_search_options, modalities, messages, tools } = request;
  const text = (value: unknown) => (typeof value === "string" && value !== "" ? value : null);
  const searches = searchesOf(tools ?? []) + (web_search_options ? 1 : 0);
  const hasAudio = messages.some(
    ({ content }) => Array.isArray(content) && content.some(({ type }) => type === "input_audio"),
  );
  return {
    serviceTier: text(service_tier),
    geo: text(request["inference_geo"]),
    speed: text(request["speed"]),
    ...(searches > 0 && { searches, searchContextSize: text(web_search_options?.search_context_size) }),
    ...(hasAudio && { hasAudio }),
    ...(modalities?.includes("audio") && { mayTalk: true }),
  };
}

/** Characters; providers cache nothing below 1,024 tokens. */
const LEAST_PREFIX = 4096;

/** The messages up to the last that is marked for a provider's cache, as one text; absent where none is. */
function cacheablePrefix({ messages }: ChatRequest): string | undefined {
  const last = messages.findLastIndex(
    ({ cache_control, content }) =>
      cache_control || (Array.isArray(content) && content.some((part) => "cache_control" in part)),
  );
  const prefix = last === -1 ? "" : JSON.stringify(messages.slice(0, last + 1));
  return prefix.length < LEAST_PREFIX ? undefined : prefix;
}

/** Reasoning under another name (`reasoning`), to which the decoder has put the one our clients read. */
function isDialect({ choices }: ChatCompletion | ChatChunk): boolean {
  return choices.some((choice: Partial<Record<"delta" | "message", Delta | AssistantMessage>>) => {
    const said = choice.delta ?? choice.message;
    return typeof said?.["reasoning"] === "string" && Boolean(said.reasoning_content);
  });
}

class ChatMeter implements Meter<ChatCompletion, ChatChunk> {
  readonly #request: ChatRequest;
  readonly #builder = new CompletionBuilder();
  #response: ChatCompletion | undefined;

  constructor(request: ChatRequest) {
    this.#request = request;
  }

  chunk(chunk: ChatChunk): void {
    this.#builder.add(chunk);
  }

  response(response: ChatCompletion): void {
    this.#response = response;
  }

  get usage(): Usage | undefined {
    return this.answer?.usage;
  }

  get terms(): CostOptions {
    const { usage, service_tier } = this.answer ?? {};
    const given = {
      serviceTier: service_tier ?? usage?.["service_tier"],
      geo: usage?.["inference_geo"],
      speed: usage?.["speed"],
      searchContextSize: this.#request.web_search_options?.search_context_size,
    };
    return Object.fromEntries(Object.entries(given).filter(([, value]) => typeof value === "string" && value !== ""));
  }

  async estimate(model: string): Promise<Usage> {
    const output = (this.answer?.choices ?? []).flatMap(({ message }) => [
      message.reasoning_content ?? "",
      message.content ?? "",
      ...(message.tool_calls ?? []).map((call) => `${call.function?.name ?? ""}${call.function?.arguments ?? ""}`),
    ]);
    const { estimated: _, ...usage } = await estimateUsage(this.#request, output.join(""), model);
    return usage;
  }

  get answer(): ChatCompletion | undefined {
    return this.#response ?? this.#builder.completion;
  }
}
