/** A request of the hub → the body of Converse and ConverseStream. */
import type { Reading } from "../anthropic/assistant.ts";
import { betasOf } from "../anthropic/betas.ts";
import { modelTraits } from "../anthropic/model-traits.ts";
import { originalToolNames } from "../anthropic/tool-names.ts";
import { isRecord, type JsonObject, stringsIn } from "../json.ts";
import type { ChatRequest } from "../openai/chat.ts";
import { ANSWER_CHOICE, answerOf, answerTool, textFormat } from "./json-answer.ts";
import { assertTurns, toConversation } from "./messages.ts";
import { thinks, toReasoning } from "./reasoning.ts";
import { isClaudes, toTools } from "./tools.ts";
import { type ConverseTraits, converseTraits } from "./traits.ts";
import type { Turn } from "./types.ts";

/** What is known of the deployment; all of it optional, so that the converters can be used alone. */
export interface ConverseOptions {
  /** Tells what the model takes; not sent. */
  model: string;
  /** The model has structured outputs; read off its name if absent. */
  structuredOutput?: boolean | undefined;
  /** The model takes cache points; read off its name if absent. */
  caches?: boolean | undefined;
  /** Repair what the API would refuse (`modify_params`). */
  modifyParams?: boolean | undefined;
  /** Leave out what the API would refuse (`drop_params`). */
  dropParams?: boolean | undefined;
  /** What turns that are put in say. LiteLLM's words unless said. */
  userContinue?: string | undefined;
  assistantContinue?: string | undefined;
  /** Which beta features Claude is asked for, of those that its fields need. All of them unless said. */
  betas?: ((needed: readonly string[], fields: JsonObject) => readonly string[]) | undefined;
}

const CONTINUE = "Please continue.";

/** Fields of Converse's own: a client may say them as they are. */
const NATIVE = [
  "additionalModelResponseFieldPaths",
  "guardrailConfig",
  "performanceConfig",
  "promptVariables",
  "requestMetadata",
] as const;

/** Fields that are translated, or have no meaning for a model; all others are the model's own. */
const TRANSLATED: ReadonlySet<string> = new Set([
  ...NATIVE,
  "additionalModelRequestFields",
  "anthropic_beta",
  "assistant_continue_message",
  "function_call",
  "functions",
  "inferenceConfig",
  "max_completion_tokens",
  "max_tokens",
  "messages",
  "metadata",
  "model",
  "outputConfig",
  "parallel_tool_calls",
  "prompt_cache_key",
  "prompt_cache_retention",
  "reasoning_effort",
  "response_format",
  "safety_identifier",
  "serviceTier",
  "service_tier",
  "stop",
  "stream",
  "stream_options",
  "system",
  "temperature",
  "thinking",
  "tool_choice",
  "tools",
  "top_k",
  "top_p",
  "user",
  "user_continue_message",
  "web_search_options",
]);

/** @throws BadRequestError naming the field that cannot be said in Converse's format */
export function toConverseBody(request: ChatRequest, options: ConverseOptions): JsonObject {
  const traits = traitsOf(options);
  const repair = options.modifyParams ?? false;
  const mayDrop = repair || options.dropParams === true;
  const { system, turns } = toConversation(request.messages, {
    caches: traits.caches,
    plainIds: traits.isClaude,
    takesReasoning: traits.takesReasoning,
    repair,
    userContinue: textOf(request["user_continue_message"]) ?? options.userContinue ?? CONTINUE,
    assistantContinue: textOf(request["assistant_continue_message"]) ?? options.assistantContinue ?? CONTINUE,
  });
  assertTurns(turns);
  const { tools, toolChoice, claude } = toTools(request, { traits, mayDrop });
  const model = modelFields(request, options, traits, claude);
  const toolConfig: ToolConfig = { tools, ...(toolChoice !== undefined && { toolChoice }) };
  const answer = answerOf(request, traits.structuredOutput);
  if (answer.kind === "tool") addAnswerTool(toolConfig, answerTool(answer.schema), traits, model);
  withHistory(toolConfig, turns, request, repair);
  const inference = inferenceConfig(request, traits);
  settleThinking(inference, toolConfig, model, request, { traits, mayDrop, repair, name: options.model });
  return {
    messages: turns,
    ...(system.length > 0 && { system }),
    ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
    ...(toolConfig.tools.length > 0 && { toolConfig }),
    ...(answer.kind === "native" && { outputConfig: textFormat(answer.schema, request) }),
    ...(isRecord(request["outputConfig"]) && { outputConfig: request["outputConfig"] }),
    ...serviceTier(request),
    ...nativeFields(request),
    ...(Object.keys(model).length > 0 && { additionalModelRequestFields: model }),
  };
}

/** How the answer to this request is to be read. */
export function readingOf(request: ChatRequest, options: ConverseOptions): Reading {
  const answer = answerOf(request, traitsOf(options).structuredOutput);
  return { jsonTool: answer.kind === "tool", toolNames: originalToolNames(request) };
}

function traitsOf({ model, structuredOutput, caches }: ConverseOptions): ConverseTraits {
  const traits = converseTraits(model);
  return {
    ...traits,
    structuredOutput: structuredOutput ?? traits.structuredOutput,
    caches: traits.caches || caches === true,
  };
}

interface ToolConfig {
  tools: JsonObject[];
  toolChoice?: JsonObject;
}

/** Forced where it alone can answer; beside other tools one of them must be used; never while the model thinks. */
function addAnswerTool(config: ToolConfig, tool: JsonObject, { choices }: ConverseTraits, model: JsonObject): void {
  const isAlone = config.tools.length === 0;
  config.tools.push(tool);
  if (thinks(model)) return;
  if (isAlone && choices.includes("tool")) config.toolChoice = ANSWER_CHOICE;
  else if (choices.includes("any") && (config.toolChoice === undefined || "auto" in config.toolChoice))
    config.toolChoice = { any: {} };
}

