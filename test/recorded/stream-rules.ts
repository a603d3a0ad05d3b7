/** Reads a stream as OpenAI's SDKs do, and holds it against the rules they rely on. */
import { isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";

export interface CollectedStream {
  chunks: Json[];
  /** The error object of an error event. */
  error: unknown;
  /** Broken rules, each once, in the order of the stream. */
  broken: string[];
}

interface ChoiceState {
  calls: boolean[];
  finishes: number;
}

export function collectStream(text: string, askedForUsage: boolean): CollectedStream {
  const broken = new Set<string>();
  const chunks: Json[] = [];
  const choices = new Map<number, ChoiceState>();
  let error: unknown;
  let done = 0;
  let usages = 0;
  let usageIsLast = false;
  for (const block of text.split(/\r?\n\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line !== "" && !line.startsWith(":"));
    if (lines.length === 0) continue;
    if (lines.some((line) => !/^(?:data|event|id):/.test(line))) broken.add("every line is a field of an event");
    const data = lines
      .filter((line) => line.startsWith("data:"))
      .map((line) => line.slice("data:".length).trimStart())
      .join("\n");
    if (done > 0) broken.add("[DONE] is the last event");
    if (data.trim() === "[DONE]") {
      done += 1;
      continue;
    }
    const chunk = parseLoose(data);
    if (!isRecord(chunk)) {
      broken.add("every event is JSON");
      continue;
    }
    if (chunk["error"] !== undefined && chunk["choices"] === undefined) {
      error = chunk["error"];
      continue;
    }
    chunks.push(chunk);
    checkChunk(chunk, choices, broken);
    const told = isRecord(chunk["usage"]);
    usageIsLast = told && recordsOf(chunk["choices"]).length === 0;
    if (told) usages += 1;
    if (told && !askedForUsage) broken.add("no usage unless it was asked for");
  }
  if (error !== undefined) return { chunks, error, broken: [...broken] };
  if (done !== 1) broken.add("[DONE] comes once");
  if (askedForUsage && usages > 0 && !usageIsLast) broken.add("usage is the last chunk, and has no choices");
  if (askedForUsage && usages > 1) broken.add("usage comes once");
  for (const { finishes } of choices.values()) if (finishes !== 1) broken.add("a choice has one finish reason");
  return { chunks, error, broken: [...broken] };
}

function checkChunk(chunk: Json, choices: Map<number, ChoiceState>, broken: Set<string>): void {
  if (chunk["object"] !== "chat.completion.chunk") broken.add("every chunk is a chat.completion.chunk");
  if (!textOf(chunk["id"])) broken.add("every chunk has an id");
  if (!textOf(chunk["model"])) broken.add("every chunk has a model");
  if (typeof chunk["created"] !== "number") broken.add("every chunk has a time");
  if (!Array.isArray(chunk["choices"])) broken.add("every chunk has choices");
  for (const choice of recordsOf(chunk["choices"])) {
    const { index } = choice;
    if (typeof index !== "number") {
      broken.add("every choice has an index");
      continue;
    }
    const delta = recordOf(choice["delta"]);
    const known = choices.get(index);
    if (known === undefined && delta["role"] !== "assistant") broken.add("the role comes first");
    const state = known ?? { calls: [], finishes: 0 };
    choices.set(index, state);
    for (const call of recordsOf(delta["tool_calls"])) checkCall(call, state, broken);
    if (choice["finish_reason"] !== null && choice["finish_reason"] !== undefined) state.finishes += 1;
  }
}

function checkCall(call: Json, { calls }: ChoiceState, broken: Set<string>): void {
  const { index } = call;
  if (typeof index !== "number") {
    broken.add("every tool call has an index");
    return;
  }
  if (calls[index]) {
    // Clients join the texts of the pieces.
    if (textOf(call["id"]) || textOf(recordOf(call["function"])["name"]))
      broken.add("a tool call's id and name come once");
    return;
  }
  if (index !== calls.length) broken.add("the indices of tool calls are contiguous");
  calls[index] = true;
  if (!textOf(call["id"]) || !textOf(recordOf(call["function"])["name"]))
    broken.add("a tool call begins with its id and name");
}
