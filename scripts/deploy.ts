/**
 * `npm run deploy`: makes what the Worker is bound to where the account has it not yet (the D1 database, the queues,
 * the bucket), applies
 * the migrations, deploys. It may be run again at any time. Arguments go to `wrangler deploy`; secrets stay as they are.
 */
import { readWranglerConfig, wrangler, wranglerSucceeds } from "./wrangler.ts";

// Before anything is asked unseen: here wrangler logs in, asks which account it is, or says why it cannot.
wrangler(["d1", "list"]);

const { d1_databases, queues, r2_buckets = [] } = readWranglerConfig();

const databases = d1_databases.flatMap(({ database_id, database_name }) =>
  database_id === undefined && database_name !== undefined ? [database_name] : [],
);
for (const name of databases) ensure(`D1 database ${name}`, ["d1", "info", name], ["d1", "create", name]);

const consumers = queues.consumers ?? [];
const names = [
  ...(queues.producers ?? []).map(({ queue }) => queue),
  ...consumers.flatMap(({ queue, dead_letter_queue }) => [queue, dead_letter_queue]),
].filter((name) => name !== undefined);
for (const name of new Set(names)) ensure(`queue ${name}`, ["queues", "info", name], ["queues", "create", name]);

for (const { bucket_name: name } of r2_buckets) {
  if (name === undefined) continue;
  console.log(
    "Files of clients need R2. An account without it: take [[r2_buckets]] out of wrangler.toml (docs/deployment.md).",
  );
  ensure(`R2 bucket ${name}`, ["r2", "bucket", "info", name], ["r2", "bucket", "create", name]);
}

// Before the code that needs them: a migration must leave the running version working.
for (const { binding } of d1_databases) wrangler(["d1", "migrations", "apply", binding, "--remote"]);
wrangler(["deploy", ...process.argv.slice(2)]);

/** Where asking fails for another reason (no right to), making it fails too, and wrangler says why. */
function ensure(what: string, info: readonly string[], create: readonly string[]): void {
  if (wranglerSucceeds(info)) {
    console.log(`${what}: there`);
    return;
  }
  console.log(`${what}: not found, so it is made`);
  wrangler(create);
}
