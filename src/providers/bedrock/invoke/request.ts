/** Requests of InvokeModel. Source: Amazon Bedrock API reference, "InvokeModel" and "InvokeModelWithResponseStream". */
import { asRecord, isRecord, type JsonObject } from "../../../formats/json.ts";
import { without } from "../../openai/json.ts";
import type { Target, UpstreamRequest } from "../../provider.ts";
import { headers, modelUrl } from "../endpoint.ts";

/** What Converse has in the body, InvokeModel has in headers. */
const IN_HEADERS = ["guardrailConfig", "performanceConfig", "serviceTier"];

/** @param body in the model's own format; what Bedrock itself is told beside it is taken out */
export function invokeRequest(target: Target, body: JsonObject, streams: boolean): UpstreamRequest {
  const own = Object.fromEntries(Object.entries(headers(target)).filter(([name]) => !ANTHROPICS.has(name)));
  return {
    method: "POST",
    url: modelUrl(target, streams ? "invoke-with-response-stream" : "invoke"),
    headers: {
      accept: streams ? "application/vnd.amazon.eventstream" : "application/json",
      ...settingsOf(body),
      ...own,
    },
    body: { json: without(body, IN_HEADERS) },
  };
}

/** A client's of Anthropic's; Bedrock has them in the body. */
const ANTHROPICS: ReadonlySet<string> = new Set(["anthropic-version", "anthropic-beta"]);

function settingsOf({ guardrailConfig, performanceConfig, serviceTier }: JsonObject): Record<string, string> {
  const { guardrailIdentifier: id, guardrailVersion: version, trace } = asRecord(guardrailConfig);
  const sent: Record<string, string> = {};
  if (isRecord(guardrailConfig)) {
    if (typeof id === "string") sent["x-amzn-bedrock-guardrailidentifier"] = id;
    if (typeof version === "string" || typeof version === "number")
      sent["x-amzn-bedrock-guardrailversion"] = String(version);
    // Converse has the words in lower case.
    if (typeof trace === "string") sent["x-amzn-bedrock-trace"] = trace.toUpperCase();
  }
  const { latency } = asRecord(performanceConfig);
  if (typeof latency === "string") sent["x-amzn-bedrock-performanceconfig-latency"] = latency;
  const { type: tier } = asRecord(serviceTier);
  if (typeof tier === "string") sent["x-amzn-bedrock-service-tier"] = tier;
  return sent;
}
