import { expect, test } from "vitest";
import { RateLimitError, Timeout } from "../../src/formats/errors.ts";
import { countsAgainst } from "../../src/router/cooldown.ts";

test("a client's own limit says nothing of the deployment, the deployment's does", () => {
  expect(countsAgainst(new Timeout("too slow"))).toBe(true);
  expect(countsAgainst(new Timeout("too slow for the client", { blameless: true }))).toBe(false);
  expect(countsAgainst(new RateLimitError("slow down"))).toBe(true);
});
