/** How one of the deployments that may serve a request is chosen. Source: LiteLLM's `router_strategy`. */
import type { Strategy, StrategyName } from "../request.ts";
import { costBased } from "./cost-based.ts";
import { latencyBased } from "./latency-based.ts";
import { leastBusy } from "./least-busy.ts";
import { powerOfTwo } from "./power-of-two.ts";
import { simpleShuffle } from "./simple-shuffle.ts";
import { usageBased } from "./usage-based.ts";

/** By LiteLLM's names, and `power-of-two-choices`, which it lacks. */
export const strategies: Readonly<Record<StrategyName, Strategy>> = {
  "simple-shuffle": simpleShuffle,
  "least-busy": leastBusy,
  "usage-based-routing": usageBased,
  "usage-based-routing-v2": usageBased,
  "latency-based-routing": latencyBased,
  "cost-based-routing": costBased,
  "power-of-two-choices": powerOfTwo,
};
