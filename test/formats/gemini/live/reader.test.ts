import { describe, expect, it } from "vitest";
import { LiveReader, modelOfSetup } from "../../../../src/formats/gemini/live/reader.ts";

const frame = (message: object) => JSON.stringify(message);
const USED = { promptTokenCount: 100, responseTokenCount: 10, totalTokenCount: 110 };
const usage = expect.objectContaining({ input_tokens: 100, output_tokens: 10, total_tokens: 110 });

function begun(setup: object = {}): LiveReader {
  const reader = new LiveReader("models/m");
  reader.client(frame({ setup }));
  return reader;
}

const types = (events: readonly { type: string }[]) => events.map(({ type }) => type);

describe("what the client says", () => {
  it("is set up with the gateway's model, and what bounds an answer", () => {
    const setup = { model: "x", generation_config: { maxOutputTokens: 50, response_modalities: ["TEXT"] }, tools: [1] };
    const { text, events, mayBringAnswer } = new LiveReader("models/m").client(frame({ setup }));
    expect(JSON.parse(text ?? "")).toEqual({ setup: { ...setup, model: "models/m" } });
    expect(mayBringAnswer).toBe(false);
    expect(events).toMatchObject([
      { type: "session.update", session: { max_output_tokens: 50, output_modalities: ["text"], tools: [1] } },
    ]);
  });

  it("passes as it came, and is counted", () => {
    const read = begun().client(
      frame({
        clientContent: {
          turns: [{ parts: [{ text: "Hi" }, { inlineData: { mimeType: "image/png", data: "AAAA" } }] }],
          turnComplete: true,
        },
      }),
    );
    expect(read).toEqual({
      mayBringAnswer: true,
      asksForAnswer: true,
      events: [
        {
          type: "conversation.item.create",
          item: {
            type: "message",
            role: "user",
            content: [
              { type: "input_text", text: '{"text":"Hi"}' },
              { type: "input_image", image_url: "data:image/png;base64,AAAA" },
            ],
          },
        },
      ],
    });
  });

  it("sound is counted by its rate, told where it changes", () => {
    const reader = begun();
    const hear = (mimeType: string) =>
      reader.client(frame({ realtimeInput: { audio: { data: "AAAA", mimeType } } })).events;
    const format = (rate: number) => ({ session: { audio: { input: { format: { type: "audio/pcm", rate } } } } });
    expect(hear("audio/pcm;rate=24000")).toMatchObject([format(24_000), { type: "input_audio_buffer.append" }]);
    expect(types(hear("audio/pcm;rate=24000"))).toEqual(["input_audio_buffer.append"]);
    expect(hear("audio/pcm")).toMatchObject([format(16_000), {}]);
    expect(hear("audio/pcm;rate=99999999")).toMatchObject([format(48_000), {}]); // which would make it nothing
  });

  it.each([
    ["no JSON", "x"],
    ["a list", "[]"],
    ["before the setup", frame({ clientContent: {} })],
  ])("%s is refused", (_, message) => expect(() => new LiveReader("m").client(message)).toThrow());

  it("names a model or does not", () => {
    expect(modelOfSetup(frame({ setup: { model: "models/x" } }))).toBe("models/x");
    expect(modelOfSetup(frame({ setup: {} }))).toBeUndefined();
    expect(() => modelOfSetup(frame({ setup: "x" }))).toThrow(/setup/);
  });
});

describe("what the model says", () => {
  const turn = (text: string) => frame({ serverContent: { modelTurn: { parts: [{ text }] } } });

  it("is a response from its first piece to its end", () => {
    const reader = begun();
    expect(types(reader.server(frame({ setupComplete: {} })))).toEqual(["session.updated"]);
    expect(types(reader.server(turn("a")))).toEqual(["response.created", "response.output_text.delta"]);
    expect(types(reader.server(turn("b")))).toEqual(["response.output_text.delta"]);
    expect(reader.server(frame({ serverContent: { turnComplete: true }, usageMetadata: USED }))).toMatchObject([
      { type: "response.done", response: { status: "completed", usage } },
    ]);
    expect(reader.server(frame({ usageMetadata: USED }))).toEqual([]); // told again
  });

  it("is charged with what is told later, or along the way", () => {
    const reader = begun();
    reader.server(turn("a"));
    expect(reader.server(frame({ serverContent: { turnComplete: true } }))).toEqual([]);
    expect(reader.server(frame({ usageMetadata: USED }))).toMatchObject([{ response: { usage } }]);
    reader.server(turn("b"));
    reader.server(frame({ usageMetadata: { ...USED, totalTokenCount: 1 } }));
    reader.server(frame({ usageMetadata: USED }));
    expect(reader.server(frame({ serverContent: { turnComplete: true } }))).toMatchObject([{ response: { usage } }]);
  });

  it("that is interrupted is over with its turn, or with the next", () => {
    const reader = begun();
    reader.server(turn("a"));
    expect(reader.server(frame({ serverContent: { interrupted: true } }))).toEqual([]);
    expect(reader.server(frame({ serverContent: { turnComplete: true }, usageMetadata: USED }))).toMatchObject([
      { response: { status: "cancelled", usage } },
    ]);
    reader.server(turn("b"));
    reader.server(frame({ serverContent: { interrupted: true } }));
    expect(types(reader.server(turn("c")))).toEqual([
      "response.done",
      "response.created",
      "response.output_text.delta",
    ]);
  });

  it("ends with a call of functions, and begins again with their results", () => {
    const reader = begun();
    const call = { toolCall: { functionCalls: [{ name: "f" }] }, usageMetadata: USED };
    expect(types(reader.server(frame(call)))).toEqual(["response.created", "response.done"]);
    expect(types(reader.server(turn("a")))).toEqual(["response.created", "response.output_text.delta"]);
  });

  it("is charged where nothing was said", () => {
    expect(types(begun().server(frame({ serverContent: { turnComplete: true }, usageMetadata: USED })))).toEqual([
      "response.created",
      "response.done",
    ]);
    expect(begun().server(frame({ usageMetadata: { totalTokenCount: 0 } }))).toEqual([]);
  });

  it.each(["", "x", "[]", "null", '{"serverContent":7}', '{"usageMetadata":[]}'])("%j is nothing", (message) => {
    expect(begun().server(message)).toEqual([]);
  });
});
