/** Tokens of images, audio and files in a prompt, from what is in the request: nothing is fetched. */

/** LiteLLM's `DEFAULT_IMAGE_TOKEN_COUNT`, for images whose size is not known. */
const unknownImage = 250;

export interface ImageSize {
  width: number;
  height: number;
}

/** Bytes that hold the size in all four formats, but for JPEGs with more metadata than this. */
const headBytes = 96 * 1024;

/** Payload of a base64 data URL, or bare base64. */
const payload = (data: string) => (data.startsWith("data:") ? data.slice(data.indexOf(",") + 1) : data);

const byteLength = (base64: string) => Math.floor((base64.length * 3) / 4) - (base64.endsWith("==") ? 2 : 0);

/** The first bytes of base64, or none where it is not base64. */
function head(base64: string, length: number): Uint8Array {
  try {
    const text = atob(base64.slice(0, Math.ceil(length / 3) * 4));
    return Uint8Array.from(text, (character) => character.charCodeAt(0));
  } catch {
    // A size that cannot be read is an unknown size, not an error.
    return new Uint8Array();
  }
}

/** Width and height of a PNG, GIF, WebP or JPEG; `undefined` for anything else. */
export function imageSize(bytes: Uint8Array): ImageSize | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, to));
  if (bytes.length < 30) return undefined;
  if (text(1, 4) === "PNG") return { width: view.getUint32(16), height: view.getUint32(20) };
  if (text(0, 3) === "GIF") return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  if (text(0, 4) === "RIFF" && text(8, 12) === "WEBP") return webpSize(view, text(12, 16));
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return jpegSize(view);
  return undefined;
}

/** Source: RFC 9649. */
function webpSize(view: DataView, kind: string): ImageSize | undefined {
  const uint24 = (at: number) => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (kind) {
    case "VP8 ":
      return { width: view.getUint16(26, true) & 0x3fff, height: view.getUint16(28, true) & 0x3fff };
    case "VP8L": {
      const bits = view.getUint32(21, true);
      return { width: (bits & 0x3fff) + 1, height: ((bits >> 14) & 0x3fff) + 1 };
    }
    case "VP8X":
      return { width: uint24(24) + 1, height: uint24(27) + 1 };
    default:
      return undefined;
  }
}

/** Walks the segments to the frame header (SOF0 to SOF15, but for tables that share the range). */
function jpegSize(view: DataView): ImageSize | undefined {
  for (let at = 2; at + 9 < view.byteLength && view.getUint8(at) === 0xff; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return undefined;
}

const family = (model: string) =>
  /claude/.test(model) ? "anthropic" : /gemini|gemma/.test(model) ? "gemini" : "openai";

/** OpenAI, "Images and vision": within 2048 × 2048, then 768 on the short side, then tiles of 512. */
function openaiTokens({ width, height }: ImageSize, base: number, tile: number): number {
  const fit = Math.min(1, 2048 / Math.max(width, height));
  const shrink = Math.min(1, 768 / (Math.min(width, height) * fit));
  const tiles = (edge: number) => Math.ceil((edge * fit * shrink) / 512);
  return base + tile * tiles(width) * tiles(height);
}

/** Anthropic, "Vision": (width × height) / 750, once the long side is at most 1568. */
function anthropicTokens({ width, height }: ImageSize): number {
  const fit = Math.min(1, 1568 / Math.max(width, height));
  return Math.min(1600, Math.ceil((width * fit * height * fit) / 750));
}

/** Gemini, "Image understanding": 258 up to 384 × 384, else 258 for each tile of 768. */
function geminiTokens({ width, height }: ImageSize): number {
  if (width <= 384 && height <= 384) return 258;
  return 258 * Math.ceil(width / 768) * Math.ceil(height / 768);
}

/**
 * Tokens of one image. The size is read from a data URL; an image behind a link counts as LiteLLM's default.
 *
 * @param detail OpenAI's `low` is one price for every size; `auto` and nothing are taken as `high`
 */
export function imageTokens(url: string, detail: string | null | undefined, model: string): number {
  const [base, tile] = /gpt-4o-mini/.test(model) ? [2833, 5667] : [85, 170];
  const maker = family(model);
  if (detail === "low" && maker === "openai") return base;
  const size = url.startsWith("data:") ? imageSize(head(payload(url), headBytes)) : undefined;
  if (!size || size.width === 0 || size.height === 0) return unknownImage;
  if (maker === "anthropic") return anthropicTokens(size);
  return maker === "gemini" ? geminiTokens(size) : openaiTokens(size, base, tile);
}

/**
 * Tokens of a recording by its length: 10 a second at OpenAI, 32 at Gemini.
 *
 * @param data base64
 */
export function audioTokens(data: string, format: string, model: string): number {
  const base64 = payload(data);
  const start = head(base64, 48);
  // WAV tells its bytes a second; compressed audio is taken as 64 kbit/s, which rather counts too many seconds.
  const wav = format === "wav" && start.length >= 32 ? new DataView(start.buffer).getUint32(28, true) : 0;
  const bytesPerSecond = wav || (format === "pcm16" ? 48_000 : 8_000);
  return Math.ceil((byteLength(base64) / bytesPerSecond) * (family(model) === "gemini" ? 32 : 10));
}

/** A page of a document: about 50 kB, 1,500 tokens (Anthropic, "PDF support": 1,500 to 3,000). */
const page = { bytes: 50_000, tokens: 1500 };

/**
 * Tokens of a file: text by its length, documents by pages. A file behind an id or a link counts as one page.
 *
 * @param format MIME type, where the data URL has none
 */
export function fileTokens(data: string | null | undefined, format: string | null | undefined): number {
  if (!data || /^https?:/.test(data)) return page.tokens;
  const type = /^data:([^;,]+)/.exec(data)?.[1] ?? format ?? "";
  const bytes = byteLength(payload(data));
  return /^text\/|json|xml/.test(type)
    ? Math.ceil(bytes / 4)
    : page.tokens * Math.max(1, Math.ceil(bytes / page.bytes));
}
