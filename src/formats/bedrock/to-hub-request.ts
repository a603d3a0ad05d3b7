/** A body of Converse's as a request of the hub: for counting what it asks for. `toConverseBody` says it again. */
import { toDataUrl } from "../data-url.ts";
import { asRecord, isRecord, type JsonObject, recordsIn, stringsIn } from "../json.ts";

/** Bedrock's formats whose media type is another than `kind/format`. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  pdf: "application/pdf",
  csv: "text/csv",
  doc: "application/msword",
  docx: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
  xls: "application/vnd.ms-excel",
  xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
  html: "text/html",
  txt: "text/plain",
  md: "text/markdown",
  mkv: "video/x-matroska",
  mov: "video/quicktime",
  flv: "video/x-flv",
  mpg: "video/mpeg",
  wmv: "video/x-ms-wmv",
  three_gp: "video/3gpp",
  mp3: "audio/mpeg",
};

const TRANSLATED: ReadonlySet<string> = new Set([
  "inferenceConfig",
  "messages",
  "outputConfig",
  "serviceTier",
  "system",
  "toolConfig",
]);

/** @param body as a client sent it; what is not of its shape is left out */
export function toHubRequest(body: JsonObject): JsonObject {
  const { maxTokens, temperature, topP, stopSequences, ...inference } = asRecord(body["inferenceConfig"]);
  const { tools, toolChoice } = asRecord(body["toolConfig"]);
  const system = partsOf(body["system"]);
  const rest = Object.entries(body).filter(([name]) => !TRANSLATED.has(name));
  const tier = asRecord(body["serviceTier"])["type"];
  return {
    ...Object.fromEntries(rest),
    messages: [
      ...(system.length > 0 ? [{ role: "system", content: system }] : []),
      ...recordsIn(body["messages"]).flatMap(messagesOf),
    ],
    ...(typeof maxTokens === "number" && { max_tokens: maxTokens }),
    ...(typeof temperature === "number" && { temperature }),
    ...(typeof topP === "number" && { top_p: topP }),
    ...(Array.isArray(stopSequences) && { stop: stringsIn(stopSequences) }),
    ...(Object.keys(inference).length > 0 && { inferenceConfig: inference }),
    ...(Array.isArray(tools) && tools.length > 0 && { tools: toolsOf(recordsIn(tools)) }),
    ...(isRecord(toolChoice) && { tool_choice: choiceOf(toolChoice) }),
    ...(typeof tier === "string" && { service_tier: tier }),
    ...responseFormat(body["outputConfig"]),
  };
}

function messagesOf({ role, content }: JsonObject): JsonObject[] {
  return role === "assistant" ? [assistantMessage(recordsIn(content))] : userMessages(recordsIn(content));
}

