import { defineConfig } from "vitest/config";

/** `npm run test:clients`: clients of other people against the running gateway. They are installed in `test/clients`. */
export default defineConfig({
  test: {
    include: ["test/clients/**/*.test.ts"],
    globalSetup: ["./test/http/bundles.ts"],
    testTimeout: 30_000,
  },
});
