import { isRecord, recordsIn } from "../../formats/json.ts";
/**
 * Answers of every provider that speaks OpenAI's format, as OpenAI writes them. What a provider adds stays;
 * what the gateway knows under another name is put there too (`reasoning` → `reasoning_content`).
 */

import type {
  Annotation,
  AssistantMessage,
  ChatCompletion,
  ThinkingBlock,
  ToolCall,
} from "../../formats/openai/chat.ts";
import type { Exchange } from "../provider.ts";
import { ExecutedTools } from "./executed-tools.ts";
import { type Json, textOf, without } from "./json.ts";
import { normaliseUsage } from "./usage.ts";

/** Finish reasons by another name. */
const FINISH_REASONS: Readonly<Record<string, string>> = {
  end_turn: "stop",
  eos: "stop", // Together
  eos_token: "stop", // text-generation-inference
  max_tokens: "length",
  model_length: "length", // Mistral: the context window is full
  stop_sequence: "stop",
  tool_call: "tool_calls", // Azure's models of others
  tool_use: "tool_calls",
};

/** @returns `null` where none is given; `stop` becomes `tool_calls` where the choice called tools */
export function finishReasonOf(value: unknown, calledTools: boolean): string | null {
  if (typeof value !== "string" || value === "") return null;
  const reason = Object.hasOwn(FINISH_REASONS, value) ? (FINISH_REASONS[value] ?? value) : value;
  return reason === "stop" && calledTools ? "tool_calls" : reason;
}

/** A whole answer. `body` has `choices`. */
export function normaliseCompletion(body: Json, exchange: Exchange<unknown>): ChatCompletion {
  const told = normaliseUsage(body["usage"]);
  const usage = told && executedIn(body).within(told);
  return {
    ...without(body, usage === undefined ? ["usage"] : []),
    id: textOf(body["id"]) || exchange.id,
    object: "chat.completion",
    created: typeof body["created"] === "number" ? body["created"] : exchange.now,
    model: textOf(body["model"]) || exchange.target.model,
    choices: recordsIn(body["choices"]).map((choice, position) => {
      const index = typeof choice["index"] === "number" ? choice["index"] : position;
      const message = normaliseMessage(isRecord(choice["message"]) ? choice["message"] : {}, exchange.id);
      message.annotations ??= citationsOf(body, message.content ?? "");
      if (message.annotations === undefined) delete message.annotations;
      const finish = finishReasonOf(choice["finish_reason"], (message.tool_calls?.length ?? 0) > 0);
      // Snowflake ends with an empty reason.
      return { ...choice, index, message, finish_reason: finish ?? (message.tool_calls ? "tool_calls" : "stop") };
    }),
    ...(usage && { usage }),
  };
}

function executedIn(body: Json): ExecutedTools {
  const tools = new ExecutedTools();
  for (const { message } of recordsIn(body["choices"])) tools.add(message);
  tools.addBreakdown(body);
  return tools;
}

function normaliseMessage(raw: Json, id: string): AssistantMessage {
  const fields = normaliseFields(raw);
  const calls = recordsIn(raw["tool_calls"]).map(
    (call, position) =>
      ({ ...normaliseToolCall(call), id: textOf(call["id"]) || `call_${id}_${position}` }) as ToolCall, // its function is made whole by normaliseToolCall
  );
  return {
    ...without(fields, ["tool_calls"]),
    role: "assistant",
    content: textOf(fields["content"]) ?? null,
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** A tool call, or a piece of one: arguments are text, the type is told. */
export function normaliseToolCall(call: Json): Json {
  const part = call["function"];
  if (!isRecord(part)) return call;
  const args = part["arguments"];
  const text = args === undefined || args === null ? "" : typeof args === "string" ? args : JSON.stringify(args);
  return { ...call, type: textOf(call["type"]) ?? "function", function: { ...part, arguments: text } };
}

/**
 * What messages and deltas share: reasoning under the gateway's names, content as text, no nulls where the gateway's
 * types have none.
 */
export function normaliseFields(raw: Json): Json {
  const fields = { ...raw };
  for (const name of ["tool_calls", "function_call", "annotations", "reasoning_content", "thinking_blocks"])
    if (fields[name] === null) delete fields[name];
  if (Array.isArray(raw["content"])) Object.assign(fields, contentOf(recordsIn(raw["content"])));
  const details = recordsIn(raw["reasoning_details"]);
  if (!fields["reasoning_content"]) {
    const reasoning = textOf(raw["reasoning"]) || details.map(reasoningText).join("");
    if (reasoning) fields["reasoning_content"] = reasoning;
  }
  if (details.length > 0 && fields["thinking_blocks"] === undefined) {
    const blocks = details.flatMap(thinkingBlock);
    if (blocks.length > 0) fields["thinking_blocks"] = blocks;
  }
  return fields;
}

/** Content in parts: Mistral's `thinking` and `text`, Databricks' `reasoning` with its summary. */
function contentOf(parts: Json[]): Json {
  let content = "";
  const blocks: ThinkingBlock[] = [];
  for (const part of parts) {
    if (part["type"] === "thinking") blocks.push({ type: "thinking", thinking: joinTexts(part["thinking"]) });
    else if (part["type"] === "reasoning")
      for (const summary of recordsIn(part["summary"]))
        blocks.push({
          type: "thinking",
          thinking: textOf(summary["text"]) ?? "",
          ...(typeof summary["signature"] === "string" && { signature: summary["signature"] }),
        });
    else content += textOf(part["text"]) ?? "";
  }
  if (blocks.length === 0) return { content };
  return { content, thinking_blocks: blocks, reasoning_content: blocks.map(({ thinking }) => thinking).join("") };
}

function joinTexts(value: unknown): string {
  return (
    textOf(value) ??
    recordsIn(value)
      .map((part) => textOf(part["text"]) ?? "")
      .join("")
  );
}

function reasoningText(detail: Json): string {
  return textOf(detail["text"]) ?? textOf(detail["summary"]) ?? "";
}

/** OpenRouter's reasoning details of Claude are its thinking blocks. Those of others have no such form. */
function thinkingBlock(detail: Json): ThinkingBlock[] {
  if (detail["format"] !== "anthropic-claude-v1") return [];
  const data = textOf(detail["data"]);
  if (detail["type"] === "reasoning.encrypted") return data === undefined ? [] : [{ type: "redacted_thinking", data }];
  const signature = textOf(detail["signature"]);
  return [{ type: "thinking", thinking: textOf(detail["text"]) ?? "", ...(signature && { signature }) }];
}

/** Perplexity's sources, one annotation for each mark (`[1]`) in the text that refers to one. */
export function citationsOf(body: Json, text: string): Annotation[] | undefined {
  const results = recordsIn(body["search_results"]);
  const urls = Array.isArray(body["citations"])
    ? body["citations"].map(textOf)
    : results.map((one) => textOf(one["url"]));
  if (urls.length === 0) return undefined;
  const annotations: Annotation[] = [];
  for (const mark of text.matchAll(/\[(\d{1,3})\]/g)) {
    const position = Number(mark[1]) - 1;
    const url = urls[position];
    if (url === undefined) continue;
    const title = textOf(results[position]?.["title"]) ?? "";
    const end = mark.index + mark[0].length;
    annotations.push({ type: "url_citation", url_citation: { url, title, start_index: mark.index, end_index: end } });
  }
  return annotations.length > 0 ? annotations : undefined;
}
