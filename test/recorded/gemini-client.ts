/** Recorded exchanges, asked for by a client of Google's: natively of Google, and of others by way of chat. */
import { withoutCallIds } from "../../src/formats/gemini/call-ids.ts";
import { toGeminiRequest } from "../../src/formats/gemini/request.ts";
import { type ChatRequest, chatRequestSchema } from "../../src/formats/openai/chat.ts";
import { post } from "./client.ts";
import { compareError, expectationOf } from "./compare-answer.ts";
import { type Difference, diffJson } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import * as gemini from "./extract/gemini.ts";
import { eventsOf } from "./extract/sse.ts";
import type { AnswerFacts } from "./facts.ts";
import { isRecord, type Json, parseLoose, recordOf, textOf } from "./json.ts";
import type { Replay } from "./replay.ts";
import { clientRequest } from "./requests.ts";
import { isVertex } from "./vertex.ts";

interface Gateway {
  url: string;
  key: string;
}

/** What a recorded chat cannot be asked for by a client of Google's, as Google's format has no word for it. */
export class NotSayable extends Error {}

export async function askNatively(exchange: Exchange, gateway: Gateway, replay: Replay): Promise<Difference[]> {
  const got = await askGemini(exchange, gateway, exchange.request ?? LEAST);
  const sent = replay.last.get(exchange.id);
  if (sent === undefined) return [changed("", "a request", `${got.status} ${got.text.slice(0, 300)}`)];
  const { model: _, ...request } = exchange.request ?? LEAST;
  const recorded = isVertex(exchange) ? withoutCallIds(request) : request; // which refuses them on most of its hosts
  return [...diffJson("request", recorded, sent.body), ...sameAnswer(exchange, got)];
}

/** By its facts, as the format differs. @throws NotSayable */
export async function askByChat(exchange: Exchange, gateway: Gateway): Promise<Difference[]> {
  const got = await askGemini(exchange, gateway, inGemini(exchange));
  const expected = expectationOf(exchange);
  const answer = gemini.expectationOf(got.text);
  if (expected.kind === "error")
    return compareError(expected.error, { status: got.status, error: messageOf(parseLoose(got.text)) });
  if (got.status !== 200) return [changed("status", 200, `${got.status} ${messageOf(parseLoose(got.text))}`)];
  if (expected.kind === "broken")
    return eventsOf(got.text).some(({ error }) => error !== undefined) ? [] : [changed("error", "an error", got.text)];
  if (answer.kind !== "answer") return [changed("answer", "an answer", got.text.slice(-300))];
  return [...brokenRules(exchange, got.text), ...diffJson("answer", told(expected.answer), told(answer.answer))];
}

const LEAST: Json = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] };

function askGemini({ id, streaming }: Exchange, gateway: Gateway, body: Json) {
  const method = streaming ? "streamGenerateContent?alt=sse" : "generateContent";
  return post(gateway, `/v1beta/models/${id}:${method}`, body);
}

/** A stream that Google gave as an array, or that broke off, is not the same bytes; its responses are the same. */
function sameAnswer({ status, body, streaming }: Exchange, got: { status: number; text: string }): Difference[] {
  if (status >= 400) return sameError(status, recordOf(parseLoose(body)), got);
  if (got.text === body) return [];
  const isBroken = gemini.expectationOf(body).kind === "broken";
  // What is no answer from its beginning on is an error: another deployment may be asked.
  if (isBroken && got.status === 500 && messageOf(parseLoose(got.text)) !== "") return [];
  const recorded = Array.isArray(parseLoose(body)) ? parseLoose(body) : eventsOf(body);
  const events = eventsOf(got.text);
  if (!streaming || events.length === 0) return [changed("body", body, got.text)];
  const told = isBroken ? events.filter(({ error }) => error === undefined) : events;
  const isSaid = !isBroken || events.some(({ error }) => error !== undefined);
  return [...diffJson("answer", recorded, told), ...(isSaid ? [] : [changed("error", "an error", undefined)])];
}

