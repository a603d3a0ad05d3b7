/** Chat by the Converse API: one format for all models that have it. */
import { thinkingRoom } from "../../formats/anthropic/thinking.ts";
import { type ConverseOptions, readingOf, toConverseBody } from "../../formats/bedrock/request.ts";
import { toChatCompletion } from "../../formats/bedrock/response.ts";
import { ConverseDecoder } from "../../formats/bedrock/stream.ts";
import { isClientTool } from "../../formats/bedrock/tools.ts";
import { converseTraits } from "../../formats/bedrock/traits.ts";
import { answerSchema } from "../../formats/bedrock/types.ts";
import { isRecord } from "../../formats/json.ts";
import type { ChatAdapter, Target } from "../provider.ts";
import { readAnswer } from "../read-answer.ts";
import { headers, modelUrl } from "./endpoint.ts";
import { bedrockError, bedrockException, LABEL } from "./errors.ts";
import { bedrockBetas, betasIn } from "./invoke/betas.ts";
import { bedrockModel, isClaude, knownName } from "./model.ts";

const SUPPORTED = [
  "max_completion_tokens",
  "max_tokens",
  "service_tier",
  "stop",
  "stream_options",
  "temperature",
  "top_p",
] as const;
const TOOLS = ["function_call", "functions", "parallel_tool_calls", "tool_choice", "tools"] as const;
const REASONING = ["reasoning_effort", "thinking"] as const;

function supportedParams(target: Target): ReadonlySet<string> {
  const traits = converseTraits(knownName(target));
  const { structuredOutput } = optionsOf(target);
  const tools = target.info?.supports_function_calling ?? traits.tools;
  const formats = tools || (structuredOutput ?? traits.structuredOutput);
  return new Set<string>([
    ...SUPPORTED,
    ...(tools ? TOOLS : []),
    ...(formats ? ["response_format"] : []),
    ...(traits.reasoning !== "none" ? REASONING : []),
    ...(traits.isNova ? ["web_search_options"] : []),
  ]);
}

function optionsOf(target: Target): ConverseOptions {
  const { info, modifyParams, dropParams, headers: own = {}, params = {} } = target;
  const native = info?.["supports_native_structured_output"];
  return {
    model: knownName(target),
    structuredOutput: typeof native === "boolean" ? native : undefined,
    caches: info?.supports_prompt_caching,
    modifyParams,
    dropParams,
    userContinue: continuation(params["user_continue_message"]),
    assistantContinue: continuation(params["assistant_continue_message"]),
    betas: (needed, fields) => bedrockBetas([...betasIn(own["anthropic-beta"]), ...needed], knownName(target), fields),
  };
}

/** A message, or its text. */
function continuation(message: unknown): string | undefined {
  const said = isRecord(message) ? message["content"] : message;
  return typeof said === "string" && said.trim() !== "" ? said : undefined;
}

/** Of a host that speaks Converse at an address of its own the whole address is configured. */
function url(target: Target, streams: boolean): string {
  const { apiBase } = target;
  const isElsewhere = bedrockModel(target.model).route === "converse-like" && apiBase !== undefined;
  if (isElsewhere) return streams && apiBase.endsWith("/converse") ? `${apiBase}-stream` : apiBase;
  return modelUrl(target, streams ? "converse-stream" : "converse");
}

export const converse: ChatAdapter = {
  wire: "native",
  supportedParams,
  roomFor: (request, target) => (isClaude(target) ? thinkingRoom(request, knownName(target)) : 0),

  // Bedrock's API reference, "ToolResultBlock": its status, and images in it, are for Claude and Nova.
  takesWholeResults(target) {
    const { isClaude, isNova } = converseTraits(knownName(target));
    return isClaude || isNova;
  },
  claudesTools: (target) => (converseTraits(knownName(target)).isClaude ? isClientTool : undefined),
  refusesSerialCalls: (target) => !converseTraits(knownName(target)).isClaude,

  request(request, target) {
    const { "anthropic-beta": _, ...sent } = headers(target); // said in the body
    return {
      method: "POST",
      url: url(target, request.stream === true),
      headers: sent,
      body: { json: toConverseBody(request, optionsOf(target)) },
    };
  },

  response(body, { request, target, now, id }) {
    const answer = readAnswer(answerSchema, body, target, `${LABEL}Exception - The answer is none of Converse's.`);
    const reading = readingOf(request, optionsOf(target));
    return toChatCompletion(answer, reading, { id, model: target.model, created: now });
  },

  stream({ request, target, headers, now, id }) {
    return new ConverseDecoder({
      id,
      model: target.model,
      created: now,
      reading: readingOf(request, optionsOf(target)),
      fail: (exception) => bedrockException(exception, { headers, target }),
    });
  },

  error: bedrockError,
};
