/**
 * Tools of the Responses API as the hub's. What a client carries out itself but the hub has no word for (custom tools,
 * shells, patches) is offered to the model as a function, and its calls are told to the client in its own words.
 */
import { UnsupportedParamsError } from "../../errors.ts";
import { isRecord, type JsonObject, recordsIn } from "../../json.ts";
import type { ChatRequest, Tool, ToolChoice } from "../chat.ts";
import { type CallKind, nameWithin, shellFunctions } from "./client-tools.ts";
import type { Item, ResponsesRequest, ResponseTool } from "./types.ts";

export interface ToolSet {
  tools: Tool[];
  /** By the name the model knows; what is not here is a function of that name. */
  kinds: ReadonlyMap<string, CallKind>;
  webSearch: ChatRequest["web_search_options"] | undefined;
}

export interface ToolOptions {
  /** Tools OpenAI runs itself that this provider has, too, by their type. */
  hosted?: ReadonlySet<string>;
  /** Leave out those it has not, instead of refusing. */
  dropParams?: boolean;
}

/** What OpenAI, or its servers, would run. A model can do without a search of tools: all of them are told to it. */
const HOSTED =
  /^(?:file_search|code_interpreter|computer|computer_use(?:_preview)?|image_generation|mcp|programmatic_tool_calling)$/;
const WEB_SEARCH = /^web_search(?:_preview)?(?:_\d{4}_\d{2}_\d{2})?$/;

/** @throws UnsupportedParamsError for a tool that only OpenAI can run */
export function toolSet(request: ResponsesRequest, options: ToolOptions = {}): ToolSet {
  const tools: Tool[] = [];
  const kinds = new Map<string, CallKind>();
  let webSearch: ToolSet["webSearch"];
  const offer = (tool: ResponseTool, path: string, namespace?: string): void => {
    const type = tool.type ?? "function";
    if (type === "namespace") {
      for (const inner of recordsIn(tool["tools"])) offer(inner, path, tool.name ?? undefined);
    } else if (type === "custom" && !isRecord(tool["custom"])) {
      const name = tool.name ?? "";
      kinds.set(name, { type: "custom", name });
      tools.push(customAsFunction(name, tool));
    } else if (type === "function") {
      const named = functionTool(tool, namespace);
      if (namespace !== undefined && named.function !== undefined)
        kinds.set(named.function.name, { type: "function", name: tool.name ?? "", namespace });
      tools.push(named);
    } else if (type === "local_shell" || type === "shell" || type === "apply_patch") {
      kinds.set(type, { type });
      tools.push(shellFunctions[type]);
    } else if (WEB_SEARCH.test(type)) {
      // Without access to the web it is OpenAI's index that is searched, which nobody else has.
      if (tool["external_web_access"] !== false) webSearch = searchOptions(tool);
    } else if (HOSTED.test(type) && !options.hosted?.has(type)) {
      if (!options.dropParams)
        throw new UnsupportedParamsError(
          `litellm.UnsupportedParamsError: the tool ${JSON.stringify(type)} runs at OpenAI, and this model has no equal of it. ` +
            "To leave it out, set `drop_params: true` in the request or under `litellm_settings`.",
          { param: path },
        );
    } else if (type !== "tool_search") tools.push(tool as Tool); // a provider's own, which its adapter knows
  };
  for (const [index, tool] of (request.tools ?? []).entries()) offer(tool, `tools[${index}]`);
  for (const tool of toolsInInput(request)) offer(tool, "input");
  return { tools: distinct(tools), kinds, webSearch };
}

/** Tools that were added, or found, in the course of the conversation. */
function toolsInInput({ input }: ResponsesRequest): ResponseTool[] {
  if (!Array.isArray(input)) return [];
  return input
    .filter(({ type }: Item) => type === "additional_tools" || type === "tool_search_output")
    .flatMap((item) => recordsIn(item["tools"]));
}

/** A tool told twice (at the start, and where it was found) is one. */
function distinct(tools: readonly Tool[]): Tool[] {
  const names = new Set<string>();
  return tools.filter(({ function: definition }) => {
    if (definition === undefined) return true;
    const isNew = !names.has(definition.name);
    names.add(definition.name);
    return isNew;
  });
}

/** Flat as here, or nested as in chat. */
function functionTool(tool: ResponseTool, namespace: string | undefined): Tool {
  if (isRecord(tool["function"])) return tool as Tool; // the schema of chat judges it where it matters
  const { name, description, parameters, strict, cache_control } = tool;
  return {
    type: "function",
    function: {
      name: namespace === undefined ? (name ?? "") : nameWithin(namespace, name ?? ""),
      ...(typeof description === "string" && { description }),
      ...(isRecord(parameters) && { parameters }),
      ...(typeof strict === "boolean" && { strict }),
    },
    ...(isRecord(cache_control) && { cache_control: cache_control as Tool["cache_control"] }), // Anthropic's, passed as it is
  };
}

/** A custom tool takes any text: for the model a function with one argument. */
function customAsFunction(name: string, { description, format }: ResponseTool): Tool {
  const grammar = isRecord(format) && typeof format["definition"] === "string" ? format : undefined;
  const rule =
    grammar && `The input must follow this ${String(grammar["syntax"] ?? "")} grammar:\n${grammar["definition"]}`;
  const texts = [typeof description === "string" ? description : undefined, rule].filter(Boolean);
  return {
    type: "function",
    function: {
      name,
      ...(texts.length > 0 && { description: texts.join("\n\n") }),
      parameters: {
        type: "object",
        properties: { input: { type: "string", description: "The whole input of the tool, as plain text." } },
        required: ["input"],
        additionalProperties: false,
      },
    },
  };
}

function searchOptions(tool: ResponseTool): JsonObject {
  const { search_context_size: size, user_location: place } = tool;
  const { type: _, ...approximate } = isRecord(place) ? place : {};
  return {
    ...(typeof size === "string" && { search_context_size: size }),
    ...(isRecord(place) && { user_location: { type: "approximate", approximate } }),
  };
}

/** @returns nothing where it leaves the choice to the model, or names a tool that is not offered */
export function toChatToolChoice(choice: ResponsesRequest["tool_choice"], { tools }: ToolSet): ToolChoice | undefined {
  if (choice === undefined || choice === null) return undefined;
  if (tools.length === 0) return undefined;
  if (typeof choice === "string") return choice;
  if (choice.type === "allowed_tools") {
    const allowed = isRecord(choice["allowed_tools"]) ? choice["allowed_tools"] : choice;
    const named = recordsIn(allowed["tools"]).flatMap((tool) => chosenName(tool) ?? []);
    const offered = named.filter((name) => tools.some((tool) => tool.function?.name === name));
    return {
      type: "allowed_tools",
      allowed_tools: {
        mode: allowed["mode"] === "required" ? "required" : "auto",
        tools: offered.map((name) => ({ type: "function", function: { name } })),
      },
    };
  }
  const name = chosenName(choice);
  if (name !== undefined) return { type: "function", function: { name } };
  // One of OpenAI's own tools, or a form that only the provider knows.
  return choice.type && (HOSTED.test(choice.type) || WEB_SEARCH.test(choice.type)) ? undefined : (choice as ToolChoice);
}

function chosenName(choice: JsonObject): string | undefined {
  const { type, name, namespace } = choice;
  if (type === "local_shell" || type === "shell" || type === "apply_patch") return type;
  const nested = isRecord(choice["function"]) ? choice["function"]["name"] : name;
  if (typeof nested !== "string") return undefined;
  return typeof namespace === "string" ? nameWithin(namespace, nested) : nested;
}
