/** A request of the Interactions API as one of `generateContent`: what reads the second (chat, counts, prices) serves both. */
import { BadRequestError } from "../../errors.ts";
import { defined } from "../../json.ts";
import { OPENAI_CHAT_PARAMS } from "../../openai/params.ts";
import type { GenerateContentCall } from "../as-chat.ts";
import type { JsonObject } from "../json.ts";
import { contentsOf } from "./contents.ts";
import { toFormat, toGenerationConfig } from "./generation.ts";
import { toToolConfig, toTools } from "./tools.ts";
import { type InteractionContent, type InteractionRequest, OWN_FIELDS, type Step } from "./types.ts";

/**
 * What others know by OpenAI's names (a deployment's defaults) goes along.
 * @throws BadRequestError where a step is none
 */
export function toContent(request: InteractionRequest): GenerateContentCall {
  const { model, stream, system_instruction: system, tools, generation_config: config } = request;
  const contents = contentsOf(stepsOf(request.input));
  const functionTools = toTools(tools ?? []);
  return {
    ...byOpenAisNames(request),
    model,
    ...(typeof stream === "boolean" && { stream }),
    contents: contents.length > 0 ? contents : [{ role: "user", parts: [{ text: "" }] }],
    ...(system && { systemInstruction: { parts: [{ text: system }] } }),
    ...(functionTools.length > 0 && { tools: functionTools }),
    ...toToolConfig(config?.tool_choice),
    generationConfig: { ...toGenerationConfig(config ?? {}), ...toFormat(request) },
    ...defined({
      safetySettings: request["safety_settings"],
      cachedContent: request["cached_content"],
      labels: request["labels"],
      serviceTier: request.service_tier ?? undefined,
    }),
  };
}

/** The steps a request adds to its conversation. */
export function stepsOf(input: InteractionRequest["input"]): Step[] {
  if (input === undefined || input === null) return [];
  if (typeof input === "string")
    return input === "" ? [] : [{ type: "user_input", content: [{ type: "text", text: input }] }];
  return [input].flat();
}

/** What is said by itself, with no step around it. */
const CONTENTS: ReadonlySet<unknown> = new Set(["audio", "document", "image", "text", "video"]);

/**
 * Contents, and turns of before May 2026, as the steps they stand for: among steps, where the conversation goes on, Google takes
 * nothing else.
 */
export function asSteps(given: readonly Step[]): Step[] {
  const steps: Step[] = [];
  let said: InteractionContent[] | undefined;
  for (const one of given) {
    if (!isContent(one)) {
      said = undefined;
      steps.push(asStep(one));
    } else if (said === undefined) {
      said = [one];
      steps.push({ type: "user_input", content: said });
    } else said.push(one);
  }
  return steps;
}

function isContent({ type, role, text }: Step): boolean {
  return CONTENTS.has(type) || (!type && !role && typeof text === "string");
}

function asStep(step: Step): Step {
  const { role, ...rest } = step;
  if (step.type || !role) return step;
  const { content } = step;
  return {
    ...rest,
    type: role === "model" ? "model_output" : "user_input",
    ...(typeof content === "string" && { content: [{ type: "text", text: content }] }),
  };
}

const OPENAIS_NAMES: ReadonlySet<string> = new Set(OPENAI_CHAT_PARAMS);

function byOpenAisNames(request: InteractionRequest): JsonObject {
  const named = Object.entries(request).filter(([name]) => OPENAIS_NAMES.has(name) && !OWN_FIELDS.has(name));
  return Object.fromEntries(named);
}

/**
 * The body for Google: as the client wrote it, but for whom it asks, and what it has by OpenAI's names.
 * @param model as Google names it
 */
export function nativeBody(request: InteractionRequest, model: string): JsonObject {
  const { model: _, agent, ...fields } = request;
  const named = byOpenAisNames(request);
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => !(name in named)));
  if (agent) return { ...own, agent: model };
  const defaults = Object.keys(named).length === 0 ? {} : configByOpenAisNames(named);
  const config = { ...defaults, ...request.generation_config };
  return { ...own, model, ...(Object.keys(defaults).length > 0 && { generation_config: config }) };
}

function configByOpenAisNames(named: JsonObject): JsonObject {
  const { temperature, top_p, seed, stop, reasoning_effort } = named;
  return defined({
    temperature,
    top_p,
    seed,
    max_output_tokens: named["max_completion_tokens"] ?? named["max_tokens"],
    stop_sequences: stop === undefined ? undefined : [stop].flat(),
    thinking_level: reasoning_effort,
  });
}

/** The request with an answer of at most so many tokens. Agents take no such bound. */
export function withOutputLimit(request: InteractionRequest, tokens: number): InteractionRequest {
  if (request.agent) return request;
  const limit = Math.max(1, Math.floor(tokens));
  return { ...request, generation_config: { ...request.generation_config, max_output_tokens: limit } };
}

/**
 * What only Google does.
 * @throws BadRequestError naming it
 */
export function refuseGooglesAlone(request: InteractionRequest, provider: string): void {
  const refuse = (param: string, reason: string) => {
    throw new BadRequestError(`litellm.BadRequestError: ${provider} ${reason}`, {
      param,
      provider,
      model: request.model,
    });
  };
  if (request.agent) refuse("agent", "has no agents of Google's");
  if (request.background) refuse("background", "makes no interactions in the background: ask without background");
  if (request.previous_interaction_id)
    refuse("previous_interaction_id", "keeps no interactions to go on from: send the conversation as input");
  if (request["continuation_token"]) refuse("continuation_token", "cannot go on from a token of Google's");
  if (request["environment"]) refuse("environment", "has no environments of Google's");
  if (request["webhook_config"]) refuse("webhook_config", "calls no webhooks");
  if (stepsOf(request.input).length === 0) refuse("input", "must be asked something: the input is empty");
}
