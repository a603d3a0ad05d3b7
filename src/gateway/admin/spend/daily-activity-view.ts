/** Daily activity as LiteLLM's `SpendAnalyticsPaginatedResponse`. */
import type { Activity, DayActivity, Part } from "../../../store/spend/activity.ts";
import type { KeyName } from "../../../store/spend/names.ts";
import type { Metrics } from "../../../store/spend/sums.ts";
import { metricsView, sumOf, totalsView } from "./metrics.ts";

export interface Names {
  keys: ReadonlyMap<string, KeyName>;
  /** Whatever is told of teams, organizations or customers. */
  entities: ReadonlyMap<string, object>;
}

/** LiteLLM's words for calls without a provider, and without an owner. */
const NO_PROVIDER = "unknown";
const NO_ENTITY = "Unassigned";

/** The totals are those of the page, as in LiteLLM: clients add up pages. */
export function activityView({ days, page, totalPages }: Activity, names: Names) {
  return {
    results: days.map((day) => dayView(day, names)),
    metadata: {
      ...totalsView(sumOf(days.map(({ metrics }) => metrics))),
      page,
      total_pages: totalPages,
      has_more: page < totalPages,
    },
  };
}

function dayView({ day, metrics, breakdown }: DayActivity, names: Names) {
  return {
    date: day,
    metrics: metricsView(metrics),
    breakdown: {
      mcp_servers: {},
      models: partsView(breakdown.models, names),
      model_groups: partsView(breakdown.modelGroups, names),
      providers: partsView(breakdown.providers, names, { none: NO_PROVIDER }),
      endpoints: partsView(breakdown.endpoints, names),
      api_keys: keysView(breakdown.keys, names),
      entities: partsView(breakdown.entities, names, { none: NO_ENTITY, metadata: names.entities }),
    },
  };
}

/** @param none the name of calls that have none; absent: they are left out */
function partsView(
  parts: Readonly<Record<string, Part>>,
  names: Names,
  { none, metadata }: { none?: string; metadata?: ReadonlyMap<string, object> } = {},
) {
  const shown = Object.entries(parts).flatMap(([id, part]) => {
    const name = id === "" ? none : id;
    return name === undefined ? [] : [[name, partView(part, names, metadata?.get(id) ?? {})] as const];
  });
  return Object.fromEntries(shown);
}

function partView({ metrics, keys }: Part, names: Names, metadata: object) {
  return { metrics: metricsView(metrics), metadata, api_key_breakdown: keysView(keys, names) };
}

function keysView(keys: Readonly<Record<string, Metrics>>, { keys: known }: Names) {
  const shown = Object.entries(keys).filter(([hash]) => hash !== "");
  return Object.fromEntries(
    shown.map(([hash, metrics]) => {
      const { key_alias = null, team_id = null } = known.get(hash) ?? {};
      return [hash, { metrics: metricsView(metrics), metadata: { key_alias, team_id } }];
    }),
  );
}
