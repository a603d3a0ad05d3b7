/** Gemini's contents as messages of the hub. */

import { isRecord } from "../json.ts";
import type { ChatMessage, ContentPart, ThinkingBlock, ToolCall } from "../openai/chat.ts";
import { NATIVE_PARTS } from "./assistant.ts";
import type { JsonObject } from "./json.ts";
import { dataUrl, standardBase64 } from "./media.ts";
import { isPackedThinking, unpackThinking } from "./opaque-state.ts";
import { generateCallId } from "./signature.ts";
import type { Part } from "./types.ts";

interface HubContent {
  role?: string | null | undefined;
  parts?: Part | Part[] | null | undefined;
}

/** A call that waits for its result. */
interface OpenCall {
  id: string | null | undefined;
  name: string;
}

export function toMessages(contents: HubContent[], system: HubContent | string | null | undefined): ChatMessage[] {
  const messages: ChatMessage[] = systemMessages(system);
  let open: OpenCall[] = [];
  for (const [index, { role, parts }] of turnsOf(contents).entries()) {
    if (role === "model") {
      const message = assistantMessage(parts, index);
      open = (message.tool_calls ?? []).map(({ id, function: call }) => ({ id, name: call?.name ?? "" }));
      messages.push(message);
    } else messages.push(...userMessages(parts, open));
  }
  return messages;
}

/** Clients keep each piece of a stream as a content of its own: those of the model in a row are one turn. */
function turnsOf(contents: HubContent[]): { role: string; parts: Part[] }[] {
  const turns: { role: string; parts: Part[] }[] = [];
  for (const content of contents) {
    const parts = partsOf(content);
    const role = content.role ?? "user";
    const last = turns.at(-1);
    if (role === "model" && parts.length === 0) continue; // an answer that never came
    if (role === "model" && last?.role === "model") last.parts.push(...parts);
    else turns.push({ role, parts: [...parts] });
  }
  return turns;
}

function partsOf({ parts }: HubContent): Part[] {
  return Array.isArray(parts) ? parts : parts ? [parts] : [];
}

function systemMessages(system: HubContent | string | null | undefined): ChatMessage[] {
  if (!system) return [];
  if (typeof system === "string") return [{ role: "system", content: system }];
  const parts = partsOf(system);
  return parts.length === 0 ? [] : [{ role: "system", content: contentOf(parts) }];
}

/** Results stand in messages of their own, before or after what the user says. */
function userMessages(parts: Part[], open: OpenCall[]): ChatMessage[] {
  const messages: ChatMessage[] = [];
  let said: Part[] = [];
  const flush = () => {
    if (said.length > 0) messages.push({ role: "user", content: contentOf(said) });
    said = [];
  };
  for (const part of parts) {
    if (!part.functionResponse) {
      said.push(part);
      continue;
    }
    flush();
    messages.push(toolMessage(part.functionResponse, open));
  }
  flush();
  return messages;
}

function toolMessage(result: NonNullable<Part["functionResponse"]>, open: OpenCall[]): ChatMessage {
  const { name, response, parts } = result;
  const sameId = result.id ? open.findIndex(({ id }) => id === result.id) : -1;
  const at = sameId >= 0 ? sameId : open.findIndex((call) => call.name === name);
  const [call] = at < 0 ? [] : open.splice(at, 1);
  const text = resultText(response ?? {});
  const media = (parts ?? []).map((part) => contentPart(part));
  const content: ChatMessage["content"] =
    media.length === 0 ? text : text === "{}" ? media : [{ type: "text", text }, ...media];
  return { role: "tool", tool_call_id: call?.id || result.id || name, name, content };
}

/** A lone `output` that is text is what the tool said; any other object is JSON. */
function resultText(response: JsonObject): string {
  const { output, ...rest } = response;
  return typeof output === "string" && Object.keys(rest).length === 0 ? output : JSON.stringify(response);
}

