/** The Worker. */
import compiled from "#config";
import { ServiceUnavailableError } from "./formats/errors.ts";
import { createApp } from "./gateway/app.ts";
import { connectSocket } from "./gateway/cache/socket.ts";
import { loadConfig } from "./gateway/config/load.ts";
import { createGateway, type Gateway } from "./gateway/gateway.ts";
import { housekeeping } from "./gateway/housekeeping.ts";
import { workForBatch } from "./gateway/llm/batches/work.ts";
import { isRunMessage, runInBackground } from "./gateway/llm/responses/run.ts";
import { consume } from "./ledger/consumer.ts";
import { bucketPayloads } from "./ledger/payloads.ts";
import { alertQueue, put } from "./objects/alerts.ts";
import { batchRooms } from "./objects/batch.ts";
import type { Bindings } from "./objects/bindings.ts";
import { healthObject } from "./objects/health.ts";
import { idempotencyObjects } from "./objects/idempotency.ts";
import { ledgerJournal } from "./objects/ledger.ts";
import { routerStateObjects } from "./objects/router-state.ts";
import { objectLimiter, scopeObjects } from "./objects/scope.ts";
import { openDatabase } from "./store/database.ts";
import { bucketFiles } from "./store/files.ts";
import { findSpender } from "./store/spenders.ts";
import { deliverAlerts } from "./telemetry/alerts/deliver.ts";
import { consoleLog } from "./telemetry/log.ts";

export { BatchObject } from "./objects/batch.ts";
export { HealthObject } from "./objects/health.ts";
export { IdempotencyObject } from "./objects/idempotency.ts";
export { LedgerObject } from "./objects/ledger.ts";
export { RouterStateObject } from "./objects/router-state.ts";
export { ScopeObject } from "./objects/scope.ts";

/** Bindings, and variables by any other name. */
type Env = Bindings;

/** The queue that wakes workers for batches, and that of alerts; all others bring rows of the ledger. */
const BATCH_QUEUE = "sluice-batches";
const ALERT_QUEUE = "sluice-alerts";

/** Seconds after which whoever was at a response, and is not heard of, has lost it. */
const RUN_AGAIN_AFTER = 130;

/** What this isolate runs: the config is parsed and validated once, by the first request. */
let running: { gateway: Gateway; app: ReturnType<typeof createApp> } | undefined;

function start(env: Env): NonNullable<typeof running> {
  const config = loadConfig(compiled, variables(env));
  const startedAt = Date.now();
  const log = consoleLog({ calls: config.settings.jsonLogs });
  for (const notice of config.notices) log.notice(notice);
  const gateway = createGateway(config, {
    log,
    state: routerStateObjects(env.ROUTER_STATE, (group, error) =>
      log.notice(`the state of ${group} is not shared with other isolates for now: ${error}`),
    ),
    idempotency: idempotencyObjects(env.IDEMPOTENCY),
    health: healthObject(env.HEALTH),
    database: openDatabase(env.DB),
    scopes: {
      limiter: objectLimiter(env.SCOPES, {
        // A version is the time of a change: what changed before this isolate began, it has never seen otherwise.
        onVersion: (_, version) => {
          if (version > startedAt) running?.gateway.forgetTenancy();
        },
        onFailure: (scope, error) => log.notice(`the counters of ${scope} cannot be reached: ${error}`),
      }),
      accounts: scopeObjects(env.SCOPES),
    },
    ...(env.PUBLIC_INTERNET && {
      publicFetch: (input, init) => env.PUBLIC_INTERNET?.fetch(input, init) ?? fetch(input, init),
    }),
    ...(env.PAYLOADS && { payloads: bucketPayloads(env.PAYLOADS) }),
    ...(env.FILES && { files: bucketFiles(env.FILES) }),
    cache: { connect: connectSocket, ...(env.CACHE && { bucket: env.CACHE }) },
    batches: batchRooms(env.BATCHES),
    runs: {
      async start(id) {
        await env.BATCH_QUEUE.send({ response: id });
      },
    },
    alerts: alertQueue(env.ALERT_QUEUE, (error) => log.notice(`an alert could not be sent: ${error}`)),
    journal: ledgerJournal(env, (text) => log.notice(text)),
  });
  return { gateway, app: createApp(gateway) };
}

function variables(env: Env): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => typeof value === "string"));
}

export default {
  fetch(request, env, context) {
    try {
      running ??= start(env);
    } catch (error) {
      consoleLog({ calls: false }).fault("start", error);
      const body = new ServiceUnavailableError("The gateway's config cannot be served; its log says why.").toBody();
      return Response.json(body, { status: 503 });
    }
    return running.app.fetch(request, env, context);
  },
  scheduled(_, env, context) {
    running ??= start(env);
    const { gateway } = running;
    const ready = gateway.models.ready((promise) => context.waitUntil(promise)) ?? Promise.resolve();
    context.waitUntil(ready.then(() => gateway.health.refresh("cron")));
    const kept = housekeeping(gateway);
    context.waitUntil(kept.catch((error: unknown) => gateway.log.fault("housekeeping", error)));
  },
  async queue(batch, env, context) {
    if (batch.queue === BATCH_QUEUE) {
      running ??= start(env);
      const { gateway } = running;
      await gateway.models.ready((promise) => context.waitUntil(promise));
      const keeper = { executionCtx: context };
      await Promise.all(
        batch.messages.map(async (message) => {
          const { body } = message;
          if (!isRunMessage(body)) return workForBatch(gateway, keeper, body);
          const isDone = await runInBackground(gateway, keeper, body).catch((error: unknown) => {
            gateway.log.fault(body.response, error);
            return false;
          });
          if (!isDone) message.retry({ delaySeconds: RUN_AGAIN_AFTER });
        }),
      );
      return;
    }
    if (batch.queue === ALERT_QUEUE) {
      running ??= start(env);
      const { gateway } = running;
      const { config, log } = gateway;
      const db = openDatabase(env.DB);
      await deliverAlerts(batch.messages, {
        settings: config.settings.alerts,
        spender: (scope) => findSpender(db, scope),
        send: (messages) => put(env.ALERT_QUEUE, messages),
        fetch: gateway.fetch,
        onNotice: (text) => log.notice(text),
        proxyUrl: config.variable("PROXY_BASE_URL"),
      });
      return;
    }
    const log = consoleLog({ calls: false });
    await consume(batch.messages, { db: openDatabase(env.DB), onNotice: (text) => log.notice(text) });
  },
} satisfies ExportedHandler<Env>;
