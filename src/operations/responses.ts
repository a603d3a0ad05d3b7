import { thinkingRoom } from "../formats/anthropic/thinking.ts";
import { isRecord, type JsonObject } from "../formats/json.ts";
import { brokenText, continueResponse, ResponseJoiner } from "../formats/openai/responses/continuation.ts";
import { eventsOfResponse } from "../formats/openai/responses/event-writer.ts";
import { failedEvent } from "../formats/openai/responses/failure.ts";
import { toResponse } from "../formats/openai/responses/from-chat.ts";
import { toCountedRequest } from "../formats/openai/responses/to-chat-request.ts";
import {
  OPENAI_RESPONSES_PARAMS,
  type ResponseEvent,
  type ResponseObject,
  type ResponsesRequest,
  responsesRequestSchema,
} from "../formats/openai/responses/types.ts";
import { formatEvent } from "../formats/sse.ts";
import { countMessages } from "../models/tokens.ts";
import { responsesByChat } from "../providers/by-chat/responses.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import type { Provider, ResponsesAdapter, Target } from "../providers/provider.ts";
import { providerFor } from "../providers/registry.ts";
import { cacheableResponse } from "./cacheable-answers.ts";
import { type MockOptions, mockCompletion, throwMockError } from "./mock.ts";
import type { Operation } from "./operation.ts";
import { affinityOf, paramsOf, termsOf } from "./responses-facts.ts";
import { ResponsesMeter } from "./responses-meter.ts";

/** OpenAI's Responses API for the client; any provider behind it, by chat where it does not speak it. */
export const responses: Operation<ResponsesRequest, ResponseObject, ResponseEvent> = {
  name: "responses",
  summary: "Create a response (OpenAI's Responses API)",
  paths: ["/v1/responses", "/responses", "/openai/v1/responses", "/openai/deployments/:model{.+}/responses"],
  request: responsesRequestSchema,
  wire: "openai-responses",
  forwardedHeaders: ["openai-beta"],
  adapter: adapterOf,
  idPrefix: "resp_",
  settleParams(request, adapter, target, policy) {
    const { provider } = target;
    // What speaks the format itself gets what the client sent, nulls and all.
    if (adapter.wire === "openai-responses") return settleParams(request, "all", policy, provider);
    return settleParams(
      withoutNulls(request),
      adapter.supportedParams(target),
      policy,
      provider,
      OPENAI_RESPONSES_PARAMS,
    );
  },
  defaultsFor: (_, defaults) => inResponses(defaults),
  cacheable: cacheableResponse,
  countInput: (request) => countMessages(toCountedRequest(request), request.model),
  outputBound: ({ max_output_tokens: limit }) => (limit && limit > 0 ? limit : undefined),
  answersOf: () => 1,
  roomFor(request, target) {
    const provider = providerFor(target);
    return provider?.responses === undefined && provider?.chat?.wire === "anthropic"
      ? thinkingRoom(toCountedRequest(request), target.model)
      : 0;
  },
  termsOf,
  bounded: (request, tokens) => ({ ...request, max_output_tokens: Math.max(1, Math.floor(tokens)) }),
  paramsOf,
  affinityOf,
  isContent,
  chunksOf: eventsOfResponse,
  isDialect: () => false,
  mock: mockResponse,
  wantsStreamUsage: () => true, // it is a part of the format
  askForUsage: (request) => request,
  encodeWhole: (response) => JSON.stringify(response),
  encode: (event) => formatEvent(JSON.stringify(event), event.type),
  done: "", // the last event says that it is the last
  encodeError(error, meter) {
    const sequence = meter instanceof ResponsesMeter ? meter.sequence : -1;
    return encoded(failedEvent(error, meter?.answer, sequence));
  },
  errorBody: (error) => error.toBody(),
  meter: (request) => new ResponsesMeter(request),
  continuation(request, meter, usage) {
    const { answer } = meter;
    const broken = answer && brokenText(request, answer);
    if (answer === undefined || broken === undefined || !(meter instanceof ResponsesMeter)) return undefined;
    const joiner = new ResponseJoiner(answer, broken, meter.sequence, usage);
    return {
      request: (prefill) => continueResponse(request, broken, prefill),
      join: (event) => joiner.join(event),
      encodeError: (error) => encoded(failedEvent(error, joiner.answer, joiner.sequence)),
    };
  },
};

function adapterOf({ responses: native, chat }: Provider, target: Target): ResponsesAdapter | undefined {
  const serves = target.api === undefined ? (native?.serves?.(target) ?? true) : target.api === "responses";
  if (native !== undefined && serves) return native;
  return chat && responsesByChat(chat);
}

function encoded(event: ResponseEvent): string {
  return formatEvent(JSON.stringify(event), event.type);
}

/** Events before which nothing of the answer has come. */
const BEFORE: ReadonlySet<string> = new Set([
  "keepalive",
  "response.created",
  "response.in_progress",
  "response.queued",
]);

function isContent({ type }: ResponseEvent): boolean {
  return !BEFORE.has(type);
}

/** The admin's defaults, which have chat's names. */
function inResponses(defaults: Readonly<JsonObject>): JsonObject {
  const { max_tokens, max_completion_tokens, reasoning_effort, response_format, verbosity, ...rest } = defaults;
  const limit = max_completion_tokens ?? max_tokens;
  const text = { ...flat(response_format), ...(verbosity !== undefined && { verbosity }) };
  const { stop: _, n: _n, ...known } = rest; // there is no such thing
  return {
    ...known,
    ...(limit !== undefined && { max_output_tokens: limit }),
    ...(reasoning_effort !== undefined && { reasoning: { effort: reasoning_effort } }),
    ...(Object.keys(text).length > 0 && { text }),
  };
}

function flat(format: unknown): JsonObject {
  if (!isRecord(format)) return {};
  const { json_schema: schema, ...rest } = format;
  return { format: { ...rest, ...(isRecord(schema) && schema) } };
}

/** @throws SluiceError where the mock asks for an error */
async function mockResponse(
  mock: MockOptions,
  request: ResponsesRequest,
  head: { id: string; now: number; model: string },
): Promise<ResponseObject> {
  throwMockError(mock, head.model);
  const given = mock.response;
  if (isResponse(given)) return { ...given, id: `resp_${head.id}` }; // of its own: the mock's may be another's
  const completion = await mockCompletion(mock, toCountedRequest(request), head);
  const { id, now: created, model } = head;
  return toResponse(completion, { id: `resp_${id}`, created, model, request, kinds: new Map() });
}

function isResponse(value: unknown): value is ResponseObject {
  return isRecord(value) && value["object"] === "response" && Array.isArray(value["output"]);
}
