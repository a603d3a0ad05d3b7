/** The hub's tools and tool choice → Converse's `toolConfig`; what Claude alone has goes beside it. */
import { text } from "../anthropic/fields.ts";
import { upstreamToolName } from "../anthropic/tool-names.ts";
import { ownTool } from "../anthropic/tools.ts";
import { BadRequestError, UnsupportedParamsError } from "../errors.ts";
import { isRecord, type JsonObject, recordsIn } from "../json.ts";
import type { ChatRequest, FunctionDefinition, Tool, ToolChoice } from "../openai/chat.ts";
import { cachePoint } from "./content.ts";
import type { ConverseTraits } from "./traits.ts";

export interface ToolParams {
  /** Entries of `toolConfig.tools`. */
  tools: JsonObject[];
  toolChoice?: JsonObject;
  /** Tools of Claude's own (computer, bash, text editor), and how it is to use any: of `additionalModelRequestFields`. */
  claude: { tools?: JsonObject[]; tool_choice?: JsonObject };
}

interface ToolOptions {
  traits: ConverseTraits;
  /** Leave out what the model lacks. */
  mayDrop: boolean;
}

/** @throws BadRequestError for a tool, or a choice, that Bedrock has no equal of */
export function toTools(request: ChatRequest, { traits, mayDrop }: ToolOptions): ToolParams {
  const params: ToolParams = { tools: [], claude: {} };
  const claudes: JsonObject[] = [];
  (request.tools ?? []).forEach((tool, index) => {
    if (isClaudes(tool)) {
      if (!traits.isClaude) throw unknownTool(tool, index);
      claudes.push(ownTool(tool));
    } else params.tools.push(...toolEntries(tool, index, traits));
  });
  for (const definition of request.functions ?? []) params.tools.push(toolSpec(definition, traits));
  if (request.web_search_options) params.tools.push(webSearch(traits));
  const choice = request.tool_choice ?? request.function_call;
  const allowed = allowedTools(choice);
  if (allowed !== undefined)
    params.tools = params.tools.filter((entry) => !("toolSpec" in entry) || allowed.names.has(nameOfEntry(entry)));
  const offered = claudes.filter(({ name }) => allowed?.names.has(text(name)) ?? true);
  if (offered.length > 0) params.claude.tools = offered;
  settleChoice(params, allowed === undefined ? choice : allowed.mode, request, { traits, mayDrop });
  return params;
}

/** Entries of Converse's own pass as they are. */
function toolEntries(tool: Tool, index: number, traits: ConverseTraits): JsonObject[] {
  if (tool.function !== undefined) {
    const marker = tool.cache_control ?? (tool.function["cache_control"] as Tool["cache_control"]); // checked where it is read
    return [toolSpec(tool.function, traits), ...cachePoint(marker, traits.cachesTools)];
  }
  if (isRecord(tool["toolSpec"]) || isRecord(tool["systemTool"]) || isRecord(tool["cachePoint"])) {
    const { type: _, ...entry } = tool;
    return [entry];
  }
  if (/^web_search/.test(tool.type ?? "") && traits.isNova) return [webSearch(traits)];
  throw unknownTool(tool, index);
}

function toolSpec({ name, description, parameters, strict }: FunctionDefinition, traits: ConverseTraits): JsonObject {
  return {
    toolSpec: {
      name: upstreamToolName(name),
      ...(description && { description }),
      inputSchema: { json: objectSchema(parameters) },
      ...(strict === true && traits.structuredOutput && { strict }),
    },
  };
}

export function objectSchema(schema: JsonObject | null | undefined): JsonObject {
  if (!schema) return { type: "object", properties: {} };
  return schema["type"] === undefined ? { type: "object", ...schema } : schema;
}

/** Nova searches by itself; Bedrock's other models do not. */
function webSearch({ isNova }: ConverseTraits): JsonObject {
  if (isNova) return { systemTool: { name: "nova_grounding" } };
  throw new BadRequestError("On Bedrock only Amazon's Nova models search the web.", { param: "web_search_options" });
}

/** Tools that Claude knows by their type, and the client runs. Source: Amazon Bedrock's user guide, "Computer use". */
export function isClientTool(type: string): boolean {
  return /^(?:computer|bash|text_editor|memory)_\d{8}$/.test(type);
}

