/**
 * Ways to say the same in a request. Both sides, recorded and sent, are brought into one form before they are compared;
 * each rule is here because the provider's reference says that the two forms mean the same.
 */
import type { Wire } from "./exchanges.ts";
import { canonical, isRecord, type Json, recordsOf } from "./json.ts";

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
  "responseSchema",
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
  const blocks = (value: unknown): unknown => (typeof value === "string" ? [{ type: "text", text: value }] : value);
  const inside = (block: Json): Json =>
    block["type"] === "tool_result" && "content" in block ? { ...block, content: blocks(block["content"]) } : block;
  const normal: Json = {
    ...body,
    messages: mapRecords(body["messages"], (turn) => ({
      ...turn,
      content: mapRecords(blocks(turn["content"]), inside),
    })),
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

/**
 * Anthropic: a tool's type is `custom` where none is said; lists that are empty are none; `is_error` is false by
 * default, and the caller of a tool the model itself (`direct`). A system prompt of empty text is none.
 */
function anthropicDefaults(body: Json): Json {
  const normal: Json = { ...body };
  if (Array.isArray(body["tools"]))
    normal["tools"] = mapRecords(body["tools"], ({ type, ...tool }) =>
      type === undefined || type === "custom" ? tool : { type, ...tool },
    );
  if (Array.isArray(body["system"])) normal["system"] = recordsOf(body["system"]).filter(({ text }) => text !== "");
  for (const name of ["tools", "stop_sequences", "system"])
    if (Array.isArray(normal[name]) && normal[name].length === 0) delete normal[name];
  const block = ({ is_error, caller, ...rest }: Json): Json => ({
    ...rest,
    ...(is_error === true && { is_error }),
    ...(isRecord(caller) && caller["type"] !== "direct" && { caller }),
  });
  normal["messages"] = mapRecords(body["messages"], (turn) => ({
    ...turn,
    content: mapRecords(turn["content"], block),
  }));
  return normal;
}

/** Google's JSON takes names in either case (ProtoJSON). Below arguments, schemas and labels they are the client's own. */
function camelCase(body: Json): Json {
  const own = new Set([...OPAQUE, "response", "labels"]);
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [camel(name), own.has(camel(name)) ? field : walk(field)]),
    );
  };
  return walk(body) as Json; // an object walked is an object
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Bytes in base64 are the same in either alphabet, padded or not. */
function plainBase64(body: Json): Json {
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [
        name,
        (name === "data" || name === "thoughtSignature") && typeof field === "string"
          ? field.replaceAll("-", "+").replaceAll("_", "/").replace(/=+$/, "")
          : walk(field),
      ]),
    );
  };
  return walk(body) as Json; // an object walked is an object
}

/**
 * Gemini: `parts` may be one part; `thought: false` is the default; no arguments are empty ones; empty text says
 * nothing. Neighbours of one role are one content, in which results of functions stand in any order.
 */
function contentsAsTurns(body: Json): Json {
  const part = ({ thought, ...rest }: Json): Json => ({
    ...rest,
    ...(thought === true && { thought }),
    ...(isRecord(rest["functionCall"]) && { functionCall: { args: {}, ...rest["functionCall"] } }),
    ...(isRecord(rest["functionResponse"]) && { functionResponse: { response: {}, ...rest["functionResponse"] } }),
  });
  const isEmpty = (one: Json) => one["text"] === "" && Object.keys(one).length === 1;
  const parts = (value: unknown): Json[] =>
    recordsOf(isRecord(value) ? [value] : value)
      .map(part)
      .filter((one) => !isEmpty(one));
  const whole = (content: Json): Json => ({ role: "user", ...content, parts: parts(content["parts"]) });
  const turns: Json[] = [];
  for (const content of recordsOf(body["contents"]).map(whole)) {
    const last = turns.at(-1);
    if (last && last["role"] === content["role"])
      last["parts"] = [...recordsOf(last["parts"]), ...recordsOf(content["parts"])];
    else turns.push(content);
  }
  for (const turn of turns) turn["parts"] = sortedResults(recordsOf(turn["parts"]));
  const normal: Json = { ...body, contents: turns };
  if (isRecord(body["systemInstruction"])) {
    const { role: _role, ...instruction } = whole(body["systemInstruction"]);
    if (recordsOf(instruction["parts"]).length > 0) normal["systemInstruction"] = instruction;
    else delete normal["systemInstruction"];
  }
  return normal;
}

/** The results in the order of their texts, each at a place where a result stood. */
function sortedResults(parts: Json[]): Json[] {
  const results = parts
    .filter((part) => "functionResponse" in part)
    .sort((a, b) => (canonical(a) < canonical(b) ? -1 : 1));
  return parts.map((part) => ("functionResponse" in part ? (results.shift() ?? part) : part));
}

