/** Speech by the `openai` package, against the running gateway. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { silence } from "./audio.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

/** What the upstream says in pieces: each is sent when the test says so. */
let next: PromiseWithResolvers<void>;
const asked = new Map<string, number>();

/** Prices of a token in dollars: of text that is read, and of audio that is spoken. */
const INPUT = 0.000_002;
const SPOKEN = 0.000_01;

const PCM = Buffer.from(Uint8Array.from({ length: 48_000 }, (_, index) => index % 7)); // a second

async function speak(request: Received, response: ServerResponse) {
  const { model, stream_format, response_format } = request.body as Record<string, string>;
  const times = (asked.get(model!) ?? 0) + 1;
  asked.set(model!, times);
  if (request.path.endsWith(":generateContent")) return speakAsGemini(response);
  if (request.path.includes(":streamGenerateContent")) return streamAsGemini(response);
  if (model === "flaky" && times === 1) return json(response, 500, { error: { message: "try again" } });
  if (model === "limited") return json(response, 429, { error: { message: "slow down" } }, { "retry-after": "0" });
  if (model === "reset") return void response.destroy();
  if (model === "refusing")
    return json(response, 400, { error: { message: "Invalid voice", type: "invalid_request_error", param: "voice" } });
  if (model === "garbage") return json(response, 200, { nothing: true });
  if (model === "no-content") return void response.writeHead(204).end();
  if (model === "nothing") return void response.writeHead(200, { "content-type": "audio/mpeg" }).end();
  if (model === "page") return void response.writeHead(200, { "content-type": "text/html" }).end("<html>busy</html>");
  if (model === "echo") return json(response, 200, { asked: request.headers.authorization });
  if (model === "by-flask") return void response.writeHead(200, { "content-type": "text/html" }).end("RIFF");
  if (model === "cut") {
    response.writeHead(200, { "content-type": "audio/mpeg" });
    response.write("beginning");
    return void setTimeout(() => response.destroy(), 50);
  }
  if (model === "endless") {
    response.writeHead(200, { "content-type": "audio/mpeg" });
    const talking = setInterval(() => response.write("and on"), 20);
    return void response.on("close", () => clearInterval(talking));
  }
  if (model === "paced") {
    response.writeHead(200, { "content-type": "audio/mpeg" });
    for (const piece of ["one", "two", "three"]) {
      response.write(piece);
      await next.promise;
      next = Promise.withResolvers();
    }
    return void response.end();
  }
  if (model?.startsWith("voxtral")) {
    if (request.body["stream"] !== true)
      return json(response, 200, { audio_data: Buffer.from("mistral says").toString("base64") });
    return events(response, [
      { type: "speech.audio.delta", audio_data: Buffer.from("mis").toString("base64") },
      { type: "speech.audio.delta", audio_data: Buffer.from("tral").toString("base64") },
      { type: "speech.audio.done", usage: { prompt_tokens: 3, completion_tokens: 20, total_tokens: 23 } },
    ]);
  }
  if (stream_format === "sse") {
    const pieces = ["first", "second"].map((text) => ({
      type: "speech.audio.delta",
      audio: Buffer.from(text).toString("base64"),
    }));
    if (model === "cut-events") return events(response, pieces, false);
    const usage = { input_tokens: 10, output_tokens: 100, total_tokens: 110 };
    return events(response, [...pieces, { type: "speech.audio.done", usage }]);
  }
  const type = response_format === "wav" ? "audio/wav" : response_format === "pcm" ? "audio/pcm" : "audio/mpeg";
  response.writeHead(200, { "content-type": type, "x-request-id": "req-1" });
  response.end(response_format === "wav" ? silence(2) : response_format === "pcm" ? PCM : "mp3 mp3 mp3");
}

function events(response: ServerResponse, all: object[], isWhole = true) {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  if (isWhole) response.end();
  else setTimeout(() => response.destroy(), 50);
}

