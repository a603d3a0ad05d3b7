/** The same said in two ways in Gemini's generateContent. */
import { canonical, isRecord, type Json, recordsOf } from "../json.ts";
import { mapRecords, nullIsAbsent, OPAQUE, type Rule } from "./rules.ts";

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
 * `parts` may be one part; `thought: false` is the default; no arguments are empty ones; empty text says
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

/** A schema as OpenAPI's (`parameters`, `responseSchema`) is the same as JSON's under the other name. */
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

/** The list of tools is a set, and functions may be declared in one tool or in several. */
function toolsAsSet(body: Json): Json {
  const { tools, ...rest } = body;
  if (!Array.isArray(tools)) return body;
  const functions = recordsOf(tools).flatMap((tool) => recordsOf(tool["functionDeclarations"]));
  const others = Object.assign({}, ...recordsOf(tools).map(({ functionDeclarations: _, ...own }) => own));
  const all = { ...others, ...(functions.length > 0 && { functionDeclarations: functions }) };
  return Object.keys(all).length > 0 ? { ...rest, tools: [all] } : rest;
}

/** Names of enumerations in either case; thoughts are not shown unless asked for. */
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

/** The model stands in the address; empty objects and lists say nothing. */
function geminiDefaults(body: Json): Json {
  const { model: _, ...normal } = body;
  for (const name of ["generationConfig", "tools", "toolConfig", "safetySettings", "labels"]) {
    const value = normal[name];
    if (isRecord(value) ? Object.keys(value).length === 0 : Array.isArray(value) && value.length === 0)
      delete normal[name];
  }
  return normal;
}

export const RULES: readonly Rule[] = [
  camelCase,
  nullIsAbsent,
  plainBase64,
  contentsAsTurns,
  oneSchemaDialect,
  toolsAsSet,
  configDefaults,
  geminiDefaults,
];

/** The model stands in the path and with each request; a content without a role is the user's. */
function bareEmbeddings({ model: _, ...body }: Json): Json {
  const requests = mapRecords(body["requests"], ({ content, ...request }) => {
    const { role: _role, ...rest } = isRecord(content) ? content : {};
    return { ...request, content: rest };
  });
  return { ...body, requests };
}

export const EMBEDDING_RULES: readonly Rule[] = [nullIsAbsent, bareEmbeddings];
