/**
 * What a call costs. Pure: the same usage, prices and options give the same cost, whether the answer was streamed or
 * not. Amounts are exact until the one rounding at the end (`money.ts`).
 *
 * An unknown price is `undefined`, never 0: only a price that is stated as 0 costs 0.
 */
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "./catalogue.ts";
import type { Charge, CostPart } from "./charge.ts";
import { add, type Decimal, decimal, multiply, one, toNano, zero } from "./money.ts";
import { asPrice, type Rates, ratesFor } from "./rates.ts";
import { type Measured, measuredParts } from "./units.ts";

export type { CostPart } from "./charge.ts";
export { formatUsd, toUsd } from "./money.ts";

export interface Cost {
  /** Nano-dollars, an integer: the exact sum of all parts, rounded once, halves up. */
  total: number;
  /** Nano-dollars by what they were for, each rounded by itself: their sum may be a few nano-dollars off `total`. */
  parts: Partial<Record<CostPart, number>>;
}

export interface CostOptions {
  /** As the provider reports it, else as asked for: `flex`, `priority`, `batch`; anything else is standard. */
  serviceTier?: string | null;
  /** When the call began, Unix milliseconds. Without it, prices by the hour and coming prices are not looked at. */
  at?: number;
  /** Anthropic's `inference_geo` (`us`) and `speed` (`fast`): multipliers of `provider_specific_entry`. */
  geo?: string | null;
  speed?: string | null;
  /** `low`, `medium` (if not given), `high`. */
  searchContextSize?: string | null;
  /** Web searches, where `usage.server_tool_use` does not tell. */
  searches?: number;
  /** What was measured in other units than tokens. */
  measured?: Measured;
}

const amount = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value > 0 ? value : 0;

const isTable = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** Takes from a pool what it has left, so that the parts of a total never add up to more. */
function drawFrom(total: number): (wanted: number) => number {
  let left = total;
  return (wanted) => {
    const taken = Math.min(wanted, left);
    left -= taken;
    return taken;
  };
}

/** Tokens of the prompt by kind. The kinds add up to `prompt_tokens`, whatever the upstream reports. */
function inputCharges(usage: Usage, rates: Rates): Charge[] {
  const details = usage.prompt_tokens_details;
  const kept = details?.cache_creation_token_details;
  const base = rates("input_cost_per_token");
  const read = amount(details?.cached_tokens ?? usage.cache_read_input_tokens);
  const hour = amount(kept?.ephemeral_1h_input_tokens);
  const written = Math.max(
    amount(details?.cache_creation_tokens ?? usage.cache_creation_input_tokens),
    hour + amount(kept?.ephemeral_5m_input_tokens),
  );
  // Realtime: which of the cached tokens are audio or image. Those are part of `audio_tokens` and `image_tokens`.
  const cachedKinds: Record<string, unknown> = isTable(details?.["cached_tokens_details"])
    ? details["cached_tokens_details"]
    : {};
  const cachedAudio = Math.min(amount(cachedKinds["audio_tokens"]), read);
  const cachedImage = Math.min(amount(cachedKinds["image_tokens"]), read - cachedAudio);

  // Unsplit cached tokens are text as far as there is text; the rest was audio, image or video.
  const draw = drawFrom(amount(usage.prompt_tokens));
  const cachedText = draw(read - cachedAudio - cachedImage);
  const cached = [draw(cachedAudio), draw(cachedImage)] as const;
  const hourly = draw(hour);
  const short = draw(written - hour);
  const audio = draw(Math.max(0, amount(details?.audio_tokens) - cachedAudio));
  const image = draw(Math.max(0, amount(details?.image_tokens) - cachedImage));
  const video = draw(amount(details?.video_tokens));
  const text = draw(Number.POSITIVE_INFINITY);

  const cachedRate = rates("cache_read_input_token_cost") ?? rates("input_cost_per_token_cache_hit") ?? base;
  const shortRate = rates("cache_creation_input_token_cost") ?? base;
  // Anthropic, "Prompt caching": a write kept for one hour costs twice the input price. Nobody else has such writes.
  const hourRate = rates("cache_creation_input_token_cost_above_1hr") ?? (base === undefined ? undefined : 2 * base);
  const audioRead =
    rates("cache_read_input_audio_token_cost") ?? rates("cache_read_input_token_cost_per_audio_token") ?? cachedRate;
  return [
    { part: "input", quantity: text, price: base },
    { part: "cached_read", quantity: cachedText, price: cachedRate },
    { part: "cached_read", quantity: cached[0], price: audioRead },
    { part: "cached_read", quantity: cached[1], price: rates("cache_read_input_image_token_cost") ?? cachedRate },
    { part: "cache_write_5m", quantity: short, price: shortRate },
    { part: "cache_write_1h", quantity: hourly, price: hourRate },
    { part: "input_audio", quantity: audio, price: rates("input_cost_per_audio_token") ?? base },
    { part: "input_image", quantity: image, price: rates("input_cost_per_image_token") ?? base },
    { part: "input_video", quantity: video, price: rates("input_cost_per_video_token") ?? base },
  ];
}

const drawsImages = (info: ModelInfo) => info.mode === "image_generation" || info.mode === "image_edit";

