/** OpenAI. */
import type { Provider, Target } from "../provider.ts";
import { type ChatRow, openaiChatAdapter, type RequestFix } from "./chat.ts";
import { openaiRules } from "./errors.ts";
import { without } from "./json.ts";
import { FOREIGN_FIELDS, noThinkingParts, plainParts, streamUsage, stripFields } from "./messages.ts";
import { openaiModelParams, openaiParams } from "./params.ts";

/** LiteLLM's users put the gateway's metadata there; OpenAI takes it only for completions it keeps. */
const metadataIfStored: RequestFix = (request) => (request.store ? request : without(request, ["metadata"]));

const row: ChatRow = {
  slug: "openai",
  label: "OpenAI",
  base: "https://api.openai.com/v1",
  keyVariables: ["OPENAI_API_KEY"],
  headers: organizationHeaders,
  supportedParams: openaiParams,
  fixes: [openaiModelParams, metadataIfStored, plainParts, noThinkingParts, stripFields(FOREIGN_FIELDS), streamUsage],
  rules: openaiRules,
};

function organizationHeaders({ organization, params }: Target): Record<string, string> {
  const headers: Record<string, string> = {};
  const owner = organization ?? params?.["organization"];
  if (typeof owner === "string") headers["openai-organization"] = owner;
  if (typeof params?.["project"] === "string") headers["openai-project"] = params["project"];
  return headers;
}

export const openai: Provider = {
  slug: row.slug,
  label: row.label,
  keyVariables: row.keyVariables,
  baseVariables: ["OPENAI_BASE_URL", "OPENAI_API_BASE"],
  paramVariables: { organization: ["OPENAI_ORGANIZATION", "OPENAI_ORG_ID"], project: ["OPENAI_PROJECT_ID"] },
  chat: openaiChatAdapter(row),
};
