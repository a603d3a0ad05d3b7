/**
 * Builds `src/models/catalogue.data.json`.
 *
 *     npm run refresh-models
 *     npm run refresh-models -- --figures model_prices.json --figures-date 2026-04
 *
 * Without `--figures` (a file or an https URL in LiteLLM's format) the catalogue that is there is refreshed with the
 * installed prices of `@pydantic/genai-prices`; update that package first. A source that would lose models or is not
 * in the format is refused and nothing is written. `--check` writes nothing either.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { CompactCatalogue } from "../src/models/rows.ts";
import { decode, encode, type Figures, same, serialise } from "./catalogue/encode.ts";
import { mergePrices } from "./catalogue/genai-prices.ts";

const root = join(import.meta.dirname, "..");
const target = join(root, "src/models/catalogue.data.json");
const prices = join(root, "node_modules/@pydantic/genai-prices/package.json");

const { values: flags } = parseArgs({
  options: {
    figures: { type: "string" },
    /** Month or day the figures are of. */
    "figures-date": { type: "string" },
    /** Prices that start after this day are coming ones. The only input that is not a file; today if not given. */
    "as-of": { type: "string", default: new Date().toISOString().slice(0, 10) },
    check: { type: "boolean", default: false },
  },
});

async function json(source: string): Promise<unknown> {
  if (!source.startsWith("https:")) return JSON.parse(await readFile(source, "utf8"));
  const response = await fetch(source);
  if (!response.ok) throw new Error(`${source} answers ${response.status}`);
  return response.json();
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** @throws Error where the file is not LiteLLM's map of models */
function asFigures(value: unknown): Figures {
  if (!isObject(value)) throw new Error("the figures are not an object of models");
  const figures: Figures = {};
  for (const [name, info] of Object.entries(value)) {
    if (name === "sample_spec") continue;
    if (!isObject(info) || typeof info["litellm_provider"] !== "string")
      throw new Error(`${name} has no litellm_provider`);
    for (const [field, price] of Object.entries(info))
      if (/_cost(_|$)/.test(field) && typeof price === "number" && !(price >= 0))
        throw new Error(`${name}: ${field} is ${price}`);
    figures[name] = info;
  }
  return figures;
}

/** @throws Error where there is no catalogue yet */
async function present(): Promise<CompactCatalogue> {
  // The file is this script's own output.
  return (await json(target)) as CompactCatalogue;
}

const old = await present().catch(() => undefined);
const version = await json(prices);
if (!flags.figures && !old) throw new Error("no catalogue yet: give --figures");
const figures = flags.figures ? asFigures(await json(flags.figures)) : decode(old as CompactCatalogue); // checked above
const merged = mergePrices(figures, flags["as-of"]);
const built = encode(
  merged.figures,
  {
    figures: flags["figures-date"] ?? (flags.figures ? "unknown" : (old?.stamp.figures ?? "unknown")),
    prices: `@pydantic/genai-prices ${isObject(version) ? version["version"] : "unknown"}`,
  },
  [...merged.dated, ...(flags.figures ? [] : (old?.dated ?? []))],
);
const text = serialise(built);
if (old && built.rows.length < old.rows.length * 0.9)
  throw new Error(`${old.rows.length} models would become ${built.rows.length}: refused`);
if (!flags.check) await writeFile(target, text);

const before = old ? decode(old) : {};
const repriced = Object.keys(before).filter(
  (name) => name in merged.figures && !same(before[name], merged.figures[name]),
);
console.log(`${built.rows.length} models, ${(text.length / 1024).toFixed(0)} KiB`);
console.log(`genai-prices: ${merged.changed.length} changed, ${merged.added.length} added`);
console.log(`against the catalogue before: ${repriced.length} changed`);
for (const name of repriced.slice(0, 40)) console.log(`  ${name}`);
