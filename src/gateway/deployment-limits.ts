/** What the config says of the limits of deployments and the budgets of providers. */
import { DeploymentGate } from "../call/deployment-gate.ts";
import { isRecord } from "../formats/json.ts";
import type { Limiter } from "../limits/demand.ts";
import type { Deployment } from "../router/deployment.ts";
import type { Budget } from "../tenancy/subjects.ts";
import type { GatewayConfig } from "./config/load.ts";

/** Strategies that go by `rpm` and `tpm` as limits; to the shuffle they are weights. */
const ENFORCING: ReadonlySet<string> = new Set([
  "usage-based-routing",
  "usage-based-routing-v2",
  "latency-based-routing",
  "cost-based-routing",
  "power-of-two-choices",
]);

export function deploymentGate({ settings }: GatewayConfig, limiter: Limiter): DeploymentGate {
  const { strategy, affinityChecks } = settings.routing;
  return new DeploymentGate({
    limiter,
    enforcesRates: ENFORCING.has(strategy) || affinityChecks.includes("enforce_model_rate_limits"),
    providerBudgets: providerBudgets(settings.router.provider_budget_config),
    deploymentBudget,
    parallel: ({ raw }) =>
      countOf(raw.params["max_parallel_requests"]) ??
      settings.router.default_max_parallel_requests ??
      settings.general.max_parallel_requests,
    timezone: settings.calls.timezone,
    now: Date.now,
  });
}

/** `{openai: {budget_limit: 100, time_period: "1d"}}`; `max_budget` and `budget_duration` mean the same. */
export function providerBudgets(given: Readonly<Record<string, unknown>> = {}): Map<string, Budget> {
  const budgets = new Map<string, Budget>();
  for (const [provider, value] of Object.entries(given)) {
    if (!isRecord(value)) continue;
    const limit = value["budget_limit"] ?? value["max_budget"];
    const budget = budgetOf(limit, value["time_period"] ?? value["budget_duration"]);
    if (budget !== undefined) budgets.set(provider, budget);
  }
  return budgets;
}

/** `max_budget` and `budget_duration` of `litellm_params`. */
function deploymentBudget({ raw }: Deployment): Budget | undefined {
  return budgetOf(raw.params["max_budget"], raw.params["budget_duration"]);
}

function countOf(value: unknown): number | undefined {
  const count = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof count === "number" && Number.isInteger(count) ? count : undefined;
}

function budgetOf(limit: unknown, period: unknown): Budget | undefined {
  const dollars = typeof limit === "string" && limit.trim() !== "" ? Number(limit) : limit;
  if (typeof dollars !== "number" || !Number.isFinite(dollars)) return undefined;
  return { dollars, ...(typeof period === "string" && period !== "" && { duration: period }) };
}
