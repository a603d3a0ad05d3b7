/** What was spent, by whom and on what. */
import type { Route } from "../../route.ts";
import { activityRoutes } from "./activity.ts";
import { calculateRoutes } from "./calculate.ts";
import { dailyActivityRoutes } from "./daily-activity.ts";
import { globalSpendRoutes } from "./global.ts";
import { logRoutes } from "./logs.ts";
import { modelMetricsRoutes } from "./model-metrics.ts";
import { providerBudgetRoutes } from "./provider-budgets.ts";
import { reconcileRoutes } from "./reconcile.ts";
import { reportRoutes } from "./report.ts";
import { resetRoutes } from "./reset.ts";
import { spenderRoutes } from "./spenders.ts";
import { tagSpendRoutes } from "./tags.ts";

export const spendRoutes: readonly Route[] = [
  ...logRoutes,
  ...spenderRoutes,
  ...calculateRoutes,
  ...globalSpendRoutes,
  ...reportRoutes,
  ...reconcileRoutes,
  ...resetRoutes,
  ...activityRoutes,
  ...dailyActivityRoutes,
  ...tagSpendRoutes,
  ...modelMetricsRoutes,
  ...providerBudgetRoutes,
];
