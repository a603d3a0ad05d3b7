/** Recorded calls to Veo, asked for by `/v1/videos` through the running gateway: the request that was recorded goes up again. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Player, recordingsIn } from "./played.ts";

interface Recording {
  id: string;
  model: string;
  request: {
    url: string;
    body: { instances: { prompt: string }[]; parameters?: { durationSeconds?: number; [name: string]: unknown } };
  };
  response: { status: number; headers: Record<string, string>; body: string };
}

const recordings = recordingsIn<Recording>("gemini/video").filter(({ request }) =>
  request.url.includes(":predictLongRunning"),
);

describe.skipIf(recordings.length === 0)("recorded videos of Google", () => {
  let player: Player;

  beforeAll(async () => {
    player = await Player.start((url) => ({ env: { GEMINI_API_KEY: "key", GEMINI_API_BASE: url } }));
  }, 60_000);

  afterAll(() => player?.stop());

  test.each(recordings.map((recording) => [recording.model, recording.id, recording] as const))(
    "%s (%s)",
    async (model, _, recording) => {
      player.play(recording);
      const { gateway, upstream } = player;
      const { instances, parameters: { durationSeconds: seconds, ...own } = {} } = recording.request.body;
      const asked = { model, custom_llm_provider: "gemini", ...instances[0], ...own, ...(seconds && { seconds }) };
      const answer = await gateway.call("/v1/videos", asked);
      expect(answer.status).toBe(recording.response.status);
      expect(upstream.received.at(-1)?.path).toBe(new URL(recording.request.url).pathname);
      const expected = { ...recording.request.body.parameters, durationSeconds: seconds ?? 8 };
      expect(upstream.received.at(-1)?.body).toEqual({ instances, parameters: expected });
      if (answer.status === 200)
        expect(await answer.json()).toMatchObject({
          id: expect.stringMatching(/^video_slc/),
          object: "video",
          status: "queued",
          model,
          prompt: instances[0]?.prompt,
        });
    },
  );
});