const USAGE = {
  promptTokenCount: 5,
  candidatesTokenCount: 25,
  totalTokenCount: 30,
  candidatesTokensDetails: [{ modality: "AUDIO", tokenCount: 25 }],
};

const inline = (bytes: Buffer) => ({
  candidates: [
    {
      content: {
        role: "model",
        parts: [{ inlineData: { mimeType: "audio/L16;codec=pcm;rate=24000", data: bytes.toString("base64") } }],
      },
      finishReason: "STOP",
    },
  ],
  usageMetadata: USAGE,
});

function speakAsGemini(response: ServerResponse) {
  json(response, 200, inline(PCM));
}

function streamAsGemini(response: ServerResponse) {
  events(response, [inline(PCM.subarray(0, 24_000)), inline(PCM.subarray(24_000))]);
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;
let token: string;

beforeAll(async () => {
  next = Promise.withResolvers();
  upstream = await startUpstream(speak);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...extra },
  });
  const plain = ["limited", "reset", "refusing", "garbage", "cut", "paced", "endless"];
  const odd = ["no-content", "nothing", "page", "echo", "by-flask"];
  const byCharacter = { input_cost_per_character: 0.001 };
  gateway = await startGateway({
    model_list: [
      model("tts", "openai/tts-1"),
      {
        ...model("mini", "openai/gpt-4o-mini-tts"),
        model_info: {
          input_cost_per_token: INPUT,
          output_cost_per_audio_token: SPOKEN,
          output_cost_per_second: 0.00025,
        },
      },
      model("cut-events", "openai/cut-events"),
      model("flaky", "openai/flaky", byCharacter),
      model("dear", "openai/tts-dear", { input_cost_per_character: 1 }),
      model("timed", "openai/tts-timed", { output_cost_per_second: 1, stream: true }),
      ...[...plain, ...odd].map((name) => model(name, `openai/${name}`, byCharacter)),
      model("orpheus", "groq/canopylabs/orpheus-v1-english"),
      model("voxtral", "mistral/voxtral-mini-tts-latest"),
      model("grok", "xai/grok-tts", { api_base: `${upstream.url}/v1` }),
      model("gem", "gemini/gemini-2.5-flash-preview-tts", { api_base: upstream.url }),
      model("claude", "anthropic/claude-sonnet-4-5", { api_base: upstream.url }),
      model("mock", "openai/tts-1", { mock_response: "data:audio/mpeg;base64,bW9jaw==" }),
    ],
    router_settings: {
      num_retries: 1,
      retry_after: 0,
      fallbacks: [{ limited: ["tts"] }],
      disable_cooldowns: true,
    },
  });
  const made = (await (await gateway.call("/key/generate", {})).json()) as { key: string; token: string };
  token = made.token;
  client = sdkFor(gateway, made.key);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const last = () => upstream.received.at(-1)!;

/** The ledger's row of the call with this id. */
const rowOf = (id: string | null) => findRow(gateway, token, id);

const callId = (response: Response) => response.headers.get("x-litellm-call-id");
const ask = { model: "tts", voice: "alloy", input: "Hello, wörld! 👋" };

