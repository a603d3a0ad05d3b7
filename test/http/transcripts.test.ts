/** AssemblyAI's transcripts behind the gateway: paid for by the second of audio, once, whoever sees their end. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import type { Row } from "./rows.ts";
import { json, startUpstream } from "./upstream.ts";

type Json = Record<string, unknown>;

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
const kept = new Map<string, Json>();
let refusal: { status: number; body: unknown } | undefined;

beforeAll(async () => {
  upstream = await startUpstream(({ method, path, body }, response) => {
    const [, id] = /\/v2\/transcript\/([^/?]+)$/.exec(path) ?? [];
    if (refusal !== undefined) return json(response, refusal.status, refusal.body);
    if (method === "POST") {
      const made = { ...body, id: `t-${kept.size + 1}`, status: "queued", audio_duration: null };
      kept.set(made.id, made);
      return json(response, 200, made);
    }
    const one = kept.get(id ?? "");
    if (one === undefined) return json(response, 404, { error: "Transcript lookup error" });
    if (method === "DELETE") kept.delete(id ?? "");
    return json(response, 200, one);
  });
  gateway = await startGateway(
    { model_list: [] },
    {
      ASSEMBLYAI_API_KEY: "assembly-key",
      ASSEMBLYAI_API_BASE: upstream.url,
      ASSEMBLYAI_EU_API_BASE: `${upstream.url}/eu`,
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

interface Client {
  key: string;
  token: string;
}

async function client(fields: object = {}): Promise<Client> {
  const metadata = { allowed_passthrough_routes: ["/assemblyai/*", "/eu.assemblyai/*"] };
  return (await (await gateway.call("/key/generate", { metadata, ...fields })).json()) as Client;
}

function ask({ key }: Pick<Client, "key">, path: string, body?: unknown, method = body === undefined ? "GET" : "POST") {
  return fetch(gateway.url + path, {
    method,
    headers: { authorization: key, "content-type": "application/json" }, // as AssemblyAI's clients send it
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

/** Rows of what was transcribed, once there are as many. */
function paid({ token }: Client, count: number): Promise<(Row & { model: string; metadata: Json })[]> {
  return vi.waitFor(
    async () => {
      const all = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as (Row & {
        model: string;
        metadata: Json;
      })[];
      const found = all.filter(({ call_type }) => call_type === "transcripts");
      expect(found).toHaveLength(count);
      return found;
    },
    { timeout: 15_000, interval: 100 },
  );
}

const spend = async ({ token }: Client) =>
  ((await (await gateway.call(`/key/info?key=${token}`)).json()) as { info: { spend: number } }).info.spend;

async function begun(one: Client, body: object = {}, prefix = "assemblyai"): Promise<string> {
  const response = await ask(one, `/${prefix}/v2/transcript`, { audio_url: "https://a.example/a.mp3", ...body });
  expect(response.status).toBe(200);
  return ((await response.json()) as { id: string }).id;
}

function becomes(id: string, fields: Json): void {
  kept.set(id, { ...kept.get(id), ...fields });
}

const DONE = { status: "completed", audio_duration: 600, text: "Hello" };

