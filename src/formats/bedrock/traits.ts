/**
 * What a model takes by the Converse API, read off its name. Source: Amazon Bedrock's user guide: "Supported models and
 * model features", "Use a tool", "Prompt caching", "Structured outputs", and the pages of the models' own parameters.
 */
import { modelTraits } from "../anthropic/model-traits.ts";

/**
 * How thinking is asked for: as Claude has it, by Nova's `reasoningConfig`, by OpenAI's `reasoning_effort`, or by the
 * `reasoning_config` that Bedrock gave the models that can do with or without.
 */
export type ReasoningSwitch = "claude" | "nova" | "effort" | "config" | "none";

export interface ConverseTraits {
  tools: boolean;
  /** The choices of tools it takes, beside leaving the choice to the model. */
  choices: readonly ("auto" | "any" | "tool")[];
  /** Takes cache points among system and messages. */
  caches: boolean;
  /** And after tools. */
  cachesTools: boolean;
  /** Takes `outputConfig.textFormat`, and `strict` on tools. */
  structuredOutput: boolean;
  reasoning: ReasoningSwitch;
  /** Takes back the reasoning of its own turns; to others it is content they do not know. */
  takesReasoning: boolean;
  isClaude: boolean;
  isNova: boolean;
}

const ALL = ["auto", "any", "tool"] as const;

/** Models that no tool can be offered to. */
const WITHOUT_TOOLS =
  /^(?:amazon\.titan|meta\.llama2|meta\.llama3-\d+b|meta\.llama3-2-[13]b|ai21\.j2|cohere\.command-(?:light-)?text|mistral\.(?:mistral-7b|mixtral)|deepseek\.r1|anthropic\.claude-(?:v2|instant))/;

/** Open models that are held to a schema, beside newer Claudes. */
const STRUCTURED =
  /^(?:qwen\.|openai\.gpt-oss|deepseek\.v3|google\.gemma-3|minimax\.|mistral\.(?:mistral-large-3|ministral|magistral|voxtral)|moonshot|nvidia\.|zai\.glm)/;

/** @param model id or ARN, with or without what `familyName` leaves out */
export function converseTraits(model: string): ConverseTraits {
  const name = familyName(model).toLowerCase();
  const isClaude = /claude/.test(name);
  const isNova = /^amazon\.nova/.test(name);
  const isKnown = /^[a-z0-9]+\.[a-z]/.test(name);
  const reasoning = reasoningOf(name, isClaude);
  return {
    tools: !WITHOUT_TOOLS.test(name),
    choices: isClaude || isNova || !isKnown ? ALL : /^mistral\./.test(name) ? ["auto", "any"] : [],
    caches: isClaude || isNova || !isKnown,
    cachesTools: isClaude || !isKnown,
    structuredOutput: isClaude ? modelTraits(name).structuredOutput : STRUCTURED.test(name),
    reasoning,
    takesReasoning: reasoning !== "none" || !isKnown,
    isClaude,
    isNova,
  };
}

function reasoningOf(name: string, isClaude: boolean): ReasoningSwitch {
  if (isClaude) return modelTraits(name).thinking ? "claude" : "none";
  if (/^amazon\.nova-(?:2|[a-z]+-v2)/.test(name)) return "nova";
  if (/^openai\./.test(name)) return "effort";
  if (/^(?:deepseek\.v3|qwen\.qwen3|zai\.|moonshotai?\.|minimax\.|nvidia\.)/.test(name)) return "config";
  return "none";
}

/** Inference profiles across regions: `us.`, `eu.`, `apac.`, `global.`, ... */
const PLACE = /^(?:us-gov|us|eu|apac|ap|au|jp|ca|sa|global)\./;

/**
 * The model without place and route, by which families are told apart: `anthropic.claude-sonnet-4-5-20250929-v1:0`. Of an
 * ARN its last part, which of a model of one's own says nothing.
 */
export function familyName(model: string): string {
  return model.slice(model.lastIndexOf("/") + 1).replace(PLACE, "");
}
