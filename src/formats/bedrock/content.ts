/** Content parts of the hub → Converse's blocks. */
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { CacheControl, ContentPart } from "../openai/chat.ts";
import { mediaBlock } from "./media.ts";
import type { Block } from "./types.ts";

export interface ContentOptions {
  /** The model takes cache points; else markers are left out, as they change no answer. */
  caches: boolean;
}

/**
 * The blocks of a content, each with its cache point after it. Text without a visible character is left out, for Bedrock
 * refuses it.
 * @param path leads to the content within the request, e.g. `messages[0].content`
 * @throws BadRequestError naming the part that cannot be said
 */
export function toBlocks(
  content: string | readonly ContentPart[] | null | undefined,
  options: ContentOptions,
  path: string,
): Block[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return textBlocks(content);
  const blocks: Block[] = [];
  content.forEach((part, index) => {
    blocks.push(...toBlock(part, `${path}[${index}]`));
    if (part.type !== "refusal") addCachePoint(blocks, part.cache_control, options.caches);
  });
  return blocks;
}

/** A point may not follow a document or a video at once: a line break between them is taken. */
export function addCachePoint(blocks: Block[], marker: CacheControl | null | undefined, caches: boolean): void {
  const last = blocks.at(-1);
  const point = cachePoint(marker, caches);
  if (last === undefined || "cachePoint" in last || point.length === 0) return;
  if ("document" in last || "video" in last) blocks.push({ text: "\n" });
  blocks.push(...point);
}

function toBlock(part: ContentPart, path: string): Block[] {
  switch (part.type) {
    case "text":
      return textBlocks(part.text);
    case "refusal":
      return textBlocks(part.refusal);
    case "image_url": {
      const { url, format } =
        typeof part.image_url === "string" ? { url: part.image_url, format: undefined } : part.image_url;
      return [mediaBlock({ source: url, type: format ?? undefined, fallback: "image/jpeg" }, path)];
    }
    case "input_audio": {
      const { data, format } = part.input_audio;
      return [mediaBlock({ source: data, type: format }, path)];
    }
    case "file":
      return [fileBlock(part.file, path)];
    default:
      return [nativeBlock(part, path)];
  }
}

export function textBlocks(text: string): Block[] {
  return text.trim() === "" ? [] : [{ text }];
}

function fileBlock(file: Extract<ContentPart, { type: "file" }>["file"], path: string): Block {
  const source = file.file_data ?? file.file_id;
  if (!source) throw new BadRequestError("A file needs file_data or file_id.", { param: path });
  const block = mediaBlock(
    {
      source,
      type: file.format ?? undefined,
      filename: file.filename ?? undefined,
      fallback: "application/pdf",
    },
    path,
  );
  const { citations, context } = file;
  if (!isRecord(block["document"])) return block;
  const said = { ...(isRecord(citations) && { citations }), ...(typeof context === "string" && { context }) };
  return { document: { ...block["document"], ...said } };
}

/**
 * A part the hub has no type for: LiteLLM's `guarded_text`, a `video_url`, or a block of Converse's own under its name
 * (`{ type: "guardContent", guardContent: … }`).
 */
function nativeBlock(part: Record<string, unknown> & { type: string }, path: string): Block {
  const own = part[part.type];
  if (part.type === "guarded_text" && typeof part["text"] === "string")
    return { guardContent: { text: { text: part["text"] } } };
  if (part.type === "video_url") {
    const url = isRecord(own) ? own["url"] : own;
    if (typeof url === "string") return mediaBlock({ source: url, fallback: "video/mp4" }, path);
  }
  if (isRecord(own)) return { [part.type]: own };
  throw new BadRequestError(`Bedrock takes no content of type ${part.type}.`, { param: path });
}

/** Anthropic's cache marker as the block that follows what is cached. Five minutes is what Bedrock does anyway. */
export function cachePoint(marker: CacheControl | null | undefined, caches: boolean): Block[] {
  if (!marker || !caches) return [];
  const ttl = marker.ttl === undefined || marker.ttl === "5m" ? {} : { ttl: marker.ttl };
  return [{ cachePoint: { type: "default", ...ttl } }];
}
