/** What a store has to say to a conversation, put into it. */
import { isRecord, type JsonObject, recordsIn } from "../../../formats/json.ts";

/** What the user wants to know: the text of the last message that is the user's; empty where there is none. */
export function questionIn(messages: readonly JsonObject[]): string {
  const last = messages.findLast(isUsers);
  return last === undefined ? "" : textIn(last["content"]).trim();
}

export interface Passage {
  text: string;
  /** As the search found it. */
  match: JsonObject;
}

/** What was found, the best first, without what has no text. */
export function passagesIn(page: JsonObject): Passage[] {
  return recordsIn(page["data"])
    .map((match) => ({ text: textIn(match["content"]).trim(), match }))
    .filter(({ text }) => text !== "");
}

/** The passages that a ranking names, in its order. */
export function ranked(passages: readonly Passage[], ranking: JsonObject): Passage[] {
  return recordsIn(ranking["results"]).flatMap(({ index }) => {
    const passage = passages[Number(index)];
    return passage === undefined ? [] : [passage];
  });
}

/**
 * The messages with the passages before the words of the last that is the user's. They stand in it, as some models take
 * no two messages of a user's one after the other.
 */
export function withContext(messages: readonly JsonObject[], passages: readonly Passage[]): readonly JsonObject[] {
  const at = messages.findLastIndex(isUsers);
  const asked = messages[at];
  if (asked === undefined || passages.length === 0) return messages;
  const context = `Context:\n\n${passages.map(({ text }) => text).join("\n\n")}`;
  const { content } = asked;
  const added = Array.isArray(content)
    ? [{ type: "text", text: context }, ...content]
    : `${context}\n\n${textIn(content)}`;
  return messages.with(at, { ...asked, content: added });
}

function isUsers({ role }: JsonObject): boolean {
  return role === "user";
}

/** Of a text, or of the parts that are texts. */
function textIn(content: unknown): string {
  if (typeof content === "string") return content;
  const texts = (Array.isArray(content) ? content : []).flatMap((part: unknown) =>
    isRecord(part) && typeof part["text"] === "string" ? [part["text"]] : [],
  );
  return texts.join("\n");
}
