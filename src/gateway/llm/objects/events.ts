/** Streams of events whose ids are the provider's, in the client's words. */
import { formatEvent, type ServerEvent, SseDecoder } from "../../../formats/sse.ts";
import type { AnswerIds } from "./answer-ids.ts";
import type { Reference } from "./fields.ts";

/** What an event names without saying so. */
export type AlsoNamed = (answer: unknown) => Promise<readonly Reference[]>;

const nothing: AlsoNamed = async () => [];

export function renamedEvents(
  source: ReadableStream<Uint8Array>,
  ids: AnswerIds,
  alsoNamed: AlsoNamed = nothing,
): ReadableStream<Uint8Array> {
  return rewrittenEvents(source, (data) => renamed(data, ids, alsoNamed));
}

/**
 * @param rewrite the data of one event
 * @param ended there will be no more: it is over, broke off, or nobody reads it any more
 */
export function rewrittenEvents(
  source: ReadableStream<Uint8Array>,
  rewrite: (data: string) => Promise<string>,
  ended: () => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const decoder = new SseDecoder();
  const encoder = new TextEncoder();
  const written = async (events: readonly ServerEvent[]) => {
    let text = "";
    for (const { data, event } of events) text += formatEvent(await rewrite(data), event);
    return text;
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          for (;;) {
            const { done, value } = await reader.read();
            const text = await written(done ? decoder.end() : decoder.push(value));
            if (text !== "") controller.enqueue(encoder.encode(text));
            if (done) {
              controller.close();
              ended();
            }
            if (done || text !== "") return;
          }
        } catch (error) {
          ended();
          throw error;
        }
      },
      cancel(reason) {
        ended();
        return reader.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
}

async function renamed(data: string, ids: AnswerIds, alsoNamed: AlsoNamed): Promise<string> {
  let answer: unknown;
  try {
    answer = JSON.parse(data);
  } catch {
    return data; // `[DONE]`
  }
  // An event is a line; JSON may be written in several.
  return ids.inJson(data.includes("\n") ? JSON.stringify(answer) : data, answer, await alsoNamed(answer));
}
