import type { ContentPart } from "../openai/chat.ts";
import { type JsonObject, parseObject } from "./json.ts";
import { type GeminiModel, isGemini3 } from "./model.ts";
import { contentParts } from "./parts.ts";
import type { Part } from "./types.ts";

/**
 * The result of a tool as a `functionResponse`, with the media in it: Gemini 3 takes them within the response, its
 * forebears beside it.
 */
export function toolResultParts(
  content: string | ContentPart[],
  name: string,
  id: string | undefined,
  model: GeminiModel,
  param: string,
): Part[] {
  const parts = contentParts(content, model, `${param}.content`);
  const texts = parts.filter(isText);
  const media = parts.filter((part) => !isText(part));
  const functionResponse = {
    ...(id === undefined ? {} : { id }),
    name,
    response: texts.length === 0 ? {} : responseOf(texts.map(({ text }) => text).join("\n")),
  };
  if (media.length === 0) return [{ functionResponse }];
  if (isGemini3(model)) return [{ functionResponse: { ...functionResponse, parts: media } }];
  return [{ functionResponse }, ...media];
}

function isText(part: Part): part is Part & { text: string } {
  return typeof part.text === "string";
}

/**
 * Gemini wants an object: a JSON object is one, any other text is its `output`, as Google names it.
 * Google holds numbers as doubles, so an object with longer integers (ids) stays text, lest they change.
 */
function responseOf(text: string): JsonObject {
  const object = /\d{16}/.test(text) && hasLongInteger(text) ? undefined : parseObject(text);
  return object ?? { output: text };
}

function hasLongInteger(text: string): boolean {
  const outsideStrings = text.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
  return (outsideStrings.match(/-?\b\d{16,}\b(?![.eE])/g) ?? []).some(
    (number) => !Number.isSafeInteger(Number(number)),
  );
}
