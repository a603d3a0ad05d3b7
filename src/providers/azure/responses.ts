/** The Responses API of Azure OpenAI. */
import type { ResponsesRequest } from "../../formats/openai/responses/types.ts";
import { without } from "../openai/json.ts";
import { openaiResponsesAdapter, servesResponses } from "../openai/responses.ts";
import type { NativeResponses, Target } from "../provider.ts";
import { host, underOwnName } from "./host.ts";
import { isBefore, isV1, type Layout, layoutOf, resourcePath, v1Layout } from "./place.ts";

/** LiteLLM's, where nothing says another. */
const USUAL_VERSION = "preview";

/** The first version with a date that has it. A deployment of an older one is asked by `/openai/v1`, which all resources have. */
const FIRST = "2025-03-01";

export function responsesLayout(target: Target): Layout {
  const layout = layoutOf(target);
  if (layout.name === "v1") return layout;
  const said = target.params?.["default_responses_api_version"];
  const usual = typeof said === "string" && said !== "" ? said : USUAL_VERSION;
  const isChosen = target.apiVersion !== undefined || /[?&]api-version=/.test(target.apiBase ?? "");
  if (!isChosen && target.params?.["api_version"] === undefined)
    return isV1(usual) ? v1Layout(usual) : { name: "dated", version: usual };
  return isBefore(layout, FIRST) ? v1Layout(usual) : layout;
}

export const responses: NativeResponses = {
  ...underOwnName(
    openaiResponsesAdapter({
      ...host,
      path: (target) => resourcePath("/responses", responsesLayout(target)),
      fix: plainReasoning,
    }),
  ),
  serves: servesResponses,
};

/** Azure gives reasoning a status, and refuses to have it back. */
function plainReasoning(request: ResponsesRequest): ResponsesRequest {
  if (!Array.isArray(request.input)) return request;
  const input = request.input.map((item) => (item.type === "reasoning" ? without(item, ["status"]) : item));
  return input.every((item, index) => item === request.input?.[index]) ? request : { ...request, input };
}
