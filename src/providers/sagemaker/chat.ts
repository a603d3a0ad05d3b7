/** Chat with containers that speak OpenAI's format (`sagemaker_chat/<endpoint>`). */
import { openaiChatAdapter } from "../openai/chat.ts";
import { compatibleRules } from "../openai/errors.ts";
import { without } from "../openai/json.ts";
import { FOREIGN_FIELDS, noThinkingParts, plainParts, streamUsage, stripFields } from "../openai/messages.ts";
import { openaiParams } from "../openai/params.ts";
import type { ChatAdapter } from "../provider.ts";
import { invocation } from "./endpoint.ts";
import { LABEL, sagemakerError } from "./errors.ts";
import { ofParts } from "./stream.ts";

/** How answers in OpenAI's format are read. */
const reader = openaiChatAdapter({
  slug: "sagemaker_chat",
  label: LABEL,
  keyVariables: [],
  supportedParams: openaiParams,
  fixes: [],
  rules: compatibleRules,
});

const FIXES = [plainParts, noThinkingParts, stripFields(FOREIGN_FIELDS), streamUsage];

export const chat: ChatAdapter = {
  ...reader,
  wire: "native",
  request(request, target) {
    const body = FIXES.reduce((fixed, fix) => fix(fixed), request);
    return invocation(target, without(body, ["model"]), request.stream === true);
  },
  stream: (exchange) => ofParts(reader.stream(exchange), exchange),
  error: sagemakerError,
};
