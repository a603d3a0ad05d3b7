/** One request to several models, and shadow traffic, at the running gateway. */
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { sdkFor, user } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

/** Milliseconds each model takes. */
const PACE: Readonly<Record<string, number>> = { fast: 10, slow: 400, hanging: 60_000 };

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream(async (request, response) => {
    const model = String(request.body["model"]);
    if (model.startsWith("broken")) return json(response, 400, { error: { message: `${model} said no` } });
    await new Promise((next) => setTimeout(next, PACE[model] ?? 0).unref());
    if (request.body["stream"] !== true) return json(response, 200, whole("openai", `I am ${model}`));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(sse(events("openai", "I am ", model)));
  });
  const served = (name: string, model = name, params: object = {}) => ({
    model_name: name,
    litellm_params: { model: `openai/${model}`, api_base: `${upstream.url}/v1`, api_key: "k", ...params },
  });
  gateway = await startGateway({
    model_list: [
      served("fast"),
      served("slow"),
      served("hanging"),
      served("broken"),
      served("broken-2"),
      served("gpt", "gpt-4o-mini"),
      served("with,comma", "fast"),
      served("*", "*"),
      served("watched", "fast", { silent_model: "candidate" }),
      served("watched-twice", "broken", { silent_model: ["candidate", "broken-2", "watched"] }),
      served("candidate"),
    ],
    router_settings: { num_retries: 0 },
  });
  client = sdkFor(gateway, MASTER_KEY);
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const ask = (model: string, extra: object = {}, headers = {}) =>
  gateway.call("/v1/chat/completions", { model, messages: user("Hi"), ...extra }, headers);
const recordsOf = (id: string) => gateway.records().filter((record) => String(record["id"]).startsWith(id));
const asked = (model: string): Received[] => upstream.received.filter(({ body }) => body["model"] === model);

describe("several models", () => {
  it("answer in a list, in their order, each with its own record", async () => {
    const response = await ask("slow, fast,broken", {}, { "x-litellm-call-id": "list-1" });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-litellm-call-id")).toBe("list-1");
    const body = (await response.json()) as Record<string, never>[];
    expect(body).toMatchObject([
      { choices: [{ message: { content: "I am slow" } }] },
      { choices: [{ message: { content: "I am fast" } }] },
      { error: { code: "400", message: expect.stringContaining("broken said no") } },
    ]);
    await until(() => recordsOf("list-1").length === 3);
    expect(recordsOf("list-1").map(({ id, modelGroup, outcome }) => [id, modelGroup, outcome])).toEqual(
      expect.arrayContaining([
        ["list-1-1", "slow", "success"],
        ["list-1-2", "fast", "success"],
        ["list-1-3", "broken", "failure"],
      ]),
    );
  });

  it("cost what they cost together", async () => {
    const one = Number((await ask("gpt")).headers.get("x-litellm-response-cost"));
    expect(one).toBeGreaterThan(0);
    const two = await ask("gpt,gpt,broken");
    expect(Number(two.headers.get("x-litellm-response-cost"))).toBeCloseTo(2 * one, 12);
    expect((await ask("gpt,fast")).headers.get("x-litellm-response-cost")).toBeNull(); // the price of one is not known
  });

  it("are an error where all fail", async () => {
    const response = await ask("broken,broken-2");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining("broken said no") } });
  });

  it("are not meant where a group has that very name", async () => {
    expect(await (await ask("with,comma")).json()).toMatchObject({ choices: [{ message: { content: "I am fast" } }] });
  });

  it.each([
    ["streams", "fast,slow", { stream: true }, "stream"],
    ["no name", ",", {}, "model"],
    ["too many", Array.from({ length: 11 }, (_, i) => `m${i}`).join(","), {}, "model"],
  ])("are refused: %s", async (_, model, extra, param) => {
    const before = upstream.received.length;
    const response = await ask(model, extra, { "x-litellm-call-id": `refused-${param}` });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param, code: "400" } });
    expect(upstream.received.length).toBe(before);
    await until(() => recordsOf(`refused-${param}`).length > 0);
  });
});

