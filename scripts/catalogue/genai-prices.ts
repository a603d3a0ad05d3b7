/**
 * Lays the prices of `@pydantic/genai-prices` over model figures. That package follows the providers' own price pages
 * and is newer than most figures; it knows prices only, and fewer of them. Hence the rules:
 *
 * - It changes a known model only where its provider is marked `over` below and it names that very model (or a dated
 *   snapshot of it). Its looser patterns ("starts with gemini-2.0-flash") have been seen to catch other models.
 * - A field it does not have stays, unless it belonged to a base price that has changed: then the finer rates (above
 *   200k, flex, priority, batch) are those of an old price list and go.
 * - A model it has and the figures lack is added, for every provider below.
 */
import type { ConditionalPrice, MatchLogic, ModelInfo, ModelPrice } from "@pydantic/genai-prices";
import { calcPrice, findProvider } from "@pydantic/genai-prices";
import { type Figures, same } from "./encode.ts";

interface Source {
  /** The package's name of the provider. */
  id: string;
  /** `litellm_provider` of the rows. */
  provider: string;
  /** What stands before the model in the catalogue's names. */
  prefix: string;
  /** Its prices replace those of models already known. */
  over: boolean;
  /** Only models whose name this matches. */
  only?: RegExp;
}

/**
 * Not `over`: DeepSeek (the package's V3 prices are of 2025), Vertex, Azure and Bedrock (they price by region, which
 * the figures tell apart and the package does not). Left out: Groq, Together and Novita, where the package is older
 * than the figures of April 2026.
 */
const sources: Source[] = [
  { id: "anthropic", provider: "anthropic", prefix: "", over: true },
  { id: "openai", provider: "openai", prefix: "", over: true, only: /^(gpt-\w|o\d|text-embedding|tts-|whisper)/ },
  { id: "openai", provider: "azure", prefix: "azure/", over: false, only: /^gpt-(5\.[5-9]|[6-9])/ },
  { id: "google", provider: "gemini", prefix: "gemini/", over: true, only: /^(gemini-(\d|omni|embedding)|gemma)/ },
  { id: "google", provider: "vertex_ai-language-models", prefix: "", over: false, only: /^gemini-\d/ },
  { id: "google", provider: "vertex_ai-anthropic_models", prefix: "vertex_ai/", over: false, only: /^claude-/ },
  { id: "x-ai", provider: "xai", prefix: "xai/", over: true },
  { id: "deepseek", provider: "deepseek", prefix: "deepseek/", over: false, only: /^deepseek-v4/ },
  { id: "mistral", provider: "mistral", prefix: "mistral/", over: true },
  { id: "cohere", provider: "cohere_chat", prefix: "", over: true, only: /^command/ },
  { id: "cerebras", provider: "cerebras", prefix: "cerebras/", over: true },
  { id: "perplexity", provider: "perplexity", prefix: "perplexity/", over: true },
  { id: "moonshotai", provider: "moonshot", prefix: "moonshot/", over: true },
  { id: "minimax", provider: "minimax", prefix: "minimax/", over: true },
  { id: "zai", provider: "zai", prefix: "zai/", over: true },
  { id: "openrouter", provider: "openrouter", prefix: "openrouter/", over: true },
  { id: "ovhcloud", provider: "ovhcloud", prefix: "ovhcloud/", over: true },
  { id: "fireworks", provider: "fireworks_ai", prefix: "fireworks_ai/accounts/fireworks/models/", over: true },
  { id: "aws", provider: "bedrock_converse", prefix: "", over: false, only: /^[a-z-]+\.[a-z]/ },
  { id: "cloudflare", provider: "cloudflare", prefix: "cloudflare/", over: false },
];

/** Of the package's price keys, what they are called here and how many units they are for. */
const fields: Record<string, { field: string; per: number; tiers?: true }> = {
  input_mtok: { field: "input_cost_per_token", per: 1e6, tiers: true },
  output_mtok: { field: "output_cost_per_token", per: 1e6, tiers: true },
  cache_read_mtok: { field: "cache_read_input_token_cost", per: 1e6, tiers: true },
  cache_write_mtok: { field: "cache_creation_input_token_cost", per: 1e6, tiers: true },
  cache_write_1h_mtok: { field: "cache_creation_input_token_cost_above_1hr", per: 1e6, tiers: true },
  input_audio_mtok: { field: "input_cost_per_audio_token", per: 1e6, tiers: true },
  output_audio_mtok: { field: "output_cost_per_audio_token", per: 1e6 },
  cache_audio_read_mtok: { field: "cache_read_input_audio_token_cost", per: 1e6 },
  input_image_mtok: { field: "input_cost_per_image_token", per: 1e6 },
  output_image_mtok: { field: "output_cost_per_image_token", per: 1e6 },
  cache_image_read_mtok: { field: "cache_read_input_image_token_cost", per: 1e6 },
  input_video_mtok: { field: "input_cost_per_video_token", per: 1e6 },
  output_video_mtok: { field: "output_cost_per_video_token", per: 1e6 },
  output_reasoning_mtok: { field: "output_cost_per_reasoning_token", per: 1e6 },
  output_citation_mtok: { field: "citation_cost_per_token", per: 1e6 },
  audio_hours: { field: "input_cost_per_second", per: 3600 },
  input_document_kpages: { field: "ocr_cost_per_page", per: 1e3 },
  input_annotated_document_kpages: { field: "annotation_cost_per_page", per: 1e3 },
  requests_kcount: { field: "input_cost_per_request", per: 1e3 },
};

