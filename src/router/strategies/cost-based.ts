import type { Candidate, Strategy } from "../request.ts";
import { withinLimits } from "../within-limits.ts";
import { lowest } from "./lowest.ts";

/** US dollars a token, in and out, of a model whose price nobody knows: LiteLLM's figure, so that it comes last. */
const UNKNOWN_PRICE = 5;

/** `cost-based-routing`: of those within their limits the cheapest, by the price of a token in and a token out. */
export const costBased: Strategy = async (candidates, request, { random }) =>
  lowest(await withinLimits(candidates, request), price, random);

function price({ deployment }: Candidate): number {
  const { input_cost_per_token: input = UNKNOWN_PRICE, output_cost_per_token: output = UNKNOWN_PRICE } =
    deployment.target.info ?? {};
  return input + output;
}
