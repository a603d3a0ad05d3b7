/**
 * Images, documents, video and audio: OpenAI's data URLs become bytes, addresses in S3 stay what they are. Bedrock reads no
 * other addresses, and the gateway fetches nothing a client names.
 */
import { parseDataUrl } from "../data-url.ts";
import { BadRequestError } from "../errors.ts";
import { asRecord, recordsIn } from "../json.ts";
import type { Block } from "./types.ts";

type Kind = "image" | "document" | "video" | "audio";

/** Formats as Bedrock names them, by media type. */
const FORMATS: Readonly<Record<string, readonly [Kind, string]>> = {
  "image/png": ["image", "png"],
  "image/jpeg": ["image", "jpeg"],
  "image/jpg": ["image", "jpeg"],
  "image/gif": ["image", "gif"],
  "image/webp": ["image", "webp"],
  "application/pdf": ["document", "pdf"],
  "text/csv": ["document", "csv"],
  "application/msword": ["document", "doc"],
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ["document", "docx"],
  "application/vnd.ms-excel": ["document", "xls"],
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ["document", "xlsx"],
  "text/html": ["document", "html"],
  "text/plain": ["document", "txt"],
  "text/markdown": ["document", "md"],
  "text/md": ["document", "md"],
  "video/x-matroska": ["video", "mkv"],
  "video/quicktime": ["video", "mov"],
  "video/mp4": ["video", "mp4"],
  "video/webm": ["video", "webm"],
  "video/x-flv": ["video", "flv"],
  "video/mpeg": ["video", "mpeg"],
  "video/x-ms-wmv": ["video", "wmv"],
  "video/3gpp": ["video", "three_gp"],
  "audio/mpeg": ["audio", "mp3"],
  "audio/mp3": ["audio", "mp3"],
  "audio/wav": ["audio", "wav"],
  "audio/x-wav": ["audio", "wav"],
  "audio/flac": ["audio", "flac"],
  "audio/ogg": ["audio", "ogg"],
  "audio/opus": ["audio", "opus"],
  "audio/aac": ["audio", "aac"],
  "audio/mp4": ["audio", "m4a"],
  "audio/webm": ["audio", "webm"],
};

/** What says nothing of the bytes. */
const ANY_TYPE = "application/octet-stream";

/** Endings of names that are no format themselves. */
const ENDINGS: Readonly<Record<string, string>> = { jpg: "jpeg", htm: "html", "3gp": "three_gp", markdown: "md" };

const BY_FORMAT: ReadonlyMap<string, readonly [Kind, string]> = new Map(
  Object.values(FORMATS).map((found) => [found[1], found]),
);

export interface Medium {
  /** A data URL, `s3://bucket/key`, or bare base64. */
  source: string;
  /** Media type, or a format of Bedrock's, that goes before what the source says. */
  type?: string | undefined;
  filename?: string | undefined;
  /** What it is where nothing tells: OpenAI's `image_url` without a type. */
  fallback?: string;
}

/**
 * @param param where the medium stands in the request
 * @throws BadRequestError where it cannot be said
 */
export function mediaBlock({ source, type, filename, fallback }: Medium, param: string): Block {
  const data = parseDataUrl(source);
  if (data === undefined && /^https?:/i.test(source)) throw remote(param);
  const isInS3 = data === undefined && /^s3:\/\//i.test(source);
  const ending = endingOf(filename ?? (isInS3 ? source : ""));
  const said = type ?? (data?.mediaType && data.mediaType !== ANY_TYPE ? data.mediaType : undefined);
  const found =
    formatOf(said) ??
    formatOf(ending) ??
    formatOf(magic(data?.base64)) ??
    (said === undefined ? formatOf(fallback) : undefined);
  if (found === undefined)
    throw new BadRequestError(`Bedrock takes no files ${said ? `of type ${said}` : "whose type nothing tells"}.`, {
      param,
    });
  const [kind, format] = found;
  const place = isInS3 ? { s3Location: { uri: source } } : { bytes: (data?.base64 ?? source).replace(/\s+/g, "") };
  const name = kind === "document" ? { name: documentName(filename) } : {};
  return { [kind]: { format, ...name, source: place } };
}

function formatOf(type: string | undefined): readonly [Kind, string] | undefined {
  if (type === undefined || type === "") return undefined;
  const known = type.split(";")[0]?.trim().toLowerCase() ?? "";
  if (Object.hasOwn(FORMATS, known)) return FORMATS[known];
  if (/^text\/|^application\/(?:[\w.-]+\+)?(?:json|xml|yaml)$/.test(known)) return ["document", "txt"];
  return BY_FORMAT.get(ENDINGS[known] ?? known);
}

function endingOf(name: string): string | undefined {
  return /\.([a-z0-9]{2,8})$/i.exec(name)?.[1]?.toLowerCase();
}

/** First characters of base64 that give a format away. */
const MAGIC: readonly (readonly [string, string])[] = [
  ["iVBORw0KGgo", "png"],
  ["/9j/", "jpeg"],
  ["R0lGOD", "gif"],
  ["UklGR", "webp"],
  ["JVBERi", "pdf"],
];

function magic(base64 = ""): string | undefined {
  return MAGIC.find(([start]) => base64.startsWith(start))?.[1];
}

const LONGEST_NAME = 200;

/** Letters, digits, single spaces, hyphens, parentheses and brackets are all that a document's name may have. */
function documentName(filename: string | undefined): string {
  const name = (filename ?? "")
    .replace(/\.[a-z0-9]{2,8}$/i, "")
    .replace(/[^a-z0-9()[\]-]+/gi, " ")
    .trim();
  return name.slice(0, LONGEST_NAME).trim() || "document";
}

/** Names of documents that stand twice, also in results of tools, are numbered: Bedrock refuses the second. */
export function uniqueNames(blocks: readonly Block[], taken: Set<string>): void {
  for (const block of blocks) {
    uniqueNames(recordsIn(asRecord(block["toolResult"])["content"]), taken);
    const document = block["document"];
    if (typeof document !== "object" || document === null || !("name" in document)) continue;
    const first = String(document.name);
    let name = first;
    for (let number = 2; taken.has(name); number++) name = `${first.slice(0, LONGEST_NAME - 8)} (${number})`;
    taken.add(name);
    document.name = name;
  }
}

function remote(param: string): BadRequestError {
  return new BadRequestError(
    "Bedrock reads no web addresses, and the gateway fetches none for clients: send the file as a data URL, or name it as s3://bucket/key.",
    { param },
  );
}
