/** The Cap'n Proto text that tells workerd what to serve. Objects and queue are those of `wrangler.toml`. */
import type { LedgerPauses } from "../src/objects/ledger.ts";
import type { ConsumerSettings } from "./embedded/bindings.ts";

/** Durable Object classes of the gateway by the name of their binding. */
export const OBJECTS: Readonly<Record<string, string>> = {
  ROUTER_STATE: "RouterStateObject",
  IDEMPOTENCY: "IdempotencyObject",
  HEALTH: "HealthObject",
  SCOPES: "ScopeObject",
  LEDGER: "LedgerObject",
  BATCHES: "BatchObject",
};

/** Those of the embedded worker: what Cloudflare has and this machine has not. */
const EMBEDDED_OBJECTS: Readonly<Record<string, string>> = {
  DATABASE: "DatabaseObject",
  QUEUE: "QueueObject",
  CLOCK: "ClockObject",
  BUCKET: "BucketObject",
};

const CONSUMERS: readonly ConsumerSettings[] = [
  {
    queue: "sluice-spend",
    deadLetterQueue: "sluice-spend-dead",
    maxBatchSize: 100,
    maxBatchTimeout: 1, // 5 on Cloudflare, where each row written costs; here what happens should be seen soon
    maxRetries: 10,
  },
  {
    queue: "sluice-alerts",
    deadLetterQueue: "sluice-alerts-dead",
    maxBatchSize: 10,
    maxBatchTimeout: 0,
    maxRetries: 30,
  },
  // One on Cloudflare, which runs many consumers at a time; here there is one.
  { queue: "sluice-batches", maxBatchSize: 16, maxBatchTimeout: 0, maxRetries: 2 },
];

const MINUTE = 60_000;

export interface WorkerdOptions {
  port: number;
  host: string;
  /** Names of environment variables the Worker may read. Values are never written down. */
  variables: readonly string[];
  /** Folder for the storage of the Durable Objects. */
  objects: string;
  /** Socket by which the embedded worker is told to start. */
  control: string;
  /** A second isolate of the gateway, with objects and database of the first: as Cloudflare runs many. */
  twin?: TwinOptions;
  /** In place of the consumers of `wrangler.toml`. */
  consumer?: Partial<ConsumerSettings>;
  /** Milliseconds between two cron events, in place of a minute. */
  cron?: number;
  /** In place of what the ledger pauses. */
  ledger?: LedgerPauses;
}

export interface TwinOptions {
  port: number;
  /** Bindings of objects that it cannot reach. */
  unreachable: readonly string[];
}

/** A class of objects that fail whatever they are asked. */
const NOTHING = `import { DurableObject } from "cloudflare:workers";
export class Nothing extends DurableObject {
  constructor(...given) { super(...given); throw new Error("unreachable"); }
}
export default { fetch: () => new Response(null, { status: 404 }) };`;

const MODULES = `(name = "worker.js", esModule = embed "worker.js"), (name = "config.json", json = embed "config.json")`;

