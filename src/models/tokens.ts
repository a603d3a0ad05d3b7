/**
 * Token counting, for reservations before a call and for usage an upstream does not report.
 *
 * OpenAI's models are counted with their own encoding. All others are approximated with `o200k_base`, the error being
 * unknown to us: their encodings are not public or not here. Claude's own counts are known to be higher.
 */
import type { ChatMessage, ChatRequest, FunctionDefinition, Usage } from "../formats/openai/chat.ts";
import { type BytePairs, bytePairs } from "./bpe.ts";
import { audioTokens, fileTokens, imageTokens } from "./media.ts";

export type Encoding = "o200k_base" | "cl100k_base";

/** The model's own name, without provider and fine-tuning: `azure/gpt-4o`, `ft:gpt-4o:org::id` → `gpt-4o`. */
const bareName = (model: string) => (model.split("/").at(-1) ?? model).replace(/^ft:([^:]+).*$/, "$1");

/** Which encoding counts for a model. Source: `tiktoken/model.py`. */
export function encodingOf(model: string): Encoding {
  const name = bareName(model);
  return /^(gpt-3\.5|gpt-35|gpt-4(?![o.\d])|text-embedding-|davinci-002|babbage-002)/.test(name)
    ? "cl100k_base"
    : "o200k_base";
}

const encodings: Partial<Record<Encoding, Promise<BytePairs>>> = {};

/** The ranks are 1 and 2 MB: modules of their own, loaded by the first count and not at start-up. */
function encodingNamed(encoding: Encoding): Promise<BytePairs> {
  encodings[encoding] ??= load(encoding);
  return encodings[encoding];
}

async function load(encoding: Encoding): Promise<BytePairs> {
  const ranks =
    encoding === "cl100k_base"
      ? await import("js-tiktoken/ranks/cl100k_base")
      : await import("js-tiktoken/ranks/o200k_base");
  return bytePairs(ranks.default);
}

async function counterOf(model: string): Promise<(text: string) => number> {
  const { count } = await encodingNamed(encodingOf(model));
  return (text) => sampled(text, count);
}

/** Texts above this many characters are sampled: counting them whole would hold the isolate for more than 0.3 s. */
const sampledAbove = 1_000_000;
const samples = 32;
const sampleChars = 8192;

/** Up to a million characters counted whole; above, as many tokens for each character as in 32 places of the text. */
function sampled(text: string, count: (text: string) => number): number {
  if (text.length <= sampledAbove) return count(text);
  const stride = (text.length - sampleChars) / (samples - 1);
  let tokens = 0;
  for (let index = 0; index < samples; index++) {
    const start = Math.floor(index * stride);
    tokens += count(text.slice(start, start + sampleChars));
  }
  return Math.ceil((tokens / (samples * sampleChars)) * text.length);
}

/**
 * Tokens of a text, special tokens being plain text.
 *
 * Texts above 1,000,000 characters are estimated from samples (within 2 % where the text is of one kind throughout).
 */
export async function countTokens(text: string, model: string): Promise<number> {
  return text === "" ? 0 : (await counterOf(model))(text);
}

/**
 * The text of tokens of `cl100k_base`, the encoding of OpenAI's embedding models, which clients (LangChain) take for
 * every model they do not know.
 * @returns `undefined` where one is no token of it
 */
export async function decodeTokens(tokens: readonly number[]): Promise<string | undefined> {
  return (await encodingNamed("cl100k_base")).decode(tokens);
}

/** Overheads of OpenAI's cookbook, "How to count tokens with tiktoken". */
const overhead = {
  message: 3,
  name: 1,
  /** Every answer is primed with `<|start|>assistant<|message|>`. */
  answer: 3,
  toolCall: 3,
  functionOld: 10,
  function: 7,
  functions: 12,
  properties: 3,
  property: 3,
  enumeration: -3,
  enumerated: 3,
};

type Count = (text: string) => number;

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const withoutStop = (text: string) => (text.endsWith(".") ? text.slice(0, -1) : text);

