/** Claude at Microsoft Foundry: Anthropic's API, below `/anthropic`. Source: Anthropic, "Claude in Microsoft Foundry". */

import { BadRequestError } from "../../formats/errors.ts";
import { claudeChatAdapter } from "../anthropic/chat.ts";
import { headers } from "../anthropic/endpoint.ts";
import { anthropicError } from "../anthropic/errors.ts";
import { type ClaudeHost, countTokensAdapter, messagesAdapter } from "../anthropic/messages.ts";
import { joinUrl } from "../http.ts";
import type { Provider, Target, UpstreamRequest } from "../provider.ts";
import { host } from "./host.ts";
import { rootOf } from "./place.ts";

const claude: Pick<ClaudeHost, "label" | "error"> = { label: host.label, error: anthropicError };

function post(path: string, json: Record<string, unknown>, target: Target, betas?: readonly string[]): UpstreamRequest {
  if (target.apiBase === undefined)
    throw new BadRequestError(`litellm.BadRequestError: ${host.slug} needs an api_base`, {
      provider: target.provider,
      model: target.model,
      param: "api_base",
    });
  const url = joinUrl(rootOf(target.apiBase), `/anthropic/v1/messages${path}`);
  return { method: "POST", url, headers: headers(target, betas), body: { json } };
}

export const claudeAdapters: Pick<Provider, "chat" | "messages" | "countTokens"> = {
  chat: claudeChatAdapter({ ...claude, send: (json, betas, target) => post("", json, target, betas) }),
  messages: messagesAdapter({ ...claude, send: (json, target) => post("", json, target) }),
  countTokens: countTokensAdapter({ ...claude, send: (json, target) => post("/count_tokens", json, target) }),
};

export function isClaude({ model }: Pick<Target, "model">): boolean {
  return /claude/i.test(model);
}
