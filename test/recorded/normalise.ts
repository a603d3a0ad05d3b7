/**
 * Ways to say the same in a request. Both sides, recorded and sent, are brought into one form before they are compared;
 * each rule is here because the provider's reference says that the two forms mean the same.
 */
import type { Wire } from "./exchanges.ts";
import { isRecord, type Json, recordsOf } from "./json.ts";

type Rule = (body: Json) => Json;

export function normaliseRequest(body: unknown, wire: Wire): unknown {
  if (!isRecord(body)) return body;
  return RULES[wire].reduce((normal, rule) => rule(normal), body);
}

/** A field that is null is a field that is not there. Values of JSON schemas and arguments keep their nulls. */
function nullIsAbsent(value: Json): Json {
  const walk = (inner: unknown): unknown => {
    if (Array.isArray(inner)) return inner.map(walk);
    if (!isRecord(inner)) return inner;
    return Object.fromEntries(
      Object.entries(inner)
        .filter(([, field]) => field !== null && field !== undefined)
        .map(([name, field]) => [name, OPAQUE.has(name) ? field : walk(field)]),
    );
  };
  return walk(value) as Json; // an object walked is an object
}

const OPAQUE: ReadonlySet<string> = new Set([
  "args",
  "input",
  "input_schema",
  "parameters",
  "parametersJsonSchema",
  "responseJsonSchema",
  "schema",
]);

/** `stream: false` is the default; and the gateway always asks OpenAI's streams for their usage. */
function streamDefaults(body: Json): Json {
  const { stream, stream_options: options, ...rest } = body;
  if (stream !== true) return rest;
  return { ...rest, stream, stream_options: { ...(isRecord(options) ? options : {}), include_usage: true } };
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

/** Anthropic: text is one text block, in `system`, turns and tool results. */
function textIsBlock(body: Json): Json {
  const blocks = (value: unknown): unknown =>
    typeof value === "string" ? [{ type: "text", text: value }] : value;
  const inside = (block: Json): Json =>
    block["type"] === "tool_result" && "content" in block ? { ...block, content: blocks(block["content"]) } : block;
  const normal: Json = {
    ...body,
    messages: mapRecords(body["messages"], (turn) => ({ ...turn, content: mapRecords(blocks(turn["content"]), inside) })),
  };
  if ("system" in body) normal["system"] = blocks(body["system"]);
  return normal;
}

/** Anthropic: "consecutive user or assistant turns in your request will be combined into a single turn". */
function neighboursAreOneTurn(body: Json): Json {
  if (!Array.isArray(body["messages"])) return body;
  const turns: Json[] = [];
  for (const turn of recordsOf(body["messages"])) {
    const last = turns.at(-1);
    if (last && last["role"] === turn["role"] && Array.isArray(last["content"]) && Array.isArray(turn["content"]))
      last["content"] = [...last["content"], ...turn["content"]];
    else turns.push({ ...turn });
  }
  return { ...body, messages: turns };
}

/** Anthropic: a tool's type is `custom` where none is said; lists that are empty are none; `is_error` is false by default. */
function anthropicDefaults(body: Json): Json {
  const normal: Json = { ...body };
  if (Array.isArray(body["tools"]))
    normal["tools"] = mapRecords(body["tools"], ({ type, ...tool }) => (type === undefined || type === "custom" ? tool : { type, ...tool }));
  for (const name of ["tools", "stop_sequences", "system"])
    if (Array.isArray(normal[name]) && normal[name].length === 0) delete normal[name];
  normal["messages"] = mapRecords(body["messages"], (turn) => ({
    ...turn,
    content: mapRecords(turn["content"], ({ is_error, ...block }) => (is_error ? { ...block, is_error } : block)),
  }));
  return normal;
}

/** Google's JSON takes names in either case (ProtoJSON). Below arguments, schemas and labels they are the client's own. */
function camelCase(body: Json): Json {
  const own = new Set([...OPAQUE, "response", "labels", "functionResponse.response"]);
  const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [camel(name), own.has(camel(name)) ? field : walk(field)]),
    );
  };
  return walk(body) as Json; // an object walked is an object
}

/** Gemini: a content without a role is the user's; the model stands in the address; empty objects and lists say nothing. */
function geminiDefaults(body: Json): Json {
  const { model: _, systemInstruction, ...rest } = body;
  const normal: Json = { ...rest, contents: mapRecords(body["contents"], (content) => ({ role: "user", ...content })) };
  if (isRecord(systemInstruction)) {
    const { role: _role, ...instruction } = systemInstruction;
    normal["systemInstruction"] = instruction;
  }
  for (const name of ["generationConfig", "tools", "toolConfig", "safetySettings", "labels"]) {
    const value = normal[name];
    if (isRecord(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0) delete normal[name];
  }
  return normal;
}

function mapRecords(value: unknown, map: (item: Json) => Json): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isRecord(item) ? map(item) : item)) : value;
}

const RULES: Readonly<Record<Wire, readonly Rule[]>> = {
  openai: [nullIsAbsent, streamDefaults, textPartIsText],
  anthropic: [nullIsAbsent, dropFalseStream, textIsBlock, neighboursAreOneTurn, anthropicDefaults],
  gemini: [camelCase, nullIsAbsent, geminiDefaults],
};

function dropFalseStream(body: Json): Json {
  const { stream, ...rest } = body;
  return stream === true ? { ...rest, stream } : rest;
}