function assistantMessage(blocks: readonly JsonObject[]): JsonObject {
  const calls = blocks.flatMap(({ toolUse }) =>
    isRecord(toolUse) && toolUse["type"] !== "server_tool_use"
      ? [
          {
            id: toolUse["toolUseId"],
            type: "function",
            function: { name: toolUse["name"], arguments: JSON.stringify(toolUse["input"] ?? {}) },
          },
        ]
      : [],
  );
  const thinking = blocks.flatMap(({ reasoningContent }) => thinkingOf(asRecord(reasoningContent)));
  const content = partsOf(
    blocks.filter((block) => !isRecord(block["toolUse"]) && !isRecord(block["reasoningContent"])),
  );
  return {
    role: "assistant",
    content: content.length > 0 ? content : null,
    ...(thinking.length > 0 && { thinking_blocks: thinking }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

function thinkingOf({ reasoningText, redactedContent }: JsonObject): JsonObject[] {
  if (typeof redactedContent === "string") return [{ type: "redacted_thinking", data: redactedContent }];
  if (!isRecord(reasoningText)) return [];
  const { text, signature } = reasoningText;
  return [{ type: "thinking", thinking: text, ...(signature !== undefined && { signature }) }];
}

/** Results are messages of their own. A cache point belongs to what it follows. */
function userMessages(blocks: readonly JsonObject[]): JsonObject[] {
  const messages: JsonObject[] = [];
  let others: JsonObject[] = [];
  const flush = () => {
    if (others.length > 0) messages.push({ role: "user", content: partsOf(others) });
    others = [];
  };
  for (const block of blocks) {
    const result = block["toolResult"];
    if (isRecord(result)) {
      flush();
      messages.push(toolMessage(result));
    } else if (isRecord(block["cachePoint"]) && others.length === 0 && messages.length > 0)
      Object.assign(messages.at(-1) ?? {}, { cache_control: markerOf(block["cachePoint"]) });
    else others.push(block);
  }
  flush();
  return messages;
}

function toolMessage({ toolUseId, content, status }: JsonObject): JsonObject {
  return {
    role: "tool",
    tool_call_id: toolUseId,
    content: partsOf(content),
    ...(status === "error" && { is_error: true }),
  };
}

function partsOf(blocks: unknown): JsonObject[] {
  const parts: JsonObject[] = [];
  for (const block of recordsIn(blocks)) {
    const last = parts.at(-1);
    if (isRecord(block["cachePoint"]) && last !== undefined) last["cache_control"] = markerOf(block["cachePoint"]);
    else parts.push(...partOf(block));
  }
  return parts;
}

function markerOf({ ttl }: JsonObject): JsonObject {
  return { type: "ephemeral", ...(typeof ttl === "string" && { ttl }) };
}

function partOf(block: JsonObject): JsonObject[] {
  const [kind = "", value] = Object.entries(block)[0] ?? [];
  if (kind === "text") return [{ type: "text", text: value }];
  if (kind === "json") return [{ type: "text", text: JSON.stringify(value) }];
  if (!isRecord(value)) return [];
  const source = sourceOf(kind, value);
  if (kind === "image" && source !== undefined)
    return [{ type: "image_url", image_url: { url: source, format: value["format"] } }];
  if (source !== undefined) {
    const { name, citations, context, format } = value;
    const said = { ...(name !== undefined && { filename: name }), ...(citations !== undefined && { citations }) };
    return [{ type: "file", file: { file_data: source, format, ...said, ...(context !== undefined && { context }) } }];
  }
  return [{ type: kind, [kind]: value }];
}

/** As a data URL, or where it is kept; `undefined` of what is neither. */
function sourceOf(kind: string, { source, format }: JsonObject): string | undefined {
  const { bytes, s3Location } = asRecord(source);
  const { uri } = asRecord(s3Location);
  if (typeof uri === "string") return uri;
  if (typeof bytes !== "string" || typeof format !== "string") return undefined;
  return toDataUrl(MEDIA_TYPES[format] ?? `${kind}/${format}`, bytes);
}

function toolsOf(entries: readonly JsonObject[]): JsonObject[] {
  const tools: JsonObject[] = [];
  for (const entry of entries) {
    const { toolSpec, cachePoint } = entry;
    const last = tools.at(-1);
    if (isRecord(cachePoint) && last !== undefined) last["cache_control"] = markerOf(cachePoint);
    else if (isRecord(toolSpec)) {
      const { name, description, inputSchema, strict } = toolSpec;
      const definition = {
        name,
        ...(description !== undefined && { description }),
        ...(strict !== undefined && { strict }),
      };
      tools.push({ type: "function", function: { ...definition, parameters: asRecord(inputSchema)["json"] } });
    } else tools.push(entry);
  }
  return tools;
}

function choiceOf({ any, tool }: JsonObject): unknown {
  if (isRecord(tool)) return { type: "function", function: { name: tool["name"] } };
  return isRecord(any) ? "required" : "auto";
}

function responseFormat(config: unknown): JsonObject {
  const { structure } = asRecord(asRecord(config)["textFormat"]);
  const { name, description, schema } = asRecord(asRecord(structure)["jsonSchema"]);
  if (typeof schema !== "string") return {};
  try {
    const said = { ...(name !== undefined && { name }), ...(description !== undefined && { description }) };
    return { response_format: { type: "json_schema", json_schema: { ...said, schema: JSON.parse(schema) } } };
  } catch {
    return { outputConfig: config }; // Bedrock will say what is wrong with it
  }
}
