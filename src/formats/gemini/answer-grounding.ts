/** OpenAI's `url_citation` annotations as Gemini's `groundingMetadata`. */
import type { Annotation } from "../openai/chat.ts";
import type { JsonObject } from "./json.ts";

/**
 * Each address is one source; each cited passage names its sources.
 * @param text the whole answer; OpenAI's positions are characters of it, Gemini's are bytes of it in UTF-8
 */
export function toGroundingMetadata(text: string, annotations: readonly Annotation[] | undefined): JsonObject {
  const cited = (annotations ?? []).flatMap(({ url_citation }) => (url_citation?.url ? [url_citation] : []));
  if (cited.length === 0) return {};
  const urls = [...new Set(cited.map(({ url }) => url))];
  const passages = new Map<string, { start: number; end: number; sources: Set<number> }>();
  for (const { url, start_index: start, end_index: end } of cited) {
    if (!(end > start)) continue; // a source of the whole answer
    const known = passages.get(`${start}-${end}`) ?? { start, end, sources: new Set() };
    known.sources.add(urls.indexOf(url));
    passages.set(`${start}-${end}`, known);
  }
  const characters = Array.from(text);
  const bytesUpTo = (position: number) => new TextEncoder().encode(characters.slice(0, position).join("")).length;
  return {
    groundingMetadata: {
      groundingChunks: urls.map((uri) => ({
        web: { uri, title: cited.find(({ url }) => url === uri)?.title || uri },
      })),
      groundingSupports: [...passages.values()].map(({ start, end, sources }) => ({
        segment: {
          startIndex: bytesUpTo(start),
          endIndex: bytesUpTo(end),
          text: characters.slice(start, end).join(""),
        },
        groundingChunkIndices: [...sources],
      })),
    },
  };
}
