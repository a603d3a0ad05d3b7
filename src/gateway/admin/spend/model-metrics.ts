/** `/model/metrics` and its like: how fast the upstreams of a model group answer, and how they fail. */
import { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";
import {
  errorsByClass,
  type Latency,
  latencyPerToken,
  slowCalls,
  timeToFirstToken,
} from "../../../store/spend/performance.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { dayText, lastDays, MOST_LOG_DAYS, timesBetween, timesOf } from "./dates.ts";
import { keyFilter } from "./sight.ts";

/** Days that are looked at where no time is given: LiteLLM's. */
const LAST = 30;
/** Seconds from which an answer is slow: LiteLLM's `alerting_threshold`. */
const SLOW = 300;

const MetricsQuery = z.object({
  _selected_model_group: z.string().max(512).optional(),
  startTime: z.string().max(64).optional(),
  endTime: z.string().max(64).optional(),
  api_key: z.string().max(4096).optional(),
  customer: z.string().max(512).optional(),
});

export const modelMetricsRoutes: readonly Route[] = [
  metricsRoute("/model/metrics", "Seconds for each token of the answers, by day and upstream", async (call, filter) =>
    chart(await latencyPerToken(call.db, filter)),
  ),
  metricsRoute(
    "/model/streaming_metrics",
    "Seconds until the first content of streams, by upstream: of a day's calls, or by day",
    async (call, filter) => {
      const isOneDay = dayText(filter.from) === dayText(filter.to - 1);
      return chart(await timeToFirstToken(call.db, filter, isOneDay));
    },
  ),
  metricsRoute(
    "/model/metrics/slow_responses",
    "Calls by upstream, and how many took longer than general_settings.alerting_threshold seconds",
    async (call, filter) => {
      const threshold = Number(call.gateway.config.settings.general.alerting_threshold ?? SLOW);
      const rows = await slowCalls(call.db, filter, threshold);
      return rows.map(({ apiBase, calls, slow }) => ({ api_base: apiBase, total_count: calls, slow_count: slow }));
    },
  ),
  metricsRoute("/model/metrics/exceptions", "Failed calls by upstream and class of the error", async (call, filter) => {
    const rows = await errorsByClass(call.db, filter);
    const models = Map.groupBy(rows, ({ model, apiBase }) => (apiBase === null ? model : `${model}-${apiBase}`));
    return {
      data: [...models].map(([model, errors]) => ({
        ...Object.fromEntries(errors.map(({ error, calls }) => [error, calls])),
        model,
        total_exceptions: errors.reduce((sum, { calls }) => sum + calls, 0),
      })),
      exception_types: [...new Set(rows.map(({ error }) => error))],
    };
  }),
];

async function filterOf(call: AdminCall) {
  const { _selected_model_group, startTime, endTime, api_key, customer } = queryOf(call, MetricsQuery);
  if ((startTime === undefined) !== (endTime === undefined))
    throw new BadRequestError("Please provide startTime and endTime", { param: "startTime" });
  const isGiven = startTime !== undefined && endTime !== undefined;
  return {
    ...(isGiven ? timesBetween(startTime, endTime, MOST_LOG_DAYS) : timesOf(lastDays(call.now, LAST))),
    ...(_selected_model_group && { modelGroup: _selected_model_group }),
    ...(await keyFilter(call, {}, api_key)),
    ...(customer && { customerIds: [customer] }),
  };
}

function metricsRoute(
  path: string,
  summary: string,
  handle: (call: AdminCall, filter: Awaited<ReturnType<typeof filterOf>>) => Promise<unknown>,
): Route {
  return adminRoute({
    method: "GET",
    paths: [path],
    access: "spend_all",
    summary,
    tag: "spend",
    handle: async (call) => handle(call, await filterOf(call)),
  });
}

/** A line for each upstream, a point for each day or call. */
function chart(latencies: readonly Latency[]) {
  const points = Map.groupBy(latencies, ({ at }) => at);
  return {
    data: [...points].map(([at, ofPoint]) => ({
      ...Object.fromEntries(ofPoint.map((latency) => [lineOf(latency), latency.seconds])),
      date: at,
    })),
    all_api_bases: [...new Set(latencies.map(lineOf))],
  };
}

const lineOf = ({ apiBase, model }: Latency) => apiBase ?? model;
