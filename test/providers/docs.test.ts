import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withTable } from "../../scripts/build-provider-docs.ts";

test("docs/providers.md has the table of the providers (node scripts/build-provider-docs.ts)", () => {
  const document = readFileSync(join(import.meta.dirname, "../../docs/providers.md"), "utf8");
  expect(withTable(document)).toBe(document);
});
