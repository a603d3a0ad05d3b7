/** Transcriptions and translations by the `openai` package, against the running gateway. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { wav } from "./audio.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const SEGMENTS = [
  { id: 0, start: 0, end: 1.5, text: " Hello there." },
  { id: 1, start: 1.5, end: 3661.25, text: " Good --> bye." },
];
const WORDS = [
  { text: "Hello", start: 0, end: 0.5, speaker: 0 },
  { text: "there.", start: 0.5, end: 1.5, speaker: 0 },
  { text: "Bye.", start: 2, end: 2.5, speaker: 1 },
];
const TOKENS = {
  type: "tokens",
  input_tokens: 40,
  output_tokens: 10,
  total_tokens: 50,
  input_token_details: { audio_tokens: 30, text_tokens: 10 },
};
const SRT = "1\n00:00:00,000 --> 00:00:01,500\nHello there.\n\n2\n00:00:01,500 --> 01:01:01,250\nGood -> bye.\n\n";

const asked = new Map<string, number>();

function listen(request: Received, response: ServerResponse) {
  const { body, path } = request;
  const model = String(body["model"] ?? "");
  const format = body["response_format"];
  const times = (asked.get(model) ?? 0) + 1;
  asked.set(model, times);
  if (path.includes("enerateContent")) return listenAsGemini(path, response);
  if (model === "flaky" && times === 1) return json(response, 500, { error: { message: "try again" } });
  if (model === "limited") return json(response, 429, { error: { message: "slow down" } }, { "retry-after": "0" });
  if (model === "reset") return void response.destroy();
  if (model === "garbage") return text(response, "<html>", "application/json");
  if (model === "refusing") return json(response, 400, { error: { message: "no such language", param: "language" } });
  if (path.endsWith("/stt"))
    return json(response, 200, { text: "Hello there. Bye.", language: "en", duration: 2.5, words: WORDS });
  if (model.startsWith("voxtral")) {
    const usage = {
      prompt_audio_seconds: 3,
      prompt_tokens: 3,
      total_tokens: 389,
      completion_tokens: 11,
      prompt_tokens_details: { cached_tokens: 0, audio_tokens: 375 },
    };
    if (body["stream"] === "true")
      return events(response, [
        { type: "transcription.language", audio_language: "en" },
        { type: "transcription.text.delta", text: "Hello" },
        { type: "transcription.text.delta", text: " there." },
        { type: "transcription.done", model, text: "Hello there.", language: "en", segments: [], usage },
      ]);
    const segments = SEGMENTS.map(({ start, end, text }) => ({
      type: "transcription_segment",
      start,
      end,
      text,
      speaker_id: "s1",
    }));
    return json(response, 200, { model, text: "Hello there. Good bye.", language: null, segments, usage });
  }
  if (model === "router/whisper") return json(response, 200, { text: "by JSON", usage: { cost: 0.0006, seconds: 6 } });
  if (model === "vllm") return streamAsVllm(response);
  if (body["stream"] === "true" && model !== "whisper-1") {
    const pieces = [
      { type: "transcript.text.delta", delta: "Hello" },
      { type: "transcript.text.delta", delta: " there." },
    ];
    if (model === "cut") return events(response, pieces, "reset");
    if (model === "diarize")
      return events(response, [
        { type: "transcript.text.segment", text: "Hello", speaker: "A", start: 0, end: 1, id: "seg_0" },
        { type: "transcript.text.done", text: "Hello", usage: TOKENS },
      ]);
    return events(response, [...pieces, { type: "transcript.text.done", text: "Hello there.", usage: TOKENS }]);
  }
  if (format === "text") return text(response, "Hello there.\n", "text/plain; charset=utf-8");
  if (format === "srt") return text(response, "1\n00:00:00,000 --> 00:00:01,500\nown\n\n", "text/plain; charset=utf-8");
  if (format === "vtt") return text(response, "WEBVTT\n\n", "text/plain; charset=utf-8");
  if (format === "verbose_json")
    return json(response, 200, {
      task: "transcribe",
      language: "english",
      duration: 3.5,
      text: "Hello there.",
      segments: SEGMENTS,
    });
  if (model.startsWith("gpt-4o")) return json(response, 200, { text: "Hello there.", usage: TOKENS, more: 1 });
  if (model === "silent") return json(response, 200, { text: "Hello there." });
  json(response, 200, { text: "Hello there.", usage: { type: "duration", seconds: 4 } });
}

function text(response: ServerResponse, body: string, type: string) {
  response.writeHead(200, { "content-type": type });
  response.end(body);
}

function events(response: ServerResponse, all: object[], end = "[DONE]") {
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8" });
  response.write(all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  if (end === "reset") setTimeout(() => response.destroy(), 50);
  else response.end(`data: ${end}\n\n`);
}

function streamAsVllm(response: ServerResponse) {
  const chunk = (content: string) => ({ object: "transcription.chunk", choices: [{ delta: { content } }] });
  const usage = { prompt_tokens: 40, completion_tokens: 10, total_tokens: 50 };
  events(response, [chunk("Hello"), chunk(" there."), { object: "transcription.chunk", choices: [], usage }]);
}

function listenAsGemini(path: string, response: ServerResponse) {
  const usageMetadata = {
    promptTokenCount: 70,
    candidatesTokenCount: 3,
    totalTokenCount: 73,
    promptTokensDetails: [
      { modality: "TEXT", tokenCount: 6 },
      { modality: "AUDIO", tokenCount: 64 },
    ],
  };
  const said = (text: string, finishReason?: string) => ({
    candidates: [{ content: { role: "model", parts: [{ text }] }, ...(finishReason && { finishReason }) }],
    usageMetadata,
  });
  if (!path.includes("stream")) return json(response, 200, said("Hello there.\n", "STOP"));
  response.writeHead(200, { "content-type": "text/event-stream" });
  const all = [said("Hello"), said(" there.", "STOP")];
  response.end(all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;
let token: string;

/** Dollars: of a second, of a token of text that is read, of audio, of text that is written. */
const SECOND = 0.001;
const READ = 0.000_001;
const HEARD = 0.000_002;
const WRITTEN = 0.000_003;