/** A price divided by its units, without the noise of binary fractions: 3.6 / 1e6 is 3.6e-6. */
const unitPrice = (price: number, per: number) => Number((price / per).toPrecision(12));

/** The package's prices in the catalogue's fields. */
export function toFields(prices: ModelPrice): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  for (const [key, price] of Object.entries(prices)) {
    const known = fields[key];
    if (price === undefined) continue;
    if (known) {
      found[known.field] = unitPrice(typeof price === "number" ? price : price.base, known.per);
      if (typeof price !== "number" && known.tiers)
        // Providers say "above 200k" and "from 200k"; the package tells them apart by one token (199,999), we do not.
        for (const { start, price: above } of price.tiers)
          found[`${known.field}_above_${Math.round(start / 1000)}k_tokens`] = unitPrice(above, known.per);
    }
    if (key === "web_searches_kcount" && typeof price === "number") {
      const each = unitPrice(price, 1e3);
      found["search_context_cost_per_query"] = {
        search_context_size_high: each,
        search_context_size_low: each,
        search_context_size_medium: each,
      };
    }
  }
  return found;
}

/** Prices in force on a day, and those that hold later or at certain hours (`timed_pricing`, read by `cost()`). */
export function pricesOn(model: ModelInfo, day: string): Record<string, unknown> {
  const entries: ConditionalPrice[] = Array.isArray(model.prices) ? model.prices : [{ prices: model.prices }];
  let now: ModelPrice = {};
  const timed: Record<string, unknown>[] = [];
  for (const { constraint, prices } of entries) {
    if (constraint === undefined || (constraint.type === "start_date" && constraint.start_date <= day)) now = prices;
    else if (constraint.type === "start_date") timed.push({ start_date: constraint.start_date, ...toFields(prices) });
    else timed.push({ start_time: constraint.start_time, end_time: constraint.end_time, ...toFields(prices) });
  }
  return { ...toFields(now), ...(timed.length > 0 && { timed_pricing: timed }) };
}

const snapshot = /^[-@](\d{8}|\d{4}-\d{2}-\d{2})$/;

/** Does the pattern name this very model, or its family with a date behind it? */
export function namesExactly(logic: MatchLogic, name: string): boolean {
  if ("or" in logic) return logic.or.some((inner) => namesExactly(inner, name));
  if ("and" in logic) return logic.and.every((inner) => namesExactly(inner, name));
  if ("equals" in logic) return logic.equals === name;
  if ("starts_with" in logic)
    return name.startsWith(logic.starts_with) && snapshot.test(name.slice(logic.starts_with.length));
  return "regex" in logic && /\\d/.test(logic.regex) && new RegExp(logic.regex).test(name);
}

const aliases = (logic: MatchLogic): string[] =>
  "equals" in logic ? [logic.equals] : "or" in logic ? logic.or.flatMap(aliases) : [];

/** What kind of model has these prices. The package does not say it. */
function modeOf(name: string, prices: Record<string, unknown>): string {
  if ("ocr_cost_per_page" in prices) return "ocr";
  if ("input_cost_per_second" in prices) return /voice|realtime/.test(name) ? "realtime" : "audio_transcription";
  if (/embed|\bbge-|\be5-/i.test(name)) return "embedding";
  if (/rerank/i.test(name)) return "rerank";
  if (/moderation/.test(name)) return "moderation";
  if (/[-_]tts\b/.test(name)) return "audio_speech";
  if (/realtime|-live-/.test(name)) return "realtime";
  if (/image/.test(name)) return "image_generation";
  return "chat";
}

/** Copied from OpenRouter by the package's own account: no word on what the provider itself charges. */
const secondHand = (model: ModelInfo) => model.price_comments?.startsWith("Imported from OpenRouter") ?? false;

