/** Content parts of the Responses API ↔ the hub's. */
import { BadRequestError } from "../../errors.ts";
import { isRecord, type JsonObject } from "../../json.ts";
import type { ContentPart } from "../chat.ts";

/**
 * @param path leads to the content, e.g. `input[0].content`
 * @throws BadRequestError naming the part that cannot be said
 */
export function toChatContent(content: unknown, path: string): string | ContentPart[] {
  if (content === null || content === undefined) return "";
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw new BadRequestError("Content must be text or a list of parts.", { param: path });
  const parts = content.map((part, index) => toChatPart(part, `${path}[${index}]`));
  const [first, ...others] = parts;
  // Plain text is a string: some servers know nothing else.
  return first?.type === "text" && others.length === 0 && first.cache_control === undefined ? first.text : parts;
}

function toChatPart(part: unknown, path: string): ContentPart {
  if (!isRecord(part)) throw new BadRequestError("A content part must be an object.", { param: path });
  const { type } = part;
  switch (type) {
    case "input_text":
    case "output_text":
    case "summary_text":
    case "reasoning_text":
    case "text":
      if (typeof part["text"] !== "string") throw new BadRequestError("A text part needs text.", { param: path });
      return { type: "text", text: part["text"], ...marked(part) };
    case "refusal":
      return { type: "refusal", refusal: textOf(part["refusal"]) };
    case "input_image":
      return imagePart(part, path);
    case "input_file":
      return filePart(part, path);
    case "input_audio":
      if (!isRecord(part["input_audio"]) || typeof part["input_audio"]["data"] !== "string")
        throw new BadRequestError("An audio part needs input_audio with data and format.", { param: path });
      return part as ContentPart; // as chat has it
    default:
      if (typeof type !== "string") throw new BadRequestError("A content part needs a type.", { param: path });
      return part as ContentPart; // a part of chat, or of the provider's own: its adapter knows
  }
}

function imagePart(part: JsonObject, path: string): ContentPart {
  const { image_url: image, file_id: id, detail } = part;
  const url = isRecord(image) ? image["url"] : image;
  if (typeof url === "string") {
    // What chat does not have of the finer grades is its finest.
    const fine = detail === "original" ? "high" : detail;
    return {
      type: "image_url",
      image_url: { url, ...(typeof fine === "string" && { detail: fine }) },
      ...marked(part),
    };
  }
  if (typeof id === "string") return { type: "file", file: { file_id: id, format: "image/*" }, ...marked(part) };
  throw new BadRequestError("An image needs image_url or file_id.", { param: path });
}

function filePart(part: JsonObject, path: string): ContentPart {
  const { file_data: data, file_id: id, file_url: url, filename } = part;
  const named = typeof filename === "string" ? { filename } : {};
  if (typeof data === "string") return { type: "file", file: { file_data: data, ...named }, ...marked(part) };
  const reference = typeof url === "string" ? url : id;
  if (typeof reference === "string") return { type: "file", file: { file_id: reference, ...named }, ...marked(part) };
  throw new BadRequestError("A file needs file_data, file_url or file_id.", { param: path });
}

/** Anthropic's cache marker stays where it is. */
function marked(part: JsonObject): { cache_control?: { type: string } } {
  const { cache_control: mark } = part;
  return isRecord(mark) && typeof mark["type"] === "string" ? { cache_control: { ...mark, type: mark["type"] } } : {};
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** Parts of a chat message as those of a message, or of a tool's result. */
export function toInputContent(content: string | readonly ContentPart[] | null | undefined): JsonObject[] {
  if (content === null || content === undefined) return [];
  if (typeof content === "string") return [{ type: "input_text", text: content }];
  return content.map(toInputPart);
}

function toInputPart(part: ContentPart): JsonObject {
  switch (part.type) {
    case "text":
      return { type: "input_text", text: part.text };
    case "refusal":
      return { type: "input_text", text: part.refusal };
    case "image_url": {
      const image = typeof part.image_url === "string" ? { url: part.image_url } : part.image_url;
      return { type: "input_image", image_url: image.url, detail: image["detail"] ?? "auto" };
    }
    case "file": {
      const { file_data, file_id, filename } = part.file;
      const named = filename ? { filename } : {};
      if (file_data) return { type: "input_file", ...named, file_data };
      const isUrl = /^https?:\/\//i.test(file_id ?? "");
      return isUrl ? { type: "input_file", file_url: file_id } : { type: "input_file", file_id };
    }
    default: // audio has the same form; of others the provider is to judge
      return part;
  }
}
