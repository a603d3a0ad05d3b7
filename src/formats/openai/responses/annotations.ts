/** Citations within a text: the hub nests what the Responses API has flat. */
import { isRecord, type JsonObject } from "../../json.ts";
import type { Annotation } from "../chat.ts";

/** @param before characters of the answer before the text the annotation is to stand at */
export function toResponsesAnnotation(annotation: Annotation, before: number): JsonObject {
  const { type, url_citation: citation, ...rest } = annotation;
  if (!isRecord(citation)) return annotation;
  return { type, ...rest, ...moved(citation, -before) };
}

export function toChatAnnotation(annotation: JsonObject, before: number): Annotation {
  const { type, ...citation } = annotation;
  if (type !== "url_citation") return annotation as Annotation; // of another kind: it passes as it is
  const { url, title, start_index, end_index, ...rest } = citation;
  return {
    type: "url_citation",
    url_citation: {
      url: String(url ?? ""),
      title: String(title ?? ""),
      ...(moved({ start_index: start_index ?? 0, end_index: end_index ?? 0 }, before) as {
        start_index: number;
        end_index: number;
      }), // two numbers, moved
      ...rest,
    },
  };
}

function moved(citation: JsonObject, by: number): JsonObject {
  const { start_index: start, end_index: end } = citation;
  const shift = (index: unknown) => (typeof index === "number" ? Math.max(0, index + by) : 0);
  return { ...citation, start_index: shift(start), end_index: shift(end) };
}
