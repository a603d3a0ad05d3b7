/** Images, audio, video and documents: OpenAI's data URLs and links become `inlineData` and `fileData`. */
import { BadRequestError } from "../errors.ts";
import type { Part } from "./types.ts";

const FILES_API = "https://generativelanguage.googleapis.com/v1beta/";

/** MIME types by file extension, of what Gemini reads. */
const MIME_TYPES: Readonly<Record<string, string>> = {
  aac: "audio/aac",
  aiff: "audio/aiff",
  avi: "video/avi",
  avif: "image/avif",
  bmp: "image/bmp",
  css: "text/css",
  csv: "text/csv",
  flac: "audio/flac",
  flv: "video/x-flv",
  gif: "image/gif",
  heic: "image/heic",
  heif: "image/heif",
  htm: "text/html",
  html: "text/html",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript",
  json: "application/json",
  m4a: "audio/m4a",
  md: "text/md",
  mov: "video/mov",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  mpeg: "video/mpeg",
  mpg: "video/mpg",
  oga: "audio/ogg",
  ogg: "audio/ogg",
  opus: "audio/opus",
  pcm: "audio/pcm",
  pdf: "application/pdf",
  png: "image/png",
  py: "text/x-python",
  svg: "image/svg+xml",
  txt: "text/plain",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  wmv: "video/wmv",
  xml: "text/xml",
};

/** First characters of base64 that give a format away. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "image/png"],
  ["/9j/", "image/jpeg"],
  ["R0lGOD", "image/gif"],
  ["UklGR", "image/webp"],
  ["JVBERi", "application/pdf"],
];

export interface MediaSource {
  /** A data URL, a link (`https:`, `gs:`, a name of the Files API), or bare base64. */
  url: string;
  /** MIME type that goes before what the source says. */
  format?: string | null;
  filename?: string | null;
  /** MIME type where nothing tells it. */
  fallback?: string;
}

/**
 * The part for a medium. Links are handed on, never fetched: Google reads them.
 * @throws BadRequestError where the source is neither
 */
export function mediaPart(source: MediaSource, param: string): Part {
  const { url } = source;
  if (url.startsWith("data:")) return dataPart(url, source.format, param);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return linkPart(url, source);
  if (/^files\/[\w-]+$/.test(url)) return linkPart(FILES_API + url, source);
  const mimeType =
    source.format ??
    mimeTypeOfName(source.filename ?? "") ??
    MAGIC.find(([start]) => url.startsWith(start))?.[1] ??
    source.fallback;
  if (mimeType === undefined || !/^[A-Za-z0-9+/_=\s-]+$/.test(url.slice(0, 200)))
    throw new BadRequestError(`${param} must be a data URL, a link, or base64 with its format`, { param });
  return { inlineData: { mimeType, data: url } };
}

/** The MIME type of an audio format as OpenAI names them (`wav`, `mp3`). */
export function audioMimeType(format: string): string {
  return format.includes("/") ? format : (MIME_TYPES[format.toLowerCase()] ?? `audio/${format.toLowerCase()}`);
}

/** The data URL of inline data; Google also writes base64's URL-safe alphabet, which data URLs lack. */
export function dataUrl(mimeType: string, data: string): string {
  return `data:${mimeType};base64,${standardBase64(data)}`;
}

export function standardBase64(data: string): string {
  return /[-_]/.test(data) ? data.replaceAll("-", "+").replaceAll("_", "/") : data;
}

function dataPart(url: string, format: string | null | undefined, param: string): Part {
  const comma = url.indexOf(",");
  if (comma < 0) throw new BadRequestError(`${param} is a data URL without data`, { param });
  const head = url.slice("data:".length, comma);
  const isBase64 = head.endsWith(";base64");
  const mimeType = format ?? ((isBase64 ? head.slice(0, -";base64".length) : head) || "text/plain");
  const data = url.slice(comma + 1);
  return { inlineData: { mimeType, data: isBase64 ? data : encodeText(data, param) } };
}

/** Percent-encoded text as base64. */
function encodeText(text: string, param: string): string {
  try {
    return btoa(unescapeToBytes(text));
  } catch {
    throw new BadRequestError(`${param} is not a valid data URL`, { param });
  }
}

function unescapeToBytes(text: string): string {
  const bytes = new TextEncoder().encode(decodeURIComponent(text));
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

function linkPart(fileUri: string, source: MediaSource): Part {
  const mimeType = source.format ?? mimeTypeOfName(source.filename ?? "") ?? mimeTypeOfLink(fileUri) ?? source.fallback;
  // The Files API knows the type of its files; a guess could only contradict it.
  const guessed = fileUri.startsWith(FILES_API) ? (source.format ?? undefined) : mimeType;
  return { fileData: { ...(guessed === undefined ? {} : { mimeType: guessed }), fileUri } };
}

function mimeTypeOfLink(link: string): string | undefined {
  if (/^https?:\/\/(?:www\.|m\.)?(?:youtube\.com|youtu\.be)\//.test(link)) return "video/mp4";
  return mimeTypeOfName(link.replace(/[?#].*$/s, ""));
}

export function mimeTypeOfName(name: string): string | undefined {
  const extension = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? "";
  return Object.hasOwn(MIME_TYPES, extension) ? MIME_TYPES[extension] : undefined;
}