/** Tokens of the answer by kind; they add up to `completion_tokens`. */
function outputCharges(usage: Usage, rates: Rates, info: ModelInfo): Charge[] {
  const details = usage.completion_tokens_details;
  const base = rates("output_cost_per_token");
  const draw = drawFrom(amount(usage.completion_tokens));
  const audio = draw(amount(details?.audio_tokens));
  const reported = details?.image_tokens;
  const imageRate = rates("output_cost_per_image_token");
  // Image models report one figure for all output, which is the image.
  const unsplit = drawsImages(info) && imageRate !== undefined && (reported === undefined || reported === null);
  const image = draw(unsplit ? Number.POSITIVE_INFINITY : amount(reported));
  const video = draw(amount(details?.["video_tokens"]));
  const reasoning = draw(amount(details?.reasoning_tokens));
  const text = draw(Number.POSITIVE_INFINITY);
  return [
    { part: "output", quantity: text, price: base },
    { part: "reasoning", quantity: reasoning, price: rates("output_cost_per_reasoning_token") ?? base },
    { part: "output_audio", quantity: audio, price: rates("output_cost_per_audio_token") ?? base },
    { part: "output_image", quantity: image, price: imageRate ?? base },
    { part: "output_video", quantity: video, price: rates("output_cost_per_video_token") ?? base },
    // Perplexity: tokens of cited pages, beside `completion_tokens`.
    { part: "citation", quantity: amount(usage["citation_tokens"]), price: rates("citation_cost_per_token") ?? base },
  ];
}

function searchCharge(usage: Usage, info: ModelInfo, options: CostOptions): Charge {
  const searches =
    options.searches ??
    usage.server_tool_use?.web_search_requests ??
    usage["num_search_queries"] ??
    (amount(usage.completion_tokens) > 0 ? info["untold_searches"] : undefined) ??
    // Perplexity's Sonar models search for each request, and tell how large; some tell how often.
    (info["least_searches"] !== undefined && usage["search_context_size"] !== undefined ? info["least_searches"] : 0);
  const size = options.searchContextSize ?? usage["search_context_size"] ?? "medium";
  const prices = info.search_context_cost_per_query;
  const price = prices?.[`search_context_size_${size}`] ?? prices?.["search_context_size_medium"];
  return { part: "search", quantity: amount(searches), price: asPrice(price) };
}

/** Sources that a search has used, where they are what is billed. */
function sourceCharge(usage: Usage, info: ModelInfo): Charge {
  return {
    part: "search",
    quantity: amount(usage["num_sources_used"]),
    price: asPrice(info["cost_per_search_source"]),
  };
}

/** Anthropic's multipliers for all tokens, e.g. `{ us: 1.1, fast: 6 }`; 1 where the model has none. */
function multiplier(info: ModelInfo, options: CostOptions): Decimal {
  const entry = info["provider_specific_entry"];
  const factors = [options.geo, options.speed].map((name) =>
    name && isTable(entry) ? (asPrice(entry[name]) ?? 1) : 1,
  );
  return factors.map(decimal).reduce(multiply);
}

/** Is anything known of what the model costs, and is all of it 0? */
function isFree(info: ModelInfo): boolean {
  const prices = Object.entries(info).filter(([field, price]) => /_cost(_|$)/.test(field) && typeof price === "number");
  return prices.length > 0 && prices.every(([, price]) => price === 0);
}

/** Modes that are billed by tokens alone, so that no tokens cost nothing. */
const tokenModes = new Set(["chat", "completion", "responses", "embedding", "moderation", "realtime"]);

/**
 * The cost of one call.
 *
 * @param usage as reported or estimated; `prompt_tokens` with cached and written ones, `completion_tokens` with
 * reasoning
 * @param info the row of the catalogue, with the deployment's overrides
 * @returns `undefined` where a price that is needed is not known, or nothing was measured that has a price
 */
export function cost(usage: Usage, info: ModelInfo, options: CostOptions = {}): Cost | undefined {
  const rates = ratesFor(info, {
    promptTokens: amount(usage.prompt_tokens),
    serviceTier: options.serviceTier,
    at: options.at,
    results: options.measured?.results,
  });
  const tokens = [...inputCharges(usage, rates), ...outputCharges(usage, rates, info)].filter(isCharged);
  const measured = measuredParts(usage, rates, info, options.measured ?? {}).filter(isCharged);
  // A model billed by the second, image or page may report tokens, too: they are no reason for a second bill.
  const billed = measured.length > 0 ? tokens.filter(({ price }) => price !== undefined) : tokens;
  // A search whose price is not known does not make the rest free: budgets would let through whoever asks for one.
  const isAlone = billed.length === 0 && measured.length === 0;
  const search = [searchCharge(usage, info, options), sourceCharge(usage, info)]
    .filter(isCharged)
    .filter(({ price }) => price !== undefined || isAlone);
  const factor = multiplier(info, options);
  const charges = [
    ...billed.map((charge) => ({ ...charge, factor })),
    ...[...measured, ...search].map((charge) => ({ ...charge, factor: one })),
  ];

  if (charges.length === 0) {
    const nothingUsed =
      tokens.length === 0 && tokenModes.has(info.mode ?? "chat") && rates("input_cost_per_token") !== undefined;
    return nothingUsed || isFree(info) ? { total: 0, parts: {} } : undefined;
  }
  const sums = new Map<CostPart, Decimal>();
  let total = zero;
  for (const { part, quantity, price, factor } of charges) {
    if (price === undefined) return undefined;
    const charged = multiply(multiply(decimal(quantity), decimal(price)), factor);
    sums.set(part, add(sums.get(part) ?? zero, charged));
    total = add(total, charged);
  }
  return {
    total: toNano(total),
    parts: Object.fromEntries([...sums].map(([part, sum]) => [part, toNano(sum)])),
  };
}

const isCharged = ({ quantity }: Charge) => quantity > 0;
