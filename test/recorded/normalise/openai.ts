/** The same said in two ways in OpenAI's chat completions. */
import type { Json } from "../json.ts";
import { isRecord } from "../json.ts";
import { mapRecords, nullIsAbsent, type Rule } from "./rules.ts";

/** `stream: false` is the default. */
function streamDefault(body: Json): Json {
  const { stream, stream_options, ...rest } = body;
  return stream === true ? { ...rest, stream, ...(isRecord(stream_options) && { stream_options }) } : rest;
}

/** Content that is one bare text part is the text. */
function textPartIsText(body: Json): Json {
  return {
    ...body,
    messages: mapRecords(body["messages"], (message) => {
      const parts = message["content"];
      const only = Array.isArray(parts) && parts.length === 1 ? parts[0] : undefined;
      const bare = isRecord(only) && only["type"] === "text" && Object.keys(only).length === 2;
      return bare ? { ...message, content: only["text"] } : message;
    }),
  };
}

/** The gateway always asks a stream for its usage. */
export function askForUsage(body: Json): Json {
  if (body["stream"] !== true) return body;
  const options = isRecord(body["stream_options"]) ? body["stream_options"] : {};
  return { ...body, stream_options: { ...options, include_usage: true } };
}

export const RULES: readonly Rule[] = [nullIsAbsent, streamDefault, textPartIsText];
