/**
 * The catalogue: what is known of each model. Its data is `catalogue.data.json`, built by `scripts/build-catalogue.ts`
 * and part of the bundle: no price is fetched at run time. Rows are decoded one at a time, when asked for.
 */
import data from "./catalogue.data.json" with { type: "json" };
import { baseProvider, candidates, sameProvider, snapshotBase } from "./names.ts";
import { ownRow } from "./own-rows.ts";
import { type CompactCatalogue, readRows } from "./rows.ts";
import { withSearchPrices } from "./search-prices.ts";
import { withTrainingPrices } from "./training-prices.ts";

/**
 * What is known of a model: LiteLLM's field names, prices in US dollars for one unit. Absent means unknown, never 0.
 * Fields not named here are kept as the source has them.
 */
export interface ModelInfo {
  /** LiteLLM's provider, finer than a slug: `vertex_ai-language-models`, `bedrock_converse`. */
  litellm_provider?: string;
  /** `chat`, `embedding`, `image_generation`, `audio_transcription`, ... */
  mode?: string;
  max_tokens?: number;
  max_input_tokens?: number;
  max_output_tokens?: number;
  input_cost_per_token?: number;
  output_cost_per_token?: number;
  cache_read_input_token_cost?: number;
  cache_creation_input_token_cost?: number;
  output_cost_per_reasoning_token?: number;
  /** Prices of a web search by `search_context_size_low`, `…_medium`, `…_high`. */
  search_context_cost_per_query?: Record<string, number>;
  /** Prices by the size of the prompt: `range` is [above, up to] in tokens, the rest are price fields. */
  tiered_pricing?: Record<string, unknown>[];
  /**
   * Prices that replace the row's own from a `start_date` (`YYYY-MM-DD`) on, or daily between `start_time` and
   * `end_time` (`hh:mm:ssZ`); the last that holds wins.
   */
  timed_pricing?: Record<string, unknown>[];
  /** It asks other models, which are charged at their own prices where an answer names them: these are the dearest. */
  split_pricing?: boolean;
  supports_reasoning?: boolean;
  supports_vision?: boolean;
  supports_function_calling?: boolean;
  supports_response_schema?: boolean;
  supports_prompt_caching?: boolean;
  supported_endpoints?: string[];
  /** Of a token that a model is trained with, in each epoch; of an hour of reinforcement. */
  training_cost_per_token?: number;
  training_cost_per_hour?: number;
  /** `YYYY-MM-DD` */
  deprecation_date?: string;
  [field: string]: unknown;
}

const compact: CompactCatalogue = data;
const rows = readRows(compact);
const dated = new Set(compact.dated);

/** Which data the catalogue holds: the date of the figures and the version of the prices laid over them. */
export const catalogueStamp: Readonly<CompactCatalogue["stamp"]> = compact.stamp;

// The row's fields are checked when the catalogue is built; every one is optional and read with its type in mind.
const rowOf = (name: string): ModelInfo | undefined => {
  const row = (rows.find(name) as ModelInfo | undefined) ?? ownRow(name);
  return row && withTrainingPrices(name, withSearchPrices(name, row));
};

/**
 * What the catalogue knows of a model, tried by the names LiteLLM tries, best first: `provider/model`, the model
 * alone, then both without what only tells the place or the version (`us.`, `-001`, the tail of a fine-tuned model).
 * A row of another provider is not taken, but for providers that resell (`azure_ai`, `github`, `litellm_proxy`).
 *
 * @param name as in `litellm_params.model`, with or without the provider
 * @param provider the slug, where it is known
 * @param region where the provider prices by region (Bedrock), e.g. `eu-west-1`
 * @returns the row, the caller's own; `undefined` where nothing is known
 */
export function findModel(name: string, provider?: string, region?: string): ModelInfo | undefined {
  if (provider === undefined) {
    const exact = rowOf(name);
    if (exact) return exact;
  }
  const slug = provider ?? providerOf(name);
  for (const candidate of candidates(name, slug, region)) {
    const found = rowOf(candidate) ?? rowOf(snapshotBase(candidate, dated) ?? "");
    if (found && (slug === undefined || sameProvider(slug, found.litellm_provider ?? ""))) return found;
  }
  return undefined;
}

/**
 * The row of one image of a size and quality, for providers that price these (`high/1024-x-1024/gpt-image-1`,
 * `512-x-512/50-steps/stability.…`), else the model's own row.
 *
 * @param image `size` as OpenAI writes it, e.g. `1024x1024`
 */
