/** Runs the gateway on this machine: compiles the config, bundles the Worker with it, and starts workerd. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { ConfigError } from "../src/gateway/config/diagnostics.ts";
import { type CompiledConfig, compileConfig } from "./compile-config.ts";
import { workerdConfig } from "./workerd-config.ts";

const root = resolve(import.meta.dirname, "..");

/** What ends this process ends the gateway first. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How long calls under way may take to end once the gateway is told to stop. */
const GRACE_MILLISECONDS = 5000;

export interface GatewayOptions {
  /** Config file; `./config.yaml`, else the example config of the repository. */
  config?: string | undefined;
  port: number;
  host: string;
  /** Folder for what is kept: the generated key. */
  state: string;
  /** What `os.environ/NAME` resolves to. */
  env: Record<string, string | undefined>;
  /** Takes what the gateway prints, instead of this process's output. */
  onOutput?: (text: string) => void;
}

export interface RunningGateway {
  url: string;
  /** The admin key. */
  key: string;
  /** Where the key is kept, if it was generated. */
  keyFile: string | undefined;
  config: CompiledConfig;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** A reason not to start that its reader can mend. */
export class StartError extends Error {
  override name = "StartError";
}

/** @throws StartError where config, port or key do not allow it */
export async function runGateway(options: GatewayOptions): Promise<RunningGateway> {
  const state = resolve(options.state);
  const run = join(state, "run");
  mkdirSync(run, { recursive: true });
  const compiledFile = join(run, "config.json");
  const config = compile(options, compiledFile);
  const port = await freePort(options);
  const keyFile = config.masterKey === undefined ? join(state, "master-key") : undefined;
  const key = keyFile === undefined ? (config.masterKey ?? "") : generatedKey(keyFile);
  await bundle(join(run, "worker.js"), compiledFile);

  const env: Record<string, string | undefined> = { ...options.env, LITELLM_MASTER_KEY: key };
  const variables = config.variables.filter((name) => env[name] !== undefined);
  const objects = join(state, "objects");
  mkdirSync(objects, { recursive: true });
  const workerdFile = join(run, "workerd.capnp");
  writeFileSync(workerdFile, workerdConfig({ host: options.host, port, variables, objects }));
  const child = spawn(join(root, "node_modules/workerd/bin/workerd"), ["serve", workerdFile], {
    env: env as NodeJS.ProcessEnv, // the same shape, of which Node's type also asks for TZ
    stdio: ["ignore", options.onOutput ? "pipe" : "inherit", options.onOutput ? "pipe" : "inherit"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (text: string) => options.onOutput?.(text));
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM"); // lets calls that are under way end
    const patience = setTimeout(() => child.kill("SIGKILL"), GRACE_MILLISECONDS);
    await ended;
    clearTimeout(patience);
  };
  const url = `http://${reachable(options.host)}:${port}`;
  for (const signal of SIGNALS) process.on(signal, stop);
  child.once("exit", () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  });
  await untilReady(url, child);
  return { url, key, keyFile, config, child, stop };
}

/** An address of `--host` as it stands in a URL on this machine. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
}

function compile({ config: file, env }: GatewayOptions, out: string): CompiledConfig {
  try {
    return compileConfig({ file, out, env });
  } catch (error) {
    throw error instanceof ConfigError ? new StartError(error.message) : error;
  }
}

/** The admin key where the config names none: made once, readable by its owner only. */
function generatedKey(file: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8").trim();
  const key = `sk-${randomBytes(24).toString("base64url")}`;
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}

/** Finds out before anything is started, so that the message can say it. Port 0 takes any that is free. */
async function freePort({ port, host }: GatewayOptions): Promise<number> {
  const probe = createServer();
  return new Promise((done, fail) => {
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const reason = error.code === "EADDRINUSE" ? "it is in use; choose another with --port" : error.message;
      fail(new StartError(`cannot listen on ${host}:${port}: ${reason}`));
    });
    probe.listen(port, host, () => {
      const address = probe.address();
      probe.close(() => done(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

async function bundle(outfile: string, config: string): Promise<void> {
  await build({
    entryPoints: [join(root, "src/worker.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["module", "main"],
    alias: { "#config": config },
    absWorkingDir: root,
    external: ["cloudflare:*"],
    logLevel: "error",
  });
}

/** Resolves when the gateway answers; rejects when it ends before. */
async function untilReady(url: string, child: ChildProcess): Promise<void> {
  const ended = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new StartError(`workerd cannot be run: ${error.message}`)));
    child.once("exit", (code) => reject(new StartError(`the gateway ended with code ${code} before it answered`)));
  });
  const answers = async () => {
    while (child.exitCode === null && child.signalCode === null) {
      const response = await fetch(`${url}/health/liveliness`).catch(() => undefined);
      if (response?.ok) return;
      await new Promise((next) => setTimeout(next, 25));
    }
  };
  await Promise.race([answers(), ended]);
}
