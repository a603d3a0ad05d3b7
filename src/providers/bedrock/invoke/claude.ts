/**
 * Claude by InvokeModel, in Anthropic's own format. Source: Amazon Bedrock user guide, "Anthropic Claude Messages API";
 * API reference, "CountTokens".
 */

import { withoutCacheScopes } from "../../../formats/anthropic/cache-scope.ts";
import { isChunk, payloadOf } from "../../../formats/bedrock/invoke/chunk.ts";
import { familyName } from "../../../formats/bedrock/traits.ts";
import { encodeText } from "../../../formats/data-url.ts";
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import type { ServerEvent } from "../../../formats/sse.ts";
import { claudeChatAdapter } from "../../anthropic/chat.ts";
import { type ClaudeHost, countTokensAdapter, messagesAdapter } from "../../anthropic/messages.ts";
import { without } from "../../openai/json.ts";
import type {
  ChatAdapter,
  CountTokensAdapter,
  Exchange,
  MessagesAdapter,
  StreamDecoder,
  Target,
} from "../../provider.ts";
import { headers, modelUrl } from "../endpoint.ts";
import { bedrockError, bedrockException, LABEL } from "../errors.ts";
import { bedrockModel } from "../model.ts";
import { bedrockBetas, betasIn } from "./betas.ts";
import { invokeRequest } from "./request.ts";

const VERSION = "bedrock-2023-05-31";

/** Said by the path, or nothing Bedrock knows. */
const NOT_SENT = ["model", "stream", "service_tier", "inference_geo", "anthropic_beta"];

/** The body as Bedrock has it. */
function bedrockBody(body: JsonObject, target: Target, needed: readonly string[] = []): JsonObject {
  const asked = [...betasIn(target.headers?.["anthropic-beta"]), ...needed];
  const betas = bedrockBetas(asked, target.model, body);
  return {
    anthropic_version: VERSION,
    ...withoutCacheScopes(without(body, NOT_SENT)),
    ...(betas.length > 0 && { anthropic_beta: betas }),
  };
}

const host: ClaudeHost = {
  label: LABEL,
  error: bedrockError,
  send: (body, target) => invokeRequest(target, bedrockBody(body, target), body["stream"] === true),
};

const native = messagesAdapter(host);

/** Anthropic's Messages API on both sides. */
export const messages: MessagesAdapter = {
  ...native,
  stream: (exchange) => unwrapped(native.stream(exchange), exchange),
};

const byMessages = claudeChatAdapter({
  label: LABEL,
  error: bedrockError,
  send: (body, betas, target) => invokeRequest(target, bedrockBody(body, target, betas), body["stream"] === true),
});

export const claudeChat: ChatAdapter = {
  ...byMessages,
  stream: (exchange) => unwrapped(byMessages.stream(exchange), exchange),
};

/** A stream of which each chunk carries one of Anthropic's events. */
function unwrapped<Chunk>(events: StreamDecoder<Chunk>, exchange: Exchange<unknown>): StreamDecoder<Chunk> {
  return {
    event(event: ServerEvent) {
      if (!isChunk(event)) throw bedrockException(event, exchange);
      return events.event({ data: payloadOf(event) });
    },
    end: () => events.end(),
  };
}

const counted = countTokensAdapter({
  ...host,
  send(body, target) {
    const whole = { max_tokens: leastTokens(body), ...bedrockBody(body, target) };
    return {
      method: "POST",
      url: modelUrl(ofModelItself(target), "count-tokens"),
      headers: headers({ ...target, headers: without(target.headers ?? {}, ["anthropic-version", "anthropic-beta"]) }),
      body: { json: { input: { invokeModel: { body: encodeText(JSON.stringify(whole)) } } } },
    };
  },
});

/** Tokens of a request, as Bedrock counts them. */
export const countTokens: CountTokensAdapter = {
  ...counted,
  rewritesAnswers: true, // in a field of another name
  response: (body, exchange) => counted.response({ input_tokens: asRecord(body)["inputTokens"] }, exchange),
};

/** A body must be one that could be sent. */
function leastTokens({ thinking }: JsonObject): number {
  const { budget_tokens: budget } = asRecord(thinking);
  return typeof budget === "number" ? budget + 1 : 1;
}

/** Tokens are counted by models, not by inference profiles across regions. */
function ofModelItself(target: Target): Target {
  const { id, region } = bedrockModel(target.model);
  if (id.startsWith("arn:")) return target;
  return { ...target, model: region === undefined ? familyName(id) : `${region}/${familyName(id)}` };
}
