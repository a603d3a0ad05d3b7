/** The gateway of one isolate: config, router and what calls need, made once and shared by all requests. */
import type { Context } from "hono";
import type { BatchRooms } from "../batches/room.ts";
import type { Connect } from "../cache/redis/connection.ts";
import type { CallDependencies, Journal } from "../call/call.ts";
import { type IdempotencyStore, MemoryIdempotency } from "../call/idempotency.ts";
import type { SluiceError } from "../formats/errors.ts";
import { type HealthStore, MemoryHealthStore } from "../health/book.ts";
import { HealthMonitor } from "../health/monitor.ts";
import type { PayloadStore } from "../ledger/payloads.ts";
import type { ScopeAccounts } from "../limits/accounts.ts";
import type { Limiter } from "../limits/demand.ts";
import { LeasingLimiter } from "../limits/leasing.ts";
import { MemoryScopes } from "../limits/memory.ts";
import { PriceMemory } from "../operations/price-memory.ts";
import type { Deployment } from "../router/deployment.ts";
import { RoutingEngine } from "../router/engine.ts";
import { ModelGroups } from "../router/groups.ts";
import { MemoryRouterState, type RouterState } from "../router/state.ts";
import type { KeyStore } from "../secrets/managers/key-store.ts";
import { createVault, rootSecret, type Vault } from "../secrets/vault.ts";
import { type Database, unavailable } from "../store/database.ts";
import type { FileStore } from "../store/files.ts";
import { loadIdentity } from "../store/identities.ts";
import type { KeyIdentity } from "../store/identity.ts";
import type { Log } from "../telemetry/log.ts";
import type { Principal } from "../tenancy/principal.ts";
import { RecentCache } from "../tenancy/recent-cache.ts";
import { type AlertSender, Alerts } from "./alerts.ts";
import type { AuthPorts } from "./auth.ts";
import { type OpenCache, openCache } from "./cache/open.ts";
import type { SubjectLookup } from "./caller.ts";
import type { GatewayConfig } from "./config/load.ts";
import { deploymentGate } from "./deployment-limits.ts";
import { type Own, OwnRouting } from "./keys/own-routing.ts";
import { StoredModels } from "./stored-models.ts";
import { subjectDirectory } from "./subject-lookup.ts";

/** What keeps the process alive for a request, or for a message of a queue. */
export type Keeper = Pick<Context, "executionCtx">;

/** Somebody comes for it, sooner or later. */
export interface BackgroundRuns {
  start(id: string): Promise<void>;
}

export interface Gateway {
  config: GatewayConfig;
  router: RoutingEngine;
  idempotency: IdempotencyStore;
  health: HealthMonitor;
  fetch: typeof fetch;
  log: Log;
  /** Who is told of budgets, failures and changes. */
  alerts: Alerts;
  /** Keys and all that is managed; absent where the gateway has no database and the master key is the only key. */
  database: Database | undefined;
  /** Models, credentials and fallbacks of the database. */
  models: StoredModels;
  /** Where virtual keys are written; absent: nowhere. */
  keyStore: KeyStore | undefined;
  /** Encrypts what is secret in the database. */
  vault: Vault;
  /** Prompts and answers that are too big for a row; absent where no bucket is bound. */
  payloads: PayloadStore | undefined;
  /** Contents of clients' files; absent where no bucket is bound. */
  files: FileStore | undefined;
  /** Batches that the gateway runs itself; absent outside Workers. */
  batches: BatchRooms | undefined;
  /** Has responses made in the background; absent outside Workers. */
  runs: BackgroundRuns | undefined;
  /** Answers that are given again; absent where nothing is cached. */
  cache: OpenCache | undefined;
  /** What scopes have spent. */
  accounts: ScopeAccounts;
  /** Makes this isolate ask the database anew for whatever it knows of keys. */
  forgetTenancy(): void;
  /** Keeps the process alive for what goes on after the answer. */
  waitUntil(context: Keeper, promise: Promise<unknown>): void;
  /** What auth goes by within this request. */
  authPorts(context: Keeper): AuthPorts;
  /** Customers and tags, for a call within this request. */
  subjects(context: Keeper): SubjectLookup;
  /** What a call within this request may use. */
  calls(context: Keeper): CallDependencies;
  /**
   * The gateway as this caller has it: with the models and the routing of its key.
   * @throws ServiceUnavailableError where those cannot be served
   */
  as(principal: Principal): Gateway | Promise<Gateway>;
}

