/** Sizes of images as OpenAI writes them (`1024x1536`), and what others have in their place. */

export interface PixelSize {
  width: number;
  height: number;
}

/** `undefined` for `auto`, nothing, and what is no size in pixels. */
export function pixelsOf(size: string | null | undefined): PixelSize | undefined {
  const [, width, height] = /^(\d+)[x*](\d+)$/i.exec(size ?? "") ?? [];
  const pixels = { width: Number(width), height: Number(height) };
  return pixels.width > 0 && pixels.height > 0 ? pixels : undefined;
}

/**
 * Of these aspect ratios (`16:9`) the one nearest to the size; a size that is a ratio is taken as it is.
 * @returns nothing where no shape is asked for
 */
export function aspectRatioOf(size: string | null | undefined, ratios: readonly string[]): string | undefined {
  if (typeof size === "string" && size.includes(":")) return size;
  const pixels = pixelsOf(size);
  if (pixels === undefined) return undefined;
  const distance = (ratio: string) => Math.abs(Math.log((quotient(ratio) * pixels.height) / pixels.width));
  return ratios.reduce((best, ratio) => (distance(ratio) < distance(best) ? ratio : best));
}

function quotient(ratio: string): number {
  const [width = 1, height = 1] = ratio.split(":").map(Number);
  return width / height;
}

/** `1K`, `2K` or `4K`: the class whose square has about as many pixels; `undefined` where no size is asked for. */
export function resolutionOf(size: string | null | undefined): "1K" | "2K" | "4K" | undefined {
  const [, stated] = /^([124])k$/i.exec(size ?? "") ?? [];
  if (stated !== undefined) return `${stated}K` as "1K" | "2K" | "4K"; // the pattern has no other
  const pixels = pixelsOf(size);
  if (pixels === undefined) return undefined;
  // Halfway between two classes, as edges go.
  const edge = Math.sqrt(pixels.width * pixels.height);
  if (edge >= 3072) return "4K";
  return edge >= 1536 ? "2K" : "1K";
}
