/** Chat completions of Azure OpenAI. */
import { openaiChatAdapter, type RequestFix } from "../openai/chat.ts";
import {
  FOREIGN_FIELDS,
  metadataIfStored,
  noThinkingParts,
  plainParts,
  streamUsage,
  stripFields,
} from "../openai/messages.ts";
import { openaiModelParams, openaiParams, outputLimit } from "../openai/params.ts";
import type { ChatAdapter, Target } from "../provider.ts";
import { host, operationPath, underOwnName, withoutStreamOptions } from "./host.ts";
import { byModel } from "./model.ts";
import { isBefore, layoutOf } from "./place.ts";
import { withPromptFilter } from "./stream.ts";

/** Hints that are younger than some versions, which refuse whatever they do not know. */
const YOUNG_HINTS = ["prompt_cache_key", "prompt_cache_retention", "safety_identifier"];
const YOUNG_SINCE = "2025-03-01";

const modelParams: RequestFix = (request, target) => {
  const asked = openaiModelParams(request, byModel(target));
  // The newer name of the limit came with the models that think.
  return isBefore(layoutOf(target), "2024-09-01") ? outputLimit("max_tokens")(asked) : asked;
};

const chatOfOpenai = openaiChatAdapter({
  ...host,
  path: operationPath("/chat/completions"),
  rewritesAnswers: true, // for what its streams begin with: see stream.ts
  supportedParams,
  fixes: [modelParams, metadataIfStored, plainParts, noThinkingParts, stripFields(FOREIGN_FIELDS), streamUsage],
});

export const chat: ChatAdapter = {
  ...underOwnName(chatOfOpenai),
  finish: withoutStreamOptions,
  stream: (exchange) => withPromptFilter(chatOfOpenai.stream(exchange)),
};

function supportedParams(target: Target): ReadonlySet<string> {
  const byOpenai = openaiParams(byModel(target));
  if (!isBefore(layoutOf(target), YOUNG_SINCE)) return byOpenai;
  return new Set([...byOpenai].filter((name) => !YOUNG_HINTS.includes(name)));
}
