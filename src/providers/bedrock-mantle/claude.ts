/** Claude on Mantle, by Anthropic's Messages API. Source: Claude documentation, "Claude in Amazon Bedrock". */
import { withoutCacheScopes } from "../../formats/anthropic/cache-scope.ts";
import type { JsonObject } from "../../formats/json.ts";
import { claudeChatAdapter } from "../anthropic/chat.ts";
import { headers } from "../anthropic/endpoint.ts";
import { anthropicError } from "../anthropic/errors.ts";
import { type ClaudeHost, countTokensAdapter, messagesAdapter } from "../anthropic/messages.ts";
import { bedrockBetas, betasIn } from "../bedrock/invoke/betas.ts";
import type { Provider, Target, UpstreamRequest } from "../provider.ts";
import { mantleMessagesUrl } from "./endpoint.ts";

/** Betas it takes beyond those of Bedrock's runtime. */
const MORE = [
  "claude-code-20250219",
  "per-turn-control-2026-07-01",
  "structured-outputs-2025-11-13",
  "web-search-2025-03-05",
];

function send(body: JsonObject, target: Target, needed: readonly string[], tail: string): UpstreamRequest {
  const { "anthropic-beta": given, ...own } = target.headers ?? {};
  const asked = [...betasIn(given), ...needed];
  const betas = [...bedrockBetas(asked, target.model, body), ...asked.filter((beta) => MORE.includes(beta))];
  return {
    method: "POST",
    url: mantleMessagesUrl(target, tail),
    headers: headers({ ...target, headers: own }, betas),
    body: { json: withoutCacheScopes(body) }, // the feature is none of those it takes
  };
}

const host: ClaudeHost = {
  label: "Bedrock_mantle",
  error: anthropicError,
  send: (body, target) => send(body, target, [], ""),
};

export const claudeOnMantle: Pick<Provider, "chat" | "messages" | "countTokens"> = {
  chat: claudeChatAdapter({ ...host, send: (body, betas, target) => send(body, target, betas, "") }),
  messages: messagesAdapter(host),
  countTokens: countTokensAdapter({ ...host, send: (body, target) => send(body, target, [], "/count_tokens") }),
};
