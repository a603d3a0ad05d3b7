/** Tools, and which of them are to be called, as `generateContent` has them. */
import { defined, isRecord } from "../../json.ts";
import { camelCase, type JsonObject } from "../json.ts";
import type { InteractionConfig, InteractionTool } from "./types.ts";

/** Functions in one tool; those of Google's own each by itself, for whoever has the like. */
export function toTools(tools: readonly InteractionTool[]): JsonObject[] {
  const functions = tools.filter(({ type }) => type === "function");
  const others = tools.filter(({ type }) => type !== "function");
  return [
    ...(functions.length > 0 ? [{ functionDeclarations: functions.map(declaration) }] : []),
    ...others.map(({ type, ...options }) => ({ [camelCase(type || "tool")]: googlesOptions(options) })),
  ];
}

function declaration({ name, description, parameters }: InteractionTool): JsonObject {
  return {
    name: name ?? "",
    ...(typeof description === "string" && { description }),
    ...(isRecord(parameters) && { parametersJsonSchema: parameters }),
  };
}

/** Kinds of search are no words of `generateContent`: it searches the web. */
function googlesOptions({ search_types: _, ...options }: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(options).map(([name, value]) => [camelCase(name), value]));
}

export function toToolConfig(choice: InteractionConfig["tool_choice"]): { toolConfig?: JsonObject } {
  if (choice === undefined || choice === null) return {};
  const { mode, tools } =
    typeof choice === "string" ? { mode: choice, tools: undefined } : (choice.allowed_tools ?? {});
  const functionCallingConfig = defined({
    mode: mode?.toUpperCase() ?? (tools?.length ? "ANY" : undefined),
    allowedFunctionNames: tools?.length ? tools : undefined,
  });
  return Object.keys(functionCallingConfig).length === 0 ? {} : { toolConfig: { functionCallingConfig } };
}
