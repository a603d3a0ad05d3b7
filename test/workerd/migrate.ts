/** `env.DB` has its tables before a test begins. */
import { applyD1Migrations, type D1Migration } from "cloudflare:test";
import { env } from "cloudflare:workers";

const { DB, TEST_MIGRATIONS } = env as unknown as { DB: D1Database; TEST_MIGRATIONS: D1Migration[] }; // as vitest.config.ts binds them
await applyD1Migrations(DB, TEST_MIGRATIONS);
