/** What recorded answers of the Messages API say. */
import { type AnswerFacts, type ChoiceFacts, type Expectation, emptyChoice, type UsageFacts } from "../facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "../json.ts";
import { eventsOf, messageOf } from "./sse.ts";

export function expectationOf(body: string): Expectation {
  const whole = parseLoose(body);
  if (!isRecord(whole)) return expectStream(eventsOf(body));
  if (whole["type"] === "error") return { kind: "error", error: { status: 0, message: messageOf(whole["error"]) } };
  return { kind: "answer", answer: readMessage(whole) };
}

function expectStream(events: Json[]): Expectation {
  const error = events.find(({ type }) => type === "error");
  // Some sources keep the answers of a whole conversation in one recording; a client reads the first.
  const end = events.findIndex(({ type }) => type === "message_stop");
  const answer = readMessage(joined(end === -1 ? events : events.slice(0, end)));
  if (error !== undefined) return { kind: "broken", answer, message: messageOf(error["error"]) };
  return events.some(({ type }) => type === "message_stop")
    ? { kind: "answer", answer }
    : { kind: "broken", answer, message: "" };
}

/** The message the events of a stream make. */
function joined(events: Json[]): Json {
  const blocks: Json[] = [];
  const partial: string[] = [];
  let message: Json = {};
  for (const event of events) {
    const index = countOf(event["index"]) ?? 0;
    const delta = recordOf(event["delta"]);
    if (event["type"] === "message_start") message = { ...recordOf(event["message"]) };
    if (event["type"] === "content_block_start") blocks[index] = { ...recordOf(event["content_block"]) };
    if (event["type"] === "content_block_delta") continueBlock(blocks[index] ?? {}, delta, partial, index);
    if (event["type"] === "message_delta") {
      const said = Object.fromEntries(Object.entries(recordOf(event["usage"])).filter(([, value]) => value !== null));
      message = { ...message, ...delta, usage: { ...recordOf(message["usage"]), ...said } };
    }
  }
  partial.forEach((text, index) => {
    const block = blocks[index];
    if (block) block["input"] = text === "" ? block["input"] : parseLoose(text);
  });
  return { ...message, content: blocks.filter(isRecord) };
}

function continueBlock(block: Json, delta: Json, partial: string[], index: number): void {
  block["text"] = textOf(block["text"]) + textOf(delta["text"]);
  block["thinking"] = textOf(block["thinking"]) + textOf(delta["thinking"]);
  if (typeof delta["partial_json"] === "string") partial[index] = (partial[index] ?? "") + delta["partial_json"];
  if (isRecord(delta["citation"])) block["citations"] = [...recordsOf(block["citations"]), delta["citation"]];
}

function readMessage(message: Json): AnswerFacts {
  const facts = emptyChoice();
  for (const block of recordsOf(message["content"])) {
    if (block["type"] === "text") {
      facts.text += textOf(block["text"]);
      facts.citations += recordsOf(block["citations"]).length;
    }
    if (block["type"] === "thinking") facts.reasoning += textOf(block["thinking"]);
    if (block["type"] === "tool_use")
      facts.toolCalls.push({ name: textOf(block["name"]), args: block["input"] === "" ? {} : (block["input"] ?? {}) });
  }
  facts.finish = finishClass(textOf(message["stop_reason"]));
  return { choices: [facts], usage: readUsage(message["usage"]) };
}

function finishClass(reason: string): ChoiceFacts["finish"] {
  switch (reason) {
    case "end_turn":
    case "stop_sequence":
    case "pause_turn":
    case "compaction":
      return "stop";
    case "tool_use":
      return "tool_calls";
    case "max_tokens":
      return "length";
    case "refusal":
      return "content_filter";
    case "":
      return "none";
    default:
      return reason;
  }
}

/**
 * Upstream, `input_tokens` leaves out what was read from or written to the cache, and all of it what a compaction took
 * ("Compaction", section "Understanding usage").
 */
function readUsage(value: unknown): UsageFacts | undefined {
  if (!isRecord(value)) return undefined;
  const compactions = recordsOf(value["iterations"]).filter(({ type }) => type === "compaction");
  const total = (name: string) => [value, ...compactions].reduce((sum, part) => sum + (countOf(part[name]) ?? 0), 0);
  const cached = total("cache_read_input_tokens");
  return {
    prompt: total("input_tokens") + cached + total("cache_creation_input_tokens"),
    completion: total("output_tokens"),
    cached,
    reasoning: countOf(recordOf(value["output_tokens_details"])["thinking_tokens"]) ?? 0,
  };
}
