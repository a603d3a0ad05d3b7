import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { TranscriptionRequest } from "../../../src/formats/openai/transcriptions.ts";
import { openai } from "../../../src/providers/openai/index.ts";
import type { Exchange, Target, TranscriptionAdapter } from "../../../src/providers/provider.ts";
import { findProvider } from "../../../src/providers/registry.ts";

const file = new File(["RIFF"], "a.wav", { type: "audio/wav" });
const target = (provider: string, model = "m"): Target => ({ provider, model, apiKey: new Secret("sk") });
const listener = (slug: string) => findProvider(slug)!.transcriptions!;

function fields(adapter: TranscriptionAdapter, request: Partial<TranscriptionRequest>, to: Target) {
  const { body, ...rest } = adapter.request({ model: "public", file, ...request }, to);
  const form = body as FormData;
  return { ...rest, entries: [...form].map(([name, value]) => [name, typeof value === "string" ? value : value.name]) };
}

function exchange(
  provider: string,
  request: Partial<TranscriptionRequest>,
  headers = {},
): Exchange<TranscriptionRequest> {
  return { request: { model: "m", file, ...request }, target: target(provider), headers, now: 0, id: "id" };
}

describe("forms", () => {
  it("lists, objects, numbers and the file, which comes last; the runtime sets the type", () => {
    const sent = fields(
      openai.transcriptions!,
      {
        language: "en",
        temperature: 0,
        timestamp_granularities: ["word", "segment"],
        include: ["logprobs"],
        chunking_strategy: { type: "server_vad", threshold: 0.5 },
        stream: true,
        own: null,
        other: 1,
      },
      target("openai", "gpt-4o-transcribe"),
    );
    expect(sent.url).toBe("https://api.openai.com/v1/audio/transcriptions");
    expect(sent.headers).toEqual({ accept: "text/event-stream, application/json", authorization: "Bearer sk" });
    expect(sent.entries).toEqual([
      ["model", "gpt-4o-transcribe"],
      ["language", "en"],
      ["temperature", "0"],
      ["timestamp_granularities[]", "word"],
      ["timestamp_granularities[]", "segment"],
      ["include[]", "logprobs"],
      ["chunking_strategy", '{"type":"server_vad","threshold":0.5}'],
      ["other", "1"],
      ["stream", "true"],
      ["file", "a.wav"],
    ]);
  });

  it("each provider is asked for a format it has", () => {
    const asked = (slug: string, response_format: string) =>
      fields(listener(slug), { response_format }, target(slug)).entries.find(
        ([name]) => name === "response_format",
      )?.[1];
    expect(asked("groq", "srt")).toBe("verbose_json");
    expect(asked("groq", "text")).toBe("text");
    expect(asked("together_ai", "text")).toBe("json");
    expect(asked("deepinfra", "vtt")).toBe("vtt");
    expect(asked("mistral", "vtt")).toBeUndefined();
    for (const [slug, format] of [
      ["groq", "diarized_json"],
      ["llamafile", "srt"],
      ["veniceai", "verbose_json"],
      ["deepinfra", "own"],
    ] as const)
      expect(() => asked(slug, format)).toThrow(/makes no response_format/);
  });

  it("Fireworks has a host for its turbo models", () => {
    const host = (model: string) =>
      new URL(fields(listener("fireworks_ai"), {}, target("fireworks_ai", model)).url).host;
    expect(host("whisper-v3")).toBe("audio-prod.api.fireworks.ai");
    expect(host("whisper-v3-turbo")).toBe("audio-turbo.api.fireworks.ai");
  });
});

describe("answers", () => {
  const response = (slug: string, body: unknown, request: Partial<TranscriptionRequest> = {}, headers = {}) =>
    listener(slug).response(body, exchange(slug, request, headers));

  it("a text is the text; JSON in its place is read", () => {
    const vtt = { response_format: "vtt" };
    expect(response("openai", "WEBVTT\n", vtt)).toEqual({ text: "WEBVTT\n" });
    const json = { "content-type": "application/json" };
    const segments = [{ start: 0, end: 1, text: "Hi" }];
    expect(response("openai", JSON.stringify({ text: "Hi", segments }), vtt, json)).toMatchObject({
      written: "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHi\n\n",
    });
    expect(response("openai", JSON.stringify({ text: "Hi" }), { response_format: "text" }, json).written).toBe("Hi");
    expect(response("openai", '{"text":', vtt, json)).toEqual({ text: '{"text":' });
  });

  it("subtitles of silence are none, and of what has no times cannot be", () => {
    const srt = { response_format: "srt" };
    expect(response("groq", { text: " ", segments: [] }, srt).written).toBe("");
    expect(() => response("groq", { text: "Hi" }, srt)).toThrow(/did not tell when/);
  });

  it("usage by OpenAI's names, as far as it is plausible", () => {
    const usage = (told: unknown) => response("groq", { text: "", usage: told }).usage;
    expect(usage({ type: "duration", seconds: 3 })).toEqual({ type: "duration", seconds: 3 });
    expect(usage({ prompt_tokens: 3, completion_tokens: 11, total_tokens: 389, prompt_audio_seconds: 3 })).toEqual({
      type: "tokens",
      input_tokens: 378,
      output_tokens: 11,
      total_tokens: 389,
      prompt_audio_seconds: 3,
      seconds: 3,
    });
    expect(usage({ seconds: -1 })).toBeUndefined();
    expect(usage({ input_tokens: "many" })).toBeUndefined();
    expect(usage(null)).toBeUndefined();
  });

  it("an error with status 200 is an error, and what is no answer is one", () => {
    expect(() => response("groq", { error: { message: "no", type: "rate_limit_error" } })).toThrow(
      /RateLimitError.*no/,
    );
    expect(() => response("groq", { words: [] })).toThrow(/has no text/);
    expect(() => response("groq", null)).toThrow(/has no text/);
  });
});

describe("streams", () => {
  const decode = (slug: string, ...data: string[]) => {
    const decoder = listener(slug).stream(exchange(slug, {}));
    return [...data.flatMap((one) => decoder.event({ data: one })), ...decoder.end()];
  };

  it("an end without a last event is made, a break is an error", () => {
    const delta = '{"type":"transcript.text.delta","delta":"Hi"}';
    expect(decode("openai", delta, "[DONE]")).toEqual([
      { type: "transcript.text.delta", delta: "Hi" },
      { type: "transcript.text.done", text: "Hi" },
    ]);
    expect(() => decode("openai", delta)).toThrow(/broke off/);
    expect(() => decode("openai", '{"error":{"message":"overloaded"}}')).toThrow(/overloaded/);
    expect(
      decode("openai", "", "no JSON", '{"type":"new.event"}', '{"type":"transcript.text.done","text":"Hi"}'),
    ).toEqual([{ type: "transcript.text.done", text: "Hi" }]);
  });
});