/** Stands in the rows that come from the package alone, so that the next refresh makes them anew. */
const origin = "genai-prices";

/** The finer rates that stand or fall with a base price. */
const finer = (base: string) => new RegExp(`^${base}_(above_\\d+k_tokens|flex|priority|batches)`);

function laidOver(old: Record<string, unknown>, prices: Record<string, unknown>): Record<string, unknown> {
  const { timed_pricing: _, ...merged } = old;
  for (const [field, price] of Object.entries(prices))
    if (typeof price === "number" && field in old && old[field] !== price)
      for (const key of Object.keys(merged)) if (finer(field).test(key)) delete merged[key];
  for (const [field, price] of Object.entries(prices)) {
    // OpenAI prices search by context size on some models; one price for all sizes says less.
    if (field === "search_context_cost_per_query" && field in old) continue;
    if (field === "output_cost_per_token" && old["mode"] === "embedding") continue;
    merged[field] = price;
  }
  // The same price under DeepSeek's older name.
  if ("input_cost_per_token_cache_hit" in merged && "cache_read_input_token_cost" in prices)
    merged["input_cost_per_token_cache_hit"] = prices["cache_read_input_token_cost"];
  return merged;
}

function newRow(source: Source, model: ModelInfo, name: string, day: string): Record<string, unknown> {
  const prices = pricesOn(model, day);
  const mode = modeOf(name, prices);
  return {
    litellm_provider: source.provider,
    mode,
    ...(model.context_window !== undefined && { max_input_tokens: model.context_window }),
    // Anthropic, "Data residency pricing": US-only inference is 1.1 times the price from Opus 4.6 on.
    ...(source.id === "anthropic" &&
      /^claude-[a-z]+-([5-9]|4-[6-9])/.test(name) && { provider_specific_entry: { us: 1.1 } }),
    source: origin,
    ...prices,
  };
}

export interface Merged {
  figures: Figures;
  dated: string[];
  changed: string[];
  added: string[];
}

/**
 * @param day `YYYY-MM-DD`: prices that start later are kept as coming ones
 * @throws Error where the package no longer has a provider that is named here
 */
export function mergePrices(figures: Figures, day: string): Merged {
  const merged: Figures = { ...figures };
  const dated = new Set<string>();
  const changed = new Set<string>();
  const added = new Set<string>();
  for (const source of sources) {
    const provider = findProvider({ providerId: source.id });
    if (!provider) throw new Error(`genai-prices has no provider ${source.id}`);
    const reached = new Set<string>();
    for (const [key, info] of Object.entries(figures)) {
      if (info["litellm_provider"] !== source.provider || !key.startsWith(source.prefix)) continue;
      if (info["source"] === origin) continue;
      const name = key.slice(source.prefix.length);
      const hit = calcPrice({}, name.toLowerCase(), { providerId: source.id });
      if (hit?.provider.id !== source.id) continue;
      reached.add(hit.model.id);
      const exact =
        hit.model.id === name || (namesExactly(hit.model.match, name.toLowerCase()) && !/-latest$/.test(name));
      if (!source.over || !exact || secondHand(hit.model) || name.startsWith("ft:")) continue;
      merged[key] = laidOver(info, pricesOn(hit.model, day));
      if (!same(merged[key], info)) changed.add(key);
    }
    for (const model of provider.models) {
      if (secondHand(model)) continue;
      const names = new Set([model.id, ...aliases(model.match).filter((name) => !name.includes("/"))]);
      if (source.id === "openrouter") names.clear();
      if (source.id === "openrouter" || model.id.includes("/")) names.add(model.id);
      for (const raw of names) {
        // Bedrock's in-region price is that of the bare name, to which `us.`, `eu.`, ... lead back.
        const name = raw.replace(/^regional\./, "");
        const key = source.prefix + name;
        if (source.only && !source.only.test(name)) continue;
        if (namesExactly(model.match, `${name}-20260131`) || namesExactly(model.match, `${name}-2026-01-31`))
          dated.add(key);
        // A model the figures already know under another of its names is not added again under a pattern's.
        const known = figures[key];
        if ((known && known["source"] !== origin) || reached.has(model.id) || !/^(?!ft:).*\w$/.test(key)) continue;
        if (key in merged && merged[key]?.["litellm_provider"] !== source.provider) continue;
        const row = newRow(source, model, name, day);
        if (!Object.keys(row).some((field) => field.includes("cost"))) continue;
        merged[key] = row;
        if (!known) added.add(key);
        else if (!same(row, known)) changed.add(key);
      }
    }
  }
  return {
    figures: merged,
    dated: [...dated].filter((name) => name in merged),
    changed: [...changed],
    added: [...added],
  };
}
