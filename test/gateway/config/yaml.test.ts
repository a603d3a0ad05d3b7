import { expect, test } from "vitest";
import { locate, type Positions, readYaml } from "../../../src/gateway/config/yaml.ts";

function read(text: string) {
  const positions: Positions = new WeakMap();
  const { value, diagnostics } = readYaml("f.yaml", text, positions);
  const line = (...path: (string | number)[]) =>
    locate(value, path, positions, { file: "f.yaml", line: 0, column: 0 }).line;
  return { value, diagnostics, line };
}

test("reads what PyYAML reads", () => {
  const { value } = read(
    [
      "yes: [yes, No, on, OFF, true]",
      "letters: [y, n]",
      "number: 1e-6",
      "thousands: 1_000_000",
      "date: 2024-10-21",
      "version: 2024-10-21-preview",
      "nothing:",
      "tilde: ~",
      "text: 'os.environ/NAME'",
      "5: five",
    ].join("\n"),
  );
  expect(value).toEqual({
    true: [true, false, true, false, true],
    letters: ["y", "n"],
    number: 0.000001,
    thousands: 1_000_000,
    date: "2024-10-21",
    version: "2024-10-21-preview",
    nothing: null,
    tilde: null,
    text: "os.environ/NAME",
    5: "five",
  });
});

test("anchors and merges keep the lines where things are written", () => {
  const { value, line } = read("base: &b\n  key: 1\n  url: u\none:\n  <<: *b\n  url: v\nall: [*b]\n");
  expect(value).toEqual({ base: { key: 1, url: "u" }, one: { key: 1, url: "v" }, all: [{ key: 1, url: "u" }] });
  expect([line("base", "url"), line("one", "key"), line("one", "url"), line("all", 0, "url")]).toEqual([3, 2, 6, 3]);
});

test("a path that leads nowhere is where it was last seen", () => {
  const { line } = read("a:\n  - b: 1\n    c:\n      d: 2\n");
  expect([line("a"), line("a", 0), line("a", 0, "c", "d"), line("a", 0, "x", "y"), line("z")]).toEqual([1, 2, 4, 2, 0]);
});

test.each([
  ["a: [1, 2\nb: 3\n", "2:1"],
  ["a:\n\tb: 1\n", "2:1"],
  ["a: *nowhere\n", "1:4"],
])("broken YAML: %j", (text, where) => {
  const [first] = read(text).diagnostics;
  expect(`${first?.position.line}:${first?.position.column}`).toBe(where);
  expect(first?.severity).toBe("error");
});

test("an anchor that holds itself is an error, not a crash", () => {
  expect(read("a: &a\n  b: *a\n").diagnostics[0]?.message).toContain("nested too deep");
});

test("a key given twice: the last counts, with a warning", () => {
  const { value, diagnostics } = read("a: 1\nb: 2\na: 3\n");
  expect(value).toEqual({ a: 3, b: 2 });
  expect(diagnostics).toEqual([
    {
      severity: "warning",
      position: { file: "f.yaml", line: 3, column: 1 },
      path: "a",
      message: "stands on line 1 too; the last one counts",
    },
  ]);
});

test("a key called __proto__ is only a key", () => {
  const { value } = read("__proto__:\n  polluted: true\n");
  expect(Object.keys(value as object)).toEqual(["__proto__"]);
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