export function findImageModel(
  name: string,
  provider: string | undefined,
  image: { size?: string | null; quality?: string | null; steps?: number | null },
): ModelInfo | undefined {
  const slug = provider ?? providerOf(name);
  const model = slug !== undefined && name.startsWith(`${slug}/`) ? name.slice(slug.length + 1) : name;
  const size = (image.size && image.size !== "auto" ? image.size : "1024x1024").replace("x", "-x-");
  const quality = image.quality && image.quality !== "auto" ? image.quality : undefined;
  const details = [
    ...(quality ? [`${quality}/${size}`] : []),
    ...(image.steps ? [`${size}/${image.steps <= 50 ? "50" : "max"}-steps`] : []),
    size,
    `standard/${size}`,
    `${size}/50-steps`,
  ];
  for (const detail of details)
    for (const candidate of [`${slug}/${detail}/${model}`, `${detail}/${slug}/${model}`, `${detail}/${model}`]) {
      const found = rowOf(candidate);
      if (found && (slug === undefined || sameProvider(slug, found.litellm_provider ?? ""))) return found;
    }
  return findModel(name, provider);
}

let prefixes: Set<string> | undefined;

/** The provider slugs the catalogue has models of. */
function knownProviders(): Set<string> {
  prefixes ??= new Set((compact.facts["litellm_provider"] ?? []).map((slug) => baseProvider(String(slug))));
  return prefixes;
}

/**
 * The slug of the provider a model name belongs to: that of its prefix (`groq/…`), else the one whose model it is
 * (`gpt-4o` → `openai`, `gemini-2.5-pro` → `vertex_ai`, as in LiteLLM). `undefined` where the catalogue cannot tell;
 * providers without any model in it (`hosted_vllm`, ...) are for the provider registry to know.
 */
export function providerOf(name: string): string | undefined {
  const slash = name.indexOf("/");
  if (slash > 0 && knownProviders().has(name.slice(0, slash))) return name.slice(0, slash);
  if (name.startsWith("ft:")) return "openai";
  for (const candidate of candidates(name, "bedrock", undefined)) {
    const info = rowOf(candidate) ?? rowOf(snapshotBase(candidate, dated) ?? "");
    if (!info?.litellm_provider) continue;
    const slug = baseProvider(info.litellm_provider);
    // Names but for the exact one are of Bedrock's making: `us.`, `converse/`, an ARN.
    if (candidate === name || slug === "bedrock") return slug;
  }
  return undefined;
}

/** Rows that are a price and no model: one image of a size, a commitment to a month. */
const isPriceRow = (name: string) => /(^|\/)\d+-x-\d+\/|\/\d-month-commitment\/|\/\*\//.test(name);

/**
 * Names of the models in the catalogue, sorted.
 *
 * @param provider only those of this provider (a slug)
 */
export function listModels(provider?: string): string[] {
  const names: string[] = [];
  const wanted = provider && baseProvider(provider);
  for (let index = 0; index < rows.size; index++) {
    const belongs = !wanted || baseProvider(String(rows.field(index, "litellm_provider"))) === wanted;
    if (belongs && !isPriceRow(rows.name(index))) names.push(rows.name(index));
  }
  return names;
}

/** Price fields as LiteLLM names them; also `input_dbu_cost_per_token`, which nothing charges. */
const isPrice = (field: string) => /_cost(_|$)/.test(field) || /_pricing$/.test(field);

/** The finer rates of a price list, which go when a deployment states a price of its own. */
const inputRate = /^(input_cost_per_(token|audio_token|image_token|video_token)|cache_(read|creation)_input)/;
const outputRate = /^output_cost_per_(token|reasoning_token|audio_token|image_token|video_token)/;

/**
 * What a deployment is billed by: the catalogue's row with the deployment's own figures laid over it.
 *
 * - `base_model` names the row to start from instead of `info` (Azure deployments with names of their own).
 * - A price given for input tokens replaces all of the row's rates for input (above 200k, cached, flex, ...), unless
 *   they are given too; the same for output. They belong to a price list that does not apply.
 * - Prices may be numbers or numeric strings. `null` changes nothing.
 *
 * @param overrides `model_info`, and of `litellm_params` the prices alone: its `max_tokens` is a parameter, not a window
 * @returns a new row; `undefined` where neither side says anything
 */
export function withOverrides(
  info: ModelInfo | undefined,
  overrides: Readonly<Record<string, unknown>>,
): ModelInfo | undefined {
  const base = overrides["base_model"];
  const start = (typeof base === "string" && base !== "" ? findModel(base) : undefined) ?? info;
  const stated = new Map<string, unknown>();
  for (const [field, value] of Object.entries(overrides)) {
    if (value === undefined || value === null) continue;
    const figure = isPrice(field) && typeof value === "string" && value.trim() !== "" ? Number(value) : value;
    if (!Number.isNaN(figure)) stated.set(field, figure);
  }
  if (start === undefined && stated.size === 0) return undefined;

  const input = stated.has("input_cost_per_token");
  const output = stated.has("output_cost_per_token");
  const replaced = [
    ...(input ? [inputRate] : []),
    ...(output ? [outputRate] : []),
    ...(input || output ? [/^(tiered|timed|split)_pricing$/] : []),
  ];
  const kept = Object.entries(start ?? {}).filter(([field]) => !replaced.some((rates) => rates.test(field)));
  return Object.fromEntries([...kept, ...stated]);
}
