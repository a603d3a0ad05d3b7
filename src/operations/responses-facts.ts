/** What a request of the Responses API tells of itself: to prices, and to the router. */
import type { ResponsesRequest } from "../formats/openai/responses/types.ts";
import type { AskedTerms } from "../models/worst-case.ts";
import type { RouteRequest } from "../router/request.ts";
import { itemIdOf } from "../router/response-id.ts";
import { searchesOf } from "./searches.ts";

export function termsOf({ tools, service_tier, max_tool_calls, input }: ResponsesRequest): AskedTerms {
  const usual = searchesOf(tools ?? []);
  const searches = usual > 0 && typeof max_tool_calls === "number" ? Math.max(0, max_tool_calls) : usual;
  const runsCode = (tools ?? []).some(({ type }) => type === "code_interpreter");
  return {
    serviceTier: service_tier || null,
    ...(searches > 0 && { searches, searchContextSize: searchContextSize({ tools }) ?? null }),
    ...(runsCode && { measured: { sessions: 1 } }),
    ...(hasAudio(input) && { hasAudio: true }),
  };
}

export function searchContextSize({ tools }: Pick<ResponsesRequest, "tools">): string | undefined {
  const sizes = (tools ?? []).map(({ search_context_size: size }) => size);
  return sizes.find((size): size is string => typeof size === "string");
}

function hasAudio(input: ResponsesRequest["input"]): boolean {
  if (!Array.isArray(input)) return false;
  return input.some(({ content }) => Array.isArray(content) && content.some((part) => part?.type === "input_audio"));
}

/** Items that only the deployment can read that made them; it is best asked who made the last one. */
export function affinityOf(
  { input, user, previous_response_id, prompt_cache_key }: ResponsesRequest,
  session: string | undefined,
): RouteRequest["affinity"] {
  const ids = (Array.isArray(input) ? input : []).flatMap((item) => itemIdOf(item) ?? []).toReversed();
  return {
    session,
    user: user ?? undefined,
    ...(previous_response_id && { responseId: previous_response_id }),
    ...(ids.length > 0 && { encryptedItems: ids }),
    promptPrefix: prompt_cache_key ?? undefined,
  };
}

/** Its parameters by the names chat has for them, as the router knows providers by these. */
export function paramsOf(request: ResponsesRequest): string[] {
  const { tools, tool_choice, text, reasoning, max_output_tokens: limit } = request;
  const format = text?.format?.type;
  return [
    ...(tools?.length ? ["tools"] : []),
    ...(tools?.length && tool_choice ? ["tool_choice"] : []),
    ...(format !== undefined && format !== "text" ? ["response_format"] : []),
    ...(reasoning?.effort && reasoning.effort !== "none" ? ["reasoning_effort"] : []),
    ...(limit ? ["max_tokens"] : []),
    ...(["temperature", "top_p", "top_logprobs"] as const).filter((name) => (request[name] ?? null) !== null),
  ];
}
