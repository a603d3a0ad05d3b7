import { InternalServerError } from "../formats/errors.ts";
import { toGeneratedContent } from "../formats/gemini/answer.ts";
import { GeneratedContentStream } from "../formats/gemini/answer-stream.ts";
import {
  AS_CHAT,
  type GenerateContentCall,
  type GeneratedChunk,
  type GeneratedContent,
} from "../formats/gemini/as-chat.ts";
import { generateContentCallSchema, outputFacts, toChat, withOutputLimit, withTurns } from "../formats/gemini/call.ts";
import { toGoogleError } from "../formats/gemini/error.ts";
import { withPlainToolCallIds } from "../formats/gemini/plain-ids.ts";
import { LEAST_CLAUDE_BUDGET, toPortable } from "../formats/gemini/portable.ts";
import { toCompletion } from "../formats/gemini/response.ts";
import { isRecord } from "../formats/json.ts";
import type { ChatChunk, ChatCompletion, ChatRequest, Usage } from "../formats/openai/chat.ts";
import { ContinuationJoiner, continueRequest } from "../formats/openai/continuation.ts";
import { chunksOfCompletion, isContent } from "../formats/openai/stream.ts";
import { formatEvent } from "../formats/sse.ts";
import type { CostOptions } from "../models/cost.ts";
import { countMessages } from "../models/tokens.ts";
import { generateContentByChat, partOptions } from "../providers/by-chat/generate-content.ts";
import { chatAdapterOf } from "../providers/chat-by-responses.ts";
import { type ParamPolicy, settleParams } from "../providers/params.ts";
import type { GenerateContentAdapter, Target } from "../providers/provider.ts";
import { cacheableContent } from "./cacheable-answers.ts";
import { chat } from "./chat.ts";
import { type MockOptions, mockCompletion } from "./mock.ts";
import type { Continuation, Meter, Operation } from "./operation.ts";
import { withStreamUsage } from "./stream-usage.ts";

/** Google's `generateContent`: its format for the client, any provider behind it. */
export const generateContent: Operation<GenerateContentCall, GeneratedContent, GeneratedChunk> = {
  name: "generate_content",
  summary: "Generate content (Google's format)",
  paths: [], // the model, and whether to stream, stand in the path: see the routes of Google's API
  request: generateContentCallSchema,
  wire: "gemini",
  adapter(provider, target) {
    const chat = chatAdapterOf(provider, target);
    return provider.generateContent ?? (chat && generateContentByChat(chat));
  },
  idPrefix: "",
  settleParams(request, adapter, target, policy) {
    return isNative(adapter) ? request : { ...request, [AS_CHAT]: settledChat(request, adapter, target, policy) };
  },
  cacheable: cacheableContent,
  countInput: (request) => countMessages(chatOf(request), request.model),
  outputBound(request) {
    const { limit, candidates } = outputFacts(request);
    return limit === undefined ? undefined : limit * candidates;
  },
  answersOf: (request) => outputFacts(request).candidates,
  roomFor: (request, target) => chat.roomFor?.(withBudget(chatOf(request)), target) ?? 0,
  termsOf: (request) => chat.termsOf(withSearch(chatOf(request))),
  bounded: (request, tokens) =>
    withOutputLimit(request, Math.max(1, Math.floor(tokens / outputFacts(request).candidates))),
  paramsOf: (request) => chat.paramsOf(chatOf(request)),
  affinityOf: (request, session) => chat.affinityOf(chatOf(request), session),
  isContent: (chunk) => chunk[AS_CHAT].some(isContent),
  chunksOf: (content) => [{ ...content, [AS_CHAT]: chunksOfCompletion(content[AS_CHAT]) }],
  isDialect: () => false,
  mock,
  wantsStreamUsage: () => true, // Google tells it unasked
  askForUsage: (request) => request,
  encodeWhole: (content) => JSON.stringify(content),
  encode: (chunk) => (Object.keys(chunk).length === 0 ? undefined : formatEvent(JSON.stringify(chunk))),
  done: "",
  encodeError: (error) => formatEvent(JSON.stringify(toGoogleError(error))),
  errorBody: toGoogleError,
  meter: (request, target) => new GeneratedContentMeter(request, target),
  continuation,
};

function isNative(adapter: GenerateContentAdapter): boolean {
  return adapter.wire === "gemini" && !adapter.rewritesAnswers;
}

/** Requests as chat; made once for each. */
const chats = new WeakMap<GenerateContentCall, ChatRequest>();

function chatOf(request: GenerateContentCall): ChatRequest {
  const known = request[AS_CHAT] ?? chats.get(request);
  if (known !== undefined) return known;
  const made = toChat(request);
  chats.set(request, made);
  return made;
}