beforeAll(async () => {
  upstream = await startUpstream(listen);
  const model = (
    name: string,
    litellm: string,
    model_info: object = { input_cost_per_second: SECOND },
    extra: object = {},
  ) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...extra },
    model_info,
  });
  const byTokens = { input_cost_per_token: READ, input_cost_per_audio_token: HEARD, output_cost_per_token: WRITTEN };
  const plain = ["flaky", "limited", "reset", "garbage", "refusing", "cut", "silent", "diarize"];
  gateway = await startGateway({
    model_list: [
      model("whisper", "openai/whisper-1", {}),
      model("4o", "openai/gpt-4o-transcribe", byTokens),
      ...plain.map((name) => model(name, `openai/${name}`)),
      model("silent-tokens", "openai/silent", byTokens),
      model("groq", "groq/whisper-large-v3"),
      model("voxtral", "mistral/voxtral-mini-latest"),
      model("grok", "xai/stt"),
      model("router", "openrouter/router/whisper"),
      model("vllm", "hosted_vllm/vllm", byTokens),
      model("gem", "gemini/gemini-2.5-flash", byTokens, { api_base: upstream.url }),
      model("claude", "anthropic/claude-sonnet-4-5", {}, { api_base: upstream.url }),
      model("mock", "openai/whisper-1", {}, { mock_response: "made here" }),
    ],
    router_settings: { num_retries: 1, retry_after: 0, fallbacks: [{ limited: ["whisper"] }], disable_cooldowns: true },
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
const callId = (response: Response) => response.headers.get("x-litellm-call-id");

/** The ledger's row of the call with this id. */
const rowOf = (id: string | null) => findRow(gateway, token, id);

/** A form as curl makes it. */
function post(path: string, fields: Record<string, string | File | (string | File)[]>): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) form.append(name, one);
  return fetch(`${gateway.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${MASTER_KEY}` },
    body: form,
  });
}

