/** Content parts of the hub ↔ Anthropic's content blocks. */

import { decodeText, encodeText, parseDataUrl, toDataUrl } from "../data-url.ts";
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ContentPart, FilePart, ImagePart } from "../openai/chat.ts";
import { present, text } from "./fields.ts";
import type { Block } from "./types.ts";

/**
 * The blocks of a content; text without a visible character is left out, for Anthropic refuses it.
 * `path` leads to the content within the request, e.g. `messages[0].content`.
 * @throws BadRequestError naming the part that cannot be said
 */
export function toBlocks(content: string | readonly ContentPart[] | null | undefined, path: string): Block[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return isBlank(content) ? [] : [{ type: "text", text: content }];
  return content.flatMap((part, index) => toBlock(part, `${path}[${index}]`) ?? []);
}

function toBlock(part: ContentPart, path: string): Block | undefined {
  switch (part.type) {
    case "text":
      return isBlank(part.text) ? undefined : present(part);
    case "refusal":
      return isBlank(part.refusal) ? undefined : { type: "text", text: part.refusal };
    case "image_url":
      return imageBlock(part, path);
    case "file":
      return fileBlock(part, path);
    case "input_audio":
      throw new BadRequestError("Anthropic takes no audio input.", { param: path });
    default:
      return part; // a block of Anthropic's own (`document`, `search_result`, ...)
  }
}

function isBlank(value: string): boolean {
  return value.trim() === "";
}

function imageBlock(part: ImagePart, path: string): Block {
  const { url, format } =
    typeof part.image_url === "string" ? { url: part.image_url, format: undefined } : part.image_url;
  const data = parseDataUrl(url);
  const mediaType = format ?? data?.mediaType;
  const type = mediaType === "application/pdf" ? "document" : "image";
  if (data) {
    if (!mediaType) throw new BadRequestError("The data URL of an image must name its media type.", { param: path });
    return present({
      type,
      source: { type: "base64", media_type: mediaType, data: data.base64 },
      cache_control: part.cache_control,
    });
  }
  return present({ type, source: referenceTo(url, path), cache_control: part.cache_control });
}

function fileBlock(part: FilePart, path: string): Block {
  const { file_data, file_id, filename, format } = part.file;
  const extras = {
    title: filename,
    context: part["context"] ?? part.file["context"],
    citations: part["citations"] ?? part.file["citations"],
    cache_control: part.cache_control,
  };
  const inline = file_data ?? (file_id && parseDataUrl(file_id) ? file_id : undefined);
  if (inline === undefined || inline === null) {
    if (!file_id) throw new BadRequestError("A file needs file_data or file_id.", { param: path });
    const source = referenceTo(file_id, path);
    return format?.startsWith("image/")
      ? present({ type: "image", source, cache_control: part.cache_control })
      : present({ type: "document", source, ...extras });
  }
  const data = parseDataUrl(inline) ?? { mediaType: "", base64: inline };
  const mediaType = format ?? (data.mediaType || "application/pdf");
  if (mediaType.startsWith("image/"))
    return present({
      type: "image",
      source: { type: "base64", media_type: mediaType, data: data.base64 },
      cache_control: part.cache_control,
    });
  return present({ type: "document", source: documentSource(mediaType, data.base64, path), ...extras });
}

function documentSource(mediaType: string, base64: string, path: string): Record<string, unknown> {
  if (mediaType === "application/pdf") return { type: "base64", media_type: mediaType, data: base64 };
  if (mediaType.startsWith("text/") || mediaType === "application/json") {
    const data = decodeText(base64);
    if (data !== undefined) return { type: "text", media_type: "text/plain", data };
    throw new BadRequestError("The data of a file must be base64.", { param: path });
  }
  throw new BadRequestError(`Anthropic takes no files of type ${mediaType}, only PDF, text and images.`, {
    param: path,
  });
}

/** What is not sent along: a URL Anthropic fetches, or a file it keeps. */
function referenceTo(reference: string, path: string): Record<string, unknown> {
  if (/^https?:\/\//i.test(reference)) return { type: "url", url: reference };
  if (/^[\w-]+$/.test(reference)) return { type: "file", file_id: reference };
  throw new BadRequestError("A file must be a data URL, an http(s) URL or a file id.", { param: path });
}

/** A block of a request as a part of the hub. Types the hub has no word for stay what they are. */
export function toPart(block: Block): ContentPart {
  const part = hubPart(block) ?? block;
  return part as ContentPart; // the hub's parts are open: types it does not know pass at run time
}

function hubPart(block: Block): Block | undefined {
  const source = isRecord(block["source"]) ? block["source"] : {};
  const { type: _type, source: _source, title, ...extras } = block;
  switch (block.type) {
    case "image":
      if (source["type"] === "base64")
        return {
          type: "image_url",
          image_url: { url: toDataUrl(text(source["media_type"]), text(source["data"])) },
          ...extras,
        };
      if (source["type"] === "url") return { type: "image_url", image_url: { url: text(source["url"]) }, ...extras };
      return undefined;
    case "document": {
      const file = fileOf(source);
      return file && { type: "file", file: present({ ...file, filename: title }), ...extras };
    }
    default:
      return undefined;
  }
}

function fileOf(source: Record<string, unknown>): Record<string, unknown> | undefined {
  switch (source["type"]) {
    case "base64":
      return { file_data: toDataUrl(text(source["media_type"]), text(source["data"])) };
    case "text":
      return { file_data: toDataUrl("text/plain", encodeText(text(source["data"]))) };
    case "url":
      return { file_id: text(source["url"]) };
    case "file":
      return { file_id: text(source["file_id"]) };
    default: // `content`: blocks within the document
      return undefined;
  }
}
