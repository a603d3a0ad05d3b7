/** Bytes in data URLs. */

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
  const bytes = new TextEncoder().encode(value);
  let binary = "";
  for (let start = 0; start < bytes.length; start += 8192)
    binary += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(binary);
}

/** @throws where the value is no base64 */
export function decodeText(base64: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
}

function decodePercent(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a lone percent sign: the text is meant as it stands
  }
}