/** The request as this provider's chat takes it. @throws UnsupportedParamsError */
function settledChat(
  request: GenerateContentCall,
  adapter: GenerateContentAdapter,
  target: Target,
  policy: ParamPolicy,
): ChatRequest {
  const supported = adapter.supportedParams(target);
  const { provider } = target;
  const asked = withStreamUsage(chatOf(request));
  if (adapter.wire === "gemini") return settleParams(asked, supported, policy, provider);
  const portable = toPortable(asked, {
    provider,
    wire: adapter.wire,
    supported,
    takesTopK: adapter.wire === "anthropic" || request["top_k"] !== undefined || allows(policy, "top_k"),
    dropParams: policy.dropParams ?? false,
  });
  return settleParams(withPlainToolCallIds(portable), supported, policy, provider);
}

function allows({ allowedOpenaiParams = [] }: ParamPolicy, name: string): boolean {
  return allowedOpenaiParams.includes(name);
}

/** Tokens of thinking where nobody says how many, at most. */
const USUAL_BUDGET = 4096;

/** The thinking as the largest that it may become on its way. */
function withBudget(request: ChatRequest): ChatRequest {
  const { thinking } = request;
  if (!thinking || thinking.type === "disabled") return request;
  const budget_tokens = Math.max(thinking.budget_tokens ?? USUAL_BUDGET, LEAST_CLAUDE_BUDGET);
  return { ...request, thinking: { type: "enabled", budget_tokens } };
}

/** Google's search as chat asks for one, for prices alone. */
function withSearch(request: ChatRequest): ChatRequest {
  const searches = request.tools?.some((tool) => "googleSearch" in tool || "googleSearchRetrieval" in tool);
  const tier = request["serviceTier"];
  return {
    ...request,
    ...(searches && { web_search_options: request.web_search_options ?? {} }),
    ...(typeof tier === "string" && { service_tier: tier }),
  };
}

/** A text is every answer; a whole answer, of Google's or OpenAI's, is the answer. */
async function mock(
  options: MockOptions,
  request: GenerateContentCall,
  head: { id: string; now: number; model: string },
): Promise<GeneratedContent> {
  const { response } = options;
  if (isRecord(response) && Array.isArray(response["candidates"])) {
    const context = { provider: "mock", ...head };
    const fail = () =>
      new InternalServerError("litellm.InternalServerError: the mock is an error", { model: head.model });
    return { ...response, [AS_CHAT]: toCompletion(response, context, fail) };
  }
  const completion = await mockCompletion(options, chatOf(request), head);
  return toGeneratedContent(completion, partOptions(request));
}

/** Usage and prices are those of the chat that requests and answers are. */
class GeneratedContentMeter implements Meter<GeneratedContent, GeneratedChunk> {
  readonly #request: GenerateContentCall;
  readonly #chat: Meter<ChatCompletion, ChatChunk>;
  #content: GeneratedContent | undefined;

  constructor(request: GenerateContentCall, target: Target) {
    this.#request = request;
    this.#chat = chat.meter(chatOf(request), target);
  }

  chunk(chunk: GeneratedChunk): void {
    for (const one of chunk[AS_CHAT]) this.#chat.chunk(one);
  }

  response(content: GeneratedContent): void {
    this.#content = content;
    this.#chat.response(content[AS_CHAT]);
  }

  get answer(): GeneratedContent | undefined {
    const { answer } = this.#chat;
    if (this.#content !== undefined || answer === undefined) return this.#content;
    return toGeneratedContent(answer, partOptions(this.#request));
  }

  get usage(): Usage | undefined {
    return this.#chat.usage;
  }

  get terms(): CostOptions {
    return this.#chat.terms;
  }

  estimate(model: string): Promise<Usage> {
    return this.#chat.estimate(model);
  }
}

/** As chat's; what is asked beyond the request's messages are turns of Google's. */
function continuation(
  request: GenerateContentCall,
  { answer }: Meter<GeneratedContent, GeneratedChunk>,
  usage: Usage,
): Continuation<GenerateContentCall, GeneratedChunk> | undefined {
  const asked = chatOf(request);
  const delivered = answer?.[AS_CHAT];
  if (delivered === undefined || continueRequest(asked, delivered, true) === undefined) return undefined;
  const joiner = new ContinuationJoiner(delivered, usage);
  const stream = new GeneratedContentStream(partOptions(request));
  return {
    request(prefill) {
      const messages = continueRequest(asked, delivered, prefill)?.messages ?? [];
      return withTurns(request, messages.slice(asked.messages.length));
    },
    join(chunk) {
      const chunks = chunk[AS_CHAT].flatMap((one) => joiner.join(one));
      return chunks.length > 0 ? chunks.map((one) => stream.chunk(one)) : stream.end();
    },
  };
}
