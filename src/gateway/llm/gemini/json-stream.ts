/** Google's other form of a stream: without `alt=sse` its responses are the items of one JSON array, each sent as it comes. */
import { SseDecoder } from "../../../formats/sse.ts";

/** An answer of events as the array; any other answer as it is. */
export function asJsonArray(response: Response): Response {
  if (response.body === null || !response.headers.get("content-type")?.startsWith("text/event-stream")) return response;
  const headers = new Headers(response.headers);
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(response.body.pipeThrough(itemsOfEvents()), { status: response.status, headers });
}

/** White space keeps the connection open where the events had a comment for it: it says nothing within an array. */
const KEPT_OPEN = "\n";

function itemsOfEvents(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new SseDecoder();
  const encoder = new TextEncoder();
  let begun = false;
  const items = (events: readonly { data: string }[]) =>
    events
      .map(({ data }) => {
        const item = `${begun ? ",\n" : "["}${data}`;
        begun = true;
        return item;
      })
      .join("");
  return new TransformStream({
    transform(bytes, controller) {
      const text = items(decoder.push(bytes)) || (begun ? KEPT_OPEN : "");
      if (text !== "") controller.enqueue(encoder.encode(text));
    },
    flush(controller) {
      controller.enqueue(encoder.encode(`${items(decoder.end())}${begun ? "" : "["}]`));
    },
  });
}
