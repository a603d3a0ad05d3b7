/** `npm run migrate`: applies the migrations of every D1 database the Worker is bound to (`--local`: of this machine's). */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { unstable_readConfig } from "wrangler";

const place = process.argv.includes("--local") ? "--local" : "--remote";
const { d1_databases } = unstable_readConfig({ config: join(import.meta.dirname, "..", "wrangler.toml") });
if (d1_databases.length === 0) console.log("no D1 database is bound: nothing to migrate");
for (const { binding } of d1_databases) {
  const { status } = spawnSync("wrangler", ["d1", "migrations", "apply", binding, place], { stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}
