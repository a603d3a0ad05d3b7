import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import { unstable_readConfig } from "wrangler";

const root = resolve(import.meta.dirname, "..");

/** What is asked of it here; wrangler's own type comes out as `any`. */
export interface WranglerConfig {
  d1_databases: { binding: string; database_name?: string; database_id?: string }[];
  r2_buckets?: { binding: string; bucket_name?: string }[];
  queues: { producers?: { queue?: string }[]; consumers?: { queue: string; dead_letter_queue?: string }[] };
}

/** `wrangler.toml`, read as wrangler does. */
export function readWranglerConfig(): WranglerConfig {
  return unstable_readConfig({ config: join(root, "wrangler.toml") });
}

/** Runs wrangler before the reader's eyes; where it fails, so does this process. */
export function wrangler(args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status } = spawnSync(COMMAND, args, { cwd: root, stdio: "inherit", env: { ...process.env, ...env } });
  if (status !== 0) process.exit(status ?? 1);
}

/** Runs wrangler unseen. */
export function wranglerSucceeds(args: readonly string[]): boolean {
  return spawnSync(COMMAND, args, { cwd: root, stdio: "ignore" }).status === 0;
}

const COMMAND = join(root, "node_modules/.bin/wrangler");
