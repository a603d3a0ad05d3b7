/** Recorded OCR through the running gateway: where client and provider speak the same, not a byte differs. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { recordOf } from "../http/sdk.ts";
import { startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";

interface Recording {
  id: string;
  request: { body: Record<string, unknown> | null };
  response: { status: number; body: string };
}

const folder = join(RECORDED_DIR, "dev/mistral/ocr");
const recordings = (existsSync(folder) ? readdirSync(folder) : []).map(
  (file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording,
);

if (recordings.length === 0) console.warn(`skipped: there are no recordings in ${RECORDED_DIR}`);

describe.skipIf(recordings.length === 0)("recorded OCR", () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let gateway: TestGateway;
  let current: Recording | undefined;

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => {
      response.writeHead(current?.response.status ?? 500, { "content-type": "application/json" });
      response.end(current?.response.body);
    });
    const litellm_params = { model: "mistral/*", api_base: `${upstream.url}/v1`, api_key: "mk" };
    const model_info = { ocr_cost_per_page: 0.001 };
    gateway = await startGateway({ model_list: [{ model_name: "*", litellm_params, model_info }] });
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  test.each(recordings.map((recording) => [recording.id, recording] as const))("%s", async (_, recording) => {
    current = recording;
    const least = {
      model: "mistral-ocr-latest",
      document: { type: "document_url", document_url: "https://x.example" },
    };
    const body = recording.request.body ?? least;
    const response = await gateway.call("/v1/ocr", body);
    expect(await response.text()).toBe(recording.response.body);
    expect(upstream.received.at(-1)?.body).toEqual(body);
    const { pages } = JSON.parse(recording.response.body) as { pages: unknown[] };
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record["cost"]).toBe(pages.length * 1_000_000);
  });
});
