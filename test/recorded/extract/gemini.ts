/** What recorded answers of `generateContent` and `streamGenerateContent` say. */
import { type AnswerFacts, type ChoiceFacts, emptyChoice, type Expectation, type UsageFacts } from "../facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "../json.ts";
import { eventsOf, messageOf } from "./sse.ts";

/** Without `alt=sse` a stream is an array of its chunks. */
export function expectationOf(body: string): Expectation {
  const whole = parseLoose(body);
  const chunks = isRecord(whole) ? [whole] : Array.isArray(whole) ? recordsOf(whole) : eventsOf(body);
  const failed = chunks.find((chunk) => chunk["error"]);
  const answer = readChunks(chunks);
  if (failed !== undefined && answer.choices.length === 0)
    return {
      kind: "error",
      error: { status: countOf(recordOf(failed["error"])["code"]) ?? 0, message: messageOf(failed["error"]) },
    };
  if (failed !== undefined) return { kind: "broken", answer, message: messageOf(failed["error"]) };
  const ended = answer.choices.some(({ finish }) => finish !== "none") || isRecord(whole);
  return ended ? { kind: "answer", answer } : { kind: "broken", answer, message: "" };
}

function readChunks(chunks: Json[]): AnswerFacts {
  const choices: ChoiceFacts[] = [];
  const sources: { supports: number; citations: number }[] = [];
  let usage: UsageFacts | undefined;
  let blocked: unknown;
  for (const chunk of chunks) {
    usage = readUsage(chunk["usageMetadata"]) ?? usage;
    blocked ??= recordOf(chunk["promptFeedback"])["blockReason"];
    for (const candidate of recordsOf(chunk["candidates"])) {
      const index = countOf(candidate["index"]) ?? 0;
      const facts = choices[index] ?? emptyChoice();
      choices[index] = facts;
      for (const part of recordsOf(recordOf(candidate["content"])["parts"])) readPart(facts, part);
      if (candidate["finishReason"]) facts.finish = finishClass(candidate["finishReason"], facts.toolCalls.length > 0);
      const seen = sources[index] ?? { supports: 0, citations: 0 };
      const supports = recordsOf(recordOf(candidate["groundingMetadata"])["groundingSupports"]);
      if (supports.length > 0)
        seen.supports = supports.reduce((sum, support) => sum + lengthOf(support["groundingChunkIndices"]), 0);
      seen.citations += recordsOf(recordOf(candidate["citationMetadata"])["citationSources"]).length;
      seen.citations += recordsOf(recordOf(candidate["citationMetadata"])["citations"]).length;
      sources[index] = seen;
    }
  }
  choices.forEach((facts, index) => {
    facts.citations = (sources[index]?.supports ?? 0) + (sources[index]?.citations ?? 0);
  });
  if (blocked !== undefined && choices.length === 0) choices.push({ ...emptyChoice(), finish: "content_filter" });
  return { choices: choices.filter(isRecord), usage };
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0;
}

function readPart(facts: ChoiceFacts, part: Json): void {
  if (isRecord(part["functionCall"]))
    facts.toolCalls.push({ name: textOf(part["functionCall"]["name"]), args: part["functionCall"]["args"] ?? {} });
  const media = recordOf(part["inlineData"]);
  if (textOf(media["mimeType"]).startsWith("image/")) facts.images += 1;
  if (textOf(media["mimeType"]).startsWith("audio/")) facts.audio = true;
  if (part["thought"] === true) facts.reasoning += textOf(part["text"]);
  else facts.text += textOf(part["text"]);
}

/** Numbers are the enumeration's; some recordings have them in the names' place. */
function finishClass(reason: unknown, calledTools: boolean): ChoiceFacts["finish"] {
  switch (reason) {
    case "STOP":
    case 1:
      return calledTools ? "tool_calls" : "stop";
    case "MAX_TOKENS":
    case 2:
      return "length";
    case "SAFETY":
    case "MODEL_ARMOR":
    case "PROHIBITED_CONTENT":
    case "RECITATION":
      return "content_filter";
    default:
      return String(reason);
  }
}

/** Thoughts are output, and the words a tool brought are input, but neither is in the count of its side. */
function readUsage(value: unknown): UsageFacts | undefined {
  if (!isRecord(value)) return undefined;
  const reasoning = countOf(value["thoughtsTokenCount"]) ?? 0;
  return {
    prompt: (countOf(value["promptTokenCount"]) ?? 0) + (countOf(value["toolUsePromptTokenCount"]) ?? 0),
    completion: (countOf(value["candidatesTokenCount"]) ?? 0) + reasoning,
    cached: countOf(value["cachedContentTokenCount"]) ?? 0,
    reasoning,
  };
}
