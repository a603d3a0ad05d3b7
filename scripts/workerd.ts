/** Runs a Worker on workerd with what `wrangler.toml` binds it to, its state in a folder of this machine. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import type { Migration, MigrationFailure } from "./embedded/migrate.ts";
import { StartError } from "./start-error.ts";
import { type WorkerdOptions, workerdConfig } from "./workerd-config.ts";

export const root = resolve(import.meta.dirname, "..");

/** What ends this process ends the Worker first. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** How long calls under way may take to end once the Worker is told to stop. */
const GRACE_MILLISECONDS = 5000;

export interface RunOptions extends Omit<WorkerdOptions, "control"> {
  /** Folder with the Worker, `worker.js`, its `config.json`, and `embedded.js`; what workerd reads is written beside them. */
  run: string;
  env: Record<string, string | undefined>;
  migrations: readonly Migration[];
  /** Takes what the Worker prints, instead of this process's output. */
  onOutput?: ((text: string) => void) | undefined;
}

export interface RunningWorkerd {
  child: ChildProcess;
  stop(): Promise<void>;
}

/**
 * Resolves when the database is migrated.
 * @throws StartError where it cannot be, or where workerd ends
 */
export async function runWorkerd({ run, env, migrations, onOutput, ...options }: RunOptions): Promise<RunningWorkerd> {
  writeFileSync(join(run, "migrations.json"), JSON.stringify(migrations));
  mkdirSync(options.objects, { recursive: true });
  // A folder of this user alone, with a path short enough for a socket. It is there only while the Worker starts.
  const folder = mkdtempSync(join(tmpdir(), "sluice-"));
  const control = join(folder, "control");
  const configFile = join(run, "workerd.capnp");
  writeFileSync(configFile, workerdConfig({ ...options, control }));
  // Experimental: events that a Worker sends to another (queue, scheduled).
  const child = spawn(join(root, "node_modules/workerd/bin/workerd"), ["serve", "--experimental", configFile], {
    env: env as NodeJS.ProcessEnv, // the same shape, of which Node's type also asks for TZ
    stdio: ["ignore", onOutput ? "pipe" : "inherit", onOutput ? "pipe" : "inherit"],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding("utf8").on("data", (output: string) => onOutput?.(output));
  const stop = () => stopped(child);
  for (const signal of SIGNALS) process.on(signal, stop);
  child.once("exit", () => {
    for (const signal of SIGNALS) process.off(signal, stop);
  });
  try {
    await untilStarted(control, child);
  } catch (error) {
    await stop();
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return { child, stop };
}

/** Bundles the gateway, `worker.js`, without its config, which is a module beside it; and `embedded.js`. */
export async function bundleGateway(folder: string): Promise<void> {
  await bundleWorker("src/worker.ts", join(folder, "worker.js"));
  await bundleEmbedded(folder);
}

export async function bundleEmbedded(folder: string): Promise<void> {
  await bundleWorker("scripts/embedded/worker.ts", join(folder, "embedded.js"));
}

/**
 * Bundles a Worker as wrangler would.
 * @param entry from the root of the repository
 */
async function bundleWorker(entry: string, outfile: string): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    outfile,
    alias: { "#config": "./config.json" },
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    mainFields: ["module", "main"],
    absWorkingDir: root,
    external: ["cloudflare:*", "./config.json"],
    logLevel: "error",
  });
}

async function stopped(child: ChildProcess): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM"); // lets calls that are under way end
  const patience = setTimeout(() => child.kill("SIGKILL"), GRACE_MILLISECONDS);
  await ended;
  clearTimeout(patience);
}

/** Asks the embedded worker to start, until it can be asked. */
async function untilStarted(control: string, child: ChildProcess): Promise<void> {
  const ended = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new StartError(`workerd cannot be run: ${error.message}`)));
    child.once("exit", (code) => reject(new StartError(`the gateway ended with code ${code} before it answered`)));
  });
  const started = async () => {
    while (!hasEnded(child)) {
      const answer = await ask(control).catch(() => undefined);
      if (answer?.status === 200) return;
      if (answer !== undefined) throw new StartError(reason(answer.body));
      await new Promise((next) => setTimeout(next, 10));
    }
  };
  await Promise.race([started(), ended]);
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

function ask(socketPath: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((done, fail) => {
    request({ socketPath, path: "/" }, (response) => {
      text(response).then((body) => done({ status: response.statusCode, body }), fail);
    })
      .once("error", fail)
      .end();
  });
}

function reason(body: string): string {
  try {
    const { name, error }: MigrationFailure = JSON.parse(body);
    return `migrations/${name} cannot be applied: ${error}`;
  } catch {
    return `the state on this machine cannot be used: ${body}`; // not the answer of a failed migration
  }
}
