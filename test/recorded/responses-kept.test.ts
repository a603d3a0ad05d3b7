/** Recorded calls about responses that OpenAI keeps, by an admin who knows its ids, through the running gateway. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeResponseId } from "../../src/router/response-id.ts";
import { MASTER_KEY } from "../http/gateway.ts";
import { Player, pathOf, recordingsIn } from "./played.ts";

interface Recording {
  id: string;
  request: { method: string; url: string; body: unknown };
  response: { status: number; headers: Record<string, string>; body: string };
}

const recordings = recordingsIn<Recording>("openai/responses")
  .map((recording) => ({ ...recording, path: pathOf(recording) }))
  .filter(({ path }) => /^\/v1\/responses\/(?!compact)/.test(path));

describe.skipIf(recordings.length === 0)("recorded calls about responses", () => {
  let player: Player;

  beforeAll(async () => {
    player = await Player.start((url) => ({ env: { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${url}/v1` } }));
  }, 60_000);

  afterAll(() => player?.stop());

  test.each(
    recordings.map((recording) => [`${recording.request.method} ${recording.path}`, recording.id, recording] as const),
  )("%s (%s)", async (_, __, recording) => {
    player.play(recording);
    const { gateway, upstream } = player;
    const response = await fetch(`${gateway.url}${recording.path}`, {
      method: recording.request.method,
      headers: { authorization: `Bearer ${MASTER_KEY}` },
    });
    const sent = upstream.received.at(-1);
    expect([response.status, sent?.method, sent?.path]).toEqual([
      recording.response.status,
      recording.request.method,
      recording.path,
    ]);
    const got = (await response.json()) as Record<string, unknown>;
    const meant = JSON.parse(recording.response.body) as Record<string, unknown>;
    const previous = got["previous_response_id"];
    // What it goes on from has a name of the gateway's.
    if (typeof previous === "string") got["previous_response_id"] = decodeResponseId(previous)?.id;
    expect(got).toEqual(meant);
  });
});