/** Google's own words, status and details; but a key it does not know is 401 here, as in LiteLLM. */
function sameError(status: number, recorded: Json, got: { status: number; text: string }): Difference[] {
  const error = recordOf(recorded["error"] ?? recordOf((recorded as unknown as Json[])[0])["error"]);
  const isKey = /API key not valid/.test(textOf(error["message"]));
  const meant = isKey ? { ...error, code: 401, status: "UNAUTHENTICATED" } : error;
  return [
    ...diffJson("answer", isKey ? 401 : status, got.status, "status"),
    ...diffJson("answer", { error: meant }, parseLoose(got.text)),
  ];
}

/** The recorded chat in Google's words, thoughts asked for. @throws NotSayable */
function inGemini(exchange: Exchange): Json {
  const { stream: _, stream_options: __, ...chat } = clientRequest(exchange, false);
  const parsed = chatRequestSchema.safeParse(chat);
  if (!parsed.success) throw new NotSayable(parsed.error.message);
  let body: Json;
  try {
    body = { ...toGeminiRequest(chat as ChatRequest, { model: "gemini-3-pro", dropParams: true }) }; // the parse proved it
  } catch (cause) {
    throw new NotSayable(String(cause));
  }
  const tools = Array.isArray(body["tools"]) ? body["tools"].flatMap((tool) => Object.keys(recordOf(tool))) : [];
  const isGooglesAlone = (tool: string) => tool !== "functionDeclarations" && tool !== "googleSearch";
  if (tools.some(isGooglesAlone)) throw new NotSayable("a tool of Google's that others lack");
  const config = recordOf(body["generationConfig"]);
  const thinkingConfig = { ...recordOf(config["thinkingConfig"]), includeThoughts: true };
  return { ...onlyGoogles(body), generationConfig: { ...config, thinkingConfig } };
}

const GOOGLES = ["contents", "systemInstruction", "tools", "toolConfig", "serviceTier"];

function onlyGoogles(body: Json): Json {
  return Object.fromEntries(Object.entries(body).filter(([name]) => GOOGLES.includes(name)));
}

/**
 * What both formats can say: a refusal is text in Google's, citations are told by passage, a call is whole or is none
 * (one whose arguments broke off, or are no object), and a turn that calls ends as any other.
 */
function told({ choices, usage }: AnswerFacts): Json {
  return {
    choices: choices.map(({ refusal, citations: _, text, finish, ...choice }) => {
      const calls = choice.toolCalls.map(({ name, args }) => ({ name, args: args ?? {} }));
      return {
        ...choice,
        text: text + refusal,
        toolCalls: calls.filter(({ args }) => isRecord(args)),
        finish: finish === "function_call" || finish === "tool_calls" ? "stop" : finish,
      };
    }),
    usage: usage ?? null,
  };
}

/** Rules of Google's format that its clients rely on. */
function brokenRules({ streaming }: Exchange, text: string): Difference[] {
  const responses = streaming ? eventsOf(text) : [recordOf(parseLoose(text))];
  const candidates = responses.flatMap(({ candidates }) => (Array.isArray(candidates) ? candidates.map(recordOf) : []));
  const rules: [string, boolean][] = [
    ["a response has a responseId", responses.every(({ responseId }) => textOf(responseId) !== "")],
    ["a response has a modelVersion", responses.every(({ modelVersion }) => textOf(modelVersion) !== "")],
    ["a candidate has parts", candidates.every(({ content }) => partsOf(content).length > 0)],
    [
      "no part is empty",
      candidates.every(({ content }) => partsOf(content).every((part) => Object.keys(part).length > 0)),
    ],
    ["the model speaks", candidates.every(({ content }) => recordOf(content)["role"] === "model")],
  ];
  return rules.filter(([, isKept]) => !isKept).map(([rule]) => changed("rule", "kept", rule));
}

function partsOf(content: unknown): Json[] {
  const { parts } = recordOf(content);
  return Array.isArray(parts) ? parts.map(recordOf) : [];
}

function messageOf(body: unknown): string {
  return textOf(recordOf(recordOf(body)["error"])["message"]);
}

function changed(path: string, recorded: unknown, got: unknown): Difference {
  return { side: "answer", kind: "changed", path, recorded, got };
}