/** All that Claude knows by their type and has on Bedrock. */
export function isClaudes({ type }: Tool): boolean {
  return isClientTool(type ?? "") || /^tool_search_tool_\w+_\d{8}$/.test(type ?? "");
}

function unknownTool({ type }: Tool, index: number): BadRequestError {
  return new BadRequestError(`Bedrock has no tools of type ${type ?? "unknown"}, only functions.`, {
    param: `tools[${index}]`,
  });
}

/** OpenAI's `allowed_tools`: Bedrock has no equal, so only the tools named are offered. */
function allowedTools(choice: ToolChoice | null | undefined): { mode: string; names: ReadonlySet<string> } | undefined {
  if (!isRecord(choice) || choice["type"] !== "allowed_tools") return undefined;
  const allowed = isRecord(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
  const names = recordsIn(allowed["tools"]).map((tool) => upstreamToolName(nameOf(tool)));
  return { mode: text(allowed["mode"]) || "auto", names: new Set(names) };
}

function nameOf(tool: JsonObject): string {
  return text(isRecord(tool["function"]) ? tool["function"]["name"] : tool["name"]);
}

function nameOfEntry({ toolSpec }: JsonObject): string {
  return isRecord(toolSpec) ? text(toolSpec["name"]) : "";
}

type Choice = { kind: "auto" | "any" | "none" } | { kind: "tool"; name: string };

/**
 * `none` has no equal: then no tools are offered, but for those that the conversation needs (`withHistory`). Models that
 * cannot be told are not told what they do anyway.
 */
function settleChoice(
  params: ToolParams,
  given: ToolChoice | null | undefined,
  request: ChatRequest,
  { traits, mayDrop }: ToolOptions,
): void {
  const choice = choiceOf(given);
  if (choice?.kind === "none") {
    params.tools = [];
    params.claude = {};
    return;
  }
  const claudes = params.claude.tools ?? [];
  if (params.tools.length === 0 && claudes.length === 0) return;
  const kind = choice?.kind;
  const isClaudes = kind === "tool" && claudes.some(({ name }) => name === choice?.name);
  // `toolConfig` can say nothing of tools that are not in it.
  if (choice !== undefined && (isClaudes || params.tools.length === 0))
    params.claude.tool_choice = claudesChoice(choice);
  else if (choice !== undefined && (kind === "any" || kind === "tool")) {
    if (traits.choices.includes(kind)) params.toolChoice = sayChoice(choice);
    else if (kind === "tool" && traits.choices.includes("any") && params.tools.length === 1)
      params.toolChoice = { any: {} };
    else if (!mayDrop)
      throw new UnsupportedParamsError(
        "This model of Bedrock's cannot be made to call a tool (drop_params leaves it out).",
        {
          param: "tool_choice",
        },
      );
  } else if (kind === "auto" && traits.choices.includes("auto")) params.toolChoice = { auto: {} };
  if (request.parallel_tool_calls === false) oneAtATime(params, choice, { traits, mayDrop });
}

function oneAtATime(params: ToolParams, choice: Choice | undefined, { traits, mayDrop }: ToolOptions): void {
  if (traits.isClaude)
    params.claude.tool_choice = { ...claudesChoice(choice ?? { kind: "auto" }), disable_parallel_tool_use: true };
  else if (!mayDrop)
    throw new UnsupportedParamsError(
      "On Bedrock only Claude can be kept to one tool call (drop_params leaves it out).",
      {
        param: "parallel_tool_calls",
      },
    );
}

function choiceOf(choice: ToolChoice | null | undefined): Choice | undefined {
  if (choice === null || choice === undefined) return undefined;
  const type = typeof choice === "string" ? choice : choice.type;
  switch (type) {
    case "auto":
    case "any":
    case "none":
      return { kind: type };
    case "required":
      return { kind: "any" };
    default: {
      const name = typeof choice === "string" ? choice : nameOf(choice);
      return { kind: "tool", name: upstreamToolName(name) };
    }
  }
}

/** As Claude's own API has it. */
function claudesChoice(choice: Choice): JsonObject {
  return { type: choice.kind, ...(choice.kind === "tool" && { name: choice.name }) };
}

function sayChoice(choice: Choice): JsonObject {
  return choice.kind === "tool" ? { tool: { name: choice.name } } : { [choice.kind]: {} };
}
