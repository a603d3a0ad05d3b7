import { describe, expect, test } from "vitest";
import { compareSpecificity, mapWildcard, matchPattern } from "../../src/router/patterns.ts";

describe("matchPattern", () => {
  test.each([
    ["openai/*", "openai/gpt-5", ["gpt-5"]],
    ["openai/*", "openai/ft:gpt-4o/x", ["ft:gpt-4o/x"]],
    ["openai/*", "openai/", [""]],
    ["openai/*", "azure/gpt-5", undefined],
    ["openai/*", "my-openai/gpt-5", undefined],
    ["*", "anything/at all", ["anything/at all"]],
    ["*", "", [""]],
    ["claude-*", "claude-sonnet-4-5", ["sonnet-4-5"]],
    ["*meta.llama3*", "hello-meta.llama3-70b", ["hello-", "-70b"]],
    ["llm/fo::*::static::*", "llm/fo::bar::static::baz", ["bar", "baz"]],
    ["*-*", "a-b-c", ["a-b", "c"]],
    ["*a*a*", "aaaa", ["aa", "", ""]],
    ["gpt-*-mini", "gpt-4o-mini", ["4o"]],
    ["gpt-*-mini", "gpt-4o-mini-2024-07-18", undefined],
    ["gpt-4*-4", "gpt-4", undefined], // the ends may not share letters
    ["gpt.4", "gptx4", undefined],
    ["gpt-4", "gpt-4", []],
    ["gpt-4", "gpt-4o", undefined],
  ])("%s on %s", (pattern, name, captured) => {
    expect(matchPattern(pattern, name)).toEqual(captured);
  });

  test("captures as a greedy regular expression does", () => {
    const letters = ["a", "b", "-"];
    const words = Array.from({ length: 3 ** 5 }, (_, code) =>
      Array.from({ length: 5 }, (_, place) => letters[Math.floor(code / 3 ** place) % 3]).join(""),
    );
    for (const pattern of ["*a*", "a*b*", "*-*a", "*a*-*", "**b", "*ab*"]) {
      const regex = new RegExp(`^${pattern.replaceAll("*", "(.*)")}$`);
      for (const word of words)
        expect(matchPattern(pattern, word), `${pattern} on ${word}`).toEqual(regex.exec(word)?.slice(1));
    }
  });

  test("takes no time on hostile names", () => {
    const begin = performance.now();
    expect(matchPattern(`${"*a".repeat(30)}b`, "a".repeat(100_000))).toBeUndefined();
    expect(performance.now() - begin).toBeLessThan(500);
  });
});

test.each([
  ["openai/*", ["gpt-5"], "openai/gpt-5", "openai/gpt-5"],
  ["anthropic/claude-*", ["sonnet-4-5"], "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"],
  ["openai/fo::*::static::*", ["bar", "baz"], "llm/fo::bar::static::baz", "openai/fo::bar::static::baz"],
  ["*", ["groq/llama"], "groq/llama", "groq/llama"],
  ["openai/gpt-5-mini", ["x"], "fast-x", "openai/gpt-5-mini"],
  ["bedrock/meta.llama3*", ["hello-", "-70b"], "hello-meta.llama3-70b", "hello-meta.llama3-70b"], // fewer stars: cannot be mapped
  ["a/*-*", ["x"], "x", "a/x-*"],
])("mapWildcard %s with %j", (model, captured, requested, mapped) => {
  expect(mapWildcard(model, captured, requested)).toBe(mapped);
});

test("the most specific pattern is first, in LiteLLM's order", () => {
  expect(["*", "openai/*", "openai/gpt-4*", "gpt-4*", "*gpt*", "openai/gpt-4o-*"].sort(compareSpecificity)).toEqual([
    "openai/gpt-4o-*",
    "openai/gpt-4*",
    "*gpt*", // 11 characters as `(.*)gpt(.*)`, as many as `openai/(.*)`, with more operators
    "openai/*",
    "gpt-4*",
    "*",
  ]);
});