describe("transcriptions", () => {
  it("the file and all fields go on as a form; seconds are billed as the upstream tells them", async () => {
    const { data, response } = await client.audio.transcriptions
      .create({ model: "whisper", file: wav(2), language: "en", prompt: "Names", temperature: 0.5 })
      .withResponse();
    expect(data).toEqual({ text: "Hello there.", usage: { type: "duration", seconds: 4 } });
    const { file, ...fields } = last().body;
    expect(last().path).toBe("/v1/audio/transcriptions");
    expect(last().headers.authorization).toBe("Bearer sk-upstream");
    expect(fields).toEqual({ model: "whisper-1", language: "en", prompt: "Names", temperature: "0.5" });
    expect(file).toMatchObject({ name: "speech.wav", type: "audio/wav", size: 44 + 32_000 });
    const row = await rowOf(callId(response));
    expect(row).toMatchObject({ call_type: "transcriptions", status: "success", estimated: false, prompt_tokens: 0 });
    expect(row.spend).toBeCloseTo(4 * 0.0001, 12); // the catalogue's price of whisper-1
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeCloseTo(4 * 0.0001, 12);
  });

  it("tokens are billed where they are told", async () => {
    const { data, response } = await client.audio.transcriptions
      .create({
        model: "4o",
        file: wav(2),
        include: ["logprobs"],
        chunking_strategy: { type: "server_vad", threshold: 0.5 },
      })
      .withResponse();
    expect(data).toHaveProperty("more", 1);
    expect(last().body).toMatchObject({
      "include[]": "logprobs",
      "chunking_strategy[type]": "server_vad",
      "chunking_strategy[threshold]": "0.5",
    });
    expect((await rowOf(callId(response))).spend).toBeCloseTo(30 * HEARD + 10 * READ + 10 * WRITTEN, 12);
  });

  it.each([
    ["text", "Hello there.\n"],
    ["srt", "1\n00:00:00,000 --> 00:00:01,500\nown\n\n"],
    ["vtt", "WEBVTT\n\n"],
  ] as const)(
    "%s is text, as the upstream wrote it; its length is read off the file",
    async (response_format, said) => {
      const { data, response } = await client.audio.transcriptions
        .create({ model: "whisper", file: wav(2), response_format })
        .withResponse();
      expect(data).toBe(said);
      expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8");
      const row = await rowOf(callId(response));
      expect(row).toMatchObject({ estimated: true });
      expect(row.spend).toBeCloseTo(2 * 0.0001, 12);
    },
  );

  it("verbose_json with times of words and segments", async () => {
    const { data, response } = await client.audio.transcriptions
      .create({
        model: "whisper",
        file: wav(2),
        response_format: "verbose_json",
        timestamp_granularities: ["word", "segment"],
      })
      .withResponse();
    expect(data).toMatchObject({ duration: 3.5, segments: SEGMENTS });
    expect(last().body["timestamp_granularities[]"]).toEqual(["word", "segment"]);
    expect((await rowOf(callId(response))).spend).toBeCloseTo(3.5 * 0.0001, 12);
  });

  it("by every path, with fields as curl writes them", async () => {
    for (const path of [
      "/audio/transcriptions",
      "/openai/deployments/whisper/audio/transcriptions?api-version=2025-01-01",
      "/engines/whisper/audio/transcriptions",
    ]) {
      const response = await post(path, {
        model: "whisper",
        file: wav(1),
        stream: "false",
        temperature: "",
        timestamp_granularities: "word",
        user: "someone",
      });
      expect([response.status, await response.json()], path).toMatchObject([200, { text: "Hello there." }]);
      const { file: _, ...fields } = last().body;
      expect(fields).toEqual({ model: "whisper-1", "timestamp_granularities[]": "word" });
    }
  });

  it("streams events, with usage in the last", async () => {
    const stream = await client.audio.transcriptions.create({ model: "4o", file: wav(2), stream: true });
    const got: unknown[] = [];
    for await (const event of stream) got.push(event);
    expect(got).toEqual([
      { type: "transcript.text.delta", delta: "Hello" },
      { type: "transcript.text.delta", delta: " there." },
      { type: "transcript.text.done", text: "Hello there.", usage: TOKENS },
    ]);
    expect(last().body["stream"]).toBe("true");
    await until(() => gateway.records().some(({ modelGroup, stream }) => modelGroup === "4o" && stream === true));
    const record = gateway.records().find(({ modelGroup, stream }) => modelGroup === "4o" && stream === true);
    expect(record).toMatchObject({
      outcome: "success",
      estimated: false,
      cost: Math.round((30 * HEARD + 10 * READ + 10 * WRITTEN) * 1e9),
    });
  });

  it("streams what speakers say, and the whole answer of a model that does not stream", async () => {
    const typesOf = async (model: string, response_format?: "diarized_json" | "text") => {
      const file = wav(2);
      const stream = await client.audio.transcriptions.create({
        model,
        file,
        stream: true,
        ...(response_format && { response_format }),
      });
      const types: string[] = [];
      for await (const { type } of stream) types.push(type);
      return types;
    };
    expect(await typesOf("diarize", "diarized_json")).toEqual(["transcript.text.segment", "transcript.text.done"]);
    expect(await typesOf("whisper")).toEqual(["transcript.text.delta", "transcript.text.done"]);
    expect(await typesOf("whisper", "text")).toEqual(["transcript.text.delta", "transcript.text.done"]);
    expect(await typesOf("groq")).toEqual(["transcript.text.delta", "transcript.text.done"]);
    expect(last().body).not.toHaveProperty("stream");
  });

  it("a stream that breaks off ends with an error, and is a failure", async () => {
    const stream = await client.audio.transcriptions.create({ model: "cut", file: wav(2), stream: true });
    const read = async () => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow(/APIConnectionError/);
    await until(() => gateway.records().some(({ modelGroup }) => modelGroup === "cut"));
    expect(gateway.records().find(({ modelGroup }) => modelGroup === "cut")).toMatchObject({ outcome: "failure" });
  });

  it("where nothing is told, it is reckoned by the file's length", async () => {
    const bySeconds = await client.audio.transcriptions.create({ model: "silent", file: wav(3) }).withResponse();
    expect(await recordOf(gateway, callId(bySeconds.response))).toMatchObject({
      estimated: true,
      cost: 3 * SECOND * 1e9,
    });
    const byTokens = await client.audio.transcriptions.create({ model: "silent-tokens", file: wav(3) }).withResponse();
    const row = await rowOf(callId(byTokens.response));
    expect(row).toMatchObject({ estimated: true, prompt_tokens: 30 });
    expect(row.spend).toBeCloseTo(30 * HEARD + row.completion_tokens * WRITTEN, 12);
  });

  it("retries and falls back with the same file", async () => {
    const retried = await client.audio.transcriptions.create({ model: "flaky", file: wav(1) }).withResponse();
    expect(retried.response.headers.get("x-litellm-attempted-retries")).toBe("1");
    expect(last().body["file"]).toMatchObject({ size: 44 + 16_000 });
    const fallen = await client.audio.transcriptions.create({ model: "limited", file: wav(1) }).withResponse();
    expect(fallen.response.headers.get("x-litellm-model-group")).toBe("whisper");
    expect(last().body["file"]).toMatchObject({ size: 44 + 16_000 });
  });

  it("failures of the upstream are errors in OpenAI's format", async () => {
    const ask = (model: string) => failureOf(client.audio.transcriptions.create({ model, file: wav(1) }));
    expect(await ask("refusing")).toMatchObject({ status: 400, param: "language" });
    expect((await ask("reset")).status).toBe(500);
    expect((await ask("garbage")).message).toMatch(/not JSON/);
  });

  it.each([
    ["no file", { model: "whisper" }, 400, /there is no file/],
    ["an empty file", { model: "whisper", file: new File([], "a.wav") }, 400, /"a.wav" is empty/],
    ["a text in the file's place", { model: "whisper", file: "audio" }, 400, /must be a file/],
    ["two files", { model: "whisper", file: [wav(1), wav(1)] }, 400, /only one file/],
    [
      "what is no audio",
      { model: "whisper", file: new File(["hello"], "a.txt", { type: "text/plain" }) },
      400,
      /no audio/,
    ],
    ["a temperature of words", { model: "whisper", file: wav(1), temperature: "hot" }, 400, /temperature/],
    ["a stream of perhaps", { model: "whisper", file: wav(1), stream: "perhaps" }, 400, /stream/],
    ["no model", { file: wav(1) }, 400, /model/],
    ["an unknown model", { model: "nobody", file: wav(1) }, 400, /nobody/],
    ["a model that does not listen", { model: "claude", file: wav(1) }, 400, /does not do transcriptions/],
    ["a format nobody has", { model: "groq", file: wav(1), response_format: "diarized_json" }, 400, /response_format/],
    [
      "times of a model that tells none",
      { model: "gem", file: wav(1), response_format: "srt" },
      400,
      /response_format/,
    ],
  ])("refuses %s", async (_, fields, status, message) => {
    const response = await post("/v1/audio/transcriptions", fields as Record<string, string | File>);
    const { error } = (await response.json()) as { error: { message: string; type: string } };
    expect(error.message).toMatch(message);
    expect([response.status, error.type]).toEqual([status, "invalid_request_error"]);
  });

  it("refuses JSON, a form without a boundary, and files that are too large", async () => {
    const asJson = await gateway.call("/v1/audio/transcriptions", { model: "whisper" });
    expect([asJson.status, await asJson.text()]).toEqual([400, expect.stringMatching(/there is no file/)]);
    const headers = { "content-type": "multipart/form-data" };
    const unbound = await gateway.call("/v1/audio/transcriptions", "x", headers);
    expect([unbound.status, await unbound.text()]).toEqual([400, expect.stringMatching(/no boundary/)]);
    const large = new File([new Uint8Array(26 * 1024 * 1024)], "a.wav");
    const refused = await post("/v1/audio/transcriptions", { model: "whisper", file: large });
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({ error: { type: "invalid_request_error", code: "413" } });
  });

  it("a small budget refuses before anything is sent", async () => {
    const made = (await (await gateway.call("/key/generate", { max_budget: 2.5 * SECOND })).json()) as { key: string };
    const before = upstream.received.length;
    const poor = sdkFor(gateway, made.key);
    const failure = await failureOf(poor.audio.transcriptions.create({ model: "silent", file: wav(3) }));
    expect(failure.type).toBe("budget_exceeded");
    expect(upstream.received.length).toBe(before);
    expect((await poor.audio.transcriptions.create({ model: "silent", file: wav(2) })).text).toBe("Hello there.");
  });

  it("a mock answers without anyone", async () => {
    const { text } = await client.audio.transcriptions.create({ model: "mock", file: wav(1) });
    expect(text).toBe("made here");
    const plain = await client.audio.transcriptions.create({ model: "mock", file: wav(1), response_format: "text" });
    expect(plain).toBe("made here");
  });
});

