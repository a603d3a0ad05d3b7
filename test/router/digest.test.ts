import { expect, test } from "vitest";
import { digest } from "../../src/router/digest.ts";

// The vectors of the FNV reference (draft-eastlake-fnv, appendix C).
test.each([
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["foobar", "85944171f73967e8"],
])("FNV-1a of %j", (text, expected) => {
  expect(digest(text)).toBe(expected);
});
