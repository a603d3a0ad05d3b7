/**
 * Tokens as the Responses API tells them ↔ the hub's usage. What either has beside OpenAI's figures (what was written
 * to a cache, searches, a provider's own) goes along, so that an answer costs the same by whichever format it was asked.
 */
import { isRecord, type JsonObject } from "../../json.ts";
import type { Usage } from "../chat.ts";
import type { ResponsesUsage } from "./types.ts";

/** Details are numbers for strict clients: what is not known is 0. */
export function toResponsesUsage(usage: Usage): ResponsesUsage {
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details, ...rest } =
    usage;
  const input = known(prompt_tokens_details);
  const output = known(completion_tokens_details);
  const cached = count(input["cached_tokens"]) ?? count(rest.cache_read_input_tokens) ?? 0;
  const written = count(input["cache_creation_tokens"]) ?? count(rest.cache_creation_input_tokens) ?? 0;
  return {
    ...known(rest),
    input_tokens: prompt_tokens,
    input_tokens_details: { ...input, cached_tokens: cached, cache_write_tokens: written },
    output_tokens: completion_tokens,
    output_tokens_details: { ...output, reasoning_tokens: count(output["reasoning_tokens"]) ?? 0 },
    total_tokens,
  };
}

/** @returns nothing where the object counts no tokens */
export function toHubUsage(usage: unknown): Usage | undefined {
  if (!isRecord(usage)) return undefined;
  const { input_tokens, input_tokens_details, output_tokens, output_tokens_details, total_tokens, ...rest } = usage;
  const input = count(input_tokens);
  const output = count(output_tokens);
  const total = count(total_tokens);
  if (input === undefined && output === undefined && total === undefined) return undefined;
  const { cache_write_tokens, ...details } = known(input_tokens_details);
  const written = count(details["cache_creation_tokens"]) ?? count(cache_write_tokens);
  return {
    ...known(rest),
    prompt_tokens: input ?? 0,
    completion_tokens: output ?? Math.max(0, (total ?? 0) - (input ?? 0)),
    total_tokens: total ?? (input ?? 0) + (output ?? 0),
    prompt_tokens_details: { ...details, ...(written ? { cache_creation_tokens: written } : {}) },
    completion_tokens_details: known(output_tokens_details),
  };
}

/** Without what is `null`. */
function known(value: unknown): JsonObject {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null && field !== undefined));
}

function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}
