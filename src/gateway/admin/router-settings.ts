/** `/router/settings` and `/router/fields`: the settings of the router, described and as they are. */
import { DEFAULT_ROUTING, type RoutingSettings, type StrategyName } from "../../router/request.ts";
import { flag, integer, list, map, number, seconds, texts } from "../../router/settings/kinds.ts";
import { ROUTER_SETTINGS } from "../../router/settings/router.ts";
import type { Route } from "../route.ts";
import { type AdminCall, adminRoute } from "./admin-call.ts";

export const routerSettingsRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/router/settings"],
    access: "admin_view",
    summary: "The settings of the router, with their values",
    tag: "router",
    async handle(call) {
      const current_values = valuesOf(call);
      const fields = FIELDS.map((field) => ({ ...field, field_value: current_values[field.field_name] ?? null }));
      return { fields, current_values, routing_strategy_descriptions: STRATEGIES };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/router/fields"],
    access: "admin_view",
    summary: "The settings of the router, described",
    tag: "router",
    handle: async () => ({ fields: FIELDS, routing_strategy_descriptions: STRATEGIES }),
  }),
];

/** What each way to choose a deployment goes by. */
const STRATEGIES: Readonly<Record<StrategyName, string>> = {
  "simple-shuffle": "By chance; deployments with a higher weight, rpm or tpm more often.",
  "least-busy": "The one with the fewest requests under way.",
  "usage-based-routing": "The one with the fewest tokens in this minute.",
  "usage-based-routing-v2": "The one with the fewest tokens in this minute.",
  "latency-based-routing": "The one that has answered fastest.",
  "cost-based-routing": "The cheapest.",
  "power-of-two-choices": "The less busy and faster of two that are drawn.",
};

/** LiteLLM's names of types. */
const TYPES: Readonly<Record<string, string>> = {
  [integer.label]: "Integer",
  [number.label]: "Float",
  [seconds.label]: "Float",
  [flag.label]: "Boolean",
  [map.label]: "Dictionary",
  [list.label]: "List",
  [texts.label]: "List",
};

/** Where the router keeps what it goes by, of the settings that it has a default for or that routes may change. */
const IN_ROUTER: Readonly<Partial<Record<string, keyof RoutingSettings>>> = {
  routing_strategy: "strategy",
  num_retries: "numRetries",
  retry_after: "retryAfter",
  allowed_fails: "allowedFails",
  cooldown_time: "cooldownTime",
  disable_cooldowns: "disableCooldowns",
  fallbacks: "fallbacks",
  context_window_fallbacks: "contextWindowFallbacks",
  content_policy_fallbacks: "contentPolicyFallbacks",
  default_fallbacks: "defaultFallbacks",
  max_fallbacks: "maxFallbacks",
  enable_pre_call_checks: "preCallChecks",
  enable_tag_filtering: "tagFiltering",
  tag_filtering_match_any: "tagMatchAny",
  optional_pre_call_checks: "affinityChecks",
  deployment_affinity_ttl_seconds: "affinityTtl",
  hedge_budget: "hedgeBudget",
  mid_stream_fallback: "midStreamFallback",
};

function inRouter(settings: RoutingSettings, name: string): unknown {
  const field = Object.hasOwn(IN_ROUTER, name) ? IN_ROUTER[name] : undefined;
  return field && settings[field];
}

const FIELDS = Object.entries(ROUTER_SETTINGS)
  .filter(([, { state }]) => state === "in force")
  .map(([field_name, { kind, meaning }]) => ({
    field_name,
    field_type: TYPES[kind.label] ?? "String",
    field_value: null,
    field_description: meaning,
    field_default: inRouter(DEFAULT_ROUTING, field_name) ?? null,
    options: field_name === "routing_strategy" ? Object.keys(STRATEGIES) : null,
    ui_field_name: field_name.replaceAll("_", " ").replace(/^./, (first) => first.toUpperCase()),
    link: null,
  }));

/** Those that are set or have a default. None of them is secret. */
function valuesOf({ gateway }: AdminCall): Record<string, unknown> {
  const given: Readonly<Record<string, unknown>> = gateway.config.settings.router;
  const values = FIELDS.map(
    ({ field_name: name }) => [name, inRouter(gateway.router.settings, name) ?? given[name]] as const,
  );
  return Object.fromEntries(values.filter(([, value]) => value !== undefined));
}