export function createGateway(
  config: GatewayConfig,
  ports: {
    log: Log;
    fetch?: typeof fetch;
    /** Reaches the public internet alone. */
    publicFetch?: typeof fetch;
    state?: RouterState;
    idempotency?: IdempotencyStore;
    health?: HealthStore;
    database?: Database;
    /** Counters of scopes; in this process if absent. */
    scopes?: { limiter: Limiter; accounts: ScopeAccounts };
    payloads?: PayloadStore;
    files?: FileStore;
    batches?: BatchRooms;
    runs?: BackgroundRuns;
    /** By which Redis is reached, and the bucket for cached answers. */
    cache?: { connect?: Connect; bucket?: R2Bucket };
    /** Absent: nobody is told. */
    alerts?: AlertSender;
    /** Absent: what becomes of calls is only logged. */
    journal?: Journal;
  },
): Gateway {
  const outbound: typeof fetch = ports.fetch ?? ((input, init) => fetch(input, init));
  const health = createMonitor(config, outbound, ports, () => router.groups.deployments());
  const { limiter, accounts } = ports.scopes ?? scopesInMemory();
  const gate = deploymentGate(config, limiter);
  const alerts = new Alerts(config.settings.alerts, ports.alerts);
  const callLog = alerts.listening(ports.log);
  const router: RoutingEngine = new RoutingEngine({
    // Until the database has been read, a name that is not in the file may be there.
    groups: new ModelGroups(config.deployments, config.aliases, ports.database && notYetKnown),
    settings: config.settings.routing,
    state: alerts.watching(ports.state ?? new MemoryRouterState()),
    isUnhealthy: (id) => health.isUnhealthy(id),
    isClosed: (id) => gate.isClosed(id),
  });
  const { database } = ports;
  const prices = new PriceMemory();
  const vault = createVault(rootSecret(config.variable, config.masterKey));
  const cache = openCache(config.settings.cache, { fetch: outbound, log: ports.log, vault, ...ports.cache });
  const models = new StoredModels({ config, database, vault, router, log: ports.log, now: Date.now });
  const onStale = (subject: string, error: unknown) => ports.log.fault(subject, error);
  const directory = subjectDirectory(config, database, onStale);
  const ttl = config.settings.general.user_api_key_cache_ttl;
  const identities = new RecentCache<KeyIdentity | undefined>({
    load: (token) => loadKnown(database, token),
    now: Date.now,
    ...(ttl !== undefined && { bound: ttl * 1000 }),
    onStale: (_, error) => onStale("keys", error),
  });
  const ownRouting = new OwnRouting({ config, router, credentials: () => models.credentials, vault, log: ports.log });
  const gateway: Gateway = {
    config,
    router,
    database,
    models,
    vault,
    keyStore: config.settings.openKeyStore?.({ fetch: outbound, now: Date.now }),
    accounts,
    alerts,
    payloads: ports.payloads,
    files: ports.files,
    batches: ports.batches,
    runs: ports.runs,
    cache,
    forgetTenancy() {
      identities.clear();
      directory.clear();
    },
    waitUntil,
    subjects: (context) => directory.within((promise) => waitUntil(context, promise)),
    authPorts: (context) => ({
      masterKey: config.masterKey,
      keyHeader: config.settings.general.litellm_key_header_name,
      findKey: database && ((token) => identities.get(token, (promise) => waitUntil(context, promise))),
      now: Date.now(),
    }),
    idempotency: ports.idempotency ?? new MemoryIdempotency(),
    health,
    fetch: outbound,
    log: ports.log,
    calls: (context) => {
      health.tick((promise) => waitUntil(context, promise));
      return {
        router,
        limiter,
        gate,
        journal: ports.journal ?? NO_JOURNAL,
        payloads: ports.payloads,
        log: callLog,
        fetch: outbound,
        publicFetch: ports.publicFetch,
        now: Date.now,
        waitUntil: (promise) => waitUntil(context, promise),
        onBudgetRefused: (refusal) => alerts.budgetRefused(refusal, accounts, (promise) => waitUntil(context, promise)),
        settings: config.settings.calls,
        prices,
        ...(cache && { cache }),
      };
    },
    as(principal) {
      const own = ownRouting.of(principal.identity);
      if (own === undefined) return gateway;
      return own instanceof Promise ? own.then((own) => withOwn(gateway, own)) : withOwn(gateway, own);
    },
  };
  return gateway;
}

function withOwn(gateway: Gateway, { router, settings }: Own): Gateway {
  return {
    ...gateway,
    router,
    calls(context) {
      const calls = gateway.calls(context);
      return { ...calls, router, settings: { ...calls.settings, ...settings } };
    },
  };
}

const NO_JOURNAL: Journal = { opened() {}, closed() {} };

function scopesInMemory(): { limiter: Limiter; accounts: ScopeAccounts } {
  const scopes = new MemoryScopes();
  return { limiter: new LeasingLimiter({ service: scopes }), accounts: scopes };
}

function notYetKnown(model: string): SluiceError {
  return unavailable(new Error(`whether there is a model ${model} is not known while the database cannot be read`));
}

async function loadKnown(database: Database | undefined, token: string): Promise<KeyIdentity | undefined> {
  if (database === undefined) return undefined;
  try {
    return await loadIdentity(database, token, Date.now());
  } catch (cause) {
    throw unavailable(cause);
  }
}

/** LiteLLM's `DEFAULT_HEALTH_CHECK_INTERVAL`, in seconds. */
const HEALTH_CHECK_INTERVAL = 300;
/** A Worker has few connections at a time. */
const HEALTH_CHECK_CONCURRENCY = 8;

function createMonitor(
  { settings }: GatewayConfig,
  outbound: typeof fetch,
  { log, health }: { log: Log; health?: HealthStore },
  deployments: () => readonly Deployment[],
): HealthMonitor {
  const { general } = settings;
  const asked = { ...general, ...settings.router };
  const interval = (general.health_check_interval || HEALTH_CHECK_INTERVAL) * 1000; // 0 is "not set", as it is to Python
  const staleness = (asked.health_check_staleness_threshold ?? 0) * 1000 || 2 * interval;
  return new HealthMonitor({
    deployments,
    store: health ?? new MemoryHealthStore(),
    log,
    fetch: outbound,
    now: Date.now,
    settings: settings.calls,
    concurrency: general.health_check_concurrency || HEALTH_CHECK_CONCURRENCY,
    ignoreTransient: asked.health_check_ignore_transient_errors ?? false,
    ...(general.background_health_checks && { interval }),
    ...(asked.enable_health_check_routing && { staleness }),
  });
}

/** Outside Workers there is no execution context, and nothing ends a promise early. */
export function waitUntil(context: Keeper, promise: Promise<unknown>): void {
  try {
    context.executionCtx.waitUntil(promise);
  } catch {
    promise.catch(() => {});
  }
}
