/** What recorded answers of `generateContent` and `streamGenerateContent` say. */
import { type AnswerFacts, type ChoiceFacts, type Expectation, emptyChoice, type UsageFacts } from "../facts.ts";
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
  // A whole answer has ended, also where it does not say why.
  if (isRecord(whole)) for (const choice of answer.choices) choice.finish = endOf(choice);
  const ended = answer.choices.some(({ finish }) => finish !== "none");
  return ended ? { kind: "answer", answer } : { kind: "broken", answer, message: "" };
}

function endOf({ finish, toolCalls }: ChoiceFacts): string {
  if (finish !== "none") return finish;
  return toolCalls.length > 0 ? "tool_calls" : "stop";
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
      seen.supports = countSupports(recordOf(candidate["groundingMetadata"])) ?? seen.supports;
      const metadata = recordOf(candidate["citationMetadata"]);
      const cited = [...recordsOf(metadata["citationSources"]), ...recordsOf(metadata["citations"])];
      seen.citations += cited.filter(({ uri }) => textOf(uri)).length;
      sources[index] = seen;
    }
  }
  choices.forEach((facts, index) => {
    facts.citations = (sources[index]?.supports ?? 0) + (sources[index]?.citations ?? 0);
  });
  if (blocked !== undefined && choices.length === 0) choices.push({ ...emptyChoice(), finish: "content_filter" });
  return { choices: choices.filter(isRecord), usage };
}

/** Passages by the sources that support them; a source without an address cannot be cited. */
function countSupports(grounding: Json): number | undefined {
  const supports = recordsOf(grounding["groundingSupports"]);
  if (supports.length === 0) return undefined;
  const hasAddress = recordsOf(grounding["groundingChunks"]).map((chunk) =>
    /"(?:u|sourceU)ri":"/.test(JSON.stringify(chunk)),
  );
  return supports
    .flatMap((support) => (Array.isArray(support["groundingChunkIndices"]) ? support["groundingChunkIndices"] : []))
    .filter((index: unknown) => typeof index === "number" && hasAddress[index]).length;
}

function readPart(facts: ChoiceFacts, part: Json): void {
  if (isRecord(part["functionCall"])) readCall(facts, part["functionCall"]);
  const media = recordOf(part["inlineData"]);
  if (textOf(media["mimeType"]).startsWith("image/")) facts.images += 1;
  if (textOf(media["mimeType"]).startsWith("audio/")) facts.audio = true;
  if (part["thought"] === true) facts.reasoning += textOf(part["text"]);
  else facts.text += textOf(part["text"]);
}

/** A call may come in pieces: its name first, then its arguments by their paths, whose texts are joined. */
function readCall(facts: ChoiceFacts, call: Json): void {
  if (textOf(call["name"])) facts.toolCalls.push({ name: textOf(call["name"]), args: call["args"] ?? {} });
  const args = recordOf(facts.toolCalls.at(-1)?.args);
  for (const piece of recordsOf(call["partialArgs"])) {
    const names = textOf(piece["jsonPath"]).match(/[^.$[\]]+/g) ?? [];
    const value = piece["stringValue"] ?? piece["numberValue"] ?? piece["boolValue"] ?? null;
    let parent: Json | unknown[] = args;
    names.slice(0, -1).forEach((name, depth) => {
      const next: unknown = Reflect.get(parent, name) ?? (/^\d+$/.test(names[depth + 1] ?? "") ? [] : {});
      Reflect.set(parent, name, next);
      if (isRecord(next) || Array.isArray(next)) parent = next;
    });
    const last = names.at(-1) ?? "";
    const before: unknown = Reflect.get(parent, last);
    Reflect.set(parent, last, typeof before === "string" && typeof value === "string" ? before + value : value);
  }
}

/** Numbers are the enumeration's: some versions of Vertex AI send them in the names' place. */
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
    default: // OTHER and those that are yet to come: an end like any other, to whom OpenAI's words are all there are
      return calledTools ? "tool_calls" : "stop";
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
