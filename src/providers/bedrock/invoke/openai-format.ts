/** Chat with models that take OpenAI's format by InvokeModel: gpt-oss, Jamba, Mistral's newer ones, Qwen, Kimi, ... */
import { chunkOf, isChunk } from "../../../formats/bedrock/invoke/chunk.ts";
import { hasMetrics, usageOfHeaders, usageOfMetrics } from "../../../formats/bedrock/invoke/usage.ts";
import type { JsonObject } from "../../../formats/json.ts";
import type { ChatRequest, Usage } from "../../../formats/openai/chat.ts";
import { openaiChatAdapter, type RequestFix } from "../../openai/chat.ts";
import { without } from "../../openai/json.ts";
import { FOREIGN_FIELDS, noThinkingParts, plainParts, stripFields } from "../../openai/messages.ts";
import type { ChatAdapter, Exchange } from "../../provider.ts";
import { bedrockError, bedrockException, LABEL } from "../errors.ts";
import { inReasoning, withReasoningApart } from "../reasoning.ts";
import { invokeRequest } from "./request.ts";

const SUPPORTED: ReadonlySet<string> = new Set([
  "frequency_penalty",
  "logit_bias",
  "logprobs",
  "max_completion_tokens",
  "max_tokens",
  "n",
  "parallel_tool_calls",
  "presence_penalty",
  "reasoning_effort",
  "response_format",
  "seed",
  "stop",
  "stream_options",
  "temperature",
  "tool_choice",
  "tools",
  "top_logprobs",
  "top_p",
]);

const FIXES: readonly RequestFix[] = [plainParts, noThinkingParts, stripFields(FOREIGN_FIELDS)];

/** How answers in OpenAI's format are read, whoever sends them. */
const reader = openaiChatAdapter({
  slug: "bedrock",
  label: LABEL,
  keyVariables: [],
  supportedParams: () => SUPPORTED,
  fixes: [],
  rules: [],
});

/** @param names its names for OpenAI's parameters, where they are others */
export function openaiFormatAdapter(names: Readonly<Record<string, string>> = {}): ChatAdapter {
  return {
    wire: "native",
    supportedParams: () => SUPPORTED,

    request(request, target) {
      const fixed = FIXES.reduce<ChatRequest>((one, fix) => fix(one, target), request);
      // The path says which model, and whether it streams; usage is told in any case.
      const body = without(fixed, ["model", "stream", "stream_options"]);
      return invokeRequest(target, renamed(body, names), request.stream === true);
    },

    response(body, exchange) {
      const completion = reader.response(body, exchange);
      const usage = completion.usage ?? usageOfHeaders(exchange.headers);
      return withReasoningApart({ ...completion, ...(usage && { usage }) });
    },

    stream: (exchange) => inReasoning(streamOf(exchange)),
    error: bedrockError,
  };
}

/** The chunks as they would be events of OpenAI's. */
function streamOf(exchange: Exchange<ChatRequest>) {
  const chunks = reader.stream(exchange);
  let told: Usage | undefined;
  return {
    event(event: Parameters<typeof chunks.event>[0]) {
      if (!isChunk(event)) throw bedrockException(event, exchange);
      const body = chunkOf(event);
      const usage = hasMetrics(body) ? usageOfMetrics(body) : undefined;
      const own = withoutMetrics(body);
      if (own["usage"]) told = undefined;
      else if (usage !== undefined) told = usage;
      const data = { choices: [], ...own, ...(told && { usage: told }) };
      return chunks.event({ data: JSON.stringify(data) });
    },
    end: () => chunks.end(),
  };
}

function withoutMetrics(body: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !name.startsWith("amazon-bedrock-")));
}

function renamed(body: JsonObject, names: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [names[name] ?? name, value]));
}
