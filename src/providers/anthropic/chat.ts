import { betasOf } from "../../formats/anthropic/betas.ts";
import { statusOfErrorEvent } from "../../formats/anthropic/error-type.ts";
import { modelTraits } from "../../formats/anthropic/model-traits.ts";
import { type RequestOptions, readingOf, toMessagesBody, type UpstreamBody } from "../../formats/anthropic/request.ts";
import { toChatCompletion } from "../../formats/anthropic/response.ts";
import { MessagesDecoder } from "../../formats/anthropic/stream.ts";
import { messageSchema } from "../../formats/anthropic/types.ts";
import { isRecord } from "../../formats/json.ts";
import type { ChatAdapter, Target, UpstreamRequest } from "../provider.ts";
import { readAnswer } from "../read-answer.ts";
import { endpoint, headers } from "./endpoint.ts";
import { anthropicError, LABEL } from "./errors.ts";
import type { ClaudeHost } from "./messages.ts";

const SUPPORTED = [
  "function_call",
  "functions",
  "max_completion_tokens",
  "max_tokens",
  "metadata",
  "parallel_tool_calls",
  "response_format",
  "service_tier",
  "stop",
  "stream_options",
  "temperature",
  "tool_choice",
  "tools",
  "top_p",
  "user",
  "web_search_options",
] as const;
const REASONING = ["reasoning_effort", "thinking"] as const;

/** The OpenAI parameters a Claude model takes, wherever it is hosted. */
export function supportedClaudeParams({ model, info }: Target): ReadonlySet<string> {
  const thinks = info?.supports_reasoning ?? modelTraits(model).thinking;
  return new Set<string>(thinks ? [...SUPPORTED, ...REASONING] : SUPPORTED);
}

/** What the deployment tells the converters. */
export function claudeOptions({ model, info, modifyParams, dropParams }: Target): RequestOptions {
  const native = info?.["supports_native_structured_output"];
  return {
    model,
    maxOutputTokens: info?.max_output_tokens,
    structuredOutput: typeof native === "boolean" ? native : undefined,
    modifyParams,
    dropParams,
  };
}

/** Where Claude is served, for clients that speak OpenAI's format. */
export interface ClaudeChatHost extends Pick<ClaudeHost, "label" | "error"> {
  /** What the host's Messages API takes beyond what every host does. */
  options?: Pick<RequestOptions, "systemTurns">;
  /** The body on its way, `model` and `stream` in it; a host that has them elsewhere takes them out. */
  send(body: UpstreamBody["body"], betas: readonly string[], target: Target): UpstreamRequest;
}

/** Chat by Claude's Messages API: all but where it goes. */
export function claudeChatAdapter({ label, error, options, send }: ClaudeChatHost): ChatAdapter {
  return {
    wire: "anthropic",
    supportedParams: supportedClaudeParams,

    request(request, target) {
      const { body, betas } = toMessagesBody(request, { ...claudeOptions(target), ...options });
      return send(body, [...betas, ...betasOf(body)], target);
    },

    response(body, { request, target, headers, now, id }) {
      // Gateways before Anthropic send errors with a status of 200.
      if (isRecord(body) && body["type"] === "error")
        throw error({ status: statusOfErrorEvent(body), body: JSON.stringify(body), headers, target });
      const answer = readAnswer(messageSchema, body, target, `${label}Exception - The answer is no message.`);
      const reading = readingOf(request, claudeOptions(target));
      return toChatCompletion(answer, reading, { id, model: target.model, created: now });
    },

    stream({ request, target, headers, now, id }) {
      return new MessagesDecoder({
        id,
        model: target.model,
        created: now,
        reading: readingOf(request, claudeOptions(target)),
        fail: (body, event) => error({ status: statusOfErrorEvent(event), body, headers, target }),
      });
    },

    error,
  };
}

export const chat: ChatAdapter = claudeChatAdapter({
  label: LABEL,
  error: anthropicError,
  options: { systemTurns: true },
  send: (json, betas, target) => ({
    method: "POST",
    url: endpoint(target.apiBase),
    headers: headers(target, betas),
    body: { json },
  }),
});
