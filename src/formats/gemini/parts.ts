/** OpenAI's content parts as Gemini's. */
import { BadRequestError } from "../errors.ts";
import { isRecord } from "../json.ts";
import type { ContentPart } from "../openai/chat.ts";
import { camelCase, type JsonObject, textField } from "./json.ts";
import { audioMimeType, mediaPart } from "./media.ts";
import { type GeminiModel, isGemini3 } from "./model.ts";
import type { Part } from "./types.ts";

export type Resolution =
  | "MEDIA_RESOLUTION_LOW"
  | "MEDIA_RESOLUTION_MEDIUM"
  | "MEDIA_RESOLUTION_HIGH"
  | "MEDIA_RESOLUTION_ULTRA_HIGH";

/** The fields by which a part of Gemini's own format is known. */
const NATIVE_FIELDS = [
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
  "executableCode",
  "codeExecutionResult",
  "toolCall",
  "toolResponse",
] as const;

/**
 * @param resolutions receives what `detail` asks for where the model takes no resolution by part
 * @throws BadRequestError for parts that cannot be said to Gemini
 */
export function contentParts(
  content: string | ContentPart[],
  model: GeminiModel,
  param: string,
  resolutions: Resolution[] = [],
): Part[] {
  if (typeof content === "string") return [{ text: content }];
  return content.map((part, index) => contentPart(part, model, `${param}[${index}]`, resolutions));
}

function contentPart(part: ContentPart, model: GeminiModel, param: string, resolutions: Resolution[]): Part {
  const resolved = (detail: unknown, medium: Part) => withResolution(medium, detail, model, resolutions);
  switch (part.type) {
    case "text": {
      const signature = textField(part["provider_specific_fields"], "thought_signature");
      return { text: part.text, ...(signature === undefined ? {} : { thoughtSignature: signature }) };
    }
    case "refusal":
      return { text: part.refusal };
    case "image_url": {
      const image = typeof part.image_url === "string" ? { url: part.image_url } : part.image_url;
      const source = { url: image.url, format: textField(image, "format"), fallback: "image/jpeg" };
      return resolved(textField(image, "detail"), mediaPart(source, `${param}.image_url`));
    }
    case "input_audio":
      return mediaPart(
        { url: part.input_audio.data, format: audioMimeType(part.input_audio.format) },
        `${param}.input_audio`,
      );
    case "file": {
      const { file_data, file_id, filename, format } = part.file;
      const url = file_data ?? file_id;
      if (!url) throw new BadRequestError(`${param}.file needs file_data or file_id`, { param: `${param}.file` });
      const source = { url, format, filename, ...(file_data ? { fallback: "application/pdf" } : {}) };
      return resolved(part.file["detail"], withVideo(mediaPart(source, `${param}.file`), part.file));
    }
  }
  return foreignPart(part, param, resolved);
}

/** Parts the hub does not know: videos, and parts in Gemini's own format. */
function foreignPart(part: JsonObject, param: string, resolved: (detail: unknown, medium: Part) => Part): Part {
  const video = typeof part["video_url"] === "string" ? { url: part["video_url"] } : part["video_url"];
  const url = textField(video, "url");
  if (isRecord(video) && url !== undefined) {
    const source = { url, format: textField(video, "format"), fallback: "video/mp4" };
    return resolved(video["detail"], withVideo(mediaPart(source, `${param}.video_url`), video));
  }
  const { type: _, cache_control: __, ...fields } = part;
  const native = Object.fromEntries(Object.entries(fields).map(([name, value]) => [camelCase(name), value]));
  if (NATIVE_FIELDS.some((name) => isRecord(native[name])) || typeof native["text"] === "string") return native as Part; // the client wrote it in Gemini's own format: Gemini is to judge it
  throw new BadRequestError(`Gemini takes no content part of type ${JSON.stringify(part["type"])}`, { param });
}

/** `fps`, `start_offset` and `end_offset` of a video (LiteLLM: `file.video_metadata`). */
function withVideo(part: Part, source: JsonObject): Part {
  const metadata = source["video_metadata"] ?? source["videoMetadata"];
  if (!isRecord(metadata)) return part;
  const fields = Object.entries(metadata).map(([name, value]) => [camelCase(name), value]);
  return { ...part, videoMetadata: Object.fromEntries(fields) };
}

/** Gemini 3 takes a resolution with each part, its forebears one for the request. */
function withResolution(part: Part, detail: unknown, model: GeminiModel, resolutions: Resolution[]): Part {
  const level = resolutionOf(detail);
  if (level === undefined) return part;
  if (isGemini3(model)) return { ...part, mediaResolution: { level } };
  resolutions.push(level === "MEDIA_RESOLUTION_ULTRA_HIGH" ? "MEDIA_RESOLUTION_HIGH" : level);
  return part;
}

function resolutionOf(detail: unknown): Resolution | undefined {
  switch (detail) {
    case "low":
      return "MEDIA_RESOLUTION_LOW";
    case "medium":
      return "MEDIA_RESOLUTION_MEDIUM";
    case "high":
      return "MEDIA_RESOLUTION_HIGH";
    case "ultra_high":
      return "MEDIA_RESOLUTION_ULTRA_HIGH";
    default:
      return undefined;
  }
}
