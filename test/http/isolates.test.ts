/** Two isolates of the gateway, which know of each other only by objects and database: as on Cloudflare. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream, until } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(({ path }, response) =>
    path.startsWith("/down")
      ? json(response, 429, { error: { message: "slow down" } }, { "retry-after": "60" })
      : json(response, 200, whole("openai", "Hello")),
  );
  const at = (folder: string) => ({
    model: "openai/gpt-4o-mini",
    api_key: "sk-x",
    api_base: `${upstream.url}${folder}`,
    input_cost_per_token: 0.001,
    output_cost_per_token: 0.001,
  });
  gateway = await startGateway(
    {
      model_list: [
        { model_name: "well", litellm_params: at("/v1") },
        { model_name: "mixed", litellm_params: at("/v1") },
        { model_name: "mixed", litellm_params: at("/down/v1") },
      ],
      router_settings: { num_retries: 2, cooldown_time: 60 },
    },
    {},
    undefined,
    { unreachable: [], ledgerPauses: true },
  );
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

type Isolate = "first" | "second";

async function call(isolate: Isolate, path: string, body?: unknown, key = MASTER_KEY): Promise<Response> {
  return fetch(`${isolate === "first" ? gateway.url : gateway.twinUrl}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

async function chat(isolate: Isolate, model: string, key?: string): Promise<number> {
  const body = { model, max_tokens: 10, messages: [{ role: "user", content: "Hi" }] };
  const response = await call(isolate, "/v1/chat/completions", body, key);
  await response.arrayBuffer();
  return response.status;
}

async function newKey(fields: object): Promise<string> {
  const { key } = (await (await call("first", "/key/generate", fields)).json()) as { key: string };
  return key;
}

/** Statuses of calls at both isolates, all at once. */
const burst = (calls: number, model: string, key: string) =>
  Promise.all(Array.from({ length: calls }, (_, at) => chat(at % 2 === 0 ? "first" : "second", model, key)));

describe("two isolates", () => {
  it("honour each other's cooldowns", async () => {
    await chat("second", "well"); // it runs
    for (let calls = 0; calls < 12; calls++) expect(await chat("first", "mixed")).toBe(200);
    const down = () => upstream.received.filter(({ path }) => path.startsWith("/down")).length;
    expect(down()).toBe(1);
    await until(() => true);
    await new Promise((next) => setTimeout(next, 1000)); // within a second all know
    for (let calls = 0; calls < 12; calls++) expect(await chat("second", "mixed")).toBe(200);
    expect(down()).toBeLessThanOrEqual(2); // the second asks first what the group's object knows
    const seen = down();
    for (let calls = 0; calls < 12; calls++) await chat(calls % 2 === 0 ? "first" : "second", "mixed");
    expect(down()).toBe(seen);
  });

  it("admit no more than the limit between them", async () => {
    const key = await newKey({ rpm_limit: 20 });
    await chat("first", "well", key);
    const seen = await burst(60, "well", key);
    const admitted = seen.filter((status) => status === 200).length;
    expect(admitted).toBeLessThanOrEqual(19);
    expect(admitted).toBeGreaterThanOrEqual(15); // a lease may hold a few back
    expect(new Set(seen)).toEqual(new Set([200, 429]));
  });

  it("overspend no budget between them, and end at the sum of the rows", async () => {
    const key = await newKey({ max_budget: 0.2 });
    const seen = await burst(40, "well", key); // each reserves about 0.02, and costs 0.018
    expect(seen.filter((status) => status === 200).length).toBeLessThanOrEqual(11);
    const spendOf = async () => {
      const { info } = (await (await call("second", `/key/info?key=${key}`)).json()) as { info: { spend: number } };
      return info.spend;
    };
    const rows = async () =>
      (await (await call("first", `/spend/logs?api_key=${key}`)).json()) as { spend: number; status: string }[];
    await expect
      .poll(async () => (await rows()).filter(({ status }) => status === "success").length, { timeout: 15_000 })
      .toBe(seen.filter((status) => status === 200).length);
    const sum = (await rows()).reduce((total, { spend }) => total + spend, 0);
    expect(await spendOf()).toBeCloseTo(sum, 9);
    expect(sum).toBeLessThanOrEqual(0.2);
  });

  it("stop a key everywhere within seconds of its being blocked at one", async () => {
    const key = await newKey({});
    expect(await chat("second", "well", key)).toBe(200);
    expect((await call("first", "/key/block", { key })).status).toBe(200);
    await expect.poll(() => chat("second", "well", key), { timeout: 10_000, interval: 250 }).toBe(401);
  });

  it("serve a model that was added at one from the other", async () => {
    const model = {
      model_name: "added",
      litellm_params: { model: "openai/gpt-4o-mini", api_key: "sk-x", api_base: `${upstream.url}/v1` },
    };
    expect((await call("first", "/model/new", model)).status).toBe(200);
    await expect.poll(() => chat("second", "added"), { timeout: 15_000, interval: 250 }).toBe(200);
  });
});
