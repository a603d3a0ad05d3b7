/** Recorded exchanges by clients of the Responses API: natively, of others by way of chat, and the other way round. */
import { isSame } from "../../src/formats/json.ts";
import { type ChatRequest, chatRequestSchema } from "../../src/formats/openai/chat.ts";
import { toResponsesRequest } from "../../src/formats/openai/responses/from-chat-request.ts";
import { toChatRequest } from "../../src/formats/openai/responses/to-chat-request.ts";
import type { ResponsesRequest } from "../../src/formats/openai/responses/types.ts";
import { decodeResponseId } from "../../src/router/response-id.ts";
import { readStream } from "../formats/openai/responses/stream-rules.ts";
import { ask, post } from "./client.ts";
import { compareError, expectationOf } from "./compare-answer.ts";
import { comparePath } from "./compare-request.ts";
import { type Difference, diffJson } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import * as responses from "./extract/responses.ts";
import { messageOf } from "./extract/sse.ts";
import type { AnswerFacts, Expectation } from "./facts.ts";
import { isRecord, type Json, parseLoose } from "./json.ts";
import type { Replay } from "./replay.ts";
import { clientRequest } from "./requests.ts";
import type { ResponsesExchange } from "./responses-exchanges.ts";

interface Gateway {
  url: string;
  key: string;
}

/** What was recorded, but cannot be asked for in the other format. */
export class NotSayable extends Error {}

/** Once more where the replay closed an idle connection as the gateway was about to use it: that is no answer. */
async function postOnce(gateway: Gateway, body: Json): Promise<{ status: number; text: string }> {
  const got = await post(gateway, "/v1/responses", body);
  return /Network connection lost/.test(got.text) ? post(gateway, "/v1/responses", body) : got;
}

/** Body and answer say the same; only the model's name is the deployment's, and ids of responses the gateway's. */
export async function askNatively(
  exchange: ResponsesExchange,
  gateway: Gateway,
  replay: Replay,
): Promise<Difference[]> {
  const { request = { input: "Hello", ...(exchange.streaming && { stream: true }) } } = exchange;
  const got = await postOnce(gateway, { ...request, model: exchange.id });
  const sent = replay.last.get(exchange.id);
  if (sent === undefined) return [changed("", "a request", `${got.status} ${got.text.slice(0, 300)}`)];
  const meant = { ...request, model: exchange.model };
  const path = exchange.provider.startsWith("azure") ? comparePath(exchange, sent).filter(isOfAzure(exchange)) : [];
  return [...path, ...diffJson("request", meant, sent.body), ...sameAnswer(exchange, got)];
}

/** The source of some recordings took their query away, without which Azure refuses them. */
function isOfAzure({ url }: ResponsesExchange): (difference: Difference) => boolean {
  return ({ path, kind }) => !(path === "url.query.api-version" && kind === "extra" && url.search === "");
}

function sameAnswer(exchange: ResponsesExchange, got: { status: number; text: string }): Difference[] {
  const recorded = parseLoose(exchange.body);
  if (exchange.status >= 400) {
    const error = { status: statusFor(exchange.status, exchange.body), message: messageOf(recorded) };
    return compareError(error, { status: got.status, error: messageOf(parseLoose(got.text)) });
  }
  if (saysTheSame(exchange.body, got.text)) return [];
  const meant = responses.expectationOf(exchange.body);
  // Failed before anything came: an ordinary error.
  if (meant.kind === "error" && got.status >= 400)
    return compareError(meant.error, { status: got.status, error: messageOf(parseLoose(got.text)) });
  const isBroken =
    meant.kind === "broken" && got.text.includes("event: response.failed\n") && saysMore(exchange.body, got.text);
  return isBroken ? [] : [changed("body", exchange.body.slice(-300), got.text.slice(-300))];
}

/** Every event, or the whole, but for how JSON is written and the ids of responses. */
function saysTheSame(recorded: string, got: string): boolean {
  return isSame(eventsIn(got), eventsIn(recorded));
}

/** All that was recorded, and what the gateway says at the end of a stream that broke off. */
function saysMore(recorded: string, got: string): boolean {
  const meant = eventsIn(recorded);
  return isSame(eventsIn(got).slice(0, meant.length), meant);
}

function eventsIn(written: string): unknown[] {
  const text = written.replace(/\bcntr_\w+/g, "cntr_"); // ids of containers are the gateway's, too
  const isStream = /^(?:event|data|:)/.test(text.trimStart());
  if (!isStream) return [withPlainIds(parseLoose(text))];
  const data = text.split(/\r?\n/).flatMap((line) => (line.startsWith("data:") ? [line.slice(5).trim()] : []));
  const events = data.filter((line) => line !== "" && line !== "[DONE]").map((line) => parseLoose(line));
  // One that is cut off is none.
  return events.filter((event) => isRecord(event)).map(withPlainIds);
}

function withPlainIds(value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { id, response, ...rest } = value;
  const origin = typeof id === "string" ? decodeResponseId(id) : undefined;
  return {
    ...rest,
    ...(id !== undefined && { id: origin?.id ?? id }),
    ...(response !== undefined && { response: withPlainIds(response) }),
  };
}

