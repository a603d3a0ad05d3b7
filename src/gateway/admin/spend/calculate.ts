/** `/spend/calculate` and `/cost/estimate`: what a call costs, or would. Nothing is charged. */
import { z } from "zod";
import { BadRequestError, NotFoundError } from "../../../formats/errors.ts";
import { messageSchema, type Usage, usageSchema } from "../../../formats/openai/chat.ts";
import { findModel, type ModelInfo, providerOf } from "../../../models/catalogue.ts";
import { type Cost, cost, toUsd } from "../../../models/cost.ts";
import { countMessages } from "../../../models/tokens.ts";
import type { Gateway } from "../../gateway.ts";
import type { Route } from "../../route.ts";
import { adminRoute, bodyOf } from "../admin-call.ts";

const model = z.string().min(1).max(512);

const CalculateBody = z.object({
  model: model.nullish(),
  messages: z.array(messageSchema).max(10_000).nullish(),
  completion_response: z
    .object({
      model: model.nullish(),
      usage: usageSchema.nullish(),
      service_tier: z.string().max(64).nullish(),
    })
    .nullish(),
});

const tokens = z.number().int().min(0).max(1e9);
const calls = z.number().int().min(0).max(1e9).nullish();
const EstimateBody = z.object({
  model,
  input_tokens: tokens,
  output_tokens: tokens,
  num_requests_per_day: calls,
  num_requests_per_month: calls,
});
type Estimate = z.infer<typeof EstimateBody>;

export const calculateRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/spend/calculate"],
    access: "spend",
    mayBePublic: true,
    summary: "What messages would cost to ask of a model, or what an answer cost, in US dollars",
    tag: "spend",
    body: CalculateBody,
    async handle(call) {
      const { model, messages, completion_response: answer } = await bodyOf(call, CalculateBody);
      if (model) {
        if (!messages) throw wrong("Bad Request - messages must be provided if 'model' is provided", "messages");
        const { info, name } = known(call.gateway, model);
        return { cost: dollars(costOf(name, info, usageOf(await countMessages({ model: name, messages }, name), 0))) };
      }
      if (!answer) throw wrong("Bad Request - Either 'model' or 'completion_response' must be provided", "model");
      if (!answer.model || !answer.usage)
        throw wrong("Bad Request - completion_response must have a model and its usage", "completion_response");
      const { info, name } = known(call.gateway, answer.model);
      return { cost: dollars(costOf(name, info, answer.usage, answer.service_tier)) };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/cost/estimate"],
    access: "spend",
    summary: "What calls of so many tokens would cost: each, by day and by month",
    tag: "spend",
    body: EstimateBody,
    async handle(call) {
      const estimate = await bodyOf(call, EstimateBody);
      const { info, name, provider } = find(call.gateway, estimate.model) ?? {};
      if (info === undefined || name === undefined)
        throw new NotFoundError(`Model not found, or its price is not known: model=${estimate.model}`, {
          param: "model",
        });
      return estimateView(estimate, info, provider, (usage) => costOf(name, info, usage));
    },
  }),
];

interface Known {
  info: ModelInfo;
  /** The provider's name of the model. */
  name: string;
  provider: string | undefined;
}

/** By the name the gateway serves it under, with the prices of its deployment; else by the catalogue's. */
function find({ router: { groups } }: Gateway, model: string): Known | undefined {
  const deployment = groups.serves(model) ? groups.find(model)?.deployments[0] : undefined;
  const info = deployment === undefined ? findModel(model) : (deployment.target.info ?? deployment.info);
  if (info === undefined) return undefined;
  return {
    info,
    name: deployment?.target.model ?? model,
    provider: deployment?.target.provider ?? providerOf(model) ?? info.litellm_provider,
  };
}

function known(gateway: Gateway, model: string): Known {
  const found = find(gateway, model);
  if (found === undefined) throw unpriced(model);
  return found;
}

function usageOf(input: number, output: number): Usage {
  return { prompt_tokens: input, completion_tokens: output, total_tokens: input + output };
}

/** @throws BadRequestError where a price is not known: nothing is free because nobody knows what it costs */
function costOf(model: string, info: ModelInfo, usage: Usage, serviceTier?: string | null): Cost {
  const found = cost(usage, info, { ...(serviceTier && { serviceTier }), at: Date.now() });
  if (found === undefined) throw unpriced(model);
  return found;
}

const dollars = ({ total }: Cost) => toUsd(total);

function unpriced(model: string): BadRequestError {
  return wrong(`This model isn't mapped yet. model=${model}`, "model");
}

function wrong(message: string, param: string): BadRequestError {
  return new BadRequestError(message, { param, type: "bad_request" });
}

/** LiteLLM's `CostEstimateResponse`. Margins are not in force, so they are 0. */
function estimateView(
  estimate: Estimate,
  info: ModelInfo,
  provider: string | undefined,
  costOf: (usage: Usage) => Cost,
) {
  const { model, input_tokens, output_tokens } = estimate;
  const whole = costOf(usageOf(input_tokens, output_tokens));
  const input = whole.parts.input ?? 0;
  const each = { whole: whole.total, input, output: whole.total - input };
  const [perDay, perMonth] = [estimate.num_requests_per_day ?? null, estimate.num_requests_per_month ?? null];
  // Each call is rounded by itself on the ledger, too.
  const times = (nano: number, count: number | null) => (count === null ? null : toUsd(nano * count));
  return {
    model,
    input_tokens,
    output_tokens,
    num_requests_per_day: perDay,
    num_requests_per_month: perMonth,
    cost_per_request: toUsd(each.whole),
    input_cost_per_request: toUsd(each.input),
    output_cost_per_request: toUsd(each.output),
    margin_cost_per_request: 0,
    daily_cost: times(each.whole, perDay),
    daily_input_cost: times(each.input, perDay),
    daily_output_cost: times(each.output, perDay),
    daily_margin_cost: times(0, perDay),
    monthly_cost: times(each.whole, perMonth),
    monthly_input_cost: times(each.input, perMonth),
    monthly_output_cost: times(each.output, perMonth),
    monthly_margin_cost: times(0, perMonth),
    input_cost_per_token: info.input_cost_per_token ?? null,
    output_cost_per_token: info.output_cost_per_token ?? null,
    provider: provider ?? null,
  };
}
