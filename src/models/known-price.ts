/** Is it known what a model costs? */
import type { ModelInfo } from "./catalogue.ts";

/** Fields with a price, as LiteLLM names them; `input_dbu_cost_per_token` is in units of Databricks', and nothing charges it. */
const PRICE = /_cost(?:_|$)/;
const LISTS = ["tiered_pricing", "timed_pricing"];

/** Rows are asked about with every call, and never change. */
const known = new WeakMap<ModelInfo, boolean>();

/** A price that is stated as 0 is known. */
export function hasPrice(info: ModelInfo | undefined): boolean {
  if (info === undefined) return false;
  const before = known.get(info);
  if (before !== undefined) return before;
  const found = statesPrice(info);
  known.set(info, found);
  return found;
}

function statesPrice(info: ModelInfo): boolean {
  if (LISTS.some((list) => Array.isArray(info[list]) && info[list].length > 0)) return true;
  return Object.entries(info).some(
    ([field, value]) => PRICE.test(field) && !field.includes("dbu") && typeof value === "number",
  );
}
