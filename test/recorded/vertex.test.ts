/** Recorded counts of tokens and caches of Vertex AI: by a client of Google's, and passed on. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { PROVIDER_KEY } from "./config.ts";
import { RECORDED_DIR, recordingsArePresent } from "./exchanges.ts";
import { type Json, parseLoose, recordOf, textOf } from "./json.ts";
import { type Replay, startReplay } from "./replay.ts";
import { vertexModelName, vertexParams } from "./vertex.ts";

interface Recorded {
  id: string;
  url: URL;
  method: string;
  /** Absent where there was none, or none was recorded. */
  body: Json | undefined;
  answer: string;
}

const PROVIDER = "vertex_ai";

function load(endpoint: string): Recorded[] {
  const folder = join(RECORDED_DIR, "dev", PROVIDER, endpoint);
  if (!recordingsArePresent()) return [];
  return readdirSync(folder).map((file) => {
    const { id, request, response } = recordOf(JSON.parse(readFileSync(join(folder, file), "utf8")));
    const { url, method, body } = recordOf(request);
    return {
      id: textOf(id),
      url: new URL(textOf(url)),
      method: textOf(method),
      body: body === null ? undefined : recordOf(body),
      answer: textOf(recordOf(response)["body"]),
    };
  });
}

const counts = load("count_tokens");
const caches = load("caching");
const named = (recorded: readonly Recorded[]) => recorded.map((one) => [one.id, one] as const);

describe.skipIf(counts.length === 0)("recorded Vertex AI beside chat", () => {
  let replay: Replay;
  let gateway: TestGateway;

  beforeAll(async () => {
    replay = await startReplay("whole");
    const deployment = (model: string, { id, url }: Recorded, more: object = {}) => ({
      model_name: id,
      litellm_params: {
        model: `${PROVIDER}/${model}`,
        api_base: `${replay.url}/${id}`,
        api_key: PROVIDER_KEY,
        ...vertexParams({ provider: PROVIDER, url }),
        ...more,
      },
    });
    gateway = await startGateway({
      model_list: [
        ...counts.map((one) => deployment(vertexModelName(one) ?? "", one)),
        ...caches.map((one) => deployment("gemini-2.5-flash", one, { use_in_pass_through: true })),
      ],
      litellm_settings: { num_retries: 0 },
    });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
  });

  test.each(named(counts))("countTokens %s", async (id, { url, body, answer }) => {
    const asked = body ?? { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
    const got = await gateway.call(`/v1beta/models/${id}:countTokens`, asked);
    expect(parseLoose(await got.text())).toEqual(parseLoose(answer));
    const sent = replay.last.get(id);
    expect(decodeURIComponent(new URL(sent?.url ?? "", url).pathname)).toBe(url.pathname);
    expect(sent?.body).toEqual(asked);
  });

  test.each(named(caches))("a cache %s", async (id, { url, method, body, answer }) => {
    const got = await fetch(`${gateway.url}/vertex_ai${url.pathname}`, {
      method,
      headers: { authorization: `Bearer ${gateway.key}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(await got.text()).toBe(answer);
    const sent = replay.last.get(id);
    expect([sent?.method, new URL(sent?.url ?? "", url).pathname]).toEqual([method, url.pathname]);
    if (body !== undefined) expect(sent?.body).toEqual(body);
  });
});