function assistantMessage(parts: Part[], index: number): ChatMessage {
  const texts: Part[] = [];
  const thinking: ThinkingBlock[] = [];
  const calls: ToolCall[] = [];
  const images: JsonObject[] = [];
  const native: Part[] = [];
  const packed = parts.map(({ thoughtSignature }) => thoughtSignature).find((one) => one && isPackedThinking(one));
  if (packed) thinking.push(...unpackThinking(packed));
  for (const part of parts) {
    if (part.functionCall) calls.push(toolCall(part, index, calls.length));
    else if (typeof part.text === "string" && part.thought) {
      if (packed === undefined) thinking.push({ type: "thinking", thinking: part.text, ...signed(part, "signature") });
    } else if (typeof part.text === "string") texts.push(part);
    else if (part.inlineData?.mimeType?.startsWith("image/")) images.push(imageOf(part, part.inlineData));
    else native.push(part);
  }
  return {
    role: "assistant",
    content: texts.length === 0 ? null : contentOf(texts),
    ...(thinking.length === 0
      ? {}
      : { reasoning_content: thinking.map((block) => block.thinking ?? "").join(""), thinking_blocks: thinking }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(images.length === 0 ? {} : { images }),
    ...(native.length === 0 ? {} : { provider_specific_fields: { [NATIVE_PARTS]: native } }),
  };
}

function toolCall(part: Part, content: number, index: number): ToolCall {
  const { id, name, args } = part.functionCall ?? {};
  return {
    id: id || generateCallId("history", content, index),
    type: "function",
    function: { name: name ?? "", arguments: JSON.stringify(args ?? {}) },
    ...asFields(signed(part, "thought_signature")),
  };
}

function imageOf(part: Part, blob: { mimeType?: string | null | undefined; data: string }): JsonObject {
  const url = dataUrl(blob.mimeType ?? "image/png", blob.data);
  return { type: "image_url", image_url: { url }, ...asFields(signed(part, "thought_signature")) };
}

/** Clients may have written the base64 anew in its URL-safe alphabet; only Fernet tokens (`gAAAA`) are so by nature. */
function signed({ thoughtSignature: signature }: Part, name: string): JsonObject {
  if (!signature || isPackedThinking(signature)) return {};
  return { [name]: signature.startsWith("gAAAA") ? signature : standardBase64(signature) };
}

function asFields(fields: JsonObject): { provider_specific_fields?: JsonObject } {
  return Object.keys(fields).length === 0 ? {} : { provider_specific_fields: fields };
}

/** Plain text is a string: every provider takes it. */
function contentOf(parts: Part[]): string | ContentPart[] {
  const [only] = parts;
  const isPlain = typeof only?.text === "string" && !only.thoughtSignature;
  return parts.length === 1 && isPlain ? (only.text ?? "") : parts.map(contentPart);
}

function contentPart(part: Part): ContentPart {
  const { text, inlineData, fileData, mediaResolution, videoMetadata } = part;
  if (typeof text === "string") {
    return { type: "text", text, ...asFields(signed(part, "thought_signature")) };
  }
  const options = {
    ...(isRecord(videoMetadata) ? { video_metadata: videoMetadata } : {}),
    ...detailOf(mediaResolution),
  };
  if (inlineData) return inlinePart(inlineData.mimeType ?? "application/octet-stream", inlineData.data, options);
  if (fileData) return linkPart(fileData.fileUri, fileData.mimeType ?? undefined, options);
  return { type: "gemini", ...part } as unknown as ContentPart; // a part only Gemini knows: its fields tell the adapter so
}

function inlinePart(mimeType: string, data: string, options: JsonObject): ContentPart {
  if (mimeType.startsWith("image/"))
    return { type: "image_url", image_url: { url: dataUrl(mimeType, data), ...options } };
  const format = audioFormat(mimeType);
  if (format !== undefined) return { type: "input_audio", input_audio: { data: standardBase64(data), format } };
  return { type: "file", file: { file_data: dataUrl(mimeType, data), ...options } };
}

function linkPart(uri: string, mimeType: string | undefined, options: JsonObject): ContentPart {
  const format = mimeType === undefined ? {} : { format: mimeType };
  if (mimeType?.startsWith("image/")) return { type: "image_url", image_url: { url: uri, ...format, ...options } };
  return { type: "file", file: { file_id: uri, ...format, ...options } };
}

/** The formats OpenAI's `input_audio` knows. */
function audioFormat(mimeType: string): "wav" | "mp3" | undefined {
  switch (mimeType) {
    case "audio/wav":
    case "audio/x-wav":
      return "wav";
    case "audio/mpeg":
    case "audio/mp3":
      return "mp3";
    default:
      return undefined;
  }
}

function detailOf(resolution: unknown): JsonObject {
  const level = isRecord(resolution) ? resolution["level"] : undefined;
  return typeof level === "string" ? { detail: level.replace("MEDIA_RESOLUTION_", "").toLowerCase() } : {};
}
