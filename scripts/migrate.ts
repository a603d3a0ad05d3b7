/** `npm run migrate`: applies the migrations of every D1 database the Worker is bound to (`--local`: of this machine's). */
import { readWranglerConfig, wrangler } from "./wrangler.ts";

const isLocal = process.argv.includes("--local");
for (const { binding } of readWranglerConfig().d1_databases)
  wrangler(
    ["d1", "migrations", "apply", binding, isLocal ? "--local" : "--remote"],
    isLocal ? { CI: "true" } : {}, // nobody is asked about a database of their own machine
  );
