/**
 * Which parameters OpenAI's own models take.
 * Sources: OpenAI, "Reasoning models" (limitations) and "Using GPT-5.x" (parameter compatibility); LiteLLM's lists.
 * Where they are silent the parameter passes: OpenAI's own error is better than a wrong refusal.
 */
import { UnsupportedParamsError } from "../../formats/errors.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { OPENAI_IMAGE_PARAMS } from "../../formats/openai/images.ts";
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import type { Target } from "../provider.ts";
import { type Json, without } from "./json.ts";

interface Family {
  /** Matched against the model without `ft:`. */
  pattern: RegExp;
  lacks: readonly string[];
  /** Thinks: takes `reasoning_effort`, and counts the output in `max_completion_tokens`. */
  reasoning: boolean;
  /** Sampling parameters are fixed: always, or unless `reasoning_effort` is `none`. */
  fixed?: "always" | "with-effort";
}

const SAMPLING = ["frequency_penalty", "logit_bias", "logprobs", "presence_penalty", "top_logprobs", "top_p"];

/** The first whose pattern fits. */
const FAMILIES: readonly Family[] = [
  { pattern: /^gpt-\d+(\.\d+)?-chat/, lacks: ["thinking"], reasoning: false },
  { pattern: /^(gpt-[34]|chatgpt-4o)/, lacks: ["reasoning_effort", "thinking"], reasoning: false },
  { pattern: /^o1/, lacks: [...SAMPLING, "parallel_tool_calls"], reasoning: true, fixed: "always" },
  { pattern: /^o3-mini/, lacks: [...SAMPLING, "parallel_tool_calls"], reasoning: true, fixed: "always" },
  { pattern: /^o\d/, lacks: [...SAMPLING, "parallel_tool_calls", "stop"], reasoning: true, fixed: "always" },
  { pattern: /^gpt-5(-|$)/, lacks: [...SAMPLING, "stop"], reasoning: true, fixed: "always" },
  { pattern: /^gpt-\d/, lacks: [], reasoning: true, fixed: "with-effort" },
  { pattern: /(?:)/, lacks: ["thinking"], reasoning: false },
];

function familyOf(target: Target): Family {
  const model = target.model.replace(/^ft:/, "");
  return FAMILIES.find(({ pattern }) => pattern.test(model)) as Family; // the last pattern fits everything
}

const ALL: readonly string[] = OPENAI_CHAT_PARAMS;

export function openaiParams(target: Target): ReadonlySet<string> {
  const { lacks } = familyOf(target);
  return new Set(ALL.filter((name) => !lacks.includes(name)));
}

/**
 * The request as the model wants it: the output limit under the right name, the thinking switch as an effort, and no
 * sampling parameter that is fixed.
 * @throws UnsupportedParamsError for a fixed one with another value, unless `drop_params`
 */
export function openaiModelParams(request: ChatRequest, target: Target): ChatRequest {
  const family = familyOf(target);
  if (!family.reasoning) return without(request, ["thinking"]);
  const renamed = thinkingAsEffort(outputLimit("max_completion_tokens")(request));
  const fixed =
    family.fixed === "always"
      ? ["temperature"]
      : effortIsOn(renamed)
        ? ["temperature", "top_p", "logprobs", "top_logprobs"]
        : [];
  const refused = fixed.filter((name) => !isNeutral(renamed[name], name));
  if (refused.length > 0 && !target.dropParams)
    throw new UnsupportedParamsError(
      `litellm.UnsupportedParamsError: ${target.model} only takes ${refused.join(", ")} at the default value${
        family.fixed === "always" ? "" : " while it reasons (reasoning_effort is not none)"
      }. To drop these, set \`drop_params: true\` in the request or under \`litellm_settings\`.`,
      { param: refused[0], provider: target.provider, model: target.model },
    );
  return without(renamed, refused);
}

/** Parameters of images; the older models take few. Of models nobody knows, all pass. */
const IMAGE_PARAMS: readonly (readonly [model: RegExp, params: readonly string[]])[] = [
  [/^dall-e-2/, ["n", "size", "user"]],
  [/^dall-e/, ["n", "quality", "size", "style", "user"]],
  [/^(?:gpt-image|chatgpt-image)/, OPENAI_IMAGE_PARAMS.filter((name) => name !== "style")],
];

export function openaiImageParams({ model }: Target): ReadonlySet<string> | "all" {
  const known = IMAGE_PARAMS.find(([pattern]) => pattern.test(model));
  return known ? new Set(known[1]) : "all";
}

/** The newer models give base64 always, and do not know the parameter. */
export function openaiImageFields(fields: Json, { model }: Target): Json {
  return /^(?:gpt-image|chatgpt-image)/.test(model) ? without(fields, ["response_format"]) : fields;
}

function effortIsOn({ reasoning_effort: effort }: ChatRequest): boolean {
  return effort !== undefined && effort !== null && effort !== "none";
}

function isNeutral(value: unknown, name: string): boolean {
  if (value === undefined || value === null || value === false) return true;
  return name === "top_logprobs" ? value === 0 : value === 1;
}

/** Puts the output limit under the one name a provider knows. Where both are given, the newer one counts. */
export function outputLimit(name: "max_tokens" | "max_completion_tokens"): (request: ChatRequest) => ChatRequest {
  const other = name === "max_tokens" ? "max_completion_tokens" : "max_tokens";
  return (request) => {
    const limit = request.max_completion_tokens ?? request.max_tokens;
    if (!(other in request) || limit === undefined || limit === null) return without(request, [other]);
    return { ...without(request, [other]), [name]: limit };
  };
}

/** Efforts by the tokens LiteLLM gives them, the smallest first. */
const EFFORTS = [
  { budget: 1024, effort: "low" },
  { budget: 2048, effort: "medium" },
];

/** Anthropic's thinking switch as OpenAI's effort. An effort that is given stands. */
export function thinkingAsEffort(request: ChatRequest): ChatRequest {
  const { thinking } = request;
  if (thinking === undefined) return request;
  const rest = without(request, ["thinking"]);
  if (thinking?.type !== "enabled" || rest.reasoning_effort) return rest;
  const { budget_tokens: budget } = thinking;
  if (budget === undefined || budget === null) return rest;
  return { ...rest, reasoning_effort: EFFORTS.find((step) => budget <= step.budget)?.effort ?? "high" };
}
