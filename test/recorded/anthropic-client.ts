/** Recorded exchanges, asked for by a client of Anthropic's: natively of Anthropic, and of others by way of chat. */
import { toMessagesBody } from "../../src/formats/anthropic/request.ts";
import { type ChatRequest, chatRequestSchema } from "../../src/formats/openai/chat.ts";
import { compareError, expectationOf } from "./compare-answer.ts";
import { upstreamModel } from "./config.ts";
import { type Difference, diffJson } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import * as anthropic from "./extract/anthropic.ts";
import { eventsOf, messageOf } from "./extract/sse.ts";
import type { AnswerFacts } from "./facts.ts";
import { type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";
import type { Replay } from "./replay.ts";
import { clientRequest } from "./requests.ts";
import { isVertex } from "./vertex.ts";

interface Gateway {
  url: string;
  key: string;
}

interface Got {
  status: number;
  text: string;
}

/** What a recorded chat cannot be asked for by a client of Anthropic's, as Anthropic's format has no word for it. */
export class NotSayable extends Error {}

/** Body and answer are the same, by the byte; only the model's name is the deployment's. */
export async function askNatively(exchange: Exchange, gateway: Gateway, replay: Replay): Promise<Difference[]> {
  const { request = { ...LEAST, ...(exchange.streaming && { stream: true }) } } = exchange;
  const got = await askMessages(exchange, gateway, request);
  const sent = replay.last.get(exchange.id);
  if (sent === undefined) return [changed("", "a request", `${got.status} ${got.text.slice(0, 300)}`)];
  const meant = isVertex(exchange) ? request : { ...request, model: upstreamModel(exchange) };
  const ordered = JSON.stringify(meant) === JSON.stringify(sent.body);
  const headers = ["anthropic-version", "anthropic-beta"].flatMap((name) => {
    const recorded = exchange.requestHeaders[name];
    return recorded === undefined || recorded === sent.headers[name]
      ? []
      : [changed(`header.${name}`, recorded, sent.headers[name])];
  });
  return [
    ...diffJson("request", meant, sent.body),
    ...(ordered ? [] : [changed("order", Object.keys(meant), Object.keys(recordOf(sent.body)))]),
    ...headers,
    ...sameAnswer(exchange, got),
  ];
}

/** By its facts, as the format differs. @throws NotSayable */
export async function askByChat(exchange: Exchange, gateway: Gateway): Promise<Difference[]> {
  const got = await askMessages(exchange, gateway, inMessages(exchange));
  const expected = expectationOf(exchange);
  const message = messageOf(parseLoose(got.text));
  if (expected.kind === "error") {
    // Google says 400 to a key it does not know; here it is 401, as in LiteLLM.
    const status = /API key not valid/.test(expected.error.message) ? 401 : expected.error.status;
    return compareError({ ...expected.error, status }, { status: got.status, error: message });
  }
  if (expected.kind === "broken" && got.status !== 200) return []; // nothing came before the error
  if (got.status !== 200) return [changed("status", 200, `${got.status} ${message}`)];
  if (expected.kind === "broken")
    return got.text.includes("event: error\n") ? [] : [changed("error", "an error", got.text.slice(-300))];
  const answer = anthropic.expectationOf(got.text);
  if (answer.kind !== "answer") return [changed("answer", "an answer", got.text.slice(-300))];
  const broken = exchange.streaming ? brokenRules(got.text) : [];
  return [...broken, ...diffJson("answer", told(expected.answer), told(answer.answer))];
}

const LEAST: Json = { model: "", max_tokens: 1000, messages: [{ role: "user", content: "Hello" }] };

async function askMessages({ id, requestHeaders }: Exchange, gateway: Gateway, body: Json): Promise<Got> {
  const betas = requestHeaders["anthropic-beta"];
  const response = await fetch(`${gateway.url}/v1/messages?beta=true`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": gateway.key,
      "anthropic-version": requestHeaders["anthropic-version"] ?? "2023-06-01",
      ...(betas !== undefined && { "anthropic-beta": betas }),
    },
    body: JSON.stringify({ ...body, model: id }),
    signal: AbortSignal.timeout(60_000),
  });
  return { status: response.status, text: await response.text() };
}

