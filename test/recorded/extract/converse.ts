/** What recorded answers of Bedrock's Converse say. */
import { type AnswerFacts, type ChoiceFacts, type Expectation, emptyChoice, type UsageFacts } from "../facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "../json.ts";
import { messageOf } from "./sse.ts";

export function expectationOf(body: string): Expectation {
  const whole = parseLoose(body);
  return isRecord(whole) ? { kind: "answer", answer: readAnswer(whole) } : expectStream(body);
}

interface NamedEvent {
  name: string;
  data: Json;
}

function expectStream(body: string): Expectation {
  const events = body.split("\n\n").flatMap((part): NamedEvent[] => {
    const [, name = "", data = ""] = /^event: (.*)\ndata: (.*)$/s.exec(part) ?? [];
    return name === "" ? [] : [{ name, data: recordOf(parseLoose(data)) }];
  });
  const answer = readAnswer(joined(events));
  const exception = events.find(({ name }) => name.endsWith("Exception"));
  if (exception !== undefined) return { kind: "broken", answer, message: messageOf(exception.data) };
  return events.some(({ name }) => name === "messageStop")
    ? { kind: "answer", answer }
    : { kind: "broken", answer, message: "" };
}

/** The answer that the events of a stream make. */
function joined(events: readonly NamedEvent[]): Json {
  const blocks: Json[] = [];
  let ending: Json = {};
  for (const { name, data } of events) {
    const index = countOf(data["contentBlockIndex"]) ?? 0;
    const block = blocks[index] ?? {};
    if (name.startsWith("contentBlock")) blocks[index] = block;
    if (name === "contentBlockStart") Object.assign(block, recordOf(data["start"]));
    if (name === "contentBlockDelta") addTo(block, recordOf(data["delta"]));
    if (name === "messageStop" || name === "metadata") ending = { ...ending, ...data };
  }
  return { ...ending, output: { message: { content: blocks.filter(isRecord).map(settled) } } };
}

function addTo(block: Json, delta: Json): void {
  const reasoning = recordOf(delta["reasoningContent"]);
  if (typeof delta["text"] === "string") block["text"] = textOf(block["text"]) + delta["text"];
  if (typeof reasoning["text"] === "string") block["thought"] = textOf(block["thought"]) + reasoning["text"];
  const input = recordOf(delta["toolUse"])["input"];
  if (typeof input === "string") block["json"] = textOf(block["json"]) + input;
  if (isRecord(delta["citation"])) block["citations"] = [...recordsOf(block["citations"]), delta["citation"]];
}

function settled({ json, thought, citations, text, ...block }: Json): Json {
  if (isRecord(block["toolUse"]))
    return { ...block, toolUse: { ...block["toolUse"], input: textOf(json) === "" ? {} : parseLoose(textOf(json)) } };
  if (thought !== undefined) return { reasoningContent: { reasoningText: { text: thought } } };
  if (Array.isArray(citations)) return { citationsContent: { content: [{ text }], citations } };
  return { ...block, ...(text !== undefined && { text }) };
}

function readAnswer(answer: Json): AnswerFacts {
  const facts = emptyChoice();
  for (const block of recordsOf(recordOf(recordOf(answer["output"])["message"])["content"])) {
    facts.text += textOf(block["text"]);
    facts.reasoning += textOf(recordOf(recordOf(block["reasoningContent"])["reasoningText"])["text"]);
    const cited = recordOf(block["citationsContent"]);
    for (const part of recordsOf(cited["content"])) facts.text += textOf(part["text"]);
    facts.citations += recordsOf(cited["citations"]).length;
    const call = block["toolUse"];
    // What Bedrock runs itself is no call of the client's.
    if (isRecord(call) && call["type"] !== "server_tool_use")
      facts.toolCalls.push({ name: textOf(call["name"]), args: call["input"] ?? {} });
  }
  facts.finish = finishClass(textOf(answer["stopReason"]));
  return { choices: [facts], usage: readUsage(answer["usage"]) };
}

function finishClass(reason: string): ChoiceFacts["finish"] {
  switch (reason) {
    case "end_turn":
    case "stop_sequence":
      return "stop";
    case "tool_use":
      return "tool_calls";
    case "max_tokens":
      return "length";
    case "guardrail_intervened":
    case "content_filtered":
      return "content_filter";
    case "":
      return "none";
    default:
      return reason;
  }
}

/** `inputTokens` leaves out what was read from or written to the cache. */
function readUsage(value: unknown): UsageFacts | undefined {
  if (!isRecord(value)) return undefined;
  const cached = countOf(value["cacheReadInputTokens"]) ?? 0;
  const written = countOf(value["cacheWriteInputTokens"]) ?? 0;
  return {
    prompt: (countOf(value["inputTokens"]) ?? 0) + cached + written,
    completion: countOf(value["outputTokens"]) ?? 0,
    cached,
    reasoning: 0,
  };
}
