/** The Cap'n Proto text that tells workerd what to serve. The objects are those of `wrangler.toml`. */

/** Durable Object classes by the name of their binding. */
const OBJECTS: Readonly<Record<string, string>> = {
  ROUTER_STATE: "RouterStateObject",
  IDEMPOTENCY: "IdempotencyObject",
  HEALTH: "HealthObject",
};

export interface WorkerdOptions {
  port: number;
  host: string;
  /** Names of environment variables the Worker may read. Values are never written down. */
  variables: readonly string[];
  /** Folder for the storage of the Durable Objects. */
  objects: string;
}

export function workerdConfig({ port, host, variables, objects }: WorkerdOptions): string {
  const bindings = [
    ...variables.map((name) => `(name = ${quote(name)}, fromEnvironment = ${quote(name)})`),
    ...Object.entries(OBJECTS).map(
      ([name, className]) => `(name = ${quote(name)}, durableObjectNamespace = ${quote(className)})`,
    ),
  ];
  const namespaces = Object.values(OBJECTS).map(
    (className) => `(className = ${quote(className)}, uniqueKey = ${quote(`sluice-${className}`)}, enableSql = true)`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    (name = "objects", disk = (path = ${quote(objects)}, writable = true)),
    # Upstreams are named by the config's owner, and may be on this machine (Ollama, vLLM).
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = ${quote(`${host.includes(":") ? `[${host}]` : host}:${port}`)}, http = (), service = "gateway")],
);

const gateway :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
  durableObjectNamespaces = [
${lines(namespaces)}
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
${lines(bindings)}
  ],
);
`;
}

function lines(entries: readonly string[]): string {
  return entries.map((entry) => `    ${entry},`).join("\n");
}

function quote(text: string): string {
  return JSON.stringify(text);
}