describe("a transcript", () => {
  it("costs the seconds of its audio, once, when its end is seen", async () => {
    const one = await client();
    const id = await begun(one);
    const early = await ask(one, `/assemblyai/v2/transcript/${id}`);
    expect(await early.json()).toMatchObject({ status: "queued" });
    becomes(id, DONE);
    for (let look = 0; look < 3; look++) {
      const seen = await ask(one, `/assemblyai/v2/transcript/${id}`);
      expect(await seen.json()).toMatchObject({ id, text: "Hello", audio_duration: 600 });
    }
    const [row] = await paid(one, 1);
    expect(row?.spend).toBeCloseTo(600 * 0.000_033_33, 9);
    expect(row?.model).toContain("best");
    await new Promise((next) => setTimeout(next, 500));
    await paid(one, 1);
    expect(await spend(one)).toBeCloseTo(600 * 0.000_033_33, 9);
  });

  it.each([
    ["nano", { speech_model: "nano" }, {}, 0.000_102_78],
    [
      "the one that was used",
      { speech_models: ["universal-3-pro", "universal-2"] },
      { speech_model_used: "universal-2" },
      0.15 / 3600,
    ],
    ["an unknown one at the dearest", { speech_model: "unheard-of" }, {}, 0.000_102_78],
  ])("is priced by its model: %s", async (_, asked, told, price) => {
    const one = await client();
    const id = await begun(one, asked);
    becomes(id, { ...DONE, ...told });
    await ask(one, `/assemblyai/v2/transcript/${id}`);
    const [row] = await paid(one, 1);
    expect(row?.spend).toBeCloseTo(600 * price, 9);
  });

  it("in Europe is paid for as well, and by whoever sees it first", async () => {
    const one = await client();
    const id = await begun(one, {}, "eu.assemblyai");
    expect(upstream.received.at(-1)?.path).toBe("/eu/v2/transcript");
    becomes(id, DONE);
    await ask({ key: MASTER_KEY }, `/eu.assemblyai/v2/transcript/${id}`);
    const [row] = await paid(one, 1);
    expect(row?.spend).toBeCloseTo(600 * 0.000_033_33, 9);
  });

  it("that is deleted is paid for before", async () => {
    const one = await client();
    const id = await begun(one);
    becomes(id, DONE);
    const gone = await ask(one, `/assemblyai/v2/transcript/${id}`, undefined, "DELETE");
    expect(gone.status).toBe(200);
    expect(kept.has(id)).toBe(false);
    const [row] = await paid(one, 1);
    expect(row?.spend).toBeCloseTo(600 * 0.000_033_33, 9);
  });

  it("that failed costs nothing, and one that tells what cannot be is not billed", async () => {
    const one = await client({ max_budget: 5 });
    const failed = await begun(one);
    becomes(failed, { status: "error", error: "Audio duration is too short." });
    await ask(one, `/assemblyai/v2/transcript/${failed}`);
    for (const audio_duration of [-5, "many", 1e12, null]) {
      const odd = await vi.waitFor(() => begun(one), { timeout: 10_000, interval: 200 });
      becomes(odd, { ...DONE, audio_duration });
      await ask(one, `/assemblyai/v2/transcript/${odd}`);
    }
    await new Promise((next) => setTimeout(next, 1000));
    await paid(one, 0);
    expect(await spend(one)).toBe(0);
  });
});

describe("budgets", () => {
  it("have to pay for the longest there is, before it begins", async () => {
    const poor = await client({ max_budget: 0.5 });
    const before = upstream.received.length;
    const response = await ask(poor, "/assemblyai/v2/transcript", { audio_url: "https://a.example/a.mp3" });
    expect(response.status).toBe(422);
    expect(JSON.stringify(await response.json())).toMatch(/[Bb]udget/);
    expect(upstream.received.length).toBe(before);
  });

  it("hold for each that is under way, and get back what it did not cost", async () => {
    const one = await client({ max_budget: 2 }); // 1.2 dollars each
    const id = await begun(one);
    const body = { audio_url: "https://a.example/b.mp3" };
    expect((await ask(one, "/assemblyai/v2/transcript", body)).status).toBe(422);
    becomes(id, DONE);
    await ask(one, `/assemblyai/v2/transcript/${id}`);
    await paid(one, 1);
    await vi.waitFor(async () => expect((await ask(one, "/assemblyai/v2/transcript", body)).status).toBe(200), {
      timeout: 10_000,
      interval: 200,
    });
  });

  it("get back what was held for a call that is refused", async () => {
    const one = await client({ max_budget: 2 });
    refusal = { status: 400, body: { error: "no such model" } };
    const body = { audio_url: "https://a.example/a.mp3" };
    const refused = await ask(one, "/assemblyai/v2/transcript", body).finally(() => {
      refusal = undefined;
    });
    expect([refused.status, await refused.json()]).toEqual([400, { error: "no such model" }]);
    const again = await ask(one, "/assemblyai/v2/transcript", body);
    expect(again.status).toBe(200);
  });
});

it("a path that is written otherwise is the same call", async () => {
  for (const path of ["/assemblyai/v2/transcript/", "/assemblyai/V2/Transcript", "/assemblyai/v2/%74ranscript"]) {
    const one = await client({ max_budget: 0.5 });
    const response = await ask(one, path, { audio_url: "https://a.example/a.mp3" });
    expect([path, response.status]).toEqual([path, 422]);
    expect(JSON.stringify(await response.json())).toMatch(/[Bb]udget/);
  }
});

it("is asked by a deployment as LiteLLM has it, where its chat models are another provider's", async () => {
  const usual = gateway;
  const params = { model: "assemblyai/*", api_key: "own-key", api_base: upstream.url, use_in_pass_through: true };
  gateway = await startGateway({ model_list: [{ model_name: "assemblyai/*", litellm_params: params }] });
  try {
    const one = await client();
    const id = await begun(one);
    expect(upstream.received.at(-1)?.headers["authorization"]).toBe("own-key");
    becomes(id, DONE);
    await ask(one, `/assemblyai/v2/transcript/${id}`);
    await paid(one, 1);
    expect((await ask(one, "/eu.assemblyai/v2/transcript")).status).toBe(400);
  } finally {
    await gateway.stop();
    gateway = usual;
  }
});
