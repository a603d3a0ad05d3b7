/** `/global/activity`: calls and tokens by day for charts, refusals and cache hits. */
import { z } from "zod";
import { cacheHits, rateLimited, rateLimitedByUpstream } from "../../../store/spend/performance.ts";
import { type DayTotal, dailyTotals, dailyTotalsBy } from "../../../store/spend/sums.ts";
import type { Route } from "../../route.ts";
import { adminRoute, queryOf } from "../admin-call.ts";
import { chartDate, DATES, daysOf, MOST_LOG_DAYS, timesOf } from "./dates.ts";
import { ownOf } from "./sight.ts";

const DatesQuery = z.object(DATES);
const GroupQuery = z.object({ ...DATES, model_group: z.string().min(1).max(512) });

/** Models and upstreams of one chart, as in LiteLLM. */
const MOST_LINES = 10;

export const activityRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/global/activity"],
    access: "spend",
    summary: "Calls and tokens by day",
    tag: "spend",
    async handle(call) {
      return activity(await dailyTotals(call.db, { ...daysOf(queryOf(call, DatesQuery)), ...ownOf(call) }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/activity/model"],
    access: "spend",
    summary: "Calls and tokens by day, of the ten models most called",
    tag: "spend",
    async handle(call) {
      const filter = { ...daysOf(queryOf(call, DatesQuery)), ...ownOf(call) };
      const models = Map.groupBy(await dailyTotalsBy(call.db, "modelGroup", filter), ({ id }) => id);
      return [...models]
        .map(([model, days]) => ({ model, ...activity(days) }))
        .sort((a, b) => b.sum_api_requests - a.sum_api_requests)
        .slice(0, MOST_LINES);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/activity/exceptions"],
    access: "spend_all",
    summary: "Calls of a model group refused with 429, by day",
    tag: "spend",
    async handle(call) {
      const { model_group, ...dates } = queryOf(call, GroupQuery);
      const times = timesOf(daysOf(dates, MOST_LOG_DAYS));
      return refusals(await rateLimited(call.db, { ...times, modelGroup: model_group }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/activity/exceptions/deployment"],
    access: "spend_all",
    summary: "Calls of a model group refused with 429, by day and upstream",
    tag: "spend",
    async handle(call) {
      const { model_group, ...dates } = queryOf(call, GroupQuery);
      const times = timesOf(daysOf(dates, MOST_LOG_DAYS));
      const rows = await rateLimitedByUpstream(call.db, { ...times, modelGroup: model_group });
      return [...Map.groupBy(rows, ({ apiBase }) => apiBase)]
        .map(([api_base, days]) => ({ api_base, ...refusals(days) }))
        .sort((a, b) => b.sum_num_rate_limit_exceptions - a.sum_num_rate_limit_exceptions)
        .slice(0, MOST_LINES);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/activity/cache_hits"],
    access: "spend_all",
    summary: "What the response cache answered, by key, operation and model",
    tag: "spend",
    async handle(call) {
      const rows = await cacheHits(call.db, timesOf(daysOf(queryOf(call, DatesQuery), MOST_LOG_DAYS)));
      return rows.map((row) => ({
        api_key: row.keyAlias ?? "Unnamed Key",
        call_type: row.callType,
        model: row.model,
        total_rows: row.calls,
        cache_hit_true_rows: row.hits,
        cached_completion_tokens: row.cachedTokens,
        generated_completion_tokens: row.generatedTokens,
      }));
    },
  }),
];

function activity(days: readonly DayTotal[]) {
  return {
    daily_data: days.map(({ day, requests, totalTokens }) => ({
      date: chartDate(day),
      api_requests: requests,
      total_tokens: totalTokens,
    })),
    sum_api_requests: sum(days, ({ requests }) => requests),
    sum_total_tokens: sum(days, ({ totalTokens }) => totalTokens),
  };
}

function refusals(days: readonly { day: string; calls: number }[]) {
  return {
    daily_data: days.map(({ day, calls }) => ({ date: chartDate(day), num_rate_limit_exceptions: calls })),
    sum_num_rate_limit_exceptions: sum(days, ({ calls }) => calls),
  };
}

function sum<Row>(rows: readonly Row[], of: (row: Row) => number): number {
  return rows.reduce((total, row) => total + of(row), 0);
}
