/** The gateway's client: asks over HTTP, and reads the answer by the hub format's own names. */
import { type AnswerFacts, type ChoiceFacts, emptyChoice, type UsageFacts } from "./facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";
import { collectStream } from "./stream-rules.ts";

export interface GatewayAnswer {
  status: number;
  /** Absent where the whole answer is an error. */
  answer: AnswerFacts | undefined;
  /** Message of the error: of the whole answer, or of the event that ended the stream. */
  error: string | undefined;
  /** Rules of the format that were broken. */
  broken: string[];
  /** The answer as it came. */
  text: string;
}

/** Any operation, its answer as it came. */
export async function post(
  gateway: { url: string; key: string },
  path: string,
  body: Json,
): Promise<{ status: number; text: string; type: string }> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${gateway.key}` },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, text: await response.text(), type: response.headers.get("content-type") ?? "" };
}

export async function ask(
  gateway: { url: string; key: string },
  body: Json,
  { stream, askForUsage }: { stream: boolean; askForUsage: boolean },
): Promise<GatewayAnswer> {
  const { status, text, type } = await post(gateway, "/v1/chat/completions", body);
  const head = { status, text };
  if (status !== 200) {
    const error = recordOf(recordOf(parseLoose(text))["error"]);
    const broken = textOf(error["message"]) ? [] : ["an error has a message"];
    return { ...head, answer: undefined, error: textOf(error["message"]), broken };
  }
  if (!stream) return { ...head, ...readWhole(text) };
  const { chunks, error, broken } = collectStream(text, askForUsage);
  if (!type.startsWith("text/event-stream")) broken.push("a stream is an event stream");
  return {
    ...head,
    answer: readChunks(chunks),
    error: error === undefined ? undefined : textOf(recordOf(error)["message"]),
    broken,
  };
}

function readWhole(text: string): Pick<GatewayAnswer, "answer" | "error" | "broken"> {
  const body = recordOf(parseLoose(text));
  const broken: string[] = [];
  if (body["object"] !== "chat.completion") broken.push("an answer is a chat.completion");
  if (!textOf(body["id"])) broken.push("an answer has an id");
  if (!textOf(body["model"])) broken.push("an answer has a model");
  if (typeof body["created"] !== "number") broken.push("an answer has a time");
  const choices = recordsOf(body["choices"]).map((choice, position) => {
    const message = recordOf(choice["message"]);
    if (choice["index"] !== position) broken.push("the indices of choices are contiguous");
    if (message["role"] !== "assistant") broken.push("a message has the assistant's role");
    if (message["content"] !== null && typeof message["content"] !== "string") broken.push("content is text or null");
    const facts = emptyChoice();
    say(facts, message);
    for (const call of recordsOf(message["tool_calls"])) {
      if (!textOf(call["id"])) broken.push("a tool call has an id");
      const part = recordOf(call["type"] === "custom" ? call["custom"] : call["function"]);
      const args = part["arguments"] ?? part["input"];
      if (typeof args !== "string") broken.push("arguments are text");
      facts.toolCalls.push({ name: textOf(part["name"]), args: parseArgs(textOf(args)) });
    }
    const legacy = recordOf(message["function_call"]);
    if (textOf(legacy["name"]))
      facts.toolCalls.push({ name: textOf(legacy["name"]), args: parseArgs(textOf(legacy["arguments"])) });
    facts.finish = textOf(choice["finish_reason"]) || "none";
    return facts;
  });
  return { answer: { choices, usage: readUsage(body["usage"]) }, error: undefined, broken };
}

function readChunks(chunks: Json[]): AnswerFacts {
  const choices: ChoiceFacts[] = [];
  const calls: { name: string; args: string }[][] = []; // by choice and index
  let usage: UsageFacts | undefined;
  for (const chunk of chunks) {
    usage = readUsage(chunk["usage"]) ?? usage;
    for (const choice of recordsOf(chunk["choices"])) {
      const index = countOf(choice["index"]) ?? 0;
      const facts = choices[index] ?? emptyChoice();
      choices[index] = facts;
      const delta = recordOf(choice["delta"]);
      say(facts, delta);
      const own = calls[index] ?? [];
      calls[index] = own;
      const legacy = isRecord(delta["function_call"]) ? [{ index: 0, function: delta["function_call"] }] : [];
      for (const call of [...recordsOf(delta["tool_calls"]), ...legacy]) {
        const part = recordOf(call["function"]);
        const at = countOf(call["index"]) ?? 0;
        const known = own[at] ?? { name: "", args: "" };
        own[at] = { name: known.name || textOf(part["name"]), args: known.args + textOf(part["arguments"]) };
      }
      if (choice["finish_reason"]) facts.finish = textOf(choice["finish_reason"]);
    }
  }
  choices.forEach((facts, index) => {
    for (const { name, args } of (calls[index] ?? []).filter(isRecord))
      facts.toolCalls.push({ name, args: parseArgs(args) });
  });
  return { choices: choices.filter(isRecord), usage };
}

function say(facts: ChoiceFacts, message: Json): void {
  facts.text += textOf(message["content"]);
  facts.reasoning += textOf(message["reasoning_content"]);
  facts.refusal += textOf(message["refusal"]);
  const kept = recordsOf(recordOf(message["provider_specific_fields"])["content_blocks"]);
  // Citations of documents have no address, and are kept in the blocks alone.
  const citationsIn = (block: Json) =>
    recordsOf(block["citations"] ?? recordOf(block["citationsContent"])["citations"]);
  const inBlocks = kept.reduce((sum, block) => sum + citationsIn(block).length, 0);
  facts.citations = Math.max(facts.citations + recordsOf(message["annotations"]).length, inBlocks);
  facts.images += recordsOf(message["images"]).length;
  facts.audio ||= isRecord(message["audio"]);
}

function parseArgs(text: string): unknown {
  return text.trim() === "" ? {} : parseLoose(text);
}

function readUsage(value: unknown): UsageFacts | undefined {
  if (!isRecord(value)) return undefined;
  return {
    prompt: countOf(value["prompt_tokens"]) ?? 0,
    completion: countOf(value["completion_tokens"]) ?? 0,
    cached: countOf(recordOf(value["prompt_tokens_details"])["cached_tokens"]) ?? 0,
    reasoning: countOf(recordOf(value["completion_tokens_details"])["reasoning_tokens"]) ?? 0,
  };
}
