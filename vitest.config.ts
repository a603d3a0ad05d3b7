import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** Tests that run inside workerd; the same suites of `test/portable` run in both. */
const workerd = ["test/workerd/**/*.test.ts", "test/portable/**/*.test.ts"];

export default defineConfig({
  test: {
    // Most tests wait for a gateway or a clock: a worker for each core would leave the machine idle.
    maxWorkers: 4,
    // A worker for each file would read the same modules again, for longer than the tests take. No test replaces a module.
    isolate: false,
    projects: [
      {
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          exclude: ["test/workerd/**", "test/recorded/**", "test/clients/**"],
          globalSetup: ["./test/http/bundles.ts"],
          testTimeout: 20_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            main: "./test/workerd/worker.ts",
            miniflare: {
              compatibilityDate: "2026-10-01",
              compatibilityFlags: ["enable_request_signal", "nodejs_compat"],
              durableObjects: {
                ROUTER_STATE: { className: "RouterStateObject", useSQLite: true },
                IDEMPOTENCY: { className: "IdempotencyObject", useSQLite: true },
                HEALTH: { className: "HealthObject", useSQLite: true },
                SCOPES: { className: "ScopeObject", useSQLite: true },
                LEDGER: { className: "LedgerObject", useSQLite: true },
                BATCHES: { className: "BatchObject", useSQLite: true },
              },
              d1Databases: ["DB"],
              queueProducers: {
                SPEND_QUEUE: "sluice-spend",
                ALERT_QUEUE: "sluice-alerts",
                BATCH_QUEUE: "sluice-batches",
              },
              r2Buckets: ["PAYLOADS", "FILES", "CACHE"],
              bindings: { TEST_MIGRATIONS: await readD1Migrations(join(import.meta.dirname, "migrations")) },
            },
          }),
        ],
        test: {
          name: "workerd",
          include: workerd,
          setupFiles: ["./test/workerd/migrate.ts"],
          testTimeout: 20_000,
        },
      },
    ],
  },
});
