/** Before the tests of a file nothing is stored, whatever those of others left, and `env.DB` has its tables. */
import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";

await reset();
const { DB, TEST_MIGRATIONS } = env as unknown as { DB: D1Database; TEST_MIGRATIONS: D1Migration[] }; // as vitest.config.ts binds them
await applyD1Migrations(DB, TEST_MIGRATIONS);
