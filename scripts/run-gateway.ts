/** Runs the gateway on this machine: compiles the config, bundles the Worker with it, and starts workerd. */
import type { ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { ConfigError } from "../src/gateway/config/diagnostics.ts";
import { type CompiledConfig, compileConfig } from "./compile-config.ts";
import { withFilesRead } from "./credential-files.ts";
import { readMigrations } from "./migrations.ts";
import { StartError } from "./start-error.ts";
import { bundleGateway, root, runWorkerd } from "./workerd.ts";
import type { TwinOptions, WorkerdOptions } from "./workerd-config.ts";

export interface GatewayOptions {
  /** Config file; `./config.yaml`, else the example config of the repository. */
  config?: string | undefined;
  port: number;
  host: string;
  /** Folder for what is kept: the generated key, the database, the queue, the objects. */
  state: string;
  /** What `os.environ/NAME` resolves to. */
  env: Record<string, string | undefined>;
  /** A second isolate beside the first, which knows of it only what the objects and the database tell. */
  twin?: Pick<TwinOptions, "unreachable"> | undefined;
  /** Folder with what `bundleGateway` made before; absent: it is made now. */
  bundles?: string | undefined;
  /** Queues, cron and ledger in another time than theirs. */
  pace?: Pick<WorkerdOptions, "consumer" | "cron" | "ledger">;
  /** Takes what the gateway prints, instead of this process's output. */
  onOutput?: (text: string) => void;
}

export interface RunningGateway {
  url: string;
  /** Of the second isolate. */
  twinUrl: string | undefined;
  /** The admin key. */
  key: string;
  /** Where the key is kept, if it was generated. */
  keyFile: string | undefined;
  config: CompiledConfig;
  child: ChildProcess;
  stop(): Promise<void>;
}

/** @throws StartError where config, port, key or a migration do not allow it */
export async function runGateway(options: GatewayOptions): Promise<RunningGateway> {
  const state = resolve(options.state);
  const run = join(state, "run");
  mkdirSync(run, { recursive: true });
  const config = compile(options, join(run, "config.json"));
  const port = await freePort(options);
  const twin = options.twin && { ...options.twin, port: await freePort({ ...options, port: 0 }) };
  const keyFile = config.masterKey === undefined ? join(state, "master-key") : undefined;
  const key = keyFile === undefined ? (config.masterKey ?? "") : generatedKey(keyFile);
  if (options.bundles === undefined) await bundleGateway(run);
  else for (const file of readdirSync(options.bundles)) copyFileSync(join(options.bundles, file), join(run, file));

  const env: Record<string, string | undefined> = {
    ...withFilesRead(options.env, config.credentialVariables),
    LITELLM_MASTER_KEY: key,
  };
  const { child, stop } = await runWorkerd({
    run,
    objects: join(state, "objects"),
    host: options.host,
    port,
    ...(twin && { twin }),
    ...options.pace,
    env,
    variables: config.variables.filter((name) => env[name] !== undefined),
    migrations: readMigrations(join(root, "migrations")),
    onOutput: options.onOutput,
  });
  const urlOf = (port: number) => `http://${reachable(options.host)}:${port}`;
  const url = urlOf(port);
  const twinUrl = twin && urlOf(twin.port);
  await untilReady(url, child);
  return { url, twinUrl, key, keyFile, config, child, stop };
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
