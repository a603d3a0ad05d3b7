/** Calls of OpenAI's own tools in an answer, as they are billed. */
import { isRecord } from "../../json.ts";
import type { ResponseObject } from "./types.ts";

/** Searches of the web. To open a page, or to find something in it, costs nothing. */
export function searchesOf({ output, usage }: Pick<ResponseObject, "output" | "usage">): number {
  // xAI tells them in its usage, those of X among them.
  const told = usage?.["server_side_tool_usage_details"];
  if (isRecord(told)) return count(told["web_search_calls"]) + count(told["x_search_calls"]);
  return (output ?? []).filter(
    ({ type, action }) =>
      type === "web_search_call" && (!isRecord(action) || (action["type"] ?? "search") === "search"),
  ).length;
}

/** Containers in which code ran. */
export function sessionsOf({ output }: Pick<ResponseObject, "output">): number {
  const calls = (output ?? []).filter(({ type }) => type === "code_interpreter_call");
  return new Set(calls.map(({ container_id }) => container_id)).size;
}

function count(value: unknown): number {
  return typeof value === "number" && value > 0 ? value : 0;
}
