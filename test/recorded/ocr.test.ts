/** Recorded OCR through the running gateway: where client and provider speak the same, not a byte differs. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { recordOf } from "../http/sdk.ts";
import { Player, recordingsIn } from "./played.ts";

interface Recording {
  id: string;
  request: { body: Record<string, unknown> | null };
  response: { status: number; body: string };
}

const recordings = recordingsIn<Recording>("mistral/ocr");

describe.skipIf(recordings.length === 0)("recorded OCR", () => {
  let player: Player;

  beforeAll(async () => {
    player = await Player.start((url) => {
      const litellm_params = { model: "mistral/*", api_base: `${url}/v1`, api_key: "mk" };
      const model_info = { ocr_cost_per_page: 0.001 };
      return { config: { model_list: [{ model_name: "*", litellm_params, model_info }] } };
    });
  }, 60_000);

  afterAll(() => player?.stop());

  test.each(recordings.map((recording) => [recording.id, recording] as const))("%s", async (_, recording) => {
    player.play(recording);
    const { gateway, upstream } = player;
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
