/** Gemini's grounding and citations as OpenAI's `url_citation` annotations. */

import { isRecord } from "../json.ts";
import type { Annotation } from "../openai/chat.ts";
import { type JsonObject, textField } from "./json.ts";

/**
 * @param text the whole answer; Gemini's positions are bytes of it in UTF-8, OpenAI's are characters
 */
export function annotationsOf(text: string, grounding: unknown, citation: unknown): Annotation[] {
  const span = characterSpans(text);
  return [...groundingAnnotations(grounding, span), ...citationAnnotations(citation, span)];
}

type Span = (start: number, end: number, quote?: string) => { start_index: number; end_index: number };

/** Each supported segment cites each of its sources. */
function groundingAnnotations(grounding: unknown, span: Span): Annotation[] {
  const chunks = list(grounding, "groundingChunks").map(sourceOf);
  return list(grounding, "groundingSupports").flatMap((support) => {
    const segment = support["segment"];
    const position = span(
      numberField(segment, "startIndex"),
      numberField(segment, "endIndex"),
      textField(segment, "text"),
    );
    const indices = Array.isArray(support["groundingChunkIndices"]) ? support["groundingChunkIndices"] : [];
    return indices.flatMap((index: unknown) => {
      const source = typeof index === "number" ? chunks[index] : undefined;
      return source === undefined ? [] : [{ type: "url_citation", url_citation: { ...source, ...position } }];
    });
  });
}

/** AI Studio says `citationSources`, Vertex AI `citations`. */
function citationAnnotations(citation: unknown, span: Span): Annotation[] {
  const sources = [...list(citation, "citationSources"), ...list(citation, "citations")];
  return sources.flatMap((source) => {
    const url = textField(source, "uri");
    if (url === undefined) return [];
    const position = span(numberField(source, "startIndex"), numberField(source, "endIndex"));
    return [{ type: "url_citation", url_citation: { url, title: textField(source, "title") ?? "", ...position } }];
  });
}

/** A source on the web, on the map, or in a store of documents; one without an address cannot be a `url_citation`. */
function sourceOf(chunk: JsonObject): { url: string; title: string } | undefined {
  const source = chunk["web"] ?? chunk["maps"] ?? chunk["retrievedContext"] ?? chunk["image"];
  const url = textField(source, "uri") ?? textField(source, "sourceUri");
  return url === undefined ? undefined : { url, title: textField(source, "title") ?? "" };
}

function characterSpans(text: string): Span {
  const bytes = new TextEncoder().encode(text);
  const toCharacters = (offset: number) => {
    if (bytes.length === text.length) return offset;
    let count = 0;
    // a byte of the form 10xxxxxx continues a character
    for (const byte of bytes.subarray(0, offset)) if ((byte & 0xc0) !== 0x80) count += 1;
    return count;
  };
  return (start, end, quote) => {
    const position = { start_index: toCharacters(start), end_index: toCharacters(end) };
    if (quote === undefined) return position;
    const characters = Array.from(text);
    if (characters.slice(position.start_index, position.end_index).join("") === quote) return position;
    // Positions count within one part, and answers come in many: the quoted words say where they stand.
    const at = text.indexOf(quote);
    if (at < 0) return position;
    const before = Array.from(text.slice(0, at)).length;
    return { start_index: before, end_index: before + Array.from(quote).length };
  };
}

function list(value: unknown, name: string): JsonObject[] {
  const items = isRecord(value) ? value[name] : undefined;
  return Array.isArray(items) ? items.map((item) => (isRecord(item) ? item : {})) : [];
}

function numberField(value: unknown, name: string): number {
  const field = isRecord(value) ? value[name] : undefined;
  return typeof field === "number" ? field : 0;
}