/** A recorded chat, by a client of the Responses API. @throws NotSayable */
export async function askByChat(exchange: Exchange, gateway: Gateway): Promise<Difference[]> {
  const body = { ...inResponses(exchange), model: exchange.id, ...(exchange.streaming && { stream: true }) };
  const got = await postOnce(gateway, body);
  const differences = compare(expectationOf(exchange), got).filter(
    // Claude's citations of documents have no address, and no place here.
    ({ path }) => !["anthropic", "converse"].includes(exchange.wire) || path !== "citations",
  );
  if (got.status !== 200 || !exchange.streaming) return differences;
  const { broken } = readStream(got.text);
  return [...broken.map((rule) => changed("rule", "kept", rule)), ...differences];
}

function inResponses(exchange: Exchange): Json {
  const { stream_options: _, ...chat } = clientRequest(exchange, false);
  const parsed = chatRequestSchema.safeParse(chat);
  if (!parsed.success) throw new NotSayable(parsed.error.message);
  if (parsed.data.functions || (parsed.data.n ?? 1) > 1)
    throw new NotSayable("functions of the first kind, or several answers");
  const body = sayable(() => toResponsesRequest(chat as ChatRequest, { reasons: true })); // the parse proved it
  // Claude's and Gemini's own fields go along as they are; those of chat have no place here.
  const { stop: _stop, ...rest } = body;
  return rest;
}

/** A recorded response, by a client of chat. @throws NotSayable */
export async function askByResponses(exchange: ResponsesExchange, gateway: Gateway): Promise<Difference[]> {
  const { request = { input: "Hello" }, streaming } = exchange;
  if (/response-only|custom_tool_call/.test(`${exchange.fidelity} ${exchange.body}`))
    throw new NotSayable("trimmed by hand, or calls of tools that take any text, which this client cannot read");
  const chat = sayable(() =>
    toChatRequest({ ...request, model: `${exchange.id}-chat` } as ResponsesRequest, { dropParams: true }),
  ); // a request that OpenAI took
  const { stream_options: _, ...body } = chat;
  const options = streaming ? { stream: true, stream_options: { include_usage: true } } : {};
  const asked = () => ask(gateway, { ...body, ...options }, { stream: streaming, askForUsage: true });
  const first = await asked();
  const got = first.error?.includes("Network connection lost") ? await asked() : first;
  const broken = got.broken.map((rule) => changed("rule", "kept", rule));
  const meant: Expectation =
    exchange.status >= 400
      ? {
          kind: "error",
          error: { status: statusFor(exchange.status, exchange.body), message: messageOf(parseLoose(exchange.body)) },
        }
      : responses.expectationOf(exchange.body);
  // A role that OpenAI refuses may be one of chat's.
  if (meant.kind === "error" && /^Invalid value: 'tool'/.test(meant.error.message)) return [];
  if (meant.kind === "error") return [...broken, ...compareError(meant.error, got)];
  if (meant.kind === "broken") return got.error === undefined ? [changed("error", "an error", undefined)] : broken;
  if (got.answer === undefined) return [changed("status", 200, `${got.status} ${got.error}`)];
  return [...broken, ...diffJson("answer", told(meant.answer), told(got.answer))];
}

/** Some say 400 to a key or a model they do not know; here it is 401 and 404, as in LiteLLM. */
function statusFor(status: number, message: string): number {
  if (/API key not valid|Incorrect API key/.test(message)) return 401;
  return /model_not_found/.test(message) ? 404 : status;
}

function sayable<Result>(make: () => Result): Result {
  try {
    return make();
  } catch (cause) {
    throw new NotSayable(String(cause));
  }
}

function compare(expected: Expectation, got: { status: number; text: string }): Difference[] {
  const message = messageOf(parseLoose(got.text));
  if (expected.kind === "error") {
    const status = statusFor(expected.error.status, expected.error.message);
    if (got.status === status && message.includes("UnsupportedParamsError")) return []; // refused alike
    return compareError({ ...expected.error, status }, { status: got.status, error: message });
  }
  if (expected.kind === "broken" && got.status !== 200) return []; // nothing came before the error
  if (got.status !== 200) return [changed("status", 200, `${got.status} ${message}`)];
  const answer = responses.expectationOf(got.text);
  if (expected.kind === "broken")
    return answer.kind === "answer" ? [changed("error", "an error", got.text.slice(-300))] : [];
  if (answer.kind !== "answer") return [changed("answer", "an answer", got.text.slice(-300))];
  return diffJson("answer", told(expected.answer), told(answer.answer));
}

/** What both formats can say: one answer, no word for how reasoning is cut into parts, and none for spoken audio. */
function told({ choices, usage }: AnswerFacts): Json {
  const [choice] = choices;
  const { finish = "stop", reasoning = "", ...rest } = choice ?? {};
  const said = { text: "", refusal: "", toolCalls: [], citations: 0, images: 0, ...rest, audio: false };
  const end =
    finish === "length" || finish === "content_filter" ? finish : said.toolCalls.length > 0 ? "tool_calls" : "stop";
  return {
    ...said,
    toolCalls: said.toolCalls.map(({ name, args }) => ({ name, args: isRecord(args) ? args : (args ?? {}) })),
    reasoning: reasoning.replaceAll("\n", ""),
    finish: end,
    ...(usage && usage.prompt + usage.completion > 0 && { usage: { ...usage } }),
  };
}

function changed(path: string, recorded: unknown, got: unknown): Difference {
  return { side: "answer", kind: "changed", path, recorded, got };
}
