import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

/** The layers, each of which may import itself and those before it. */
const LAYERS = [
  "formats",
  "models",
  "credentials",
  "providers",
  "router",
  "operations",
  "cache",
  "library",
  "index.ts",
  "store",
  "limits",
  "tenancy",
  "ledger",
  "telemetry",
  "secrets",
  "guardrails",
  "call",
  "health",
  "batches",
  "objects",
  "gateway",
  "mcp",
  "dashboard",
  "worker.ts",
];

/** Layers that run anywhere: no Cloudflare, no Node. */
const PORTABLE = new Set([
  "formats",
  "models",
  "credentials",
  "providers",
  "router",
  "operations",
  "cache",
  "library",
  "index.ts",
  "tenancy",
  "call",
  "health",
]);

const source = resolve(import.meta.dirname, "../src");
const files = readdirSync(source, { recursive: true, encoding: "utf8" }).filter(
  (file) => file.endsWith(".ts") && !file.endsWith(".d.ts"),
);

function importsOf(file: string): string[] {
  const text = readFileSync(join(source, file), "utf8");
  return [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
}

function layerOf(file: string): string {
  return file.split("/")[0] ?? file;
}

describe("layers", () => {
  it("has a place for every file", () => {
    expect(files.filter((file) => !LAYERS.includes(layerOf(file)))).toEqual([]);
  });

  it.each(files)("%s imports only its own layer and those before it", (file) => {
    const rank = LAYERS.indexOf(layerOf(file));
    const below = importsOf(file)
      .filter((specifier) => specifier.startsWith("."))
      .map((specifier) => relative(source, resolve(source, dirname(file), specifier)))
      .filter((imported) => LAYERS.indexOf(layerOf(imported)) > rank);
    expect(below).toEqual([]);
  });

  it.each(files.filter((file) => PORTABLE.has(layerOf(file))))("%s runs anywhere", (file) => {
    expect(importsOf(file).filter((specifier) => /^(node|cloudflare):/.test(specifier))).toEqual([]);
  });
});
