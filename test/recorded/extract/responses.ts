/** What an answer of the Responses API says, recorded or got, whole or streamed. */
import { type AnswerFacts, type Expectation, emptyChoice } from "../facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "../json.ts";
import { eventsOf, messageOf } from "./sse.ts";

export function expectationOf(body: string): Expectation {
  const whole = parseLoose(body);
  if (isRecord(whole)) return expectEnd(whole);
  const events = eventsOf(body);
  const error = events.find(({ type }) => type === "error");
  const last = events.findLast(({ response }) => isRecord(response));
  const response = recordOf(last?.["response"]);
  const done = events.filter(({ type }) => type === "response.output_item.done").map(({ item }) => recordOf(item));
  const output = recordsOf(response["output"]).length > 0 ? response["output"] : done;
  if (error !== undefined)
    return broken({ ...response, output }, recordOf(error["error"])["message"] ?? error["message"]);
  if (!/^response\.(?:completed|incomplete|failed)$/.test(textOf(last?.["type"])))
    return broken({ ...response, output }, "");
  return expectEnd({ ...response, output });
}

function expectEnd(response: Json): Expectation {
  if (response["status"] === "failed") return broken(response, messageOf(response));
  return { kind: "answer", answer: readResponse(response) };
}

function broken(response: Json, message: unknown): Expectation {
  const answer = readResponse(response);
  if (recordsOf(response["output"]).length === 0)
    return { kind: "error", error: { status: 0, message: textOf(message) } };
  return { kind: "broken", answer, message: textOf(message) };
}

function readResponse(response: Json): AnswerFacts {
  const facts = emptyChoice();
  for (const item of recordsOf(response["output"])) {
    const texts = (list: unknown) => recordsOf(list).map(({ text }) => textOf(text));
    switch (item["type"]) {
      case "message":
        for (const part of recordsOf(item["content"])) {
          facts.text += textOf(part["text"]);
          facts.refusal += textOf(part["refusal"]);
          facts.citations += recordsOf(part["annotations"]).length;
        }
        break;
      case "reasoning":
        facts.reasoning += [...texts(item["summary"]), ...texts(item["content"])].join("");
        break;
      case "function_call":
        facts.toolCalls.push({ name: textOf(item["name"]), args: argsOf(item["arguments"]) });
        break;
      case "custom_tool_call":
        facts.toolCalls.push({ name: textOf(item["name"]), args: argsOf(item["input"]) });
        break;
      case "image_generation_call":
        if (textOf(item["result"])) facts.images += 1;
        break;
      default: // what the provider did itself
        break;
    }
  }
  facts.finish = finishOf(response, facts.toolCalls.length);
  return { choices: [facts], usage: usageOf(response["usage"]) };
}

function finishOf(response: Json, calls: number): string {
  const reason = textOf(recordOf(response["incomplete_details"])["reason"]);
  if (reason === "content_filter") return reason;
  if (reason === "max_output_tokens" || response["status"] === "incomplete") return "length";
  return calls > 0 ? "tool_calls" : "stop";
}

function argsOf(value: unknown): unknown {
  const text = textOf(value);
  return text.trim() === "" ? {} : parseLoose(text);
}

function usageOf(value: unknown): AnswerFacts["usage"] {
  if (!isRecord(value)) return undefined;
  return {
    prompt: countOf(value["input_tokens"]) ?? 0,
    completion: countOf(value["output_tokens"]) ?? 0,
    cached: countOf(recordOf(value["input_tokens_details"])["cached_tokens"]) ?? 0,
    reasoning: countOf(recordOf(value["output_tokens_details"])["reasoning_tokens"]) ?? 0,
  };
}
