/**
 * Recorded speech and transcriptions through the running gateway, forms as their clients wrote them: what goes upstream
 * is what was recorded, and what comes back is what the provider said.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningGateway, runGateway } from "../../scripts/run-gateway.ts";
import { wav } from "../http/audio.ts";
import { type AudioExchange, basePath, type Field, fieldsOf, loadAudio, slugOf } from "./audio-exchanges.ts";
import { MASTER_KEY, PROVIDER_KEY } from "./config.ts";
import { RECORDED_DIR, recordingsArePresent } from "./exchanges.ts";
import { isRecord, parseLoose, recordOf, textOf } from "./json.ts";
import { type Replay, type SentRequest, startReplay } from "./replay.ts";

const present = recordingsArePresent();
if (!present) console.warn(`skipped: there are no recordings in ${RECORDED_DIR}`);

/** A response packed into an answer of another source's making, which no provider gives. */
const isAnswer = ({ body }: AudioExchange) => !isRecord(recordOf(parseLoose(body.toString()))["headers"]);

const exchanges = present ? loadAudio().filter(isAnswer) : [];

describe.skipIf(!present)("recorded audio", () => {
  const state = mkdtempSync(join(tmpdir(), "sluice-audio-"));
  let replay: Replay;
  let gateway: RunningGateway;

  beforeAll(async () => {
    replay = await startReplay("1-64");
    const config = join(state, "config.yaml");
    const model_list = exchanges.map((exchange) => ({
      model_name: exchange.id,
      litellm_params: {
        model: `${slugOf(exchange)}/${exchange.model}`,
        api_base: `${replay.url}/${exchange.id}${basePath(exchange)}`,
        api_key: PROVIDER_KEY,
        max_retries: 0,
      },
    }));
    const general_settings = { master_key: MASTER_KEY };
    writeFileSync(
      config,
      JSON.stringify({ model_list, general_settings, router_settings: { disable_cooldowns: true } }),
    );
    gateway = await runGateway({ config, port: 0, host: "127.0.0.1", state, env: { PATH: process.env["PATH"] } });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
    rmSync(state, { recursive: true, force: true });
  });

  test.each(
    exchanges.map((exchange) => [`${exchange.provider} ${exchange.operation} ${exchange.id}`, exchange] as const),
  )(
    "%s",
    async (_, exchange) => {
      const response = await post(exchange);
      const body = Buffer.from(await response.arrayBuffer());
      const sent = replay.last.get(exchange.id);
      expect(sent, body.toString()).toBeDefined();
      expect(new URL(sent!.url, "http://sent.invalid").pathname).toBe(exchange.url.pathname);
      expect(sent!.headers["authorization"]).toBe(`Bearer ${PROVIDER_KEY}`);
      expectSame(exchange, sent!);
      expect(response.status, body.toString()).toBe(exchange.status);
      if (exchange.status >= 400) expectError(exchange, body);
      else if (exchange.provider === "openai" || exchange.operation === "speech") {
        expect(response.headers.get("content-type")?.split(";")[0]).toBe(exchange.contentType.split(";")[0]);
        expect(body.equals(exchange.body), "untouched").toBe(true);
      } else expectTranscript(exchange, body);
    },
    60_000,
  );

  /** The model stands in the path: the recorded form stays as it is. */
  function post({ id, operation, form, json, contentType }: AudioExchange): Promise<Response> {
    const url = `${gateway.url}/openai/deployments/${id}/audio/${operation}`;
    const authorization = `Bearer ${MASTER_KEY}`;
    if (form !== undefined)
      return fetch(url, { method: "POST", headers: { authorization, "content-type": form.type }, body: form.bytes });
    if (operation === "speech") {
      const body = JSON.stringify(json ?? { input: "Hello", voice: "alloy" });
      return fetch(url, { method: "POST", headers: { authorization, "content-type": "application/json" }, body });
    }
    const made = new FormData();
    made.append("file", fileOf(json));
    if (contentType.startsWith("text/plain")) made.append("response_format", "vtt"); // what else would answer with text
    return fetch(url, { method: "POST", headers: { authorization }, body: made });
  }
});

/** OpenRouter takes the audio in JSON; its client has a file all the same. */
function fileOf(json: AudioExchange["json"]): File {
  const { data, format } = recordOf(json?.["input_audio"]);
  return data === undefined ? wav(1) : new File([Buffer.from(textOf(data), "base64")], `a.${textOf(format)}`);
}

function expectSame({ form, json, provider }: AudioExchange, sent: SentRequest): void {
  if (json !== undefined) expect(sent.body).toEqual(json);
  if (form === undefined) return;
  const got = fieldsOf(Buffer.from(String(sent.body), "base64"), sent.headers["content-type"] ?? "");
  const shown = ({ name, filename, bytes }: Field) => [
    name,
    filename === undefined ? bytes.toString() : `${bytes.length} bytes`,
    filename,
  ];
  const sorted = (fields: Field[]) => fields.map(shown).sort((a, b) => (String(a) < String(b) ? -1 : 1));
  const file = (fields: Field[]) => fields.find(({ name }) => name === "file")?.bytes ?? Buffer.of();
  // llama.cpp serves one model, and its client named none.
  const meant = provider === "llamacpp" ? got.filter(({ name }) => name !== "model") : got;
  expect(sorted(meant)).toEqual(sorted(form.fields));
  expect(file(got).equals(file(form.fields)), "the file's bytes").toBe(true);
}

function expectError({ body }: AudioExchange, got: Buffer): void {
  const message = (bytes: Buffer) => textOf(recordOf(recordOf(parseLoose(bytes.toString()))["error"])["message"]);
  expect(message(got)).toContain(message(body));
}

/** Everything the provider says, with usage by OpenAI's names. */
function expectTranscript({ body }: AudioExchange, got: Buffer): void {
  const { usage: recordedUsage, ...recorded } = recordOf(JSON.parse(body.toString()));
  const { usage: gotUsage, ...said } = recordOf(JSON.parse(got.toString()));
  expect(said).toEqual(recorded);
  const [told, usage] = [recordOf(recordedUsage), recordOf(gotUsage)];
  if (recordedUsage === undefined) {
    expect(gotUsage).toBeUndefined();
    return;
  }
  expect(usage["type"]).toBe(told["completion_tokens"] === undefined ? "duration" : "tokens");
  expect(usage["total_tokens"]).toBe(told["total_tokens"]);
  expect(usage["output_tokens"]).toBe(told["completion_tokens"]);
  expect(usage["seconds"]).toBe(told["seconds"] ?? told["prompt_audio_seconds"]);
}
