/**
 * Tools of the Responses API that the client carries out and that OpenAI's models know without being told: offered to
 * other models as functions, whose calls become the items the client expects, and back.
 */
import { isRecord, type JsonObject, stringsIn } from "../../json.ts";
import type { Tool } from "../chat.ts";
import type { Item, OutputItem } from "./types.ts";

/** What a call of a function is to the client. */
export type CallKind =
  | { type: "function"; name: string; namespace?: string }
  | { type: "custom"; name: string }
  | { type: "local_shell" | "shell" | "apply_patch" };

/** The name by which the model knows a function of a namespace. */
export function nameWithin(namespace: string, name: string): string {
  return `${namespace}__${name}`;
}

const text = { type: "string" };

function offered(name: string, description: string, properties: JsonObject, required: string[]): Tool {
  return { type: "function", function: { name, description, parameters: { type: "object", properties, required } } };
}

/** The functions that stand for them. */
export const shellFunctions: Readonly<Record<"local_shell" | "shell" | "apply_patch", Tool>> = {
  local_shell: offered(
    "local_shell",
    "Runs a command on the user's machine and returns its output.",
    {
      command: { type: "array", items: text, description: "The program and its arguments." },
      working_directory: { ...text, description: "Where to run it." },
      env: { type: "object", additionalProperties: text, description: "Environment variables to set." },
      timeout_ms: { type: "integer", description: "Milliseconds after which it is stopped." },
    },
    ["command"],
  ),
  shell: offered(
    "shell",
    "Runs shell commands one after the other and returns what each prints.",
    {
      commands: { type: "array", items: text, description: "The commands, each a line for the shell." },
      timeout_ms: { type: "integer", description: "Milliseconds after which they are stopped." },
      max_output_length: { type: "integer", description: "Characters of output to return at most." },
    },
    ["commands"],
  ),
  apply_patch: offered(
    "apply_patch",
    "Creates, updates or deletes a file. A diff is in the V4A format: lines that begin with a space, + or -.",
    {
      type: { type: "string", enum: ["create_file", "update_file", "delete_file"] },
      path: { ...text, description: "Path of the file." },
      diff: { ...text, description: "The change; none for delete_file." },
    },
    ["type", "path"],
  ),
};

/** The item of a call that is whole. `args` is the JSON the model wrote. */
export function callItem(kind: CallKind, id: string, callId: string, args: string): OutputItem {
  const head = { id, call_id: callId, status: "completed" };
  const given = objectOf(args);
  switch (kind.type) {
    case "function": {
      const { name, namespace } = kind;
      return { type: "function_call", ...head, name, ...(namespace !== undefined && { namespace }), arguments: args };
    }
    case "custom":
      return { type: "custom_tool_call", ...head, name: kind.name, input: inputOf(args) };
    case "local_shell":
      return {
        type: "local_shell_call",
        ...head,
        action: { env: {}, ...given, type: "exec", command: commandOf(given["command"]) },
      };
    case "shell":
      return { type: "shell_call", ...head, action: { ...given, commands: stringsIn(given["commands"]) } };
    case "apply_patch":
      return { type: "apply_patch_call", ...head, operation: given };
  }
}

/** The text a custom tool was called with; what is no JSON (a model that forgot it) is the text itself. */
export function inputOf(args: string): string {
  const { input } = objectOf(args);
  return typeof input === "string" ? input : args;
}

function commandOf(command: unknown): string[] {
  return typeof command === "string" ? ["bash", "-lc", command] : stringsIn(command);
}

function objectOf(args: string): JsonObject {
  try {
    const parsed: unknown = JSON.parse(args);
    return isRecord(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

/** A call of a former turn as the function call the model made; `undefined` for an item that is none. */
export function calledFunction(item: Item): { name: string; arguments: string } | undefined {
  switch (item.type) {
    case "function_call": {
      const { name, namespace, arguments: args } = item;
      if (typeof name !== "string") return undefined;
      const text = typeof args === "string" ? args : JSON.stringify(args ?? {});
      return { name: typeof namespace === "string" ? nameWithin(namespace, name) : name, arguments: text };
    }
    case "custom_tool_call":
      if (typeof item["name"] !== "string") return undefined;
      return { name: item["name"], arguments: JSON.stringify({ input: item["input"] ?? "" }) };
    case "local_shell_call": {
      const { type: _, ...action } = isRecord(item["action"]) ? item["action"] : {};
      return { name: "local_shell", arguments: JSON.stringify(action) };
    }
    case "shell_call":
      return { name: "shell", arguments: JSON.stringify(item["action"] ?? {}) };
    case "apply_patch_call":
      return { name: "apply_patch", arguments: JSON.stringify(item["operation"] ?? {}) };
    default:
      return undefined;
  }
}
