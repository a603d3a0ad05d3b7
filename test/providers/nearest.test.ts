import { describe, expect, test } from "vitest";
import { editDistance, nearestName } from "../../src/providers/nearest.ts";

test.each([
  ["", "", 0],
  ["abc", "abc", 0],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
  ["tiemout", "timeout", 1],
  ["num_retires", "num_retries", 1],
])("%s to %s is %i", (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance);
  expect(editDistance(to, from)).toBe(distance);
});

test("stops counting at the limit", () => {
  expect(editDistance("completely", "different", 3)).toBe(3);
  expect(editDistance("a", "abcdef", 2)).toBe(2);
});

describe("nearestName", () => {
  const names = ["num_retries", "timeout", "routing_strategy", "redis_host", "redis_port"];
  test.each([
    ["num_retry", "num_retries"],
    ["num-retries", "num_retries"],
    ["Timeout", "timeout"],
    ["routing_stratgy", "routing_strategy"],
    ["redis_hots", "redis_host"],
    ["model", undefined],
    ["xyz", undefined],
  ])("%s is meant as %s", (name, meant) => {
    expect(nearestName(name, names)).toBe(meant);
  });
});
