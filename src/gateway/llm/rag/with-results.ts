/** What was found, told beside a chat's answer. */
import type { Reply } from "../../../call/call.ts";
import type { JsonObject } from "../../../formats/json.ts";
import { rewrittenEvents } from "../objects/events.ts";
import { textOf } from "../objects/renamed-reply.ts";

/** In LiteLLM's field `_hidden_params`: of the answer, of a stream in its first chunk. Nothing else of it changes. */
export function withResults(reply: Reply, results: JsonObject): Reply {
  const { body, status, headers } = reply;
  const type = headers["content-type"] ?? "";
  if (status >= 300) return reply;
  const added = `"_hidden_params":${JSON.stringify(results)}`;
  if (body instanceof ReadableStream)
    return /^text\/event-stream/i.test(type) ? { ...reply, body: inFirstEvent(body, added) } : reply;
  return /\bjson\b/i.test(type) ? { ...reply, body: withField(textOf(body), added) } : reply;
}

function inFirstEvent(source: ReadableStream<Uint8Array>, added: string): ReadableStream<Uint8Array> {
  let isFirst = true;
  return rewrittenEvents(source, async (data) => {
    if (!isFirst) return data;
    isFirst = false;
    return withField(data, added);
  });
}

/** The text of an object with one more field; of anything else as it is: a list of several models' answers. */
function withField(text: string, added: string): string {
  const [, fields] = /^\s*\{([\s\S]*)\}\s*$/.exec(text) ?? [];
  if (fields === undefined) return text;
  return fields.trim() === "" ? `{${added}}` : `{${fields},${added}}`;
}