/** A stream that broke off has all its bytes, and an error after them. */
function sameAnswer({ status, body }: Exchange, got: Got): Difference[] {
  if (status < 400) {
    if (got.text === body) return [];
    const isBroken = anthropic.expectationOf(body).kind === "broken";
    if (isBroken && got.text.startsWith(body) && got.text.includes("event: error\n")) return [];
    return [changed("body", body.slice(-300), got.text.slice(-300))];
  }
  const { request_id: _, ...recorded } = recordOf(parseLoose(body));
  const { request_id: __, ...told } = recordOf(parseLoose(got.text));
  return [...diffJson("answer", status, got.status, "status"), ...diffJson("answer", recorded, told)];
}

/** The recorded chat in Anthropic's words. @throws NotSayable */
function inMessages(exchange: Exchange): Json {
  const { stream_options: _, ...chat } = clientRequest(exchange, false);
  const parsed = chatRequestSchema.safeParse(chat);
  if (!parsed.success) throw new NotSayable(parsed.error.message);
  if (parsed.data.functions) throw new NotSayable("answers by function_call are those to functions");
  let body: Json;
  try {
    ({ body } = toMessagesBody(chat as ChatRequest, { model: "claude-opus-4-6", dropParams: true })); // the parse proved it
  } catch (cause) {
    throw new NotSayable(String(cause));
  }
  if (recordsOf(body["messages"]).length === 0) throw new NotSayable("nothing is asked");
  return { ...body, ...(exchange.streaming && { stream: true }) };
}

/** What both formats can say: one answer, a refusal as text, and no word for where a citation or the audio is. */
function told({ choices, usage }: AnswerFacts): Json {
  const [choice] = choices;
  const { refusal = "", text = "", finish = "none", ...rest } = choice ?? {};
  const toolCalls = (choice?.toolCalls ?? []).map(({ name, args }) => ({ name, args: argumentsOf(args) }));
  const said = { ...rest, toolCalls, citations: 0, audio: false, images: 0 };
  return {
    ...said,
    text: text + refusal,
    finish: refusal ? "content_filter" : finishOf(finish, choice?.toolCalls.length ?? 0),
    ...(usage && usage.prompt + usage.completion > 0 && { usage: { ...usage } }),
  };
}

/** An input is an object: what is none is wrapped in one. */
function argumentsOf(args: unknown): unknown {
  const wrapped = recordOf(args)["INVALID_JSON"];
  return wrapped === undefined ? (args ?? {}) : parseLoose(textOf(wrapped));
}

function finishOf(finish: string, calls: number): string {
  if (finish === "length" || finish === "content_filter") return finish;
  return calls > 0 ? "tool_calls" : "stop";
}

/** Rules of Anthropic's streams that its clients rely on. */
function brokenRules(text: string): Difference[] {
  const events = eventsOf(text).filter(({ type }) => type !== "ping");
  const names = [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
  const types = events.map(({ type }) => textOf(type));
  let open: unknown;
  let next = 0;
  let isOrdered = true;
  for (const { type, index } of events) {
    if (type === "content_block_start") {
      isOrdered &&= open === undefined && index === next;
      open = index;
      next += 1;
    }
    if (type === "content_block_delta") isOrdered &&= index === open;
    if (type === "content_block_stop") {
      isOrdered &&= index === open;
      open = undefined;
    }
  }
  const message = recordOf(events[0]?.["message"]);
  const rules: [string, boolean][] = [
    ["each event has its name", JSON.stringify(names) === JSON.stringify(types)],
    ["one block is open at a time, and indices are contiguous", isOrdered && open === undefined],
    ["the message starts first", types[0] === "message_start" && types.lastIndexOf("message_start") === 0],
    ["it is empty when it starts", recordsOf(message["content"]).length === 0 && message["stop_reason"] === null],
    ["it has an id and a model", textOf(message["id"]).startsWith("msg_") && textOf(message["model"]) !== ""],
    ["it ends", types.at(-2) === "message_delta" && types.at(-1) === "message_stop"],
  ];
  return rules.filter(([, isKept]) => !isKept).map(([rule]) => changed("rule", "kept", rule));
}

function changed(path: string, recorded: unknown, got: unknown): Difference {
  return { side: "answer", kind: "changed", path, recorded, got };
}
