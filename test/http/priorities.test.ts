/** Limits that depend on how busy a model is: reserved shares of its capacity, and `dynamic` limits of keys. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(({ path }, response) =>
    path.startsWith("/down") ? json(response, 500, {}) : json(response, 200, whole("openai", "Hello")),
  );
  const at = (folder: string) => ({
    model: "openai/gpt-4o-mini",
    api_key: "sk-x",
    api_base: `${upstream.url}${folder}`,
  });
  gateway = await startGateway({
    model_list: [
      { model_name: "shared", litellm_params: { ...at("/v1"), rpm: 20 } },
      { model_name: "quiet", litellm_params: at("/v1") },
      { model_name: "troubled", litellm_params: at("/v1") },
      { model_name: "troubled", litellm_params: { ...at("/down/v1"), cooldown_time: 60 } },
      { model_name: "unbounded", litellm_params: at("/v1") },
    ],
    litellm_settings: {
      priority_reservation: { prod: 0.75, dev: 0.25 },
      priority_reservation_settings: { default_priority: 0.1, saturation_threshold: 0.5 },
    },
    router_settings: { num_retries: 2, allowed_fails: 0 },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function keyWith(fields: object): Promise<Record<string, string>> {
  const { key } = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
  return { authorization: `Bearer ${key}` };
}

/** Statuses of calls made one after the other. */
async function statuses(model: string, headers: Record<string, string>, calls: number): Promise<number[]> {
  const seen: number[] = [];
  for (let call = 0; call < calls; call++) {
    const body = { model, messages: [{ role: "user", content: "Hi" }], max_tokens: 5 };
    const response = await gateway.call("/v1/chat/completions", body, headers);
    await response.arrayBuffer();
    seen.push(response.status);
  }
  return seen;
}

const admitted = (seen: number[]) => seen.filter((status) => status === 200).length;

describe("priority reservation", () => {
  it("leaves the rest of a busy model to those it is reserved for", async () => {
    const dev = await keyWith({ metadata: { priority: "dev" } });
    const prod = await keyWith({ metadata: { priority: "prod" } });
    const nobody = await keyWith({});
    const ofDev = await statuses("shared", dev, 14);
    expect(admitted(ofDev)).toBe(10); // half of the capacity is free for all; beyond it dev has used its share
    expect(ofDev.slice(10)).toEqual([429, 429, 429, 429]);
    expect(admitted(await statuses("shared", nobody, 3))).toBe(2); // a tenth of 20
    expect(admitted(await statuses("shared", prod, 12))).toBe(8); // all that is left of 20
  });

  it("reserves nothing of a model whose capacity nobody has stated", async () => {
    const dev = await keyWith({ metadata: { priority: "dev" } });
    expect(admitted(await statuses("unbounded", dev, 25))).toBe(25);
  });
});

describe("dynamic limits of a key", () => {
  it("do not hold while the model is well, and hold once a deployment of it is cooling down", async () => {
    const key = await keyWith({ rpm_limit: 3, rpm_limit_type: "dynamic" });
    expect(admitted(await statuses("quiet", key, 6))).toBe(6);
    const other = await keyWith({});
    await statuses("troubled", other, 8); // some of them find the one that is down, which then cools
    expect(admitted(await statuses("troubled", key, 5))).toBe(3);
    expect(admitted(await statuses("quiet", key, 2))).toBe(2);
  });
});
