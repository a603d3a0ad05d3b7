/** Which format a model has by InvokeModel. Source: Amazon Bedrock user guide, "Inference request parameters". */

import { COMMAND_R_PARAMS, commandRBody } from "../../../formats/bedrock/invoke/command-r.ts";
import {
  command,
  deepseekR1,
  importedDeepseekR1,
  importedQwen,
  jurassic,
  llama2,
  llama3,
  llama4,
  mistral,
  titan,
} from "../../../formats/bedrock/invoke/text-models.ts";
import { familyName } from "../../../formats/bedrock/traits.ts";
import { BadRequestError } from "../../../formats/errors.ts";
import type { ChatAdapter, Target } from "../../provider.ts";
import { bedrockError } from "../errors.ts";
import { bedrockModel, knownName } from "../model.ts";
import { claudeChat } from "./claude.ts";
import { nova } from "./nova.ts";
import { openaiFormatAdapter } from "./openai-format.ts";
import { textAdapter, textsAdapter } from "./text.ts";

const openai = openaiFormatAdapter();
/** Those that know the one name alone. */
const likeOpenai = openaiFormatAdapter({ max_completion_tokens: "max_tokens" });
const commandR = textsAdapter({ params: COMMAND_R_PARAMS, body: commandRBody });

/** Formats of imported models, by the name before their ARN. */
const FORMATS: Readonly<Record<string, ChatAdapter>> = {
  anthropic: claudeChat,
  deepseek_r1: textAdapter(importedDeepseekR1),
  llama: textAdapter(llama3),
  mistral: textAdapter(mistral),
  openai,
  qwen2: textAdapter(importedQwen),
  qwen3: textAdapter(importedQwen),
};

/** By the beginning of the model's name; the first that fits. */
const FAMILIES: readonly (readonly [name: RegExp, adapter: ChatAdapter])[] = [
  [/^anthropic\.|claude/, claudeChat],
  [/^amazon\.nova/, nova],
  [/^amazon\.titan/, textAdapter(titan)],
  [/^meta\.llama2/, textAdapter(llama2)],
  [/^meta\.llama4/, textAdapter(llama4)],
  [/^meta\./, textAdapter(llama3)],
  [/^mistral\.(?:mistral-7b|mixtral-8x7b|mistral-(?:large|small)-2402)/, textAdapter(mistral)],
  [/^cohere\.command-r/, commandR],
  [/^cohere\.command/, textAdapter(command)],
  [/^ai21\.j2/, textAdapter(jurassic)],
  [/^deepseek\.r1/, textAdapter(deepseekR1)],
  [/^openai\./, openai],
  [/^(?:ai21|deepseek|google|minimax|mistral|moonshot|moonshotai|nvidia|qwen|writer|xai|zai)\./, likeOpenai],
];

/** @throws BadRequestError where the name does not tell */
export function invokeAdapterFor(target: Target): ChatAdapter {
  const { id, format } = bedrockModel(target.model);
  const imported = format === undefined ? undefined : FORMATS[format];
  if (imported !== undefined) return imported;
  const name = familyName(knownName(target));
  const found = FAMILIES.find(([pattern]) => pattern.test(name))?.[1];
  if (found !== undefined) return found;
  throw new BadRequestError(
    `litellm.BadRequestError: it is not known whose format ${JSON.stringify(id)} has by InvokeModel: name it before the ARN (bedrock/${Object.keys(FORMATS).join("/…, bedrock/")}/…), or leave out invoke/`,
    { provider: "bedrock", model: target.model, param: "model" },
  );
}

/** Chat by InvokeModel, whatever the model. */
export const invoke: ChatAdapter = {
  wire: "native",
  supportedParams: (target) => invokeAdapterFor(target).supportedParams(target),
  request: (request, target) => invokeAdapterFor(target).request(request, target),
  response: (body, exchange) => invokeAdapterFor(exchange.target).response(body, exchange),
  stream: (exchange) => invokeAdapterFor(exchange.target).stream(exchange),
  error: bedrockError,
};