/** Gemini: a schema as OpenAPI's (`parameters`, `responseSchema`) is the same as JSON's under the other name. */
function oneSchemaDialect(body: Json): Json {
  const functions = (tool: Json): Json =>
    "functionDeclarations" in tool
      ? {
          ...tool,
          functionDeclarations: mapRecords(tool["functionDeclarations"], (one) =>
            renamed(one, "parameters", "parametersJsonSchema"),
          ),
        }
      : tool;
  const normal: Json = { ...body };
  if ("tools" in body) normal["tools"] = mapRecords(body["tools"], functions);
  if (isRecord(body["generationConfig"]))
    normal["generationConfig"] = renamed(body["generationConfig"], "responseSchema", "responseJsonSchema");
  return normal;
}

function renamed(object: Json, from: string, to: string): Json {
  const { [from]: openApi, ...rest } = object;
  if (rest[to] !== undefined || openApi === undefined) return rest;
  return { ...rest, [to]: fromOpenApi(openApi) };
}

/** Types in capitals or as numbers of the enumeration, keywords in either case. */
function fromOpenApi(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(fromOpenApi);
  if (!isRecord(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]) => {
      if (name === "type") return [name, typeof value === "number" ? TYPES[value] : String(value).toLowerCase()];
      if (name === "properties" && isRecord(value))
        return [name, Object.fromEntries(Object.entries(value).map(([own, inner]) => [own, fromOpenApi(inner)]))];
      return [camel(name), fromOpenApi(value)];
    }),
  );
}

/** `Type` of Google's API, by number. */
const TYPES = ["unspecified", "string", "number", "integer", "boolean", "array", "object", "null"];

/** Gemini: the list of tools is a set, and functions may be declared in one tool or in several. */
function toolsAsSet(body: Json): Json {
  const { tools, ...rest } = body;
  if (!Array.isArray(tools)) return body;
  const functions = recordsOf(tools).flatMap((tool) => recordsOf(tool["functionDeclarations"]));
  const others = Object.assign({}, ...recordsOf(tools).map(({ functionDeclarations: _, ...own }) => own));
  const all = { ...others, ...(functions.length > 0 && { functionDeclarations: functions }) };
  return Object.keys(all).length > 0 ? { ...rest, tools: [all] } : rest;
}

/** Gemini: names of enumerations in either case; thoughts are not shown unless asked for. */
function configDefaults(body: Json): Json {
  const config = isRecord(body["generationConfig"]) ? { ...body["generationConfig"] } : undefined;
  if (config && Array.isArray(config["stopSequences"]) && config["stopSequences"].length === 0)
    delete config["stopSequences"];
  if (config && isRecord(config["thinkingConfig"])) {
    const { includeThoughts, thinkingLevel, ...thinking } = config["thinkingConfig"];
    const settled = {
      ...thinking,
      ...(includeThoughts === true && { includeThoughts }),
      ...(typeof thinkingLevel === "string" && { thinkingLevel: thinkingLevel.toLowerCase() }),
    };
    if (Object.keys(settled).length > 0) config["thinkingConfig"] = settled;
    else delete config["thinkingConfig"];
  }
  const tool = isRecord(body["toolConfig"]) ? body["toolConfig"] : {};
  const calling = isRecord(tool["functionCallingConfig"]) ? tool["functionCallingConfig"] : undefined;
  return {
    ...body,
    ...(config && { generationConfig: config }),
    ...(calling && {
      toolConfig: { ...tool, functionCallingConfig: { ...calling, mode: String(calling["mode"]).toUpperCase() } },
    }),
  };
}

/** Gemini: the model stands in the address; empty objects and lists say nothing. */
function geminiDefaults(body: Json): Json {
  const { model: _, ...normal } = body;
  for (const name of ["generationConfig", "tools", "toolConfig", "safetySettings", "labels"]) {
    const value = normal[name];
    if (isRecord(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0)
      delete normal[name];
  }
  return normal;
}

function mapRecords(value: unknown, map: (item: Json) => Json): unknown {
  return Array.isArray(value) ? value.map((item: unknown) => (isRecord(item) ? map(item) : item)) : value;
}

const RULES: Readonly<Record<Wire, readonly Rule[]>> = {
  openai: [nullIsAbsent, streamDefaults, textPartIsText],
  anthropic: [nullIsAbsent, dropFalseStream, textIsBlock, neighboursAreOneTurn, anthropicDefaults],
  gemini: [
    camelCase,
    nullIsAbsent,
    plainBase64,
    contentsAsTurns,
    oneSchemaDialect,
    toolsAsSet,
    configDefaults,
    geminiDefaults,
  ],
};

function dropFalseStream(body: Json): Json {
  const { stream, ...rest } = body;
  return stream === true ? { ...rest, stream } : rest;
}
