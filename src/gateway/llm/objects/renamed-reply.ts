/** Replies in the ids that clients know. */
import type { Reply } from "../../../call/call.ts";
import type { AnswerIds } from "./answer-ids.ts";
import { renamedEvents } from "./events.ts";

/** JSON, events, or the words of an error; bytes name nothing. */
export async function renamedReply(reply: Reply, ids: AnswerIds): Promise<Reply> {
  const { body, status, headers } = reply;
  const type = headers["content-type"] ?? "";
  if (body instanceof ReadableStream)
    return /^text\/event-stream/i.test(type) ? { ...reply, body: renamedEvents(body, ids) } : reply;
  if (!/\bjson\b/i.test(type)) return reply;
  const text = textOf(body);
  return { ...reply, body: status >= 300 ? ids.inWords(text) : await ids.inJson(text, JSON.parse(text)) };
}

export function textOf(body: string | Uint8Array<ArrayBuffer>): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}
