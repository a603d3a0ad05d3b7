/** Bytes in data URLs. */
import { fromBase64, toBase64 } from "./base64.ts";

export interface Data {
  /** As the URL says it, lower case, without parameters; `""` where it says none. */
  mediaType: string;
  base64: string;
}

/** The content of a data URL, or `undefined` where the value is none. */
export function parseDataUrl(url: string): Data | undefined {
  if (!/^data:/i.test(url.slice(0, 5))) return undefined;
  const comma = url.indexOf(",");
  if (comma < 0) return undefined;
  const [mediaType = "", ...parameters] = url.slice(5, comma).split(";");
  const data = url.slice(comma + 1);
  const isBase64 = parameters.some((parameter) => parameter.trim().toLowerCase() === "base64");
  return {
    mediaType: mediaType.trim().toLowerCase(),
    base64: isBase64 ? data : encodeText(decodePercent(data)),
  };
}

export function toDataUrl(mediaType: string, base64: string): string {
  return `data:${mediaType};base64,${base64}`;
}

/** Text as UTF-8 in base64. */
export function encodeText(value: string): string {
  return toBase64(new TextEncoder().encode(value));
}

/** @returns `undefined` where the value is no base64 */
export function decodeText(base64: string): string | undefined {
  const bytes = fromBase64(base64);
  return bytes && new TextDecoder().decode(bytes);
}

function decodePercent(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a lone percent sign: the text is meant as it stands
  }
}
