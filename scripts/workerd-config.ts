/** The Cap'n Proto text that tells workerd what to serve. */
export interface WorkerdOptions {
  port: number;
  host: string;
  /** Names of environment variables the Worker may read. Values are never written down. */
  variables: readonly string[];
}

export function workerdConfig({ port, host, variables }: WorkerdOptions): string {
  const bindings = variables.map((name) => `    (name = ${quote(name)}, fromEnvironment = ${quote(name)}),`).join("\n");
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "gateway", worker = .gateway),
    # Upstreams are named by the config's owner, and may be on this machine (Ollama, vLLM).
    (name = "internet", network = (allow = ["public", "private", "local"], tlsOptions = (trustBrowserCas = true))),
  ],
  sockets = [(name = "http", address = ${quote(`${host}:${port}`)}, http = (), service = "gateway")],
);

const gateway :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-10-01",
  compatibilityFlags = ["enable_request_signal"],
  bindings = [
${bindings}
  ],
);
`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
