import { describe, expect, test } from "vitest";
import type { ChatChunk } from "../../../src/formats/openai/chat.ts";
import { SseDecoder } from "../../../src/formats/sse.ts";
import { openai } from "../../../src/providers/openai/index.ts";
import { findCompatible } from "../openai-compatible/find.ts";

const exchange = {
  request: { model: "m", messages: [] },
  target: { provider: "openai", model: "m" },
  headers: {},
  now: 7,
  id: "made",
};

function decode(events: string, slug?: string): ChatChunk[] {
  const decoder = (slug === undefined ? openai : findCompatible(slug)).chat!.stream(exchange);
  const sse = new SseDecoder();
  const chunks = sse.push(new TextEncoder().encode(events)).flatMap((event) => decoder.event(event));
  return [...chunks, ...sse.end().flatMap((event) => decoder.event(event)), ...decoder.end()];
}
const line = (choice: object, more: object = {}) =>
  `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [choice], ...more })}\n\n`;
const DONE = "data: [DONE]\n\n";
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

describe("stream", () => {
  test("text with comments between, finish and usage", () => {
    const chunks = decode(
      `: keep-alive\n\n${line({ index: 0, delta: { content: "Hel" } })}${line({ index: 0, delta: { content: "lo" } })}` +
        `${line({ index: 0, delta: {}, finish_reason: "stop" })}data: ${JSON.stringify({ choices: [], usage })}\n\n${DONE}`,
    );
    expect(chunks.map((chunk) => chunk.choices[0]?.delta)).toEqual([
      { role: "assistant", content: "Hel" },
      { content: "lo" },
      {},
      undefined,
    ]);
    expect(chunks.map((chunk) => chunk.choices[0]?.finish_reason)).toEqual([null, null, "stop", undefined]);
    expect(chunks.at(-1)).toEqual({
      id: "x",
      object: "chat.completion.chunk",
      created: 1,
      model: "m",
      choices: [],
      usage,
    });
  });

  test("usage is told once, last and without choices, wherever the provider puts it", () => {
    const chunks = decode(
      line({ index: 0, delta: { content: "a" } }, { usage: { ...usage, completion_tokens: 1 } }) +
        line({ index: 0, delta: {}, finish_reason: "stop" }, { usage }) +
        `data: ${JSON.stringify({ choices: [], usage, service_tier: "default" })}\n\n${DONE}`,
    );
    expect(chunks.map((chunk) => [chunk.choices.length, chunk.usage])).toEqual([
      [1, undefined],
      [1, undefined],
      [0, usage],
    ]);
    expect(chunks.at(-1)).toMatchObject({ id: "x", model: "m", service_tier: "default" });
    expect(decode(line({ delta: {}, finish_reason: "stop" }, { x_groq: { usage } }), "groq").at(-1)?.usage).toEqual(
      usage,
    );
    expect(decode(line({ index: 0, delta: { content: "a" } }, { usage: null }) + DONE)[0]?.usage).toBeNull();
  });

  const reasons = (chunks: ChatChunk[]) => chunks.flatMap(({ choices }) => choices.map((one) => one.finish_reason));

  test("a choice has one finish reason, the last, after all it says", () => {
    const chunks = decode(
      line({ index: 0, delta: { content: "a" }, finish_reason: "length" }) +
        line({ index: 0, delta: { content: "b" }, finish_reason: "eos", native_finish_reason: "EOS" }) +
        line({ index: 1, delta: { role: "assistant", content: "" }, finish_reason: "length" }) +
        line({ index: 0, delta: { content: "" }, finish_reason: "eos", native_finish_reason: "EOS" }, { x: 1 }) +
        DONE,
    );
    expect(reasons(chunks)).toEqual([null, null, "stop", "length"]);
    expect(chunks[2]).toMatchObject({ x: 1, choices: [{ index: 0, native_finish_reason: "EOS" }] });
    expect(chunks[3]?.choices[0]).toMatchObject({ index: 1, delta: { role: "assistant" } });
  });

  test("an empty answer that ends twice has its role", () => {
    const end = { index: 0, delta: { content: "" }, finish_reason: "stop" };
    const chunks = decode(line({ ...end, delta: { role: "assistant" } }) + line(end) + DONE);
    expect(chunks.map(({ choices }) => choices)).toEqual([
      [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: "stop" }],
    ]);
  });

  test("[DONE] is an end also where no reason is given", () => {
    const call = { index: 0, id: "c", function: { name: "f", arguments: "{}" } };
    expect(reasons(decode(line({ index: 0, delta: { content: "a" } }) + DONE))).toEqual([null, "stop"]);
    expect(reasons(decode(line({ index: 0, delta: { tool_calls: [call] }, finish_reason: "" }) + DONE))).toEqual([
      null,
      "tool_calls",
    ]);
  });

  test("a stream that says nothing at all has failed", () => {
    expect(() => decode(DONE)).toThrow(/ended before it began/);
    const usage = { prompt_tokens: 1, completion_tokens: 0, total_tokens: 1 };
    expect(decode(`data: ${JSON.stringify({ choices: [], usage })}\n\n${DONE}`)).toMatchObject([{ choices: [] }]);
  });

  test("what a chunk lacks is filled in; one that says nothing of the answer passes", () => {
    const first = { id: "", object: "", model: "", choices: [], prompt_filter_results: [{ prompt_index: 0 }] };
    const wrong = line({ index: 0, delta: { content: "a" } }, { object: "chat.completion" });
    const chunks = decode(`data: ${JSON.stringify(first)}\n\n${wrong}${DONE}`);
    const head = { object: "chat.completion.chunk", model: "m" };
    expect(chunks[0]).toEqual({ ...first, ...head, id: "made", created: 7 });
    expect(chunks[1]).toMatchObject({ ...head, id: "x", created: 1, choices: [{ delta: { role: "assistant" } }] });
  });

  test("reasoning keeps the provider's name for it", () => {
    const details = [{ type: "reasoning.text", text: "hm" }];
    const chunks = decode(
      line({ index: 0, delta: { reasoning_details: details } }) + line({ index: 0, delta: { reasoning: "so" } }) + DONE,
      "openrouter",
    );
    expect(chunks.map(({ choices }) => choices[0]?.delta)).toEqual([
      { role: "assistant", reasoning_details: details, reasoning_content: "hm" },
      { reasoning: "so", reasoning_content: "so" },
      {},
    ]);
  });

  test("Perplexity's sources come as annotations, once", () => {
    const choice = { index: 0, delta: { content: "Yes[1]" }, message: { content: "Yes[1]" } };
    const sources = { citations: ["https://a.test"], object: "chat.completion" };
    const end = { ...choice, delta: { content: "" }, finish_reason: "stop" };
    const chunks = decode(line(choice, sources) + line(end, sources), "perplexity");
    expect(chunks.flatMap(({ choices }) => choices[0]?.delta.annotations ?? [])).toHaveLength(1);
    expect(chunks[0]?.["citations"]).toEqual(sources.citations);
    expect(reasons(chunks)).toEqual([null, null, "stop"]);
  });

  test("an end without [DONE] is an end after a finish reason, and a failure before", () => {
    expect(decode(line({ index: 0, delta: {}, finish_reason: "stop" }))).toHaveLength(1);
    expect(() => decode(line({ index: 0, delta: { content: "Hel" } }))).toThrow(/APIConnectionError.*broke off/);
    expect(() => decode("")).toThrow(/broke off/);
    const other = line({ index: 1, delta: { content: "Hel" } });
    expect(() => decode(other + line({ index: 0, delta: {}, finish_reason: "stop" }))).toThrow(/broke off/);
  });

  test.each([
    ["Please try again in 11.054s.", 12],
    ["Please try again in 1m2.5s. Visit the site", 63],
    ["Please try again in 20ms", 1],
    ["Please try again in a while", undefined],
  ])("an error that says %o has the time to wait", (message, seconds) => {
    const error = { message, code: "rate_limit_exceeded" };
    const failure = (() => {
      try {
        return decode(`data: ${JSON.stringify({ error })}\n\n`);
      } catch (cause) {
        return cause;
      }
    })();
    expect(failure).toMatchObject({ status: 429 });
    expect(failure).toHaveProperty("retryAfter", seconds);
  });

  test.each([
    ['data: {"error":{"message":"over capacity","code":503}}\n\n', /ServiceUnavailableError.*over capacity/],
    [
      'event: error\ndata: {"error":{"message":"no tool","type":"invalid_request_error"}}\n\n',
      /BadRequestError.*no tool/,
    ],
    ["event: error\ndata: it broke\n\n", /InternalServerError.*it broke/],
    ['data: {"choices":[{"index":0,"delta":{}}],"error":{"message":"broke","code":502}}\n\n', /BadGatewayError/],
    ["data: <html>\n\n", /APIResponseValidationError/],
  ])("%s throws", (events, message) => {
    expect(() => decode(line({ index: 0, delta: { content: "a" } }) + events)).toThrow(message);
  });

  const piece = (call: object) => line({ index: 0, delta: { tool_calls: [call] } });
  const finish = line({ index: 0, delta: {}, finish_reason: "stop" });
  const callsOf = (chunks: ChatChunk[]) =>
    chunks
      .flatMap((chunk) => chunk.choices[0]?.delta.tool_calls ?? [])
      .map((call) => [call.index, call.id, call.function?.arguments]);

  test("tool calls that are numbered, not numbered, all numbered 0, or from 1", () => {
    const named = (more: object) => ({ function: { name: "f", arguments: "{" }, ...more });
    const rest = { arguments: "}" };
    const expected = [
      [0, "a", "{"],
      [0, undefined, "}"],
      [1, "b", "{"],
    ];
    for (const numbers of [
      [0, 1],
      [undefined, undefined],
      [0, 0],
      [1, 2],
      [-1, -1],
    ]) {
      const [first, second] = numbers;
      const chunks = decode(
        piece(named({ index: first, id: "a" })) +
          piece({ index: first, function: rest }) +
          piece(named({ index: second, id: "b" })) +
          finish,
      );
      expect(callsOf(chunks)).toEqual(expected);
      expect(chunks.at(-1)?.choices[0]?.finish_reason).toBe("tool_calls");
    }
  });

  test("what a piece says again of its call is left out: clients would join it", () => {
    const again = { index: 0, id: "a", type: "function", function: { name: "f", arguments: "1" } };
    const [first, second] = decode(piece(again) + piece(again) + finish).flatMap(
      (chunk) => chunk.choices[0]?.delta.tool_calls ?? [],
    );
    expect(first).toEqual(again);
    expect(second).toEqual({ index: 0, id: undefined, function: { arguments: "1" } });
  });

  test("a tool call without id gets one, arguments are always text", () => {
    const chunks = decode(
      piece({ function: { name: "f", arguments: { x: 1 } } }) +
        piece({ function: { name: "g", arguments: null } }) +
        finish,
    );
    expect(callsOf(chunks)).toEqual([
      [0, "call_made_0", '{"x":1}'],
      [1, "call_made_1", ""],
    ]);
  });
});
