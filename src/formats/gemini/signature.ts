/**
 * Thought signatures: opaque state that Gemini gives with a part and wants back with the next turn. Gemini 3 refuses a
 * history whose function calls lack them. Source: Gemini API, "Thought signatures".
 *
 * OpenAI's format has no place for them. As in LiteLLM a tool call carries its signature twice: in
 * `provider_specific_fields.thought_signature`, and at the end of its id (`call_1__thought__<signature>`), which every
 * client sends back.
 */

import { isRecord } from "../json.ts";
import type { MessageToolCall } from "../openai/chat.ts";
import { textField } from "./json.ts";
import { isPackedThinking } from "./opaque-state.ts";

const SEPARATOR = "__thought__";

/** The id a client sees. */
export function joinToolCallId(id: string, signature: string | undefined): string {
  return signature === undefined ? id : `${id}${SEPARATOR}${signature}`;
}

/** The two halves of an id that may carry a signature. */
export function splitToolCallId(id: string): { id: string; signature?: string } {
  const at = id.indexOf(SEPARATOR);
  return at < 0 ? { id } : { id: id.slice(0, at), signature: id.slice(at + SEPARATOR.length) };
}

/** The signature of a tool call, wherever its client kept it. */
export function signatureOfToolCall(call: MessageToolCall): string | undefined {
  const google = isRecord(call["extra_content"]) ? call["extra_content"]["google"] : undefined;
  const signature =
    textField(call.provider_specific_fields, "thought_signature") ??
    textField(call.function?.["provider_specific_fields"], "thought_signature") ??
    textField(google, "thought_signature") ??
    splitToolCallId(call.id ?? "").signature;
  return signature === undefined || isForeign(signature) ? undefined : signature;
}

/**
 * Is this a signature of another provider? Conversations move between models, and Gemini refuses what it did not
 * write. Anthropic's are base64 of a protobuf message whose first field holds a message that begins with a varint
 * (12 .. 0a .. 08); OpenAI's encrypted reasoning is a Fernet token (`gAAAA`).
 */
export function isForeign(signature: string): boolean {
  if (signature.startsWith("gAAAA") || isPackedThinking(signature)) return true;
  let head: string;
  try {
    head = atob(signature.slice(0, 16).replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return false;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes of a protobuf header
  return /^\x12[\s\S][\x01-\x7f]?\x0a[\x00-\x7f]\x08/.test(head);
}

/**
 * An id for a call that Gemini gave none: unique as long as `seed` is, equal whenever the arguments are.
 * Its form tells it from the model's own ids, which must be sent back (`isGeneratedCallId`).
 */
export function generateCallId(seed: string, candidate: number, index: number): string {
  const text = `${seed}/${candidate}/${index}`;
  return `call_${[0x811c9dc5, 0x9e3779b9, 0x85ebca6b].map((start) => hash(text, start)).join("")}`;
}

/** Was the id made by `generateCallId`? The model has never seen it. */
export function isGeneratedCallId(id: string): boolean {
  return /^call_[0-9a-f]{24}$/.test(id);
}

/** FNV-1a with a final mix, as 8 hexadecimal digits. */
function hash(text: string, start: number): string {
  let value = start;
  for (let at = 0; at < text.length; at += 1) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return ((value ^ (value >>> 16)) >>> 0).toString(16).padStart(8, "0");
}
