/** `npm start`: the gateway on this machine, on workerd, with no account and no network. */
import { parseArgs } from "node:util";
import { type RunningGateway, runGateway } from "./run-gateway.ts";
import { StartError } from "./start-error.ts";

const USAGE = `npm start -- [--config FILE] [--port N] [--host ADDRESS] [--state DIR]

  --config FILE    LiteLLM's config.yaml              (./config.yaml, else the example config)
  --port N         port to listen on                  (4000)
  --host ADDRESS   address to listen on               (127.0.0.1; 0.0.0.0 for every interface)
  --state DIR      where its state is kept            (.sluice)`;

function readOptions() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: { config: text, port: text, host: text, state: text, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const given = values.port ?? process.env["PORT"] ?? "4000";
  const port = Number(given);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new StartError(`--port must be a number from 0 to 65535, not ${given}`);
  return {
    config: values.config,
    port,
    host: values.host ?? "127.0.0.1",
    state: values.state ?? ".sluice",
    env: process.env,
  };
}

function banner({ url, key, keyFile, config }: RunningGateway): string {
  return `
Sluice is at ${url}  (${config.file}: ${config.models} models)
Admin key    ${key}${keyFile === undefined ? "" : `  (kept in ${keyFile})`}
API          ${url}/docs${config.unset.length === 0 ? "" : `\nNot set      ${config.unset.join(", ")}: models that need them will not answer`}

Try it:
  curl ${url}/v1/chat/completions \\
    -H "Authorization: Bearer ${key}" \\
    -H "Content-Type: application/json" \\
    -d '{"model": "${config.firstModel}", "messages": [{"role": "user", "content": "Hello"}]}'
`;
}

try {
  const gateway = await runGateway(readOptions());
  gateway.child.on("exit", (code, signal) => process.exit(signal === null ? (code ?? 1) : 0));
  for (const warning of gateway.config.warnings) console.warn(warning);
  console.log(banner(gateway));
} catch (error) {
  const known = error instanceof StartError || (error instanceof TypeError && "code" in error);
  console.error(known ? (error as Error).message : error); // known: an Error either way
  process.exit(1);
}
