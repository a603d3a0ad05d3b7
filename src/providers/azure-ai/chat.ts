/** Chat completions of Microsoft Foundry's models, but for Claude's. */
import { OPENAI_CHAT_PARAMS } from "../../formats/openai/params.ts";
import { withDataSources } from "../azure/host.ts";
import { byModel } from "../azure/model.ts";
import { openaiChatAdapter, type RequestFix } from "../openai/chat.ts";
import { FOREIGN_FIELDS, plainParts, streamUsage, stripFields } from "../openai/messages.ts";
import { openaiModelParams, openaiParams, thinkingAsEffort } from "../openai/params.ts";
import type { ChatAdapter, Target } from "../provider.ts";
import { host, modelName, passParameters } from "./host.ts";
import { modelPath } from "./place.ts";

/** Rules of OpenAI's own models hold here, too. */
export function isOpenais(target: Target): boolean {
  return /^(?:gpt-\d|o\d|chatgpt|codex|computer-use)/i.test(byModel(target).model);
}

const params: RequestFix = (request, target) =>
  isOpenais(target) ? openaiModelParams(request, byModel(target)) : thinkingAsEffort(request);

export const chat: ChatAdapter = {
  ...openaiChatAdapter({
    ...host,
    path: modelPath("/chat/completions"),
    headers: passParameters,
    supportedParams,
    fixes: [
      (request) => ({ ...request, model: modelName(request.model) }),
      params,
      plainParts,
      stripFields(FOREIGN_FIELDS),
      streamUsage,
    ],
  }),
  finish: withDataSources,
};

function supportedParams(target: Target): ReadonlySet<string> {
  if (isOpenais(target)) return openaiParams(byModel(target));
  const mayThink = target.info === undefined || target.info.supports_reasoning === true;
  return new Set(OPENAI_CHAT_PARAMS.filter((name) => name !== "thinking" || mayThink));
}
