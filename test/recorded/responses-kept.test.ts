/** Recorded calls about responses that OpenAI keeps, by an admin who knows its ids, through the running gateway. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { decodeResponseId } from "../../src/router/response-id.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { startUpstream } from "../http/upstream.ts";
import { RECORDED_DIR } from "./exchanges.ts";

interface Recording {
  id: string;
  request: { method: string; url: string; body: unknown };
  response: { status: number; headers: Record<string, string>; body: string };
}

const folder = join(RECORDED_DIR, "dev", "openai", "responses");
const recordings = (existsSync(folder) ? readdirSync(folder) : [])
  .map((file) => JSON.parse(readFileSync(join(folder, file), "utf8")) as Recording)
  .map((recording) => ({ ...recording, path: recording.request.url.replace(/^https?:\/\/[^/]+/, "") }))
  .filter(({ path }) => /^\/v1\/responses\/(?!compact)/.test(path));

if (recordings.length === 0) console.warn(`skipped: there are no recordings in ${RECORDED_DIR}`);

describe.skipIf(recordings.length === 0)("recorded calls about responses", () => {
  let upstream: Awaited<ReturnType<typeof startUpstream>>;
  let gateway: TestGateway;
  let current: Recording | undefined;

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => {
      const { status, headers, body } = current!.response;
      response.writeHead(status, { "content-type": headers["content-type"] ?? "application/json" });
      response.end(body);
    });
    gateway = await startGateway({}, { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` });
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    await upstream?.close();
  });

  test.each(
    recordings.map((recording) => [`${recording.request.method} ${recording.path}`, recording.id, recording] as const),
  )("%s (%s)", async (_, __, recording) => {
    current = recording;
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
