/** Recorded answers through the response cache: what is given again says what was said, whole and as a stream. */
import { describe, expect, test } from "vitest";
import type { ChatChunk, ChatCompletion } from "../../src/formats/openai/chat.ts";
import { CompletionBuilder } from "../../src/formats/openai/stream.ts";
import { completion, generateContent, MemoryResponseCache, messages } from "../../src/index.ts";
import { type Exchange, loadExchanges, recordingsArePresent } from "./exchanges.ts";
import { recordOf } from "./json.ts";

const PLACES = ["openai/chat", "groq/chat", "deepseek/chat", "mistral/chat", "xai/chat"];

function recorded(...places: string[]): [string, Exchange][] {
  if (!recordingsArePresent()) return [];
  return places
    .flatMap((place) => loadExchanges(`${place}`))
    .filter(({ status, request }) => status === 200 && request !== undefined)
    .map((exchange) => [exchange.id, exchange]);
}

/** The recorded answer, once: whoever asks again must have it from the cache. */
function once({ body, streaming }: Exchange) {
  const asked: string[] = [];
  const fetch: typeof globalThis.fetch = async (url) => {
    asked.push(String(url));
    if (asked.length > 1) throw new Error("asked again");
    const type = streaming ? "text/event-stream" : "application/json";
    return new Response(body, { headers: { "content-type": type } });
  };
  return { asked, options: { fetch, env: {}, cache: new MemoryResponseCache() } };
}

async function builtOf(chunks: AsyncIterable<ChatChunk>): Promise<ChatCompletion | undefined> {
  const builder = new CompletionBuilder();
  for await (const chunk of chunks) builder.add(chunk);
  return builder.completion;
}

/** What a client makes of an answer: a stream does not say what there is nothing of, and some
 * number calls of tools where they come whole, too. */
function said(answer: ChatCompletion | undefined): unknown {
  const { obfuscation: _, usage: _usage, ...rest } = recordOf(answer);
  return JSON.parse(JSON.stringify(rest, (name, value) => (name === "index" || isNothing(value) ? undefined : value)));
}

function isNothing(value: unknown): boolean {
  return value === null || value === "" || (Array.isArray(value) && value.length === 0);
}

/** Is it one to be kept: finished, not filtered, asked in a way that leaves nothing behind? */
function isKept(answer: ChatCompletion | undefined): boolean {
  const choices = answer?.choices ?? [];
  return choices.length > 0 && choices.every(({ finish_reason: reason }) => reason && reason !== "content_filter");
}

const chats = recorded(...PLACES);
if (chats.length === 0) console.warn("skipped: there are no recordings");

describe.skipIf(chats.length === 0)("recorded chat, given again", () => {
  test.each(chats)("%s", async (_, exchange) => {
    const { asked, options } = once(exchange);
    const { stream: _stream, ...request } = recordOf(exchange.request);
    const params = {
      ...(request as { messages: [] }), // as it was recorded
      model: `${exchange.provider}/${exchange.model}`,
      api_key: "sk-recorded",
    };
    const streamed = async () => builtOf(await completion({ ...params, stream: true }, options));
    const whole = () => completion({ ...params, stream: false }, options);
    const first = await (exchange.streaming ? streamed() : whole()).catch((error: unknown) => {
      if (!/"error"/.test(exchange.body)) throw error; // some streams are errors
      return undefined;
    });
    const tools = Array.isArray(request["tools"]) ? request["tools"] : [];
    const isStateful = request["store"] === true || tools.some(({ type }) => !/^(function|custom|web_)/.test(type));
    if (!isKept(first) || isStateful) return;
    expect(said(await whole())).toEqual(said(first));
    expect(said(await streamed())).toEqual(said(first));
    expect(asked).toHaveLength(1);
  });
});

const claude = recorded("anthropic/messages").filter(([, { streaming }]) => !streaming);

describe.skipIf(claude.length === 0)("recorded messages, given again", () => {
  test.each(claude)("%s", async (_, exchange) => {
    const { asked, options } = once(exchange);
    const request = recordOf(exchange.request);
    const ask = () =>
      messages(
        { ...(request as { max_tokens: number; messages: [] }), model: `anthropic/${exchange.model}`, api_key: "k" },
        options,
      );
    const first = await ask();
    const again = await ask().catch(() => undefined);
    if (again === undefined)
      return expect(String(first.stop_reason)).toMatch(/refusal|pause_turn|null|tool_use|end_turn/);
    expect(again).toEqual(first);
    expect(asked).toHaveLength(1);
  });
});

const gemini = recorded("gemini/generate_content").filter(([, { streaming }]) => !streaming);

describe.skipIf(gemini.length === 0)("recorded content of Google's, given again", () => {
  test.each(gemini)("%s", async (_, exchange) => {
    const { asked, options } = once(exchange);
    const ask = () =>
      generateContent(
        { ...(recordOf(exchange.request) as { contents: [] }), model: `gemini/${exchange.model}`, api_key: "k" },
        options,
      );
    const first = await ask();
    const again = await ask().catch(() => undefined);
    if ("cachedContent" in recordOf(exchange.request)) return expect(again).toBeUndefined();
    const reasons = (first.candidates ?? []).map(({ finishReason }) => finishReason);
    if (again === undefined) return expect(reasons).not.toEqual(["STOP"]);
    expect(again).toEqual(first);
    expect(asked).toHaveLength(1);
  });
});
