/**
 * Thinking of other providers on its way through a client of Gemini's. Gemini's clients keep one opaque thing for the
 * model, the `thoughtSignature` of a part, and send it back with the next turn; most of them drop the thoughts
 * themselves. So signed and redacted thinking of another provider, which it wants back word for word, travels in the
 * signature of the first function call. Base64, as some clients (Google's for Python) decode it and write it anew.
 */
import { isRecord } from "../json.ts";
import type { ThinkingBlock } from "../openai/chat.ts";
import type { JsonObject } from "./json.ts";
import { standardBase64 } from "./media.ts";

/** Google's word for a function call whose signature is unknown: it is accepted without a check. */
export const SKIP_VALIDATION = "skip_thought_signature_validator";

const PREFIX = "sluice:";
/** The beginning of every such signature: the six bytes that make eight characters of base64. */
const BASE64_PREFIX = btoa(PREFIX).slice(0, 8);

/** The signature that holds these blocks; `undefined` where none of them has to be sent back. */
export function packThinking(blocks: readonly ThinkingBlock[]): string | undefined {
  if (!blocks.some(({ signature, type }) => signature || type === "redacted_thinking")) return undefined;
  const bytes = new TextEncoder().encode(PREFIX + JSON.stringify(blocks));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

/** Was it made here? No provider knows it. */
export function isPackedThinking(signature: string): boolean {
  return signature.startsWith(BASE64_PREFIX);
}

/** The blocks a signature holds; none where it is damaged, as then the model thinks anew. */
export function unpackThinking(signature: string): ThinkingBlock[] {
  try {
    const bytes = Uint8Array.from(atob(standardBase64(signature)), (character) => character.charCodeAt(0));
    const blocks: unknown = JSON.parse(new TextDecoder().decode(bytes).slice(PREFIX.length));
    if (!Array.isArray(blocks)) return [];
    return blocks.filter((block): block is ThinkingBlock => isRecord(block) && typeof block["type"] === "string");
  } catch {
    return [];
  }
}

/** The request without the thinking of others, where a conversation that others held goes on at Google. */
export function withoutPackedThinking(body: JsonObject): JsonObject {
  const { contents } = body;
  if (!Array.isArray(contents) || !contents.some(holdsPacked)) return body;
  return {
    ...body,
    contents: contents.map((content) => (holdsPacked(content) ? withSkippedSignatures(content) : content)),
  };
}

function holdsPacked(content: unknown): content is { parts: unknown[] } {
  return isRecord(content) && Array.isArray(content["parts"]) && content["parts"].some(isPackedPart);
}

function isPackedPart(part: unknown): boolean {
  if (!isRecord(part)) return false;
  const signature = part["thoughtSignature"] ?? part["thought_signature"];
  return typeof signature === "string" && isPackedThinking(signature);
}

function withSkippedSignatures(content: { parts: unknown[] }): JsonObject {
  const parts = content.parts.map((part) => {
    if (!isRecord(part) || !isPackedPart(part)) return part;
    const { thought_signature: _, ...rest } = part;
    return { ...rest, thoughtSignature: SKIP_VALIDATION };
  });
  return { ...content, parts };
}
