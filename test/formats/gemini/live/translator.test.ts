import { describe, expect, it } from "vitest";
import { LiveTranslator } from "../../../../src/formats/gemini/live/translator.ts";
import type { RealtimeEvent } from "../../../../src/formats/openai/realtime.ts";

function session(update: object = {}, isBeta = false) {
  const translator = new LiveTranslator("models/gemini-live", isBeta);
  const client = (event: RealtimeEvent) => translator.fromClient(event);
  const server = (message: object) => translator.fromUpstream(JSON.stringify(message)).toClient ?? [];
  const typesOf = (events: readonly RealtimeEvent[]) => events.map(({ type }) => type);
  translator.open();
  if (Object.keys(update).length > 0) client({ type: "session.update", session: update });
  return { translator, client, server, typesOf };
}

const said = (text: string) => ({
  type: "conversation.item.create",
  item: { type: "message", role: "user", content: [{ type: "input_text", text }] },
});
const messages = (texts: readonly string[] = []) => texts.map((text) => JSON.parse(text) as Record<string, unknown>);

describe("Gemini Live", () => {
  it("is told the session's settings with the first input, and the rest when it is ready", () => {
    const { translator, client, typesOf } = session();
    const update = client({
      type: "session.update",
      session: {
        type: "realtime",
        output_modalities: ["text"],
        instructions: "Be brief.",
        max_output_tokens: 200,
        audio: { input: { turn_detection: null, transcription: { model: "x" } }, output: { voice: "Kore" } },
        tools: [
          { type: "function", name: "weather", description: "d", parameters: { type: "object", properties: {} } },
        ],
      },
    });
    expect(typesOf(update.toClient ?? [])).toEqual(["session.updated"]);
    expect(update.toUpstream).toBeUndefined();
    client(said("Hi"));
    const asked = client({ type: "response.create" });
    expect(messages(asked.toUpstream)).toEqual([
      {
        setup: {
          model: "models/gemini-live",
          generationConfig: {
            responseModalities: ["TEXT"],
            maxOutputTokens: 200,
            speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
          },
          systemInstruction: { parts: [{ text: "Be brief." }] },
          tools: [{ functionDeclarations: [expect.objectContaining({ name: "weather", description: "d" })] }],
          realtimeInputConfig: { automaticActivityDetection: { disabled: true } },
          inputAudioTranscription: {},
        },
      },
    ]);
    const ready = translator.fromUpstream(JSON.stringify({ setupComplete: {} }));
    expect(messages(ready.toUpstream)).toEqual([
      { clientContent: { turns: [{ role: "user", parts: [{ text: "Hi" }] }], turnComplete: true } },
    ]);
    // Settings it has already are no change; others come too late.
    expect(typesOf(client({ type: "session.update", session: { instructions: "Be brief." } }).toClient ?? [])).toEqual([
      "session.updated",
    ]);
    expect(() => client({ type: "session.update", session: { instructions: "Be long." } })).toThrow(/before its first/);
  });

  it("answers in text, with usage", () => {
    const { client, server, typesOf } = session({ output_modalities: ["text"] });
    client(said("Hi"));
    client({ type: "response.create", response: { metadata: { a: "b" } } });
    server({ setupComplete: {} });
    const begun = server({
      serverContent: { modelTurn: { parts: [{ text: "thinking", thought: true }, { text: "Hel" }] } },
    });
    expect(typesOf(begun)).toEqual([
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_text.delta",
    ]);
    expect(begun[0]).toMatchObject({ response: { status: "in_progress", metadata: { a: "b" } } });
    server({ serverContent: { modelTurn: { parts: [{ text: "lo" }] } } });
    const ended = server({
      serverContent: { turnComplete: true },
      usageMetadata: {
        promptTokenCount: 10,
        responseTokenCount: 5,
        thoughtsTokenCount: 3,
        totalTokenCount: 18,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 10 }],
        responseTokensDetails: [{ modality: "TEXT", tokenCount: 5 }],
      },
    });
    expect(typesOf(ended)).toEqual([
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "conversation.item.done",
      "response.done",
    ]);
    expect(ended.at(-1)).toMatchObject({
      response: {
        status: "completed",
        output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Hello" }] }],
        usage: {
          total_tokens: 18,
          input_tokens: 10,
          output_tokens: 8,
          input_token_details: { text_tokens: 10, cached_tokens: 0 },
          output_token_details: { text_tokens: 5, reasoning_tokens: 3 },
        },
      },
    });
  });

  it("speaks, with what it says written beside it, in the words of either version", () => {
    for (const isBeta of [false, true]) {
      const { client, server, typesOf } = session({ type: "realtime" }, isBeta);
      client({ type: "input_audio_buffer.append", audio: "AAAA" });
      server({ setupComplete: {} });
      const heard = server({ serverContent: { inputTranscription: { text: "Hi" } } });
      expect(typesOf(heard)).toEqual(["conversation.item.input_audio_transcription.delta"]);
      const spoken = server({
        serverContent: { modelTurn: { parts: [{ inlineData: { mimeType: "audio/pcm;rate=24000", data: "BBBB" } }] } },
      });
      expect(typesOf(spoken)[0]).toBe("conversation.item.input_audio_transcription.completed");
      expect(spoken.at(-1)).toMatchObject({
        type: isBeta ? "response.audio.delta" : "response.output_audio.delta",
        delta: "BBBB",
      });
      const written = server({ serverContent: { outputTranscription: { text: "Hello" } } });
      expect(written).toMatchObject([
        { type: isBeta ? "response.audio_transcript.delta" : "response.output_audio_transcript.delta", delta: "Hello" },
      ]);
      const stopped = server({ serverContent: { interrupted: true } });
      expect(stopped[0]).toMatchObject({ type: "input_audio_buffer.speech_started" });
      expect(stopped.at(-1)).toMatchObject({
        type: "response.done",
        response: { status: "cancelled", status_details: { reason: "turn_detected" } },
      });
      expect(server({ serverContent: { turnComplete: true } })).toEqual([]);
    }
  });

  it("calls functions, and goes on when the client asks for it", () => {
    const { client, server, typesOf } = session({ output_modalities: ["text"] });
    client(said("Weather?"));
    client({ type: "response.create" });
    server({ setupComplete: {} });
    const called = server({
      toolCall: {
        functionCalls: [
          { id: "f1", name: "weather", args: { city: "Ulm" } },
          { id: "f2", name: "time" },
        ],
      },
    });
    expect(typesOf(called).filter((type) => type === "response.function_call_arguments.done")).toHaveLength(2);
    expect(called.at(-1)).toMatchObject({
      type: "response.done",
      response: {
        output: [
          { type: "function_call", call_id: "f1", name: "weather", arguments: '{"city":"Ulm"}' },
          { type: "function_call", call_id: "f2", name: "time", arguments: "{}" },
        ],
      },
    });
    const result = (call_id: string, output: string) =>
      client({ type: "conversation.item.create", item: { type: "function_call_output", call_id, output } });
    expect(result("f1", '{"sky":"grey"}').toUpstream).toBeUndefined();
    result("f2", "noon");
    expect(messages(client({ type: "response.create" }).toUpstream)).toEqual([
      {
        toolResponse: {
          functionResponses: [
            { id: "f1", name: "weather", response: { sky: "grey" } },
            { id: "f2", name: "time", response: { output: "noon" } },
          ],
        },
      },
    ]);
    expect(() => result("f9", "x")).toThrow(/no function call f9/);
  });

  it("hears speech whose end the client tells", () => {
    const { client, server } = session({ audio: { input: { turn_detection: null } } });
    const first = client({ type: "input_audio_buffer.append", audio: "AAAA" });
    expect(messages(first.toUpstream)).toHaveLength(1); // the settings
    expect(messages(client({ type: "input_audio_buffer.commit" }).toUpstream)).toEqual([]);
    client({ type: "response.create" });
    const { toUpstream } = new LiveTranslator("models/x", false).fromUpstream('{"setupComplete":{}}');
    expect(toUpstream).toEqual([]);
    expect(server({ setupComplete: {} })).toEqual([]);
    const next = [
      client({ type: "input_audio_buffer.append", audio: "BBBB" }),
      client({ type: "input_audio_buffer.append", audio: "CCCC" }),
      client({ type: "response.create" }),
    ].flatMap(({ toUpstream }) => messages(toUpstream));
    const sound = (data: string) => ({ realtimeInput: { audio: { data, mimeType: "audio/pcm;rate=24000" } } });
    expect(next).toEqual([
      { realtimeInput: { activityStart: {} } },
      sound("BBBB"),
      sound("CCCC"),
      { realtimeInput: { activityEnd: {} } },
    ]);
  });

  it("a response that is cancelled ends with what it used", () => {
    const { client, server, typesOf } = session({ output_modalities: ["text"] });
    client(said("Hi"));
    client({ type: "response.create" });
    server({ setupComplete: {} });
    server({ serverContent: { modelTurn: { parts: [{ text: "a" }] } } });
    expect(messages(client({ type: "response.cancel" }).toUpstream)).toEqual([
      { clientContent: { turns: [], turnComplete: false } },
    ]);
    expect(server({ serverContent: { modelTurn: { parts: [{ text: "b" }] } } })).toEqual([]);
    const ended = server({
      serverContent: { interrupted: true },
      usageMetadata: { promptTokenCount: 1, totalTokenCount: 1 },
    });
    expect(typesOf(ended)).toContain("response.done");
    expect(ended.at(-1)).toMatchObject({
      response: { status: "cancelled", status_details: { reason: "client_cancelled" }, usage: { total_tokens: 1 } },
    });
    expect(client({ type: "response.cancel" })).toEqual({});
  });

  it("says what it cannot do", () => {
    const { client } = session();
    for (const update of [
      { audio: { input: { format: { type: "audio/pcmu" } } } },
      { input_audio_format: "g711_ulaw" },
      { audio: { input: { turn_detection: { type: "server_vad", create_response: false } } } },
      { tools: [{ type: "function" }] },
    ])
      expect(() => client({ type: "session.update", session: update })).toThrow();
    expect(() => client({ type: "conversation.item.delete", item_id: "x" })).toThrow(/no equal/);
    expect(() => client({ type: "input_audio_buffer.append", audio: 1 })).toThrow(/base64/);
    expect(() => client({ type: "conversation.item.create", item: { type: "mcp_call" } })).toThrow(/mcp_call/);
  });

  it("what Gemini says that nobody knows is left out", () => {
    const { translator, server } = session();
    expect(server({ goAway: { timeLeft: "10s" } })).toEqual([]);
    expect(translator.fromUpstream("garbage").toClient).toEqual([]);
    expect(() => server({ error: { message: "quota" } })).toThrow("quota");
  });
});
