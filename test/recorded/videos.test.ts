/** Recorded calls to Veo, asked for by `/v1/videos` through the running gateway: the request that was recorded goes up again. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";

interface Recording {
  id: string;
  model: string;
  request: {
    url: string;
    body: { instances: { prompt: string }[]; parameters?: { durationSeconds?: number; [name: string]: unknown } };
  };
  response: { status: number; headers: Record<string, string>; body: string };
}

const folder = join(RECORDED_DIR, "dev", "gemini", "video");
const recordings = (existsSync(folder) ? readdirSync(folder) : [])
  .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording)
  .filter(({ request }) => request.url.includes(":predictLongRunning"));

if (recordings.length === 0) console.warn(`skipped: there are no recordings in ${folder}`);

describe.skipIf(recordings.length === 0)("recorded videos of Google", () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let gateway: TestGateway;
  let current: Recording | undefined;

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => {
      const { status, headers, body } = current!.response;
      response.writeHead(status, { "content-type": headers["content-type"] ?? "application/json" });
      response.end(body);
    });
    gateway = await startGateway({}, { GEMINI_API_KEY: "key", GEMINI_API_BASE: upstream.url });
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  test.each(recordings.map((recording) => [recording.model, recording.id, recording] as const))(
    "%s (%s)",
    async (model, _, recording) => {
      current = recording;
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
