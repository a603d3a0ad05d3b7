import { recordsIn } from "../json.ts";
import type { Annotation } from "../openai/chat.ts";
import { text } from "./fields.ts";
import type { Block } from "./types.ts";

/** The citations of a text block; none where it has none. */
export function citationsOf(block: Block): Record<string, unknown>[] {
  const citations = block["citations"];
  return block.type === "text" ? recordsIn(citations) : [];
}

/**
 * OpenAI's annotations for the citations of web pages in a text that stands at `start` within the whole answer
 * (UTF-16 units). A citation covers the block it belongs to. Citations of documents have no URL and so no annotation.
 */
export function toAnnotations(
  citations: readonly Record<string, unknown>[],
  start: number,
  length: number,
): Annotation[] {
  return citations
    .filter((citation) => citation["type"] === "web_search_result_location")
    .map((citation) => ({
      type: "url_citation",
      url_citation: {
        url: text(citation["url"]),
        title: text(citation["title"]),
        start_index: start,
        end_index: start + length,
      },
    }));
}
