/** What recorded answers in OpenAI's format say, in all the dialects of those who speak it. */
import { type AnswerFacts, type ChoiceFacts, type Expectation, emptyChoice, type UsageFacts } from "../facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "../json.ts";
import { eventsOf, messageOf } from "./sse.ts";

export function expectationOf(body: string): Expectation {
  const whole = parseLoose(body);
  return isRecord(whole) ? expectWhole(whole) : expectStream(eventsOf(body), /^data: ?\[DONE\]/m.test(body));
}

function expectWhole(body: Json): Expectation {
  const error = errorIn(body);
  if (error !== undefined) return { kind: "error", error: { status: statusIn(error), message: messageOf(error) } };
  return { kind: "answer", answer: readCompletion(body) };
}

/** A stream that ends with its mark has ended, also where no choice says why. */
function expectStream(events: Json[], hasMark: boolean): Expectation {
  const broken = events.map(errorIn).find((error) => error !== undefined);
  const answer = readChunks(events);
  const hasContent = answer.choices.some((choice) => choice.text || choice.reasoning || choice.toolCalls.length > 0);
  if (broken !== undefined && !hasContent)
    return { kind: "error", error: { status: statusIn(broken), message: messageOf(broken) } };
  if (broken !== undefined) return { kind: "broken", answer, message: messageOf(broken) };
  if (hasMark)
    for (const choice of answer.choices) choice.finish = finishClass(endOf(choice), choice.toolCalls.length > 0);
  return answer.choices.every(({ finish }) => finish === "none")
    ? { kind: "broken", answer, message: "" }
    : { kind: "answer", answer };
}

function endOf({ finish }: ChoiceFacts): string {
  return finish === "none" ? "stop" : finish;
}

function errorIn(body: Json): unknown {
  if (body["error"]) return body["error"];
  return recordsOf(body["choices"]).find((choice) => isRecord(choice["error"]))?.["error"];
}

function statusIn(error: unknown): number {
  const code = countOf(recordOf(error)["code"]);
  return code !== undefined && code >= 400 && code < 600 ? code : 0;
}

export function readCompletion(body: Json): AnswerFacts {
  const choices = recordsOf(body["choices"]).map((choice) => {
    const message = recordOf(choice["message"]);
    const facts = emptyChoice();
    say(facts, message);
    facts.toolCalls = recordsOf(message["tool_calls"]).map(toolCall);
    const legacy = recordOf(message["function_call"]);
    if (textOf(legacy["name"])) facts.toolCalls.push(named(legacy)); // Snowflake has an empty one beside every answer
    close(facts, choice["finish_reason"] || "stop", body);
    return facts;
  });
  return { choices, usage: readUsage(body["usage"]) };
}

interface Open {
  facts: ChoiceFacts;
  calls: { key: string; name: string; args: string }[];
  finish: unknown;
}

function readChunks(events: Json[]): AnswerFacts {
  const open: Open[] = [];
  let usage: UsageFacts | undefined;
  let last: Json = {};
  for (const event of events) {
    usage = readUsage(event["usage"]) ?? readUsage(recordOf(event["x_groq"])["usage"]) ?? usage;
    last = { ...last, ...event };
    for (const choice of recordsOf(event["choices"])) {
      const index = countOf(choice["index"]) ?? 0;
      const state = open[index] ?? { facts: emptyChoice(), calls: [], finish: undefined };
      open[index] = state;
      const delta = recordOf(choice["delta"]);
      say(state.facts, delta);
      for (const call of recordsOf(delta["tool_calls"])) continueCall(state, call);
      if (isRecord(delta["function_call"])) continueCall(state, { index: 0, function: delta["function_call"] });
      if (choice["finish_reason"]) state.finish = choice["finish_reason"];
    }
  }
  const choices = open.map(({ facts, calls, finish }) => {
    facts.toolCalls = calls.map(({ name, args }) => ({ name, args: parseArgs(args) }));
    close(facts, finish, last);
    return facts;
  });
  return { choices, usage };
}

