import { describe, expect, it } from "vitest";
import { BadRequestError } from "../../../src/formats/errors.ts";
import {
  errorEvent,
  parseEvent,
  typeOf,
  usageOfResponse,
  usageOfTranscription,
} from "../../../src/formats/openai/realtime.ts";
import { closeCode, closeReason, isAbnormal, protocolsOf } from "../../../src/formats/websocket.ts";

describe("realtime events", () => {
  it("the type is found wherever it stands", () => {
    expect(typeOf('{"type":"a.b","delta":"x"}')).toBe("a.b");
    expect(typeOf(' { "event_id" : "e" , "type" : "a.b" }')).toBe("a.b");
    expect(typeOf('{"item":{"type":"message"},"type":"a.b"}')).toBe("a.b");
    expect(typeOf('{"event_id":"\\"type\\":\\"x\\"","type":"a.b"}')).toBe("a.b");
    expect(typeOf('{"item":{"type":"message"}}')).toBeUndefined();
    for (const garbage of ["", "{", "[]", "null", '{"type":1}']) expect(typeOf(garbage)).toBeUndefined();
    expect(parseEvent('{"type":"a","x":1}')).toEqual({ type: "a", x: 1 });
  });

  it("usage has cached tokens by kind, and nothing that is no number", () => {
    expect(
      usageOfResponse({
        usage: {
          total_tokens: 30,
          input_tokens: 20,
          output_tokens: 10,
          input_token_details: {
            cached_tokens: 5,
            text_tokens: 12,
            audio_tokens: 8,
            image_tokens: null,
            cached_tokens_details: { text_tokens: 2, audio_tokens: 3 },
          },
          output_token_details: { text_tokens: 4, audio_tokens: 6 },
        },
      }),
    ).toEqual({
      prompt_tokens: 20,
      completion_tokens: 10,
      total_tokens: 30,
      prompt_tokens_details: {
        cached_tokens: 5,
        text_tokens: 12,
        audio_tokens: 8,
        cached_tokens_details: { text_tokens: 2, audio_tokens: 3 },
      },
      completion_tokens_details: { text_tokens: 4, audio_tokens: 6 },
    });
    expect(usageOfResponse({ usage: null })).toBeUndefined();
    expect(usageOfResponse({ usage: { input_tokens: "many" } })).toMatchObject({ total_tokens: 0 });
  });

  it("transcriptions are counted in tokens or seconds", () => {
    const type = "conversation.item.input_audio_transcription.completed";
    expect(usageOfTranscription({ type, usage: { type: "duration", seconds: 3 } })?.seconds).toBe(3);
    expect(
      usageOfTranscription({ type, usage: { type: "tokens", input_tokens: 3, output_tokens: 2 } })?.usage,
    ).toMatchObject({
      total_tokens: 5,
    });
    expect(usageOfTranscription({ type })).toBeUndefined();
  });

  it("errors name the event they are about", () => {
    expect(errorEvent(new BadRequestError("no", { param: "x" }), { type: "a", event_id: "e" })).toMatchObject({
      type: "error",
      error: { type: "invalid_request_error", message: "no", param: "x", event_id: "e" },
    });
  });
});

describe("WebSocket closes", () => {
  it("codes that cannot be sent become others", () => {
    expect([1000, 1001, 1005, 1006, 1008, 1015, 4999, 0, 9999].map(closeCode)).toEqual([
      1000, 1001, 1000, 1011, 1008, 1011, 4999, 1011, 1011,
    ]);
    expect([1000, 1001, 1005, 1006, 4000].map(isAbnormal)).toEqual([false, false, false, true, true]);
  });

  it("reasons fit into the frame", () => {
    expect(closeReason("x".repeat(200))).toHaveLength(123);
    const cut = closeReason("ü".repeat(100));
    expect(new TextEncoder().encode(cut).length).toBeLessThanOrEqual(123);
    expect(cut).toMatch(/^ü+$/);
  });

  it("subprotocols are a list", () => {
    expect(protocolsOf("a, b ,,c")).toEqual(["a", "b", "c"]);
    expect(protocolsOf(null)).toEqual([]);
  });
});