describe("fastest_response", () => {
  it("gives the first success and stops the others", async () => {
    const begun = Date.now();
    const response = await ask("hanging,broken,fast", { fastest_response: true }, { "x-litellm-call-id": "race-1" });
    expect(Date.now() - begun).toBeLessThan(5000);
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: "I am fast" } }] });
    expect(response.headers.get("x-litellm-fastest_response_batch_completion")).toBe("True");
    expect(response.headers.get("x-litellm-model-group")).toBe("fast");
    await until(() => recordsOf("race-1").length === 3);
    const outcomes = Object.fromEntries(recordsOf("race-1").map(({ modelGroup, outcome }) => [modelGroup, outcome]));
    expect(outcomes).toEqual({ hanging: "aborted", broken: "failure", fast: "success" });
    await until(() => asked("hanging").every(({ aborted }) => aborted));
  });

  it("works for streams: the first to begin is the answer", async () => {
    const stream = await client.chat.completions.create({
      model: "slow,fast",
      messages: user("Hi"),
      stream: true,
      ...{ fastest_response: true },
    });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("I am fast");
    await until(() => asked("slow").at(-1)?.aborted === true);
  });

  it("fails where all fail", async () => {
    const response = await ask("broken,broken-2", { fastest_response: true });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("broken said no");
  });

  it("never goes upstream, and means nothing for one model", async () => {
    await ask("fast", { fastest_response: true });
    expect(upstream.received.at(-1)?.body).not.toHaveProperty("fastest_response");
  });
});

describe("shadow traffic", () => {
  it("repeats the request in the background, and the record says so", async () => {
    const before = asked("candidate").length;
    const response = await ask("watched", { temperature: 0.5 }, { "x-litellm-call-id": "shadow-1" });
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: "I am fast" } }] });
    await until(() => recordsOf("shadow-1").length === 2);
    expect(asked("candidate").length).toBe(before + 1);
    expect(asked("candidate").at(-1)?.body).toMatchObject({ temperature: 0.5, messages: user("Hi") });
    expect(asked("fast").at(-1)?.body).not.toHaveProperty("silent_model");
    const [shadow, own] = ["shadow-1-shadow", "shadow-1"].map((id) =>
      recordsOf("shadow-1").find((record) => record["id"] === id),
    );
    expect(shadow).toMatchObject({ shadow: true, modelGroup: "candidate", outcome: "success" });
    expect(own).toMatchObject({ modelGroup: "watched", outcome: "success" });
    expect(own).not.toHaveProperty("shadow");
  });

  it("reads streams to their end", async () => {
    const response = await ask("watched", { stream: true }, { "x-litellm-call-id": "shadow-2" });
    expect(await response.text()).toContain("[DONE]");
    await until(() => recordsOf("shadow-2").length === 2);
    expect(recordsOf("shadow-2").every(({ outcome, stream }) => outcome === "success" && stream)).toBe(true);
  });

  it("goes to several, on failures too, and casts no shadow itself", async () => {
    const response = await ask("watched-twice", {}, { "x-litellm-call-id": "shadow-3" });
    expect(response.status).toBe(400);
    await until(() => recordsOf("shadow-3").length === 4);
    await new Promise((next) => setTimeout(next, 200));
    expect(recordsOf("shadow-3").map(({ id, modelGroup, outcome }) => [id, modelGroup, outcome])).toEqual(
      expect.arrayContaining([
        ["shadow-3", "watched-twice", "failure"],
        ["shadow-3-shadow", "candidate", "success"],
        ["shadow-3-shadow-2", "broken-2", "failure"],
        ["shadow-3-shadow-3", "watched", "success"],
      ]),
    );
    expect(recordsOf("shadow-3")).toHaveLength(4);
  });
});
