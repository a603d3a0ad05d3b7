/** Health: is the process up, may it take traffic, and do the deployments answer. */
import type { Context } from "hono";
import { VERSION } from "../call/version.ts";
import { BadRequestError, NotFoundError } from "../formats/errors.ts";
import type { HealthResult } from "../health/book.ts";
import { isForBackground } from "../health/monitor.ts";
import type { Deployment } from "../router/deployment.ts";
import { priceGap } from "../router/price-gap.ts";
import type { Principal } from "../tenancy/principal.ts";
import type { Gateway } from "./gateway.ts";
import { mayUse } from "./model-names.ts";
import { readinessOf } from "./readiness.ts";
import type { Route, RouteCall } from "./route.ts";
import { healthParams } from "./show-deployment.ts";

export const healthRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/health/liveliness", "/health/liveness"],
    access: "public",
    summary: "Is the process up",
    tag: "health",
    handle: ({ context }) => context.json("I'm alive!"),
  },
  {
    method: "GET",
    paths: ["/health/readiness"],
    access: "public",
    summary: "May the gateway take traffic",
    tag: "health",
    async handle({ context, gateway }) {
      const readiness = await readinessOf(gateway.database);
      return context.json(readiness, readiness.status === "healthy" ? 200 : 503);
    },
  },
  {
    method: "GET",
    paths: ["/health/readiness/details"],
    access: "info",
    summary: "The same, and what runs here",
    tag: "health",
    handle: async ({ context, gateway }) =>
      context.json({
        ...(await readinessOf(gateway.database)),
        cache: gateway.cache?.type ?? null,
        litellm_version: VERSION,
        success_callbacks: [],
        use_aiohttp_transport: false,
        log_level: "INFO",
        is_detailed_debug: false,
      }),
  },
  {
    method: "GET",
    paths: ["/health"],
    access: "admin_view",
    summary: "Ask every deployment (or those of ?model= or ?model_id=) for a few tokens",
    tag: "health",
    handle: health,
  },
  {
    method: "GET",
    paths: ["/health/latest"],
    access: "admin_view",
    summary: "What health checks found last of each deployment",
    tag: "health",
    async handle({ context, gateway }) {
      const results = await gateway.health.latest();
      return context.json({
        latest_health_checks: Object.fromEntries(results.map((result) => [result.deploymentId, asCheck(result)])),
        total_models: results.length,
      });
    },
  },
  {
    method: "GET",
    paths: ["/health/history"],
    access: "admin_view",
    summary: "What health checks found, newest first (?model=, ?status_filter=, ?limit=, ?offset=)",
    tag: "health",
    async handle({ context, gateway }) {
      const { model, status_filter: status } = context.req.query();
      const [limit, offset] = [count(context, "limit", 100, 1), count(context, "offset", 0, 0)];
      const found = (await gateway.health.history())
        .filter((result) => model === undefined || result.modelName === model)
        .filter((result) => status === undefined || result.status === status)
        .slice(offset, offset + limit);
      return context.json({ health_checks: found.map(asCheck), total_records: found.length, limit, offset });
    },
  },
];

/** Asks, or tells what background checks found. 503 where a model was named and nothing of it answers. */
async function health({ context, gateway, principal }: RouteCall): Promise<Response> {
  const { model, model_id: id } = context.req.query();
  const deployments = named(gateway, model, id).filter(({ modelName }) => mayUse(gateway, principal, modelName));
  const results = gateway.health.runsInBackground
    ? await known(gateway, context, deployments)
    : await gateway.health.check(deployments);
  const details = gateway.config.settings.general.health_check_details ?? true;
  const endpoints = (status: HealthResult["status"]) =>
    results.flatMap((result) => {
      const deployment = deployments.find((one) => one.id === result.deploymentId);
      return result.status === status && deployment ? [asEndpoint(result, deployment, details, principal)] : [];
    });
  const [healthy, unhealthy, unchecked] = [endpoints("healthy"), endpoints("unhealthy"), endpoints("unchecked")];
  const isDown = (model ?? id) !== undefined && healthy.length === 0 && unhealthy.length > 0;
  return context.json(
    {
      healthy_endpoints: healthy,
      unhealthy_endpoints: unhealthy,
      healthy_count: healthy.length,
      unhealthy_count: unhealthy.length,
      ...(unchecked.length > 0 && { unchecked_endpoints: unchecked, unchecked_count: unchecked.length }),
    },
    isDown ? 503 : 200,
  );
}

/** @throws NotFoundError where a name or an id is asked for that is not there */
function named({ router }: Gateway, model: string | undefined, id: string | undefined): readonly Deployment[] {
  const deployments = router.groups.deployments();
  if (id !== undefined) {
    const found = deployments.filter((deployment) => deployment.id === id);
    if (found.length === 0) throw new NotFoundError(`Model with ID ${id} not found`, { param: "model_id" });
    return found;
  }
  if (model === undefined) return deployments;
  const literal = deployments.filter(({ modelName, litellmModel }) => modelName === model || litellmModel === model);
  const found = router.groups.find(model)?.deployments ?? literal;
  if (found.length === 0) throw new NotFoundError(`Model ${model} not found`, { param: "model" });
  return found;
}

/** What background checks found, or would have: those not checked yet are checked now. */
async function known(gateway: Gateway, context: Context, deployments: readonly Deployment[]): Promise<HealthResult[]> {
  const latest = new Map((await gateway.health.latest()).map((result) => [result.deploymentId, result]));
  const missing = deployments.filter((one) => !latest.has(one.id) && isForBackground(one));
  if (missing.length === 0) gateway.calls(context); // starts the next checks where it is time
  for (const result of missing.length > 0 ? await gateway.health.check(missing) : [])
    latest.set(result.deploymentId, result);
  return deployments.flatMap(({ id }) => latest.get(id) ?? []);
}

/** One endpoint in LiteLLM's fields. */
function asEndpoint(result: HealthResult, deployment: Deployment, details: boolean, viewer: Principal | undefined) {
  const params = details ? healthParams(deployment, viewer) : { model: deployment.litellmModel };
  const mode = deployment.info.mode ?? deployment.target.info?.mode;
  const gap = priceGap(deployment);
  return {
    ...params,
    model_id: result.deploymentId,
    ...(details && {
      model_name: result.modelName,
      ...(mode !== undefined && { mode }),
      ...result.rateLimits,
      ...(gap !== undefined && { price_warning: gap }),
      ...(result.error !== undefined && { error: result.error }),
    }),
    ...(result.errorStatus !== undefined && { exception_status: result.errorStatus }),
  };
}

/** One result in LiteLLM's fields. */
function asCheck({ deploymentId, modelName, status, checkedAt, took, error }: HealthResult) {
  const at = new Date(checkedAt).toISOString();
  return {
    health_check_id: `${deploymentId}-${checkedAt}`,
    model_name: modelName,
    model_id: deploymentId,
    status,
    healthy_count: status === "healthy" ? 1 : 0,
    unhealthy_count: status === "unhealthy" ? 1 : 0,
    error_message: error ?? null,
    response_time_ms: status === "unchecked" ? null : took,
    details: null,
    checked_by: null,
    checked_at: at,
    created_at: at,
  };
}

function count(context: Context, name: string, otherwise: number, least: number): number {
  const given = context.req.query(name);
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (Number.isInteger(number) && number >= least && number <= 1000) return number;
  throw new BadRequestError(`litellm.BadRequestError: ${name} must be a whole number from ${least} to 1000`, {
    param: name,
  });
}
