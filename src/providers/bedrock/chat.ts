/** Chat by whichever of Bedrock's APIs the model is asked by. */
import type { ChatAdapter, Target } from "../provider.ts";
import { agent } from "./agent.ts";
import { converse } from "./converse.ts";
import { bedrockError } from "./errors.ts";
import { invoke } from "./invoke/families.ts";
import { type BedrockRoute, bedrockModel } from "./model.ts";
import { byOpenaiEndpoint, isOpenaiEndpoint } from "./openai-endpoint.ts";

const ADAPTERS: Readonly<Record<BedrockRoute, ChatAdapter>> = {
  agent,
  converse,
  "converse-like": converse,
  invoke,
};

function adapterFor(target: Target): ChatAdapter {
  return isOpenaiEndpoint(target) ? byOpenaiEndpoint : ADAPTERS[bedrockModel(target.model).route];
}

export const chat: ChatAdapter = {
  wire: "native",
  supportedParams: (target) => adapterFor(target).supportedParams(target),
  roomFor: (request, target) => adapterFor(target).roomFor?.(request, target) ?? 0,
  takesWholeResults: (target) => adapterFor(target).takesWholeResults?.(target) ?? false,
  claudesTools: (target) => adapterFor(target).claudesTools?.(target),
  refusesSerialCalls: (target) => adapterFor(target).refusesSerialCalls?.(target) ?? false,
  request: (request, target) => adapterFor(target).request(request, target),
  response: (body, exchange) => adapterFor(exchange.target).response(body, exchange),
  stream: (exchange) => adapterFor(exchange.target).stream(exchange),
  error: bedrockError,
};