/** Beside the text `worker.js`, `config.json`, `embedded.js` and `migrations.json` are expected. */
export function workerdConfig(options: WorkerdOptions): string {
  const { port, host, variables, objects, control, twin, consumer, cron = MINUTE, ledger } = options;
  const addressOf = (port: number) => quote(`${host.includes(":") ? `[${host}]` : host}:${port}`);
  const bindings = [
    ...variables.map((name) => `(name = ${quote(name)}, fromEnvironment = ${quote(name)})`),
    `(name = "DB", wrapped = (moduleName = "cloudflare-internal:d1-api", innerBindings = [(name = "fetcher", service = (name = "embedded", entrypoint = "Database"))]))`,
    `(name = "PUBLIC_INTERNET", service = "public")`,
    `(name = "SPEND_QUEUE", queue = (name = "embedded", entrypoint = "SpendQueue"))`,
    `(name = "ALERT_QUEUE", queue = (name = "embedded", entrypoint = "AlertQueue"))`,
    `(name = "BATCH_QUEUE", queue = (name = "embedded", entrypoint = "BatchQueue"))`,
    ...["FILES", "PAYLOADS", "CACHE"].map(
      (name) => `(name = ${quote(name)}, r2Bucket = (name = "embedded", entrypoint = "Bucket"))`,
    ),
    ...(ledger === undefined ? [] : [`(name = "LEDGER_PAUSES", json = ${quote(JSON.stringify(ledger))})`]),
  ];
  const embeddedBindings = [
    ...objectBindings(EMBEDDED_OBJECTS),
    `(name = "GATEWAY", service = "gateway")`,
    `(name = "MIGRATIONS", json = embed "migrations.json")`,
    `(name = "CONSUMERS", json = ${quote(JSON.stringify(CONSUMERS.map((one) => ({ ...one, ...consumer }))))})`,
    `(name = "CRON_EVERY", json = ${quote(JSON.stringify(cron))})`,
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "embedded", worker = .embedded),
${twin === undefined ? "" : `    (name = "twin", worker = .twin),\n    (name = "nothing", worker = .nothing),\n`}    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    # Upstreams are named by the config's owner, and may be on this machine (Ollama, vLLM).
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
    # Hosts that clients name are not: whatever their names resolve to.
    (name = "public", network = (allow = ["public"], tlsOptions = (trustBrowserCas = true))),
    (name = "nowhere", network = (allow = [])),
  ],
  sockets = [
    (name = "http", address = ${addressOf(port)}, http = (), service = "gateway"),
${twin === undefined ? "" : `    (name = "twin", address = ${addressOf(twin.port)}, http = (), service = "twin"),\n`}    (name = "control", address = ${quote(`unix:${control}`)}, http = (), service = "embedded"),
  ],
);

const gateway :Workerd.Worker = (
  modules = [${MODULES}],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
  durableObjectNamespaces = [
${lines(namespaces(OBJECTS))}
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
${lines([...bindings, ...objectBindings(OBJECTS)])}
  ],
);
${
  twin === undefined
    ? ""
    : `
const nothing :Workerd.Worker = (
  modules = [(name = "nothing.js", esModule = ${quote(NOTHING)})],
  compatibilityDate = "2026-10-01",
  durableObjectNamespaces = [(className = "Nothing", uniqueKey = "sluice-nothing")],
  durableObjectStorage = (inMemory = void),
);

const twin :Workerd.Worker = (
  modules = [${MODULES}],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [
${lines([...bindings, ...twinObjects(twin)])}
  ],
);
`
}
const embedded :Workerd.Worker = (
  modules = [(name = "embedded.js", esModule = embed "embedded.js")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["service_binding_extra_handlers"],
  globalOutbound = "nowhere",
  durableObjectNamespaces = [
${lines(namespaces(EMBEDDED_OBJECTS))}
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
${lines(embeddedBindings)}
  ],
);
`;
}

/** The first isolate's objects, as far as the twin can reach them. */
function twinObjects({ unreachable }: TwinOptions): string[] {
  const lost = Object.fromEntries(unreachable.map((name) => [name, "Nothing"]));
  const found = Object.fromEntries(Object.entries(OBJECTS).filter(([name]) => !(name in lost)));
  return [...objectBindings(found, "gateway"), ...objectBindings(lost, "nothing")];
}

/** @param service whose objects they are; absent: the worker's own */
function objectBindings(objects: Readonly<Record<string, string>>, service?: string): string[] {
  return Object.entries(objects).map(([name, className]) => {
    const space =
      service === undefined ? quote(className) : `(className = ${quote(className)}, serviceName = ${quote(service)})`;
    return `(name = ${quote(name)}, durableObjectNamespace = ${space})`;
  });
}

function namespaces(objects: Readonly<Record<string, string>>): string[] {
  return Object.values(objects).map(
    (className) => `(className = ${quote(className)}, uniqueKey = ${quote(`sluice-${className}`)}, enableSql = true)`,
  );
}

function lines(entries: readonly string[]): string {
  return entries.map((entry) => `    ${entry},`).join("\n");
}

function quote(text: string): string {
  return JSON.stringify(text);
}
