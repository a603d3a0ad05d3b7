/**
 * What the hub has to keep for the next turn and the format has no place for: thinking with its signatures, and a
 * provider's own state of a message. It travels in `encrypted_content` of reasoning items, which every client sends
 * back unseen. It is no secret and no proof: a client that changes it gets what the provider makes of it.
 */
import { isRecord, type JsonObject } from "../../json.ts";
import { type ThinkingBlock, thinkingBlockSchema } from "../chat.ts";

const MARK = "sluice1:";

export interface Sealed {
  /** Wire format of the provider that signed it: nobody else takes it back. */
  by?: string;
  thinking?: ThinkingBlock[];
  /** Fields of the message's `provider_specific_fields`. */
  fields?: JsonObject;
  /** `provider_specific_fields` of tool calls, by the calls' ids. */
  calls?: Record<string, JsonObject>;
}

/** Fields of `provider_specific_fields` that providers read when the message comes back. */
const STATE = ["content_blocks", "thought_signatures", "gemini_parts"] as const;

/** What of a message's `provider_specific_fields` must come back with the next turn. */
export function stateOf(fields: unknown): JsonObject | undefined {
  if (!isRecord(fields)) return undefined;
  const state = Object.fromEntries(STATE.flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));
  return Object.keys(state).length > 0 ? state : undefined;
}

export function seal(content: Sealed): string {
  const bytes = new TextEncoder().encode(JSON.stringify(content));
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return MARK + btoa(binary);
}

/** Was it sealed here? Whoever else is sent it could make nothing of it. */
export function isSealed(encrypted: unknown): encrypted is string {
  return typeof encrypted === "string" && encrypted.startsWith(MARK);
}

/** `undefined` for what somebody else has encrypted, or a client has changed. */
export function unseal(encrypted: unknown): Sealed | undefined {
  if (!isSealed(encrypted)) return undefined;
  const content = parse(encrypted.slice(MARK.length));
  if (!isRecord(content)) return undefined;
  const thinking = thinkingBlockSchema.array().safeParse(content["thinking"]);
  const { by, fields, calls } = content;
  const byCall = isRecord(calls)
    ? Object.entries(calls).filter((entry): entry is [string, JsonObject] => isRecord(entry[1]))
    : [];
  return {
    ...(typeof by === "string" && { by }),
    ...(thinking.success && { thinking: thinking.data }),
    ...(isRecord(fields) && { fields: stateOf(fields) ?? {} }),
    ...(byCall.length > 0 && { calls: Object.fromEntries(byCall) }),
  };
}

function parse(base64: string): unknown {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes));
  } catch {
    return undefined; // cut or changed on its way
  }
}