describe("providers with ways of their own", () => {
  const transcribe = (model: string, fields: object = {}) =>
    client.audio.transcriptions.create({ model, file: wav(3), ...fields } as never) as unknown as Promise<unknown>;

  it("Groq writes no subtitles: they are made of its segments", async () => {
    expect(await transcribe("groq", { response_format: "srt" })).toBe(SRT);
    expect(last().body["response_format"]).toBe("verbose_json");
  });

  it("Mistral: formats by its own fields, usage by OpenAI's names, events", async () => {
    expect(await transcribe("voxtral", { response_format: "json" })).toMatchObject({
      text: "Hello there. Good bye.",
      usage: { type: "tokens", input_tokens: 378, output_tokens: 11, total_tokens: 389, seconds: 3 },
    });
    expect(Object.keys(last().body).sort()).toEqual(["file", "model"]);
    await until(() => gateway.records().some(({ modelGroup }) => modelGroup === "voxtral"));
    expect(gateway.records().find(({ modelGroup }) => modelGroup === "voxtral")).toMatchObject({
      cost: 3 * SECOND * 1e9,
    });

    expect(await transcribe("voxtral", { response_format: "srt" })).toBe(SRT);
    expect(last().body["timestamp_granularities"]).toBe("segment");
    expect(await transcribe("voxtral", { response_format: "diarized_json" })).toMatchObject({
      duration: 3,
      segments: [{ type: "transcript.text.segment", id: "seg_0", speaker: "s1", text: " Hello there." }, {}],
    });
    expect(last().body["diarize"]).toBe("true");

    const stream = (await transcribe("voxtral", { stream: true })) as AsyncIterable<{ type: string; delta?: string }>;
    const got: unknown[] = [];
    for await (const event of stream) got.push(event);
    expect(got).toMatchObject([
      { type: "transcript.text.delta", delta: "Hello" },
      { type: "transcript.text.delta", delta: " there." },
      { type: "transcript.text.done", text: "Hello there.", usage: { output_tokens: 11 } },
    ]);
    await expect(transcribe("voxtral", { prompt: "Names" })).rejects.toThrow(
      /does not support parameters: \["prompt"\]/,
    );
  });

  it("xAI: another path, words made segments", async () => {
    expect(await transcribe("grok", { response_format: "verbose_json", timestamp_granularities: ["word"] })).toEqual({
      text: "Hello there. Bye.",
      task: "transcribe",
      language: "en",
      duration: 2.5,
      words: WORDS.map(({ text, start, end }) => ({ word: text, start, end })),
      segments: [
        { id: 0, start: 0, end: 1.5, text: "Hello there.", speaker: "0" },
        { id: 1, start: 2, end: 2.5, text: "Bye.", speaker: "1" },
      ],
    });
    expect(last().path).toBe("/v1/stt");
    expect(Object.keys(last().body)).toEqual(["file"]);
  });

  it("OpenRouter: JSON with the audio in base64", async () => {
    const file = wav(1);
    const { data, response } = await client.audio.transcriptions
      .create({ model: "router", file, language: "en" })
      .withResponse();
    expect(data).toMatchObject({ text: "by JSON", usage: { type: "duration", seconds: 6 } });
    expect(last().headers["content-type"]).toBe("application/json");
    expect(last().body).toEqual({
      model: "router/whisper",
      language: "en",
      input_audio: { data: Buffer.from(await file.arrayBuffer()).toString("base64"), format: "wav" },
    });
    expect((await rowOf(callId(response))).spend).toBeCloseTo(6 * SECOND, 12);
  });

  it("vLLM streams as chat", async () => {
    const stream = (await transcribe("vllm", { stream: true })) as AsyncIterable<unknown>;
    const got: unknown[] = [];
    for await (const event of stream) got.push(event);
    expect(last().body["stream_include_usage"]).toBe("true");
    expect(got).toMatchObject([
      { delta: "Hello" },
      { delta: " there." },
      { type: "transcript.text.done", text: "Hello there.", usage: { input_tokens: 40, output_tokens: 10 } },
    ]);
  });

  it("Gemini listens by chat, whole and as a stream", async () => {
    const { data, response } = await client.audio.transcriptions
      .create({ model: "gem", file: wav(2), language: "en", prompt: "Names", temperature: 0.2 })
      .withResponse();
    expect(data).toMatchObject({
      text: "Hello there.",
      usage: { type: "tokens", input_tokens: 70, output_tokens: 3, input_token_details: { audio_tokens: 64 } },
    });
    const sent = last().body as { contents: { parts: Record<string, unknown>[] }[]; generationConfig: object };
    expect(sent.contents[0]?.parts[0]?.["text"]).toMatch(/word for word.*"en".*"Names"/);
    expect(sent.contents[0]?.parts[1]).toEqual({
      inlineData: { mimeType: "audio/wav", data: Buffer.from(await wav(2).arrayBuffer()).toString("base64") },
    });
    expect(sent.generationConfig).toMatchObject({ temperature: 0.2 });
    expect((await rowOf(callId(response))).spend).toBeCloseTo(64 * HEARD + 6 * READ + 3 * WRITTEN, 12);

    const stream = (await transcribe("gem", { stream: true })) as AsyncIterable<unknown>;
    const got: unknown[] = [];
    for await (const event of stream) got.push(event);
    expect(got).toMatchObject([
      { delta: "Hello" },
      { delta: " there." },
      { text: "Hello there.", usage: { total_tokens: 73 } },
    ]);

    expect((await client.audio.translations.create({ model: "gem", file: wav(2) })).text).toBe("Hello there.");
    expect(JSON.stringify(last().body)).toMatch(/in English/);
  });
});

describe("translations", () => {
  it("go to their own path, without streams", async () => {
    const { data, response } = await client.audio.translations
      .create({ model: "whisper", file: wav(2), prompt: "Names" })
      .withResponse();
    expect(data.text).toBe("Hello there.");
    expect(last().path).toBe("/v1/audio/translations");
    expect(await rowOf(callId(response))).toMatchObject({ call_type: "translations", estimated: false });
    const form = await post("/audio/translations", {
      model: "groq",
      file: wav(1),
      stream: "true",
      response_format: "text",
    });
    expect([form.status, await form.text()]).toEqual([200, "Hello there.\n"]);
    expect(last().body).not.toHaveProperty("stream");
  });

  it("refuses a provider that has none", async () => {
    const failure = await failureOf(client.audio.translations.create({ model: "voxtral", file: wav(1) }));
    expect(failure.status).toBe(400);
    expect(failure.message).toMatch(/mistral does not do translations/);
  });
});
