import { describe, expect, it } from "vitest";
import { SseDecoder } from "../../src/formats/sse.ts";

const STREAM = 'event: message\ndata: {"text":"höh 😀"}\n\n: a comment\n\ndata: one\ndata: two\r\n\r\ndata: [DONE]';
const EVENTS = [{ event: "message", data: '{"text":"höh 😀"}' }, { data: "one\ntwo" }, { data: "[DONE]" }];

function decode(bytes: Uint8Array, size: number) {
  const decoder = new SseDecoder();
  const events = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...decoder.push(bytes.subarray(at, at + size)));
  return [...events, ...decoder.end()];
}

describe("SseDecoder", () => {
  const bytes = new TextEncoder().encode(STREAM);

  it.each([1, 2, 3, 5, 7, 16, bytes.length])("gives the same events from pieces of %i bytes", (size) => {
    expect(decode(bytes, size)).toEqual(EVENTS);
  });
});
