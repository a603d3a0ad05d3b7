/** The Responses API over a WebSocket, at the running gateway: by hand and by the `openai` package. */
import { ResponsesWS } from "openai/resources/responses/ws";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { digestOf } from "../../src/tenancy/digest.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerResponses } from "./responses-upstream.ts";
import type { Row } from "./rows.ts";
import { sdkFor } from "./sdk.ts";
import { type ClientSession, connect, type Event, Refused } from "./sockets.ts";
import { startUpstream, until } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(answerResponses);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: {
      model: litellm,
      api_key: "sk-upstream",
      api_base: `${upstream.url}/v1`,
      input_cost_per_token: 0.000_001,
      output_cost_per_token: 0.000_002,
      cache_read_input_token_cost: 0.000_001,
      ...extra,
    },
  });
  gateway = await startGateway({
    model_list: [
      model("gpt", "openai/gpt-5-mini"),
      model("limited", "openai/limited"),
      model("drips", "openai/drips"),
      model("broken-off", "openai/cut", { order: 1 }),
      model("broken-off", "custom_openai/some-model", { order: 2 }),
      model("down", "openai/down"),
      model("claude", "anthropic/claude-sonnet-4-5", { api_base: upstream.url }),
      model("chat", "custom_openai/some-model"),
    ],
    router_settings: {
      num_retries: 0,
      fallbacks: [{ down: ["claude"] }],
      disable_cooldowns: true,
      mid_stream_fallback: "continue",
    },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const open = (key = MASTER_KEY, path = "/v1/responses") =>
  connect(`${gateway.url}${path}`, { authorization: `Bearer ${key}` });

const create = (fields: object = {}): Event => ({ type: "response.create", model: "gpt", input: "Hi", ...fields });

async function newKey(fields: Record<string, unknown> = {}): Promise<string> {
  const response = await gateway.call("/key/generate", fields);
  const body = (await response.json()) as { key: string };
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body.key;
}

async function spendOf(key: string): Promise<number> {
  const response = await gateway.call(`/key/info?key=${encodeURIComponent(key)}`);
  return ((await response.json()) as { info: { spend: number } }).info.spend;
}

async function rowsOf(key: string): Promise<Row[]> {
  return (await (await gateway.call(`/spend/logs?api_key=${await digestOf(key)}`)).json()) as Row[];
}

const WAIT = { timeout: 10_000, interval: 100 };

/** Of a response with the upstream's usage. */
const COST = 20 * 0.000_001 + 10 * 0.000_002;

async function refusal(opening: Promise<ClientSession>): Promise<Refused> {
  const error = await opening.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Refused);
  return error as Refused; // as just seen
}

const lastInput = () =>
  JSON.stringify(upstream.received.at(-1)?.body["input"] ?? upstream.received.at(-1)?.body["messages"]);

describe("opening", () => {
  it("works under each path, by header, subprotocol and query", async () => {
    for (const path of ["/v1/responses", "/responses", "/openai/v1/responses"]) {
      const session = await open(MASTER_KEY, path);
      session.send(create());
      await session.next("response.completed");
      session.close();
    }
    const named = await connect(`${gateway.url}/v1/responses`, {}, [
      "responses",
      `openai-insecure-api-key.${MASTER_KEY}`,
    ]);
    expect(named.protocol).toBe("responses");
    named.close();
    (await connect(`${gateway.url}/v1/responses?api-key=${MASTER_KEY}`)).close();
  });

  it("is refused without a key, with a wrong one, and without an upgrade", async () => {
    expect((await refusal(connect(`${gateway.url}/v1/responses`))).status).toBe(401);
    expect((await refusal(open("sk-wrong"))).status).toBe(401);
    expect((await gateway.call("/v1/responses")).status).toBe(426);
  });
});

describe("responses", () => {
  it("come by the openai package, turn after turn", async () => {
    const client = sdkFor(gateway, MASTER_KEY);
    const socket = new ResponsesWS(client);
    const texts: string[] = [];
    let turns = 0;
    socket.on("event", (event) => {
      if (event.type === "response.output_text.delta") texts.push(event.delta);
      if (event.type !== "response.completed") return;
      turns += 1;
      if (turns === 1)
        socket.send({
          type: "response.create",
          model: "gpt",
          previous_response_id: event.response.id,
          input: "And?",
          store: false,
        });
      else socket.close();
    });
    const failed: unknown[] = [];
    socket.on("error", (error) => failed.push(error));
    socket.send({ type: "response.create", model: "gpt", input: "Hi", store: false });
    await until(() => turns === 2 || failed.length > 0);
    expect(failed).toEqual([]);
    expect(texts).toEqual(["Hello there", "Hello there"]);
    expect(lastInput()).toMatch(/Hi.*Hello there.*And\?/);
  });

  it("go on from what the provider keeps by its own id", async () => {
    const session = await open();
    session.send(create());
    const { response } = await session.next("response.completed");
    const { id } = response as { id: string };
    session.send(create({ previous_response_id: id, input: "And?" }));
    await session.next("response.completed");
    expect(upstream.received.at(-1)?.body).toMatchObject({ previous_response_id: "resp_up", input: "And?" });
    session.close();
  });

  it.each(["claude", "chat"])("of %s go on from what nobody keeps, and from what the gateway keeps", async (model) => {
    const session = await open();
    for (const store of [false, true]) {
      session.send(create({ model, store, input: "First words" }));
      const { response } = await session.next("response.completed");
      session.send(create({ model, store, previous_response_id: (response as { id: string }).id, input: "And?" }));
      const next = await session.next("response.completed");
      expect(next["response"]).toMatchObject({ previous_response_id: (response as { id: string }).id });
      expect(lastInput()).toMatch(/First words.*And\?/);
    }
    session.close();
    const other = await open();
    const { response } = session.events.find(({ type }) => type === "response.completed") as Event;
    other.send(create({ model, previous_response_id: (response as { id: string }).id }));
    const error = await other.next("error");
    expect(error).toMatchObject({ status: 400, error: { code: "previous_response_not_found" } });
    other.close();
  });

  it("are on the ledger one by one, and paid for by the key", async () => {
    const key = await newKey();
    const session = await open(key);
    session.send(create({ generate: false, store: false }));
    const { response } = await session.next("response.completed");
    for (let turn = 0; turn < 3; turn++)
      session.send(create({ store: false, previous_response_id: (response as { id: string }).id }));
    for (let turn = 0; turn < 3; turn++) await session.next("response.completed");
    session.close();
    await vi.waitFor(async () => expect(await spendOf(key)).toBeCloseTo(3 * COST, 9), WAIT);
    await vi.waitFor(async () => expect(await rowsOf(key)).toHaveLength(3), WAIT);
    for (const row of await rowsOf(key)) expect([row.status, row.spend]).toEqual(["success", expect.closeTo(COST, 9)]);
  });

  it("run beside each other in lanes", async () => {
    const session = await open();
    session.send(create({ model: "drips", stream_id: "slow" }));
    await session.next("response.output_text.delta");
    session.send(create({ stream_id: "quick" }));
    expect(await session.next("response.completed")).toMatchObject({ stream_id: "quick" });
    session.terminate();
    await until(() => upstream.received.find(({ body }) => body["model"] === "drips")?.aborted === true);
  });

  it("fall back before and within the stream", async () => {
    const session = await open();
    session.send(create({ model: "down", store: false }));
    expect(await session.next("response.completed")).toMatchObject({ response: { status: "completed" } });
    session.send(create({ model: "broken-off", store: false }));
    const { response } = await session.next("response.completed", 10_000);
    expect(JSON.stringify(response)).toContain("Hello there");
    expect(session.events.filter(({ type }) => type === "response.failed" || type === "error")).toEqual([]);
    session.close();
  });
});

describe("refusals", () => {
  it("come in-band with their status, and the connection stays", async () => {
    const session = await open();
    session.send("{");
    expect(await session.next("error")).toMatchObject({ status: 400 });
    session.send(Buffer.from([1, 2, 3]));
    expect(await session.next("error")).toMatchObject({ status: 400 });
    session.send(create({ model: "nobody" }));
    expect(await session.next("error")).toMatchObject({
      status: 400,
      error: { message: expect.stringMatching(/nobody/) },
    });
    session.send(create({ input: 5 }));
    expect(await session.next("error")).toMatchObject({ status: 400, error: { param: "input" } });
    session.send(create({ model: "limited" }));
    const limited = await session.next("error");
    expect(limited).toMatchObject({ status: 429, error: { message: expect.stringMatching(/11\.054s/) } });
    session.send(create({ previous_response_id: `resp_slc${"0".repeat(32)}` }));
    expect(await session.next("error")).toMatchObject({ error: { code: "previous_response_not_found" } });
    session.send(create({ generate: false, model: "nobody", stream_id: "warm" }));
    session.send({ type: "response.steer", previous_response_id: "resp_1", input: "Stop" });
    await session.next("response.steer.failed");
    session.send(create());
    await session.next("response.completed");
    session.close();
  });

  it("hold for models and budgets of the key, each time", async () => {
    const key = await newKey({ models: ["gpt"], max_budget: COST * 1.5 });
    const session = await open(key);
    session.send(create({ model: "claude" }));
    expect(await session.next("error")).toMatchObject({ status: 403 });
    session.send(create({ model: "claude", generate: false }));
    expect(await session.next("error")).toMatchObject({ status: 403 });
    session.send(create({ max_output_tokens: 16 }));
    await session.next("response.completed");
    session.send(create({ max_output_tokens: 1000 }));
    const refused = await session.next("error");
    expect(refused).toMatchObject({ error: { type: "budget_exceeded" } });
    session.close();
  });

  it("come as soon as the key is blocked", async () => {
    const key = await newKey();
    const session = await open(key);
    session.send(create());
    await session.next("response.completed");
    expect((await gateway.call("/key/block", { key })).status).toBe(200);
    session.send(create());
    expect(await session.next("error")).toMatchObject({ status: 401 });
    expect(session.closed).toBeUndefined();
    session.close();
  });
});

describe("a client that leaves", () => {
  it("stops the upstream, and what was used is counted", async () => {
    const key = await newKey();
    const session = await open(key);
    session.send(create({ model: "drips" }));
    await session.next("response.output_text.delta");
    const asked = upstream.received.at(-1);
    session.terminate();
    await until(() => asked?.aborted === true);
    await vi.waitFor(async () => expect(await spendOf(key)).toBeGreaterThan(0), WAIT);
    await vi.waitFor(async () => expect((await rowsOf(key))[0]?.spend).toBeGreaterThan(0), WAIT);
  });

  it("leaves the others alone", async () => {
    const sessions = await Promise.all(Array.from({ length: 20 }, () => open()));
    sessions.forEach((session, index) => {
      session.send(create({ input: `from ${index}`, store: false }));
      if (index % 2 === 0) session.terminate();
    });
    await Promise.all(
      sessions.filter((_, index) => index % 2 === 1).map((session) => session.next("response.completed")),
    );
    for (const session of sessions) session.close();
    expect((await gateway.call("/health/liveliness")).status).toBe(200);
  });
});
