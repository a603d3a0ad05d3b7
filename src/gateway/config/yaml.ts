/**
 * YAML into plain values that remember where they stood. LiteLLM reads with PyYAML, which is YAML 1.1 (`yes` is
 * true, `<<` merges); so is this, but for dates: `api_version: 2024-10-21` stays the text it is meant to be.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, type Node, type Pair, parseDocument, type Tags } from "yaml";
import { isRecord } from "../../formats/json.ts";
import { formatPath } from "../../formats/path.ts";
import type { Path } from "../../router/settings/table.ts";
import type { Diagnostic, Position } from "./diagnostics.ts";

/** Where the entries of each map and list stand, by key or index. */
export type Positions = WeakMap<object, Map<string, Position>>;

export interface YamlFile {
  value: unknown;
  diagnostics: Diagnostic[];
}

/** Deeper than any configuration: an anchor that holds itself. */
const MAX_DEPTH = 64;

/** What was meant when an alias goes wrong: `model_name: *`. */
const STAR = "; a text that begins with a star needs quotes";

/** Reads one file; adds the places of its values to `positions`. */
export function readYaml(file: string, text: string, positions: Positions): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: "1.1",
    lineCounter: lines,
    uniqueKeys: false,
    prettyErrors: false,
    customTags: asPython,
  });
  const diagnostics: Diagnostic[] = [];
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report = (severity: Diagnostic["severity"], position: Position, path: Path, message: string) =>
    diagnostics.push({ severity, position, path: formatPath(path), message });

  for (const { code, message, pos } of document.errors)
    report("error", at(pos[0]), [], `this is not YAML: ${message}${code === "BAD_ALIAS" ? STAR : ""}`);
  if (document.errors.length > 0) return { value: undefined, diagnostics };
  for (const { message, pos } of document.warnings) report("warning", at(pos[0]), [], message);

  const convert = (node: Node | null | undefined, path: Path): unknown => {
    if (path.length > MAX_DEPTH) {
      report("error", at(node?.range?.[0] ?? 0), path.slice(0, 2), "is nested too deep (an anchor that holds itself?)");
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(document);
      if (target === undefined)
        report("error", at(node.range?.[0] ?? 0), path, `there is no anchor ${node.source}${STAR}`);
      return convert(target, path);
    }
    if (isMap(node)) return convertMap(node.items, path);
    if (isSeq(node)) {
      const list = node.items.map((item, index) => convert(asNode(item), [...path, index]));
      positions.set(list, new Map(node.items.map((item, index) => [String(index), at(asNode(item)?.range?.[0] ?? 0)])));
      return list;
    }
    return isScalar(node) ? plain(node.value) : undefined;
  };

  const convertMap = (pairs: readonly Pair[], path: Path): Record<string, unknown> => {
    const map: Record<string, unknown> = {};
    const places = new Map<string, Position>();
    positions.set(map, places);
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) continue;
      const name = String(isScalar(key) ? key.value : key);
      const place = at(asNode(key)?.range?.[0] ?? 0);
      const earlier = places.get(name);
      if (earlier !== undefined)
        report("warning", place, [...path, name], `stands on line ${earlier.line} too; the last one counts`);
      define(map, name, convert(asNode(value), [...path, name]));
      places.set(name, place);
    }
    for (const merged of pairs.filter(({ key }) => isMergeKey(key))) {
      const source = convert(asNode(merged.value), [...path, "<<"]);
      for (const base of Array.isArray(source) ? source : [source]) {
        if (!isRecord(base)) continue;
        for (const [name, value] of Object.entries(base)) {
          if (places.has(name)) continue;
          define(map, name, value);
          const place = positions.get(base)?.get(name);
          if (place !== undefined) places.set(name, place);
        }
      }
    }
    return map;
  };

  return { value: convert(document.contents, []), diagnostics };
}

/** Where a value stands, or the nearest thing around it that has a place. */
export function locate(root: unknown, path: Path, positions: Positions, fallback: Position): Position {
  let place = fallback;
  let value = root;
  for (const step of path) {
    if (typeof value !== "object" || value === null) break;
    const inner = positions.get(value)?.get(String(step));
    if (inner === undefined) break;
    place = inner;
    value = (value as Record<string | number, unknown>)[step]; // an object, as checked; arrays take their index
  }
  return place;
}

/** YAML 1.1 as PyYAML has it: `y` and `n` are text. */
function asPython(tags: Tags): Tags {
  return tags
    .filter((tag) => typeof tag !== "object" || tag.tag !== "tag:yaml.org,2002:timestamp")
    .map((tag) => {
      if (typeof tag !== "object" || tag.tag !== "tag:yaml.org,2002:bool" || !("test" in tag) || !tag.test) return tag;
      const words = tag.test.test("yes")
        ? /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
        : /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;
      return { ...tag, test: words };
    });
}

/** JSON's values only: the compiled configuration is JSON. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return typeof value === "object" && value !== null ? String(value) : value;
}

/** A key called `__proto__` is a key. */
function define(map: Record<string, unknown>, name: string, value: unknown): void {
  Object.defineProperty(map, name, { value, enumerable: true, configurable: true, writable: true });
}

function isMergeKey(key: unknown): boolean {
  return isScalar(key) && (key.value === "<<" || (typeof key.value === "symbol" && key.value.description === "<<"));
}

function asNode(value: unknown): Node | null | undefined {
  return value as Node | null | undefined; // the parser, given no JavaScript values, makes nodes of everything
}
