/**
 * The runtime's endpoint for clients of OpenAI's format, where the deployment's `api_base` names it
 * (`https://bedrock-runtime.<region>.amazonaws.com/openai/v1`). Source: Amazon Bedrock user guide, "Inference using Chat
 * Completions API".
 */
import { openaiChatAdapter } from "../openai/chat.ts";
import { compatibleRules } from "../openai/errors.ts";
import { FOREIGN_FIELDS, noThinkingParts, plainParts, streamUsage, stripFields } from "../openai/messages.ts";
import { openaiParams } from "../openai/params.ts";
import type { ChatAdapter, Target } from "../provider.ts";
import { LABEL } from "./errors.ts";
import { bedrockModel } from "./model.ts";
import { inReasoning, withReasoningApart } from "./reasoning.ts";

export function isOpenaiEndpoint({ apiBase = "" }: Target): boolean {
  return /\/openai\/v1\/?$/.test(apiBase);
}

const adapter = openaiChatAdapter({
  slug: "bedrock",
  label: LABEL,
  keyVariables: [],
  keyless: true, // it is signed
  supportedParams: openaiParams,
  fixes: [
    (request, { model }) => ({ ...request, model: bedrockModel(model).id }),
    plainParts,
    noThinkingParts,
    stripFields(FOREIGN_FIELDS),
    streamUsage,
  ],
  rules: compatibleRules,
});

export const byOpenaiEndpoint: ChatAdapter = {
  ...adapter,
  response: (body, exchange) => withReasoningApart(adapter.response(body, exchange)),
  stream: (exchange) => inReasoning(adapter.stream(exchange)),
};
