import { defineConfig } from "vitest/config";

/** `npm run test:recorded`: recorded provider traffic through the running gateway. */
export default defineConfig({
  test: {
    include: ["test/recorded/**/*.test.ts"],
    globalSetup: ["./test/http/bundles.ts"],
    // One gateway serves the file; its tests share it.
    fileParallelism: false,
  },
});
