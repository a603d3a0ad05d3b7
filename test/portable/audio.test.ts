/** The library's functions of audio, in Node and in workerd. */
import { describe, expect, it } from "vitest";
import { wavHeader } from "../../src/formats/audio/wav.ts";
import { speech, transcription, translation } from "../../src/index.ts";

/** A provider that gives this answer, and keeps what it was asked. */
function answering(body: BodyInit, type = "application/json") {
  const asked: { url: string; body: unknown }[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push({ url: String(url), body: init?.body });
    return new Response(body, { headers: { "content-type": type } });
  };
  return { asked, options: { fetch, env: { OPENAI_API_KEY: "sk-o", GROQ_API_KEY: "sk-g", MISTRAL_API_KEY: "sk-m" } } };
}

function fileOf(seconds: number): File {
  const samples = new Uint8Array(seconds * 16_000);
  const header = wavHeader({ rate: 8000, channels: 1, bits: 16 }, samples.length);
  return new File([header, samples], "speech.wav", { type: "audio/wav" });
}

const events = (...all: object[]) => all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("");

describe("the library's audio", () => {
  it("speech: the audio as it comes, with its type", async () => {
    const { asked, options } = answering("bytes", "audio/mpeg");
    const response = await speech({ model: "openai/tts-1", input: "Hello", voice: "alloy" }, options);
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(await response.text()).toBe("bytes");
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/audio/speech");
    expect(JSON.parse(String(asked[0]?.body))).toEqual({ model: "tts-1", input: "Hello", voice: "alloy" });
  });

  it("speech: audio that came in JSON, and events", async () => {
    const whole = answering(JSON.stringify({ audio_data: btoa("bytes") }));
    const response = await speech({ model: "mistral/voxtral-tts", input: "Hello" }, whole.options);
    expect(await response.text()).toBe("bytes");
    const pieces = [
      { type: "speech.audio.delta", audio: btoa("a") },
      { type: "speech.audio.done", usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } },
    ];
    const streamed = answering(events(...pieces), "text/event-stream");
    const got: unknown[] = [];
    const params = { model: "openai/gpt-4o-mini-tts", input: "Hello", stream_format: "sse" as const };
    for await (const event of await speech(params, streamed.options)) got.push(event);
    expect(got).toEqual(pieces);
  });

  it("transcription: whole, as a text, as events", async () => {
    const { asked, options } = answering(
      JSON.stringify({ text: "Hello", segments: [{ start: 0, end: 1, text: "Hello" }] }),
    );
    const file = fileOf(1);
    expect(await transcription({ model: "groq/whisper-large-v3", file }, options)).toMatchObject({ text: "Hello" });
    const form = asked[0]?.body as FormData;
    expect([form.get("model"), (form.get("file") as File).name]).toEqual(["whisper-large-v3", "speech.wav"]);
    const vtt = await transcription({ model: "groq/whisper-large-v3", file, response_format: "vtt" }, options);
    expect(vtt).toBe("WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nHello\n\n");
    const done = { type: "transcript.text.done", text: "Hello" };
    const streamed = answering(events({ type: "transcript.text.delta", delta: "Hello" }, done), "text/event-stream");
    const got: unknown[] = [];
    const stream = await transcription({ model: "openai/gpt-4o-transcribe", file, stream: true }, streamed.options);
    for await (const event of stream) got.push(event);
    expect(got).toEqual([{ type: "transcript.text.delta", delta: "Hello" }, done]);
  });

  it("translation: by its own path", async () => {
    const { asked, options } = answering(JSON.stringify({ text: "Hello" }));
    expect(await translation({ model: "openai/whisper-1", file: fileOf(1) }, options)).toEqual({ text: "Hello" });
    expect(asked[0]?.url).toBe("https://api.openai.com/v1/audio/translations");
  });

  it("what is wrong is refused before anything is sent", async () => {
    const { asked, options } = answering("{}");
    await expect(transcription({ model: "openai/whisper-1", file: new File([], "a.wav") }, options)).rejects.toThrow(
      /is empty/,
    );
    await expect(speech({ model: "openai/tts-1", input: "" }, options)).rejects.toThrow(/input/);
    expect(asked).toEqual([]);
  });
});
