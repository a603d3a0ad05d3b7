/** Compaction and the count of tokens: what stands beside creating in OpenAI's Responses API. */
import { toCountedRequest } from "../formats/openai/responses/to-chat-request.ts";
import type { CompactedResponse, InputTokens, ResponsesRequest } from "../formats/openai/responses/types.ts";
import { toHubUsage } from "../formats/openai/responses/usage.ts";
import { countMessages } from "../models/tokens.ts";
import { compactAdapter, inputTokensAdapter } from "../providers/openai/beside-responses.ts";
import { settleParams } from "../providers/params.ts";
import type { Provider, Target, WholeAdapter } from "../providers/provider.ts";
import { throwMockError } from "./mock.ts";
import type { Operation } from "./operation.ts";
import { responses } from "./responses.ts";
import { affinityOf } from "./responses-facts.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

const countInput = (request: ResponsesRequest) => countMessages(toCountedRequest(request), request.model);

const common = {
  request: responses.request,
  wire: "openai-responses" as const,
  params: [],
};

const beside: Pick<Operation<ResponsesRequest, never, never>, "settleParams" | "affinityOf" | "defaultsFor"> = {
  settleParams({ stream: _, ...request }, __, { provider }, policy) {
    return settleParams(request, "all", policy, provider);
  },
  affinityOf,
  defaultsFor: () => ({}), // they are for answers
};

/** A conversation made shorter. Only its own provider can read what becomes of it, so that nobody else can do it. */
export const compactResponses: WholeOperation<ResponsesRequest, CompactedResponse> = {
  ...wholeOperation<ResponsesRequest, CompactedResponse>({
    ...common,
    name: "responses_compact",
    summary: "Make a conversation shorter (OpenAI's Responses API)",
    paths: responses.paths.map((path) => `${path}/compact`),
    adapter: ({ responses: native }, target) => (native && serves(native, target) ? compactAdapter(native) : undefined),
    idPrefix: "resp_",
    countInput,
    usageOf: ({ usage }) => toHubUsage(usage),
    async mock(mock, { input }, { id, now, model }) {
      throwMockError(mock, model);
      const output = Array.isArray(input) ? input.map((item) => ({ ...item, type: item.type ?? "message" })) : [];
      return { id: `resp_${id}`, object: "response.compaction", created_at: now, output } as CompactedResponse; // its items as they were
    },
  }),
  ...beside,
  outputBound: () => undefined, // as long as the model makes it
  termsOf: responses.termsOf,
};

/** It costs nothing, and uses no tokens itself. */
export const responseInputTokens: WholeOperation<ResponsesRequest, InputTokens> = {
  ...wholeOperation<ResponsesRequest, InputTokens>({
    ...common,
    name: "responses_input_tokens",
    summary: "Count the tokens of a request (OpenAI's Responses API)",
    paths: responses.paths.map((path) => `${path}/input_tokens`),
    adapter: inputTokensOf,
    idPrefix: "resp_",
    countInput: async () => 0,
    usageOf: () => ({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    async mock(mock, request, { model }) {
      throwMockError(mock, model);
      return counted(await countInput(request));
    },
  }),
  ...beside,
};

/** OpenAI counts itself; of the others none is known to. */
function inputTokensOf(
  { slug, responses: native }: Provider,
  target: Target,
): WholeAdapter<ResponsesRequest, InputTokens> {
  return slug === "openai" && native && serves(native, target) ? inputTokensAdapter(native) : countedHere;
}

function serves({ serves }: NonNullable<Provider["responses"]>, target: Target): boolean {
  return target.api === undefined ? (serves?.(target) ?? true) : target.api === "responses";
}

const countedHere: WholeAdapter<ResponsesRequest, InputTokens> = {
  wire: "openai-responses",
  supportedParams: () => "all",
  answer: async (request, { model }) => counted(await countInput({ ...request, model })),
  request: neverAsked,
  response: neverAsked,
  error: neverAsked,
};

function counted(tokens: number): InputTokens {
  return { object: "response.input_tokens", input_tokens: tokens };
}

function neverAsked(): never {
  throw new TypeError("tokens that are counted here are asked of nobody");
}
