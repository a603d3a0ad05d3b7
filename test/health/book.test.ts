import { describe, expect, it } from "vitest";
import { EMPTY_HEALTH, type HealthResult, withClaim, withResults } from "../../src/health/book.ts";

const HOUR = 3_600_000;
const result = (deploymentId: string, status: HealthResult["status"], checkedAt: number): HealthResult => ({
  deploymentId,
  modelName: "m",
  status,
  checkedAt,
  took: 5,
});

describe("results", () => {
  it("keeps the last of each deployment, and of the history what is news", () => {
    let book = withResults(EMPTY_HEALTH, [result("a", "healthy", 0), result("b", "healthy", 0)], 0);
    book = withResults(book, [result("a", "healthy", 1000), result("b", "unhealthy", 1000)], 1000);
    expect(book.latest).toEqual([result("a", "healthy", 1000), result("b", "unhealthy", 1000)]);
    expect(book.history.map(({ deploymentId, checkedAt }) => [deploymentId, checkedAt])).toEqual([
      ["b", 1000],
      ["b", 0],
      ["a", 0],
    ]);
    book = withResults(book, [result("a", "healthy", HOUR)], HOUR);
    expect(book.history[0]).toEqual(result("a", "healthy", HOUR));
  });

  it("forgets what was not checked for a week, and holds 500 of the history", () => {
    let book = withResults(EMPTY_HEALTH, [result("gone", "healthy", -8 * 24 * HOUR)], -8 * 24 * HOUR);
    for (let i = 1; i <= 600; i++) book = withResults(book, [result("a", i % 2 ? "healthy" : "unhealthy", i)], i);
    expect(book.latest.map(({ deploymentId }) => deploymentId)).toEqual(["a"]);
    expect(book.history).toHaveLength(500);
  });
});

describe("claims", () => {
  it("go to one in each period", () => {
    const first = withClaim(EMPTY_HEALTH, "call", 300, 1000)!;
    expect(withClaim(first, "call", 300, 1299)).toBeUndefined();
    expect(withClaim(first, "call", 300, 1300)).toBeDefined();
  });

  it("are the cron trigger's where there is one", () => {
    const first = withClaim(EMPTY_HEALTH, "cron", 300, 1000)!;
    expect(withClaim(first, "call", 300, 1301)).toBeUndefined();
    expect(withClaim(first, "cron", 300, 1301)).toBeDefined();
    expect(withClaim(first, "call", 300, 1600)).toBeDefined(); // it no longer comes
  });
});
