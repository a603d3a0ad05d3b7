/** Replies in the ids that clients know. */
import type { Reply } from "../../../call/call.ts";
import { isRecord, type JsonObject, parsedJson } from "../../../formats/json.ts";
import type { AnswerIds } from "./answer-ids.ts";
import { renamedEvents, rewrittenEvents } from "./events.ts";

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

/**
 * What a provider tells of one object, in its client's words.
 * @param retold a whole answer, or the data of one event
 */
export async function retoldReply(
  reply: Reply,
  { theirs, own }: { theirs: string; own: string },
  retold: (answer: JsonObject) => Promise<string>,
): Promise<Reply> {
  const { body, headers, status } = reply;
  const retoldText = async (text: string) => {
    const answer = parsedJson(text); // `[DONE]` is none
    return isRecord(answer) ? retold(answer) : text;
  };
  if (body instanceof ReadableStream) {
    if (!/^text\/event-stream/i.test(headers["content-type"] ?? "")) return reply;
    return { ...reply, body: rewrittenEvents(body, retoldText) };
  }
  const text = textOf(body);
  return { ...reply, body: status >= 300 ? text.replaceAll(theirs, own) : await retoldText(text) };
}

export function textOf(body: string | Uint8Array<ArrayBuffer>): string {
  return typeof body === "string" ? body : new TextDecoder().decode(body);
}
