/**
 * The usage of every provider that speaks OpenAI's format, as OpenAI means it: `prompt_tokens` with what came from a
 * cache, `completion_tokens` with the reasoning. Fields that are not OpenAI's stay beside them.
 */

import { isRecord } from "../../formats/json.ts";
import type { Usage } from "../../formats/openai/chat.ts";
import type { Json } from "./json.ts";

/** Where providers put what OpenAI has in the details: [details, field, names elsewhere, best first]. */
const MOVED: readonly (readonly [details: string, field: string, from: readonly string[]])[] = [
  [
    "prompt_tokens_details",
    "cached_tokens",
    // in turn: DeepSeek, Moonshot and Together, Mistral, Venice
    ["prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens", "cache_read_input_tokens"],
  ],
  // OpenRouter says `cache_write_tokens` in the details (read below), Claude behind others this:
  ["prompt_tokens_details", "cache_creation_tokens", ["cache_creation_input_tokens"]],
  // GitHub Copilot
  ["completion_tokens_details", "reasoning_tokens", ["reasoning_tokens"]],
];

/** @returns nothing where the object counts no tokens */
export function normaliseUsage(usage: unknown): Usage | undefined {
  if (!isRecord(usage)) return undefined;
  const prompt = count(usage["prompt_tokens"]);
  let completion = count(usage["completion_tokens"]);
  const total = count(usage["total_tokens"]);
  if (prompt === undefined && completion === undefined && total === undefined) return undefined;

  const details = detailsOf(usage);
  for (const [where, field, from] of MOVED) {
    if (count(details[where]?.[field]) !== undefined) continue;
    const value = from.map((name) => count(usage[name])).find((tokens) => tokens !== undefined);
    if (value !== undefined) details[where] = { ...details[where], [field]: value };
  }
  const input = details["prompt_tokens_details"];
  const written = count(input?.["cache_write_tokens"]);
  if (input && written !== undefined && count(input["cache_creation_tokens"]) === undefined)
    input["cache_creation_tokens"] = written;
  // Azure counts more cached tokens than tokens for some Grok models; a price below zero must not follow.
  const cached = count(input?.["cached_tokens"]);
  if (input && cached !== undefined && prompt !== undefined && cached > prompt) input["cached_tokens"] = prompt;

  // xAI leaves the reasoning out of `completion_tokens`, but not out of the total.
  const reasoning = count(details["completion_tokens_details"]?.["reasoning_tokens"]) ?? 0;
  if (reasoning > 0 && total === (prompt ?? 0) + (completion ?? 0) + reasoning)
    completion = (completion ?? 0) + reasoning;

  return {
    ...usage,
    ...details,
    prompt_tokens: prompt ?? 0,
    completion_tokens: completion ?? Math.max(0, (total ?? 0) - (prompt ?? 0)),
    total_tokens: total ?? (prompt ?? 0) + (completion ?? 0),
  };
}

/** Copies of the details, that may be written to. Writer leaves out an s. */
function detailsOf(usage: Json): Record<string, Json> {
  const details: Record<string, Json> = {};
  for (const name of ["prompt_tokens_details", "completion_tokens_details"]) {
    const found = [usage[name], usage[name.replace("tokens", "token")]].find(isRecord);
    if (found !== undefined) details[name] = { ...found };
  }
  return details;
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
