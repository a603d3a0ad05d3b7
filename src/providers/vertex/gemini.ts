/** Gemini on Vertex AI: as on AI Studio, but for what differs here. Source: Vertex AI reference, `generateContent`. */
import { withoutCallIds } from "../../formats/gemini/call-ids.ts";
import { isRecord, type JsonObject } from "../../formats/json.ts";
import type { ChatRequest } from "../../formats/openai/chat.ts";
import { geminiChatAdapter } from "../gemini/chat.ts";
import { generateContentAdapter } from "../gemini/generate-content.ts";
import type { GeminiHost } from "../gemini/host.ts";
import type { Target } from "../provider.ts";
import { LABEL, vertexError } from "./errors.ts";
import { methodUrl } from "./place.ts";

export const vertexGemini: GeminiHost = {
  label: LABEL,
  endpoint: (target, method) => methodUrl(target, method),
  headers: (target, request) => ({ ...vertexHeaders(target), ...tierHeaders(request), ...target.headers }),
  fail: vertexError,
  refusesCallIds: true,
  params: ["metadata"],
  chatBody,
  nativeBody: withoutCallIds,
};

export const chat = geminiChatAdapter(vertexGemini);
export const generateContent = generateContentAdapter(vertexGemini);

export function vertexHeaders({ headers = {} }: Target): Record<string, string> {
  return { "content-type": "application/json", ...headers };
}

/** A tier is asked for by headers here. Source: Google Cloud, "Flex PayGo" and "Priority PayGo". */
function tierHeaders(request: ChatRequest | undefined): Record<string, string> {
  const tier = request?.service_tier;
  if (tier !== "flex" && tier !== "priority") return {};
  return { "x-vertex-ai-llm-request-type": "shared", "x-vertex-ai-llm-shared-request-type": tier };
}

function chatBody({ serviceTier: _, ...body }: JsonObject, { metadata }: ChatRequest): JsonObject {
  const labels = body["labels"] === undefined ? labelsOf(metadata) : undefined;
  return { ...body, ...(labels && { labels }) };
}

/** Google Cloud, "Labels": at most 64, of small letters, digits, `_` and `-`. What is no label is no reason to fail. */
const LABEL_NAME = /^\p{Ll}[\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u;
const LABEL_VALUE = /^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u;
const MOST_LABELS = 64;

/** What the client says of its call, by which costs can be told apart in Google's bill. */
function labelsOf(metadata: unknown): Record<string, string> | undefined {
  const labels = Object.entries(isRecord(metadata) ? metadata : {}).filter(
    (entry): entry is [string, string] =>
      LABEL_NAME.test(entry[0]) && typeof entry[1] === "string" && LABEL_VALUE.test(entry[1]),
  );
  return labels.length === 0 ? undefined : Object.fromEntries(labels.slice(0, MOST_LABELS));
}