describe("speech", () => {
  it("the audio is the upstream's bytes with their type; characters are billed", async () => {
    const response = await client.audio.speech.create({
      ...ask,
      response_format: "mp3",
      speed: 1.5,
      instructions: "warmly",
    });
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(response.headers.get("llm_provider-x-request-id")).toBe("req-1");
    expect(await response.text()).toBe("mp3 mp3 mp3");
    expect(last().path).toBe("/v1/audio/speech");
    expect(last().headers.authorization).toBe("Bearer sk-upstream");
    expect(last().body).toEqual({
      model: "tts-1",
      voice: "alloy",
      input: ask.input,
      response_format: "mp3",
      speed: 1.5,
      instructions: "warmly",
    });
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ call_type: "speech", status: "success", estimated: false });
    expect(row.spend).toBeCloseTo(15 * 0.000_015, 12); // the wave is one character
  });

  it("by every path, with a voice by its id", async () => {
    for (const path of [
      "/audio/speech",
      "/openai/deployments/tts/audio/speech?api-version=2025-01-01",
      "/engines/tts/audio/speech",
    ]) {
      const response = await gateway.call(path, { model: "tts", input: "hi", voice: { id: "voice_1" }, user: "u" });
      expect([response.status, await response.text()], path).toEqual([200, "mp3 mp3 mp3"]);
      expect(last().body).toEqual({ model: "tts-1", input: "hi", voice: { id: "voice_1" } });
    }
  });

  it("each piece is with the client before the upstream sends the next", async () => {
    const response = await client.audio.speech.create({ ...ask, model: "paced" });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    for (const piece of ["one", "two", "three"]) {
      expect((await reader.read()).value).toBe(piece);
      next.resolve();
    }
    expect((await reader.read()).done).toBe(true);
  });

  it("a client that leaves stops the upstream, and pays for all characters", async () => {
    const stop = new AbortController();
    const response = await client.audio.speech.create({ ...ask, model: "endless" }, { signal: stop.signal });
    const seen = last();
    await response.body!.getReader().read();
    stop.abort();
    await until(() => seen.aborted);
    const record = await recordOf(gateway, callId(response));
    expect(record).toMatchObject({ outcome: "aborted", estimated: false });
    expect((await rowOf(callId(response))).spend).toBeCloseTo(0.015, 12);
  });

  it("an upstream that breaks off breaks the client's connection; the row says so", async () => {
    const response = await client.audio.speech.create({ ...ask, model: "cut" });
    await expect(response.arrayBuffer()).rejects.toThrow();
    expect(await rowOf(callId(response))).toMatchObject({ status: "failure" });
  });

  it("retries and falls back before the first byte", async () => {
    const retried = await client.audio.speech.create({ ...ask, model: "flaky" });
    expect(retried.headers.get("x-litellm-attempted-retries")).toBe("1");
    const fallen = await client.audio.speech.create({ ...ask, model: "limited" });
    expect(fallen.headers.get("x-litellm-model-group")).toBe("tts");
    expect(await fallen.text()).toBe("mp3 mp3 mp3");
  });

  it("failures are errors in OpenAI's format", async () => {
    const refused = await failureOf(client.audio.speech.create({ ...ask, model: "refusing" }) as Promise<unknown>);
    expect(refused).toMatchObject({ status: 400, param: "voice", type: "invalid_request_error" });
    expect(refused.message).toMatch(/OpenAIException - Invalid voice/);
    expect((await failureOf(client.audio.speech.create({ ...ask, model: "reset" }) as Promise<unknown>)).status).toBe(
      500,
    );
    const garbage = await failureOf(client.audio.speech.create({ ...ask, model: "garbage" }) as Promise<unknown>);
    expect(garbage.message).toMatch(/has no audio/);
  });

  it.each([
    ["no-content", /openai answered with nothing/],
    ["nothing", /openai answered with nothing/],
    ["page", /openai answered with text: <html>busy/],
    ["echo", /the answer has no audio: .*Bearer \[secret\]/],
  ])("%s in place of audio is a failure, and tried again", async (model, message) => {
    const before = upstream.received.length;
    const response = await gateway.call("/v1/audio/speech", { ...ask, model });
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    expect([response.status, error.type]).toEqual([500, "api_error"]);
    expect(error.message).toMatch(message);
    expect(upstream.received.length).toBe(before + 2);
    expect(await recordOf(gateway, callId(response))).toMatchObject({ outcome: "failure" });
  });

  it("audio that a server calls text is audio", async () => {
    const response = await gateway.call("/v1/audio/speech", { ...ask, model: "by-flask" });
    expect([response.status, await response.text()]).toEqual([200, "RIFF"]);
  });

  it.each([
    ["no text", { input: "" }, /input.*empty/i],
    ["a list", { input: ["a"] }, /input/],
    ["a voice without a name", { voice: {} }, /voice/],
    ["a speed of none", { speed: 0 }, /speed/],
    ["a format of streams nobody has", { stream_format: "websocket" }, /stream_format/],
    ["a model that does not speak", { model: "claude" }, /does not do speech/],
  ])("refuses %s", async (_, fields, message) => {
    const response = await gateway.call("/v1/audio/speech", { ...ask, ...fields });
    const { error } = (await response.json()) as { error: { message: string } };
    expect(response.status).toBe(400);
    expect(error.message).toMatch(message);
  });

  it("events: usage is told, and priced by tokens", async () => {
    const response = await gateway.call("/v1/audio/speech", { ...ask, model: "mini", stream_format: "sse" });
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    const text = await response.text();
    expect(text).toContain(`"audio":"${Buffer.from("first").toString("base64")}"`);
    expect(text).toContain('"type":"speech.audio.done"');
    expect(last().body).toEqual({ model: "gpt-4o-mini-tts", input: ask.input, voice: "alloy", stream_format: "sse" });
    const record = await recordOf(gateway, callId(response));
    expect(record).toMatchObject({ outcome: "success", estimated: false, stream: true });
    expect(record["cost"]).toBe(Math.round((10 * INPUT + 100 * SPOKEN) * 1e9));
  });

  it("events that break off end with an error", async () => {
    const response = await gateway.call("/v1/audio/speech", { ...ask, model: "cut-events", stream_format: "sse" });
    expect(await response.text()).toMatch(/data: \{"error":\{"message":"litellm\.APIConnectionError/);
  });

  it("without usage, tokens are estimated by how long the audio is", async () => {
    const response = await client.audio.speech.create({ ...ask, model: "mini", response_format: "wav" });
    expect(response.headers.get("content-type")).toBe("audio/wav");
    await response.arrayBuffer();
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ estimated: true, completion_tokens: Math.round(2 * (0.00025 / SPOKEN)) });
    expect(row.spend).toBeCloseTo(row.prompt_tokens * INPUT + row.completion_tokens * SPOKEN, 9);
  });

  it("a small budget refuses before anything is sent", async () => {
    const made = (await (await gateway.call("/key/generate", { max_budget: 14 })).json()) as { key: string };
    const before = upstream.received.length;
    const poor = sdkFor(gateway, made.key);
    const failure = await failureOf(poor.audio.speech.create({ ...ask, model: "dear" }) as Promise<unknown>);
    expect(failure.type).toBe("budget_exceeded");
    expect(upstream.received.length).toBe(before);
    const short = await poor.audio.speech.create({ ...ask, model: "dear", input: "fourteen chars" });
    expect(short.status).toBe(200);
  });

  it("seconds are billed by how long the audio is, and reserved by how long it may be", async () => {
    const response = await client.audio.speech.create({ ...ask, model: "timed", response_format: "pcm" });
    await response.arrayBuffer();
    expect((await rowOf(callId(response))).spend).toBeCloseTo(1, 9);
    const made = (await (await gateway.call("/key/generate", { max_budget: 3.7 })).json()) as { key: string };
    const before = upstream.received.length;
    const failure = await failureOf(
      sdkFor(gateway, made.key).audio.speech.create({ ...ask, model: "timed" }) as Promise<unknown>,
    );
    expect([failure.type, upstream.received.length]).toEqual(["budget_exceeded", before]);
  });

  it("Groq, Mistral and xAI in their own way", async () => {
    await gateway.call("/v1/audio/speech", { model: "orpheus", input: "a", voice: { id: "v" }, speed: 1 });
    expect(last().body).toEqual({ model: "canopylabs/orpheus-v1-english", input: "a", voice: "v", speed: 1 });

    const mistral = await gateway.call("/v1/audio/speech", { model: "voxtral", input: "a", voice: "jane" });
    expect(mistral.headers.get("content-type")).toBe("audio/mpeg");
    expect(await mistral.text()).toBe("mistral says");
    expect(last().body).toEqual({ model: "voxtral-mini-tts-latest", input: "a", voice_id: "jane" });
    const streamed = await gateway.call("/v1/audio/speech", { model: "voxtral", input: "a", stream_format: "sse" });
    const text = await streamed.text();
    expect(text).toContain(`{"type":"speech.audio.delta","audio":"${Buffer.from("mis").toString("base64")}"}`);
    expect(text).toContain(
      '"usage":{"prompt_tokens":3,"completion_tokens":20,"total_tokens":23,"input_tokens":3,"output_tokens":20}',
    );
    expect(last().body).toEqual({ model: "voxtral-mini-tts-latest", input: "a", stream: true });

    await gateway.call("/v1/audio/speech", { model: "grok", input: "a", voice: "eve", response_format: "wav" });
    expect(last().path).toBe("/v1/tts");
    expect(last().body).toEqual({ text: "a", voice_id: "eve", language: "auto", output_format: { codec: "wav" } });
    const refused = await gateway.call("/v1/audio/speech", { model: "grok", input: "a", response_format: "opus" });
    expect(refused.status).toBe(400);
  });

  it("Gemini: samples as pcm or wav, whole or as events", async () => {
    const pcm = await client.audio.speech.create({
      ...ask,
      model: "gem",
      voice: "Kore",
      response_format: "pcm",
      speed: 1,
    });
    expect(pcm.headers.get("content-type")).toBe("audio/pcm");
    expect(Buffer.from(await pcm.arrayBuffer()).equals(PCM)).toBe(true);
    expect(last().path).toBe("/v1beta/models/gemini-2.5-flash-preview-tts:generateContent");
    expect(last().body).toMatchObject({
      contents: [{ role: "user", parts: [{ text: ask.input }] }],
      generationConfig: {
        responseModalities: ["AUDIO"],
        speechConfig: { voiceConfig: { prebuiltVoiceConfig: { voiceName: "Kore" } } },
      },
    });
    expect(await rowOf(callId(pcm))).toMatchObject({ prompt_tokens: 5, completion_tokens: 25, estimated: false });

    const wav = await gateway.call("/v1/audio/speech", { model: "gem", input: "Hi", instructions: "Say cheerfully:" });
    expect(wav.headers.get("content-type")).toBe("audio/wav");
    const bytes = Buffer.from(await wav.arrayBuffer());
    expect(bytes.subarray(0, 4).toString()).toBe("RIFF");
    expect(bytes.subarray(44).equals(PCM)).toBe(true);
    expect(last().body).toMatchObject({ contents: [{ parts: [{ text: "Say cheerfully: Hi" }] }] });

    const events = await gateway.call("/v1/audio/speech", {
      model: "gem",
      input: "Hi",
      response_format: "pcm",
      stream_format: "sse",
    });
    const pieces = [...(await events.text()).matchAll(/"audio":"([^"]+)"/g)].map(([, data]) =>
      Buffer.from(data!, "base64"),
    );
    expect(pieces).toHaveLength(2);
    expect(Buffer.concat(pieces).equals(PCM)).toBe(true);

    const refused = await gateway.call("/v1/audio/speech", { model: "gem", input: "Hi", response_format: "mp3" });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toMatch(/response_format.*wav.*pcm/);
  });

  it("repeats of a request with an Idempotency-Key get the same audio", async () => {
    const headers = { "idempotency-key": "speech-1" };
    const before = upstream.received.length;
    for (const _ of [1, 2]) {
      const response = await gateway.call("/v1/audio/speech", { ...ask, response_format: "pcm" }, headers);
      expect(response.headers.get("content-type")).toBe("audio/pcm");
      expect(Buffer.from(await response.arrayBuffer()).equals(PCM)).toBe(true);
    }
    expect(upstream.received.length - before).toBe(1);
  });

  it("a mock speaks without anyone", async () => {
    const response = await client.audio.speech.create({ ...ask, model: "mock" });
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(await response.text()).toBe("mock");
  });
});