/** A piece with a name and an id not seen before begins a call; any other goes on with the one of its index. */
function continueCall({ calls }: Open, call: Json): void {
  const part = recordOf(call["function"]);
  const id = textOf(call["id"]);
  const name = textOf(part["name"]);
  const args = typeof part["arguments"] === "string" ? part["arguments"] : JSON.stringify(part["arguments"] ?? "");
  const index = countOf(call["index"]);
  const known = index === undefined ? undefined : calls[index];
  const begins = name !== "" && (known === undefined || (id !== "" && known.key !== "" && known.key !== id));
  if (begins) calls.push({ key: id, name, args: args === '""' ? "" : args });
  else {
    const target = known ?? calls.at(-1);
    if (target) target.args += args === '""' ? "" : args;
  }
}

function say(facts: ChoiceFacts, message: Json): void {
  const { content } = message;
  facts.text += textOf(content);
  for (const part of recordsOf(content)) sayPart(facts, part);
  facts.reasoning += reasoningIn(message);
  facts.refusal += textOf(message["refusal"]);
  facts.citations += recordsOf(message["annotations"]).length;
  facts.images += recordsOf(message["images"]).length;
  facts.audio ||= isRecord(message["audio"]);
}

/** Mistral's thinking and Databricks' reasoning stand among the content. */
function sayPart(facts: ChoiceFacts, part: Json): void {
  if (part["type"] === "thinking")
    facts.reasoning += recordsOf(part["thinking"])
      .map((inner) => textOf(inner["text"]))
      .join("");
  else if (part["type"] === "reasoning")
    facts.reasoning += recordsOf(part["summary"])
      .map((inner) => textOf(inner["text"]))
      .join("");
  else facts.text += textOf(part["text"]);
}

function reasoningIn(message: Json): string {
  const plain = textOf(message["reasoning_content"]) || textOf(message["reasoning"]);
  if (plain !== "") return plain;
  return recordsOf(message["reasoning_details"])
    .map((detail) => textOf(detail["text"]) || textOf(detail["summary"]))
    .join("");
}

function toolCall(call: Json) {
  return isRecord(call["function"]) ? named(call["function"]) : named(recordOf(call["custom"]));
}

function named(call: Json) {
  const args = call["arguments"] ?? call["input"];
  return { name: textOf(call["name"]), args: typeof args === "string" ? parseArgs(args) : (args ?? {}) };
}

/** No arguments at all are none. */
function parseArgs(text: string): unknown {
  return text.trim() === "" ? {} : parseLoose(text);
}

function close(facts: ChoiceFacts, finish: unknown, body: Json): void {
  facts.finish = finishClass(textOf(finish), facts.toolCalls.length > 0);
  const sources = Array.isArray(body["citations"]) ? body["citations"].length : 0;
  if (facts.citations === 0 && sources > 0)
    facts.citations = [...facts.text.matchAll(/\[(\d+)\]/g)].filter(
      ([, n]) => Number(n) >= 1 && Number(n) <= sources,
    ).length;
}

/** A call of tools is the reason: that OpenAI says `stop` where the tool was forced is settled by the comparison. */
function finishClass(reason: string, calledTools: boolean): ChoiceFacts["finish"] {
  switch (reason) {
    case "":
      return "none";
    case "stop":
    case "eos":
    case "end_turn":
      return calledTools ? "tool_calls" : "stop";
    case "tool_call":
    case "tool_calls":
      return "tool_calls";
    case "length":
    case "model_length":
      return "length";
    default:
      return reason;
  }
}

export function readUsage(value: unknown): UsageFacts | undefined {
  if (!isRecord(value) || countOf(value["prompt_tokens"]) === undefined) return undefined;
  const input = recordOf(value["prompt_tokens_details"] ?? value["prompt_token_details"]);
  const output = recordOf(value["completion_tokens_details"] ?? value["completion_token_details"]);
  const prompt = countOf(value["prompt_tokens"]) ?? 0;
  const said = countOf(value["completion_tokens"]) ?? 0;
  const reasoning = countOf(output["reasoning_tokens"]) ?? countOf(value["reasoning_tokens"]) ?? 0;
  const cached = [
    input["cached_tokens"],
    value["prompt_cache_hit_tokens"],
    value["cached_tokens"],
    value["num_cached_tokens"],
    value["cache_read_input_tokens"],
  ].find((count) => countOf(count) !== undefined);
  const outside = reasoning > 0 && countOf(value["total_tokens"]) === prompt + said + reasoning;
  return { prompt, completion: outside ? said + reasoning : said, cached: countOf(cached) ?? 0, reasoning };
}