/** A property of a tool's arguments, `key:type:description`; what is nested in it counts as JSON. */
function propertyTokens(key: string, schema: unknown, count: Count): number {
  if (!isTable(schema)) return overhead.property + count(key);
  const { type, description, enum: values, ...rest } = schema;
  const line = `${key}:${String(type ?? "")}:${withoutStop(String(description ?? ""))}`;
  const items = Array.isArray(values) ? values : [];
  return (
    overhead.property +
    count(line) +
    (items.length > 0 ? overhead.enumeration : 0) +
    items.reduce((sum: number, item) => sum + overhead.enumerated + count(String(item)), 0) +
    (Object.keys(rest).length > 0 ? count(JSON.stringify(rest)) : 0)
  );
}

function functionTokens({ name, description, parameters }: FunctionDefinition, count: Count, init: number): number {
  const properties = isTable(parameters?.["properties"]) ? Object.entries(parameters["properties"]) : [];
  const definitions = parameters?.["$defs"] ?? parameters?.["definitions"];
  return (
    init +
    count(`${name}:${withoutStop(description ?? "")}`) +
    (properties.length > 0 ? overhead.properties : 0) +
    properties.reduce((sum, [key, schema]) => sum + propertyTokens(key, schema, count), 0) +
    (definitions ? count(JSON.stringify(definitions)) : 0)
  );
}

function toolTokens(request: ChatRequest, count: Count, init: number): number {
  const tools = request.tools ?? [];
  const functions = [
    ...(request.functions ?? []),
    ...tools.flatMap((tool) => (tool.type === "function" && tool.function ? [tool.function] : [])),
  ];
  const others = tools.filter((tool) => tool.type !== "function" || !tool.function);
  return (
    functions.reduce((sum, definition) => sum + functionTokens(definition, count, init), 0) +
    (functions.length > 0 ? overhead.functions : 0) +
    others.reduce((sum, tool) => sum + count(JSON.stringify(tool)), 0)
  );
}

function contentTokens(content: ChatMessage["content"], count: Count, model: string): number {
  if (typeof content === "string") return count(content);
  let tokens = 0;
  for (const part of content ?? [])
    switch (part.type) {
      case "text":
        tokens += count(part.text);
        break;
      case "refusal":
        tokens += count(part.refusal);
        break;
      case "image_url":
        tokens +=
          typeof part.image_url === "string"
            ? imageTokens(part.image_url, undefined, model)
            : imageTokens(part.image_url.url, part.image_url.detail, model);
        break;
      case "input_audio":
        tokens += audioTokens(part.input_audio.data, part.input_audio.format, model);
        break;
      case "file":
        tokens += fileTokens(part.file.file_data, part.file.format);
        break;
    }
  return tokens;
}

function messageTokens(message: ChatMessage, count: Count, model: string): number {
  const calls = [
    ...(message.tool_calls ?? []).flatMap((call) => (call.function ? [call.function] : [])),
    ...(message.function_call ? [message.function_call] : []),
  ];
  const thought =
    message.thinking_blocks?.map((block) => block.thinking ?? "").join("") ?? message.reasoning_content ?? "";
  return (
    overhead.message +
    count(message.role) +
    contentTokens(message.content, count, model) +
    (message.name ? overhead.name + count(message.name) : 0) +
    (message.refusal ? count(message.refusal) : 0) +
    count(thought) +
    calls.reduce((sum, call) => sum + overhead.toolCall + count(call.name) + count(call.arguments), 0)
  );
}

/**
 * Tokens of a prompt: messages with OpenAI's overheads, tools, the schema of the answer; images, audio and files by
 * their size (nothing is fetched).
 *
 * @param request only what makes the prompt is read
 */
export async function countMessages(request: ChatRequest, model: string): Promise<number> {
  const count = await counterOf(model);
  const init = encodingOf(model) === "cl100k_base" ? overhead.functionOld : overhead.function;
  const schema = request.response_format?.json_schema;
  return (
    request.messages.reduce((sum, message) => sum + messageTokens(message, count, model), overhead.answer) +
    toolTokens(request, count, init) +
    (schema ? count(JSON.stringify(schema)) : 0)
  );
}

/** Usage the gateway counted itself. */
export type EstimatedUsage = Usage & { estimated: true };

/**
 * Usage of a call whose upstream reported none (a stream that broke off, a server that never tells).
 *
 * @param output all text the model produced: content, reasoning, names and arguments of tool calls
 */
export async function estimateUsage(request: ChatRequest, output: string, model: string): Promise<EstimatedUsage> {
  const prompt_tokens = await countMessages(request, model);
  const completion_tokens = await countTokens(output, model);
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens, estimated: true };
}
