import { expect, test } from "vitest";
import { patterns } from "../../../src/router/settings/kinds.ts";

test.each([
  ["one for a list", "^User-Agent: curl/", [/^User-Agent: curl\//]],
  ["several", ["a", "b+"], [/a/, /b+/]],
  ["Python's flags", ["(?i)claude", "(?is)a.b"], [/claude/i, /a.b/is]],
  ["Python's named groups", ["(?P<name>x)"], [/(?<name>x)/]],
  ["a group that is no flag", ["(?:a|b)"], [/(?:a|b)/]],
])("patterns: %s", (_name, given, expected) => {
  expect(patterns.schema.parse(given)).toEqual(expected);
});

test.each([["("], [["ok", "[z-a]"]], [{}], [["(?P=name)"]]])("no patterns: %j", (given) => {
  expect(patterns.schema.safeParse(given).success).toBe(false);
});
