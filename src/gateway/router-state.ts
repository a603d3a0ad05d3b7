/** `GET /router/state`: what the router goes by at this moment. Sluice's own; LiteLLM shows it nowhere. */
import { NotFoundError } from "../formats/errors.ts";
import type { ModelGroup } from "../router/groups.ts";
import type { DeploymentStats } from "../router/state.ts";
import type { Gateway } from "./gateway.ts";
import type { Route } from "./route.ts";

export const routerStateRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/router/state"],
    access: "admin_view",
    summary: "Cooldowns, load and latency of every deployment (?model_group=, also a name that a wildcard serves)",
    tag: "router",
    handle({ context, gateway }) {
      const name = context.req.query("model_group");
      const groups = name === undefined ? allGroups(gateway) : [namedGroup(gateway, name)];
      const now = Date.now();
      const data = groups.flatMap(({ name: group, deployments }) =>
        deployments.map(({ id, target, order }) => ({
          model_group: group,
          model_id: id,
          model: `${target.provider}/${target.model}`,
          order: order ?? null,
          ...shown(gateway.router.state.stats(group, id, now), now),
        })),
      );
      return context.json({ routing_strategy: gateway.router.settings.strategy, data });
    },
  },
];

function allGroups({ router }: Gateway): ModelGroup[] {
  const groups = Map.groupBy(router.groups.deployments(), ({ modelName }) => modelName);
  return [...groups].map(([name, deployments]) => ({ name, deployments }));
}

/** @throws NotFoundError where nothing serves the name */
function namedGroup({ router }: Gateway, name: string): ModelGroup {
  const group = router.groups.find(name);
  if (group === undefined) throw new NotFoundError(`Model ${name} not found`, { param: "model_group" });
  return group;
}

function shown(stats: DeploymentStats, now: number) {
  const isCooling = stats.cooldownUntil > now;
  return {
    cooldown: isCooling
      ? {
          until: new Date(stats.cooldownUntil).toISOString(),
          seconds_left: Math.ceil((stats.cooldownUntil - now) / 1000),
          cause: stats.cooldownCause ?? null,
        }
      : null,
    on_probation: stats.onProbation,
    in_flight: stats.inFlight,
    this_minute: {
      requests: stats.requests,
      tokens: stats.tokens,
      successes: stats.successes,
      failures: stats.failures,
    },
    latency_ms_per_token: mean(stats.latencies),
    first_content_ms: mean(stats.firstContents),
  };
}

function mean(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  return Math.round((values.reduce((sum, value) => sum + value, 0) / values.length) * 1000) / 1000;
}
