/** `/provider/budgets`: what `router_settings.provider_budget_config` allows, and what of it is spent. */
import { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute } from "../admin-call.ts";
import { spendOf } from "../spend.ts";
import { resetAt } from "../windows.ts";

/** LiteLLM takes the fields by either of their names. */
const ProviderBudget = z.object({
  budget_limit: z.coerce.number().nullish(),
  max_budget: z.coerce.number().nullish(),
  time_period: z.string().nullish(),
  budget_duration: z.string().nullish(),
});

export const providerBudgetRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/provider/budgets"],
    access: "spend_all",
    summary: "The budget of each provider, what is spent of it, and when it begins anew",
    tag: "spend",
    async handle(call) {
      const configured = call.gateway.config.settings.router.provider_budget_config;
      if (configured === undefined)
        throw new BadRequestError(
          "No provider budget config found. Please set a provider budget config in the router settings. https://docs.litellm.ai/docs/proxy/provider_budget_routing",
          { param: "provider_budget_config" },
        );
      const budgets = Object.entries(configured).map(
        async ([provider, budget]) => [provider, await budgetOf(call, provider, budget)] as const,
      );
      return { providers: Object.fromEntries(await Promise.all(budgets)) };
    },
  }),
];

async function budgetOf(call: AdminCall, provider: string, configured: unknown) {
  const budget = ProviderBudget.safeParse(configured).data ?? {};
  const period = { budget_duration: budget.time_period ?? budget.budget_duration ?? null, budget_anchor: null };
  return {
    budget_limit: budget.budget_limit ?? budget.max_budget ?? null,
    time_period: period.budget_duration,
    spend: await spendOf(call, scopeOf.provider(provider), period),
    budget_reset_at: resetAt(period, call.now),
  };
}
