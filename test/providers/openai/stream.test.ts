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

  test("usage on the last chunk of the answer is told once more in a chunk of its own", () => {
    const chunks = decode(line({ index: 0, delta: {}, finish_reason: "stop" }, { usage }) + DONE);
    expect(chunks.map((chunk) => [chunk.choices.length, chunk.usage])).toEqual([
      [1, usage],
      [0, usage],
    ]);
    expect(decode(line({ delta: {}, finish_reason: "stop" }, { x_groq: { usage } }), "groq").at(-1)?.usage).toEqual(
      usage,
    );
  });

  test("an end without [DONE] is an end after a finish reason, and a failure before", () => {
    expect(decode(line({ index: 0, delta: {}, finish_reason: "stop" }))).toHaveLength(1);
    expect(() => decode(line({ index: 0, delta: { content: "Hel" } }))).toThrow(/APIConnectionError.*broke off/);
    expect(() => decode("")).toThrow(/broke off/);
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
