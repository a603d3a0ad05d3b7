/** Recorded interactions of Google's, asked for by a client of its API through the running gateway. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventsOf } from "./extract/sse.ts";
import { Player, recordingsIn } from "./played.ts";

type Json = Record<string, unknown>;

interface Recording {
  id: string;
  streaming: boolean;
  model: string;
  request: { body: Json | null };
  response: { status: number; headers: Record<string, string>; body: string };
}

const recordings = recordingsIn<Recording>("gemini/interactions");

/** What is said, whichever way: the parsed answer, or the parsed events. */
const saidIn = (text: string, streaming: boolean): unknown => (streaming ? eventsOf(text) : JSON.parse(text));

describe.skipIf(recordings.length === 0)("recorded interactions", () => {
  let player: Player;

  beforeAll(async () => {
    player = await Player.start((url) => {
      const litellm_params = { model: "gemini/*", api_key: "k", api_base: url };
      const router_settings = { num_retries: 0, disable_cooldowns: true };
      return { config: { model_list: [{ model_name: "gemini/*", litellm_params }], router_settings } };
    });
  }, 60_000);

  afterAll(() => player?.stop());

  test.each(recordings.map((recording) => [recording.id, recording] as const))("%s", async (_, recording) => {
    player.play(recording);
    const { gateway, upstream } = player;
    const { request, response, streaming, model } = recording;
    const asked = {
      input: "Hi",
      ...(streaming && { stream: true }),
      ...request.body,
      model: `gemini/${model || "some"}`,
    };
    const ask = async (more: Json) => {
      const got = await gateway.call("/v1beta/interactions", { ...asked, ...more });
      return { status: got.status, text: await got.text(), call: got.headers.get("x-litellm-call-id") };
    };
    const told = JSON.stringify(saidIn(response.body, streaming));
    const kept = await ask({});
    expect(upstream.received.at(-1)?.body).toEqual({ ...asked, model: model || "some" });
    if (/^\{"error"/.test(told)) {
      expect([kept.status, JSON.parse(kept.text)]).toEqual([400, JSON.parse(told)]);
      return;
    }
    const id = /"id":"(v1_[^"]*)"/.exec(told)?.[1] ?? "";
    const own = /"id":"(v1_[^"]*)"/.exec(kept.text)?.[1] ?? "";
    expect(own).toMatch(/^v1_[\w-]{40,}$/);
    expect(kept.text).not.toContain(`"${id}"`);
    expect(saidIn(kept.text.replaceAll(own, id), streaming)).toEqual(JSON.parse(told));
    const passed = await ask({ store: false });
    expect([passed.status, passed.text]).toEqual([200, response.body]);

    const usage = usageIn(JSON.parse(told));
    await expect
      .poll(() => gateway.records().find(({ id }) => id === passed.call), { timeout: 5000 })
      .toMatchObject({ outcome: "success", usage: expectedUsage(usage) });
  });
});

function usageIn(answer: unknown): Json {
  const whole = Array.isArray(answer) ? (answer.at(-1) as Json)["interaction"] : answer;
  return (whole as Json)["usage"] as Json;
}

/** Google counts thoughts beside the answer, and what tools read beside the prompt. */
function expectedUsage(usage: Json): Json {
  const of = (name: string) => Number(usage[name] ?? 0);
  return {
    prompt_tokens: of("total_input_tokens") + of("total_tool_use_tokens"),
    completion_tokens: of("total_output_tokens") + of("total_thought_tokens"),
    total_tokens: of("total_tokens"),
  };
}
