/**
 * Answers of models that complete texts, each in its maker's own words.
 * Source: Amazon Bedrock user guide, "Inference request parameters and response fields".
 */
import { asRecord, isRecord, type JsonObject, recordsIn } from "../../json.ts";
import type { FinishReason, Usage } from "../../openai/chat.ts";
import { usageOf } from "./usage.ts";

/** A text, or a piece of one. */
export interface TextPiece {
  text: string;
  /** The maker's word for why it ended; absent while it goes on. */
  finish: string | undefined;
}

/** Where the makers have a list of texts, and what one of them is called there. */
const LISTS: readonly (readonly [list: string, text: string, finish: string])[] = [
  ["outputs", "text", "stop_reason"], // Mistral
  ["results", "outputText", "completionReason"], // Titan
  ["generations", "text", "finish_reason"], // Command
  ["choices", "text", "stop_reason"], // DeepSeek
];

/** Where they have a single one. */
const SINGLES: readonly (readonly [text: string, finish: string])[] = [
  ["generation", "stop_reason"], // Llama
  ["outputText", "completionReason"], // Titan's streams
  ["completion", "stop_reason"],
  ["text", "finish_reason"], // Command's streams, and Command R
];

/** The texts in an answer, or in a chunk; `undefined` where it has none of their forms. */
export function textsIn(body: JsonObject): TextPiece[] | undefined {
  for (const [list, text, finish] of LISTS)
    if (Array.isArray(body[list]))
      return recordsIn(body[list]).map((item) => ({
        text: textIn(item[text]),
        finish: wordIn(item[finish] ?? item["finish_reason"]),
      }));
  if (Array.isArray(body["completions"]))
    return recordsIn(body["completions"]).map(({ data, finishReason }) => ({
      text: textIn(asRecord(data)["text"]),
      finish: wordIn(asRecord(finishReason)["reason"]),
    }));
  for (const [text, finish] of SINGLES)
    if (typeof body[text] === "string") return [{ text: textIn(body[text]), finish: wordIn(body[finish]) }];
  // The end of one of Command's streams.
  if (typeof body["is_finished"] === "boolean")
    return [{ text: "", finish: wordIn(body["finish_reason"] ?? asRecord(body["response"])["finish_reason"]) }];
  return undefined;
}

/** Tokens by the makers' own names for them. */
export function usageIn(body: JsonObject): Usage | undefined {
  const billed = asRecord(asRecord(body["meta"] ?? asRecord(body["response"])["meta"])["billed_units"]);
  return (
    usageOf(body["prompt_token_count"], body["generation_token_count"]) ??
    usageOf(body["inputTextTokenCount"], outputOfTitan(body)) ??
    usageOf(billed["input_tokens"], billed["output_tokens"]) ??
    usageOf(tokensIn(body["prompt"]), outputOfJurassic(body["completions"]))
  );
}

function outputOfTitan(body: JsonObject): number | undefined {
  const counts = recordsIn(body["results"]).map(({ tokenCount }) => tokenCount);
  if (counts.length === 0) {
    const total = body["totalOutputTextTokenCount"];
    return typeof total === "number" ? total : undefined;
  }
  return counts.every((count) => typeof count === "number") ? counts.reduce((sum, count) => sum + count, 0) : undefined;
}

/** Jurassic lists its tokens. */
function tokensIn(part: unknown): number | undefined {
  const { tokens } = asRecord(part);
  return Array.isArray(tokens) ? tokens.length : undefined;
}

function outputOfJurassic(completions: unknown): number | undefined {
  const counts = recordsIn(completions).map(({ data }) => tokensIn(data));
  return counts.some((count) => count === undefined)
    ? undefined
    : counts.reduce<number>((sum, count) => sum + (count ?? 0), 0);
}

/** A guardrail has put its own words in place of the model's, or of what was asked. */
export function isIntervened(body: JsonObject): boolean {
  return body["amazon-bedrock-guardrailAction"] === "INTERVENED";
}

export function finishReason(word: string): FinishReason {
  const plain = word.toLowerCase();
  if (plain === "length" || plain === "max_tokens" || plain === "max_length") return "length";
  return /content_filter|toxic|guardrail/.test(plain) ? "content_filter" : "stop";
}

function textIn(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function wordIn(value: unknown): string | undefined {
  const word = isRecord(value) ? value["reason"] : value;
  return typeof word === "string" && word !== "" ? word : undefined;
}
