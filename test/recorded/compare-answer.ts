/** What the gateway answered, against what the recorded answer says. */
import { gotFacts, recordedFacts } from "./beside-chat.ts";
import type { GatewayAnswer } from "./client.ts";
import { type Difference, diffJson } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import * as anthropic from "./extract/anthropic.ts";
import * as converse from "./extract/converse.ts";
import * as gemini from "./extract/gemini.ts";
import * as openai from "./extract/openai.ts";
import { messageOf } from "./extract/sse.ts";
import type { AnswerFacts, ChoiceFacts, Expectation } from "./facts.ts";
import { parseLoose, recordOf } from "./json.ts";

export function expectationOf({ status, body, wire }: Exchange): Expectation {
  if (status >= 400) return { kind: "error", error: { status, message: messageOf(parseLoose(body)) || body.trim() } };
  switch (wire) {
    case "openai":
      return openai.expectationOf(body);
    case "anthropic":
      return anthropic.expectationOf(body);
    case "gemini":
      return gemini.expectationOf(body);
    case "converse":
      return converse.expectationOf(body);
    case "cohere":
      throw new TypeError("no chat of Cohere's is recorded here");
  }
}

/** An answer of an operation beside chat. */
export function compareBesideChat(
  exchange: Exchange,
  { status, text }: { status: number; text: string },
  hidesUsage: boolean,
): Difference[] {
  const message = messageOf(parseLoose(text));
  if (exchange.status >= 400)
    return compareError(
      { status: exchange.status, message: messageOf(parseLoose(exchange.body)) || exchange.body.trim() },
      { status, error: message },
    );
  if (status !== 200) return [different("status", 200, `${status} ${message}`)];
  const { facts, broken } = gotFacts(exchange, text);
  const recorded = recordedFacts(exchange);
  const meant = hidesUsage ? { ...recordOf(recorded), usage: null } : recorded;
  return [...broken.map((rule) => different("rule", "kept", rule)), ...diffJson("answer", meant, facts)];
}

export function compareAnswer(exchange: Exchange, got: GatewayAnswer, askForUsage: boolean): Difference[] {
  const broken = got.broken.map((rule) => different("rule", "kept", rule));
  const answer = exchange.wire === "openai" ? callsEndTheTurn(got.answer) : got.answer;
  return [...broken, ...compareWith(expectationOf(exchange), { ...got, answer }, exchange.streaming && !askForUsage)];
}

/** OpenAI itself says `stop` where a tool was forced, and the gateway may say `tool_calls`: either will do. */
function callsEndTheTurn(answer: AnswerFacts | undefined): AnswerFacts | undefined {
  const settled = (choice: ChoiceFacts) =>
    choice.finish === "stop" && choice.toolCalls.length > 0 ? { ...choice, finish: "tool_calls" } : choice;
  return answer && { ...answer, choices: answer.choices.map(settled) };
}

function compareWith(expected: Expectation, got: GatewayAnswer, hidesUsage: boolean): Difference[] {
  switch (expected.kind) {
    case "error":
      return compareError(expected.error, got);
    case "broken": {
      if (got.error === undefined) return [different("error", expected.message || "the stream broke off", undefined)];
      if (!got.error.includes(expected.message)) return [different("error", expected.message, got.error)];
      // Where nothing came before it, the error is the whole answer.
      return got.answer === undefined
        ? []
        : diffAnswer({ ...expected.answer, usage: undefined }, { ...got.answer, usage: undefined });
    }
    case "answer": {
      if (got.answer === undefined) return [different("status", 200, `${got.status} ${got.error}`)];
      if (got.error !== undefined) return [different("error", undefined, got.error)];
      return diffAnswer(hidesUsage ? { ...expected.answer, usage: undefined } : expected.answer, got.answer);
    }
  }
}

export function compareError(
  expected: { status: number; message: string },
  got: Pick<GatewayAnswer, "status" | "error">,
): Difference[] {
  if (got.status === 200) return [different("status", expected.status || "an error", 200)];
  const differences: Difference[] = [];
  if (expected.status !== 0 && got.status !== expected.status)
    differences.push(different("status", expected.status, got.status));
  if (!got.error?.includes(expected.message)) differences.push(different("error", expected.message, got.error));
  return differences;
}

/** JSON in place of `undefined`, which no JSON has. */
function diffAnswer(expected: AnswerFacts, got: AnswerFacts): Difference[] {
  const plain = ({ choices, usage }: AnswerFacts) => ({ choices, usage: usage ?? null });
  return diffJson("answer", plain(expected), plain(got));
}

function different(path: string, recorded: unknown, got: unknown): Difference {
  return { side: "answer", kind: "changed", path, recorded, got };
}
