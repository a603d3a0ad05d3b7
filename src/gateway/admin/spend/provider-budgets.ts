/** `/provider/budgets`: what `router_settings.provider_budget_config` allows, and what of it is spent. */
import { BadRequestError } from "../../../formats/errors.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Budget } from "../../../tenancy/subjects.ts";
import { providerBudgets } from "../../deployment-limits.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute } from "../admin-call.ts";
import { spendOf } from "../spend.ts";
import { resetAt } from "../windows.ts";

export const providerBudgetRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/provider/budgets"],
    access: "spend_all",
    summary: "The budget of each provider, what is spent of it, and when it begins anew",
    tag: "spend",
    async handle(call) {
      const budgets = providerBudgets(call.gateway.config.settings.router.provider_budget_config);
      if (budgets.size === 0)
        throw new BadRequestError(
          "No provider budget config found. Please set a provider budget config in the router settings. https://docs.litellm.ai/docs/proxy/provider_budget_routing",
          { param: "provider_budget_config" },
        );
      const views = [...budgets].map(
        async ([provider, budget]) => [provider, await budgetView(call, provider, budget)] as const,
      );
      return { providers: Object.fromEntries(await Promise.all(views)) };
    },
  }),
];

async function budgetView(call: AdminCall, provider: string, { dollars, duration }: Budget) {
  const period = { budget_duration: duration ?? null, budget_anchor: null };
  return {
    budget_limit: dollars,
    time_period: period.budget_duration,
    spend: await spendOf(call, scopeOf.provider(provider), period),
    budget_reset_at: resetAt(period, call),
  };
}
