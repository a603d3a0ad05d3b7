/** The parts of a response that tell what was asked for. */
import type { JsonObject } from "../../json.ts";
import type { ResponseObject, ResponsesRequest } from "./types.ts";

/** A response that has just begun, with OpenAI's defaults for what the request leaves open. */
export function begunResponse(
  request: ResponsesRequest,
  { id, created, model }: { id: string; created: number; model: string },
): ResponseObject {
  const { reasoning, text } = request;
  return {
    id,
    object: "response",
    created_at: created,
    status: "in_progress",
    background: request.background ?? false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    max_tool_calls: request.max_tool_calls ?? null,
    model,
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: request.previous_response_id ?? null,
    prompt_cache_key: request.prompt_cache_key ?? null,
    reasoning: { effort: reasoning?.effort ?? null, summary: reasoning?.summary ?? null },
    safety_identifier: request.safety_identifier ?? null,
    service_tier: request.service_tier ?? "auto",
    store: request.store ?? true,
    temperature: request.temperature ?? 1,
    text: { format: text?.format ?? { type: "text" }, ...(text?.verbosity && { verbosity: text.verbosity }) },
    tool_choice: request.tool_choice ?? "auto",
    tools: request.tools ?? [],
    top_logprobs: request.top_logprobs ?? 0,
    top_p: request.top_p ?? 1,
    truncation: request.truncation ?? "disabled",
    usage: null,
    user: request.user ?? null,
    metadata: request.metadata ?? {},
  };
}

/** How a response ended, by the finish reason of chat. */
export function endOf(finish: string | null | undefined): Pick<ResponseObject, "status" | "incomplete_details"> {
  switch (finish) {
    case "length":
      return { status: "incomplete", incomplete_details: { reason: "max_output_tokens" } };
    case "content_filter":
      return { status: "incomplete", incomplete_details: { reason: "content_filter" } };
    default:
      return { status: "completed", incomplete_details: null };
  }
}

/** The finish reason of chat, by how a response ended. */
export function finishOf(
  response: JsonObject | ResponseObject,
  calledTools: boolean,
): "stop" | "length" | "content_filter" | "tool_calls" {
  const details = response["incomplete_details"];
  const reason = typeof details === "object" && details !== null && "reason" in details ? details.reason : undefined;
  if (reason === "content_filter") return "content_filter";
  if (reason === "max_output_tokens" || response["status"] === "incomplete") return "length";
  return calledTools ? "tool_calls" : "stop";
}
