/** Function arguments that arrive in pieces, each with the path it belongs to (`$.items[0].name`). */

import { isRecord } from "../json.ts";
import type { JsonObject } from "./json.ts";
import type { PartialArg } from "./types.ts";

type Key = string | number;

/** Puts a piece into the arguments. Strings of one path follow each other; other values come whole. */
export function applyPartialArg(args: JsonObject, piece: PartialArg): void {
  const [first, ...rest] = keysOf(piece.jsonPath);
  if (first === undefined) return;
  set(args, first, rest, scalarOf(piece));
}

function scalarOf(piece: PartialArg): unknown {
  return piece.stringValue ?? piece.numberValue ?? piece.boolValue ?? null;
}

/** The keys of a JSONPath without wildcards: `.name`, `['name']`, `[0]`. */
function keysOf(path: string): Key[] {
  const keys: Key[] = [];
  for (const match of path.matchAll(/\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\.?([^.[\]$]+)/g)) {
    const [, index, single, double, plain] = match;
    if (index !== undefined) keys.push(Number(index));
    else keys.push(plain ?? (single ?? double ?? "").replace(/\\(.)/g, "$1"));
  }
  return keys;
}

function set(container: JsonObject | unknown[], key: Key, rest: Key[], value: unknown): void {
  const [next, ...further] = rest;
  const present = read(container, key);
  if (next === undefined) {
    write(container, key, typeof present === "string" && typeof value === "string" ? present + value : value);
    return;
  }
  const fits = typeof next === "number" ? Array.isArray(present) : isRecord(present);
  const child = fits ? present : typeof next === "number" ? [] : {};
  write(container, key, child);
  if (Array.isArray(child) || isRecord(child)) set(child, next, further, value);
}

function read(container: JsonObject | unknown[], key: Key): unknown {
  if (Array.isArray(container)) return typeof key === "number" ? container[key] : undefined;
  return Object.hasOwn(container, key) ? container[key] : undefined;
}

/** Defines, so that a key such as `__proto__` is a key like any other. */
function write(container: JsonObject | unknown[], key: Key, value: unknown): void {
  Object.defineProperty(container, key, { value, writable: true, enumerable: true, configurable: true });
}