/**
 * A conversation in which tools were called must be sent with tools, though none are to be called. Claude's own do not
 * count, as they are beside `toolConfig`.
 */
function withHistory(config: ToolConfig, turns: readonly Turn[], request: ChatRequest, repair: boolean): void {
  if (config.tools.length > 0) return;
  if (!turns.some(({ content }) => content.some((block) => "toolUse" in block || "toolResult" in block))) return;
  const { tool_choice: _, function_call: __, tools: given, ...offered } = request;
  const tools = given?.filter((tool) => !isClaudes(tool)) ?? [];
  config.tools = toTools({ ...offered, tools }, { traits: converseTraits(""), mayDrop: true }).tools;
  if (config.tools.length === 0 && (repair || tools.length < (given?.length ?? 0)))
    config.tools = [
      {
        toolSpec: {
          name: "unavailable",
          description: "Takes no calls.",
          inputSchema: { json: { type: "object", properties: {} } },
        },
      },
    ];
}

function inferenceConfig(request: ChatRequest, { isClaude }: ConverseTraits): JsonObject {
  const { inferenceConfig: given, temperature, top_p, stop } = request;
  const maxTokens = request.max_completion_tokens ?? request.max_tokens;
  const sequences = (typeof stop === "string" ? [stop] : (stop ?? [])).filter(
    (sequence) => (isClaude ? sequence.trim() : sequence) !== "",
  );
  return {
    ...(typeof maxTokens === "number" && { maxTokens }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof top_p === "number" && { topP: top_p }),
    ...(sequences.length > 0 && { stopSequences: sequences }),
    ...(isRecord(given) && given),
  };
}

/** `additionalModelRequestFields`: what Converse has no name for, and the model has. */
function modelFields(
  request: ChatRequest,
  { model, modifyParams = false, betas = (needed) => needed }: ConverseOptions,
  traits: ConverseTraits,
  claude: JsonObject,
): JsonObject {
  const own = Object.entries(request).filter(
    ([name, value]) => !TRANSLATED.has(name) && value !== undefined && value !== null,
  );
  const given = request["additionalModelRequestFields"];
  const fields: JsonObject = {
    ...toReasoning(request, model, traits, modifyParams),
    ...topK(request["top_k"], traits),
    ...claude,
    ...Object.fromEntries(own),
    ...(isRecord(given) && given),
  };
  if (!traits.isClaude) return fields;
  const named = [...new Set([...stringsIn(request["anthropic_beta"]), ...stringsIn(fields["anthropic_beta"])])];
  const said = named.length > 0 ? { ...fields, anthropic_beta: named } : fields;
  const needed = [...new Set([...named, ...betas(betasOf(said), said)])];
  return needed.length > 0 ? { ...said, anthropic_beta: needed } : said;
}

function topK(value: unknown, { isNova }: ConverseTraits): JsonObject {
  if (typeof value !== "number") return {};
  return isNova ? { inferenceConfig: { topK: value } } : { top_k: value };
}

/**
 * While Claude thinks, its budget must be below `maxTokens`, and neither sampling nor a forced tool is taken; newest Claudes
 * take no sampling at all. Nova takes no bounds beside its highest effort.
 */
function settleThinking(
  inference: JsonObject,
  tools: ToolConfig,
  model: JsonObject,
  request: ChatRequest,
  { traits, mayDrop, repair, name }: { traits: ConverseTraits; mayDrop: boolean; repair: boolean; name: string },
): void {
  const isThinking = thinks(model);
  if (traits.isNova && isThinking && mayDrop && isRecord(model["reasoningConfig"])) {
    if (model["reasoningConfig"]["maxReasoningEffort"] === "high")
      for (const bound of ["maxTokens", "temperature", "topP"]) delete inference[bound];
    return;
  }
  if (!traits.isClaude) return;
  const { sampling } = modelTraits(name);
  const { thinking } = model;
  const budget = isRecord(thinking) ? thinking["budget_tokens"] : undefined;
  const limit = inference["maxTokens"];
  const isOurs = !request.thinking || repair;
  if (isThinking && isOurs && typeof budget === "number" && typeof limit === "number" && limit <= budget)
    inference["maxTokens"] = budget + limit;
  if (!sampling && inference["temperature"] === 1) delete inference["temperature"];
  if (!sampling && inference["topP"] === 1) delete inference["topP"];
  if (!mayDrop || (sampling && !isThinking)) return;
  if (inference["temperature"] !== 1) delete inference["temperature"];
  delete model["top_k"];
  const top = inference["topP"];
  if (!sampling || (typeof top === "number" && top < 0.95)) delete inference["topP"];
  if (isThinking && tools.toolChoice !== undefined && !("auto" in tools.toolChoice)) tools.toolChoice = { auto: {} };
}

/** OpenAI's words, and Bedrock's own (`reserved`). */
function serviceTier({ service_tier: tier, serviceTier: native }: ChatRequest): JsonObject {
  if (isRecord(native)) return { serviceTier: native };
  if (typeof tier !== "string" || tier === "") return {};
  return { serviceTier: { type: tier === "auto" ? "default" : tier } };
}

function nativeFields(request: ChatRequest): JsonObject {
  return Object.fromEntries(
    NATIVE.map((name) => [name, request[name]]).filter(([, value]) => value !== undefined && value !== null),
  );
}

/** Text of a message, or of `{ role, content }`. */
function textOf(message: unknown): string | undefined {
  const said = isRecord(message) ? message["content"] : message;
  return typeof said === "string" && said.trim() !== "" ? said : undefined;
}
