/** What images that are made cost: their tokens, where nobody reports them, and the price list's row for one of a size. */
import { pixelsOf } from "../formats/image-size.ts";
import { findImageModel, findModel, type ModelInfo } from "./catalogue.ts";

/** An image as it is asked for, or as it came to be. */
export interface ImageKind {
  size?: string | null | undefined;
  quality?: string | null | undefined;
}

/**
 * Output tokens of a square of 1024 pixels by quality; other sizes take as many more as they have more pixels.
 * Source: OpenAI, "Image generation", the table of tokens. What the newest qualities take is not published: twice and four
 * times as much is reckoned with.
 */
const SQUARE_TOKENS: Readonly<Record<string, number>> = { low: 272, medium: 1056, high: 4160, xhigh: 8320, max: 16640 };
const SQUARE = 1024 * 1024;

/** The largest that `auto` chooses, next to a square. */
const LARGEST_AUTO = 1.5;

/** Same source: each partial image of a stream. */
const PARTIAL_TOKENS = 100;

/** Gemini's images: 1,120 up to 2K and 2,000 at 4K (1,290 before Gemini 3), and thoughts before them. */
const GEMINI_TOKENS = 1290;
const GEMINI_MOST_TOKENS = 4096;

/** Of models whose tokens nobody tells. */
const UNKNOWN_MOST_TOKENS = 8192;

/** Output tokens of one image at most; 0 where the model's images are not billed by tokens. */
export function mostImageTokens(model: string, info: ModelInfo | undefined, kind: ImageKind, partials: number): number {
  if (info === undefined || !isBilledByTokens(info)) return 0;
  if (isGptImage(model)) {
    const area = pixelsIn(kind) ?? LARGEST_AUTO * SQUARE;
    return Math.ceil((tokensOf(kind.quality) * area) / SQUARE) + partials * PARTIAL_TOKENS;
  }
  return /gemini/.test(model) ? GEMINI_MOST_TOKENS : UNKNOWN_MOST_TOKENS;
}

/** Output tokens of one image, where the provider reports none; 0 where nothing is known of the model's. */
export function usualImageTokens(model: string, kind: ImageKind): number {
  if (isGptImage(model)) return Math.ceil((tokensOf(kind.quality) * (pixelsIn(kind) ?? SQUARE)) / SQUARE);
  return /gemini/.test(model) && !/imagen/.test(model) ? GEMINI_TOKENS : 0;
}

function isGptImage(model: string): boolean {
  return /gpt-image|chatgpt-image/.test(model);
}

/** Of `auto`, and of what nobody knows, as much as of `high`. */
function tokensOf(quality: string | null | undefined): number {
  return SQUARE_TOKENS[quality ?? ""] ?? (SQUARE_TOKENS["high"] as number); // stands above
}

function pixelsIn({ size }: ImageKind): number | undefined {
  const pixels = pixelsOf(size);
  return pixels && pixels.width * pixels.height;
}

function isBilledByTokens(info: ModelInfo): boolean {
  return info["output_cost_per_image_token"] !== undefined || Boolean(info.output_cost_per_token);
}

/** Fields that say what an image costs. */
const IMAGE_PRICE = /_cost_per_(?:image|pixel)/;

/**
 * The model's row with the prices of one image of this size and quality, where the price list has such
 * (`hd/1024-x-1792/dall-e-3`); the row itself where it has none, where the model is billed by tokens, and where the
 * deployment states a price of its own.
 */
export function imageRow(
  info: ModelInfo | undefined,
  { model, provider }: { model: string; provider: string },
  { size, quality }: ImageKind,
): ModelInfo | undefined {
  if (info === undefined || isBilledByTokens(info)) return info;
  const base = info["base_model"];
  const name = typeof base === "string" && base !== "" ? base : model;
  const own = findModel(name, name === model ? provider : undefined);
  const sized = findImageModel(name, name === model ? provider : undefined, {
    size: size ?? null,
    quality: quality ?? null,
  });
  if (sized === undefined || own === undefined) return sized === undefined ? info : withPrices(info, sized);
  const isStated = Object.keys(info).some((field) => IMAGE_PRICE.test(field) && info[field] !== own[field]);
  return isStated ? info : withPrices(info, sized);
}

function withPrices(info: ModelInfo, sized: ModelInfo): ModelInfo {
  const kept = Object.entries(info).filter(([field]) => !IMAGE_PRICE.test(field));
  const prices = Object.entries(sized).filter(([field]) => IMAGE_PRICE.test(field));
  return Object.fromEntries([...kept, ...prices]);
}
