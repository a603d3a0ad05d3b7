import type { ChatCompletion, ChatRequest, Usage } from "../formats/openai/chat.ts";
import { findModel, type ModelInfo, providerOf } from "../models/catalogue.ts";
import { cost, toUsd } from "../models/cost.ts";
import { countMessages, countTokens } from "../models/tokens.ts";
import { resolveModel } from "../providers/resolve.ts";

/** What the catalogue knows of `provider/model`; `undefined` where it does not. Prices in US dollars. */
export function getModelInfo(name: string): ModelInfo | undefined {
  const { provider, model } = resolveModel(name, { knownModels: providerOf });
  return findModel(model, provider);
}

/** US dollars of an answer; `undefined` where price or usage is unknown. */
export function completionCost(
  answer: { model?: string; usage?: Usage } & Partial<ChatCompletion>,
  name?: string,
): number | undefined {
  const model = name ?? answer.model;
  const info = model === undefined ? undefined : getModelInfo(model);
  if (info === undefined || answer.usage === undefined) return undefined;
  const total = cost(answer.usage, info, { serviceTier: answer.service_tier })?.total;
  return total === undefined ? undefined : toUsd(total);
}

/** Tokens of a text or of messages. Of models that are not OpenAI's it is an estimate. */
export function tokenCounter(input: { model: string; text: string } | ChatRequest): Promise<number> {
  return "messages" in input
    ? countMessages(input as ChatRequest, input.model)
    : countTokens(String(input.text), input.model); // only a request has messages
}
