/** Sessions in real time at the running gateway, with real WebSockets on both sides. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { type Script, startProvider, USAGE } from "./realtime-provider.ts";
import { type ClientSession, connect, type Event, Refused, type SocketServer } from "./sockets.ts";
import { until } from "./upstream.ts";

/** US dollars a token. */
const PRICES = {
  input_cost_per_token: 0.000_004,
  output_cost_per_token: 0.000_016,
  input_cost_per_audio_token: 0.000_032,
  output_cost_per_audio_token: 0.000_064,
  cache_read_input_token_cost: 0.000_000_4,
};
/** Of one response with `USAGE`. */
const COST = 60 * 0.000_004 + 40 * 0.000_032 + 20 * 0.000_016 + 30 * 0.000_064;

let provider: SocketServer;
let gateway: TestGateway;
let script: Script = {};

beforeAll(async () => {
  provider = await startProvider(() => script, {
    refuse: ({ url = "", headers }) => {
      if (headers.authorization === "Bearer sk-wrong")
        return { status: 401, body: JSON.stringify({ error: { message: "Incorrect API key provided" } }) };
      if (url.includes("model=limited")) return { status: 429, body: JSON.stringify({ error: { message: "slow" } }) };
      if (url.includes("model=broken")) return { status: 500, body: "oh no" };
      return undefined;
    },
  });
  const deployment = (model_name: string, model: string, more: object = {}, info: object = {}) => ({
    model_name,
    litellm_params: {
      model: `openai/${model}`,
      api_key: "sk-upstream",
      api_base: `${provider.url}/v1`,
      ...PRICES,
      ...more,
    },
    model_info: { mode: "realtime", max_input_tokens: 32_000, max_output_tokens: 4096, ...info },
  });
  gateway = await startGateway({
    model_list: [
      deployment("voice", "gpt-realtime"),
      deployment("wrong-key", "gpt-realtime", { api_key: "sk-wrong" }),
      deployment("fragile", "broken"),
      deployment("mixed", "limited", { order: 1 }),
      deployment("mixed", "gpt-realtime", { order: 2 }),
      deployment("short", "gpt-realtime", { tpm: 200 }),
      { model_name: "chat-only", litellm_params: { model: "anthropic/claude-sonnet-4-5", api_key: "sk-a" } },
    ],
    router_settings: { num_retries: 1, retry_after: 0, fallbacks: [{ fragile: ["voice"] }], disable_cooldowns: true },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await provider?.close();
});

async function newKey(fields: Record<string, unknown> = {}): Promise<string> {
  const response = await gateway.call("/key/generate", fields);
  const body = (await response.json()) as { key: string };
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body.key;
}

function open(key = MASTER_KEY, model = "voice", path = "/v1/realtime"): Promise<ClientSession> {
  return connect(`${gateway.url}${path}?model=${model}`, { authorization: `Bearer ${key}` });
}

async function refusal(opening: Promise<ClientSession>): Promise<Refused> {
  const error = await opening.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(Refused);
  return error as Refused; // as just seen
}

const create: Event = { type: "response.create" };

async function spendOf(key: string): Promise<number> {
  const response = await gateway.call(`/key/info?key=${encodeURIComponent(key)}`);
  const { info } = (await response.json()) as { info: { spend: number } };
  return info.spend;
}

async function spent(key: string, expected: number): Promise<number> {
  let spend = await spendOf(key);
  for (let waited = 0; waited < 100 && Math.abs(spend - expected) > 1e-9; waited++) {
    await new Promise((next) => setTimeout(next, 100));
    spend = await spendOf(key);
  }
  return spend;
}

/** Rows of a session, once there are so many. */
async function rowsOf(session: ClientSession, count: number): Promise<Record<string, unknown>[]> {
  const id = String(session.headers["x-litellm-call-id"]);
  let rows: Record<string, unknown>[] = [];
  for (let waited = 0; waited < 120 && rows.length < count; waited++) {
    const response = await gateway.call(`/spend/logs?request_id=${id}`);
    rows = (await response.json()) as Record<string, unknown>[];
    if (rows.length < count) await new Promise((next) => setTimeout(next, 100));
  }
  return rows;
}

describe("a session", () => {
  it("passes events both ways, and is charged for its responses", async () => {
    script = { text: "Hello." };
    const key = await newKey({ max_budget: 10 });
    const session = await open(key);
    const created = await session.next("session.created");
    expect(created["session"]).toMatchObject({ object: "realtime.session", model: "gpt-realtime" });
    session.send({ type: "session.update", session: { type: "realtime", model: "voice", instructions: "Be brief." } });
    expect(await session.next("session.updated")).toMatchObject({
      session: { type: "realtime", model: "gpt-realtime", instructions: "Be brief." },
    });
    session.send({
      type: "conversation.item.create",
      item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
    });
    session.send(create);
    expect(await session.next("response.output_text.delta")).toMatchObject({ delta: "Hello." });
    expect(await session.next("response.done")).toMatchObject({ response: { status: "completed", usage: USAGE } });
    expect(await spent(key, COST)).toBeCloseTo(COST, 9); // while the session goes on
    session.send(create);
    await session.next("response.done");
    session.close(1000, "bye");
    expect(await session.end()).toEqual({ code: 1000, reason: "bye" });
    expect(await spent(key, 2 * COST)).toBeCloseTo(2 * COST, 9);

    const rows = await rowsOf(session, 3);
    expect(rows.map(({ call_type }) => call_type).sort()).toEqual([
      "realtime",
      "realtime_response",
      "realtime_response",
    ]);
    const [response] = rows.filter(({ call_type }) => call_type === "realtime_response");
    expect(response).toMatchObject({
      model_group: "voice",
      custom_llm_provider: "openai",
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      status: "success",
      session_id: session.headers["x-litellm-call-id"],
    });
    expect(response?.["spend"]).toBeCloseTo(COST, 9);
    const own = rows.find(({ call_type }) => call_type === "realtime");
    expect(own).toMatchObject({ status: "success", spend: 0, total_tokens: 0 });
    expect(own?.["metadata"]).toMatchObject({
      realtime: { responses: 2, total_tokens: 300, cost: expect.closeTo(2 * COST, 9) },
    });

    const upstream = provider.sessions.at(-1);
    expect(upstream?.path).toBe("/v1/realtime?model=gpt-realtime");
    expect(upstream?.headers.authorization).toBe("Bearer sk-upstream");
    expect(upstream?.headers["openai-beta"]).toBeUndefined();
    await until(() => upstream?.closed !== undefined);
  });

  it("passes sound and function calls as they are", async () => {
    const audio = Array.from({ length: 5 }, () => "A".repeat(40_000));
    script = { audio, call: { name: "weather", arguments: '{"city":"Ulm"}' } };
    const session = await open();
    session.send({ type: "input_audio_buffer.append", audio: "AAAA" });
    session.send(create);
    const call = await session.next("response.function_call_arguments.done");
    expect(call).toMatchObject({ name: "weather", arguments: '{"city":"Ulm"}' });
    await session.next("response.done");
    const deltas = session.events.filter(({ type }) => type === "response.output_audio.delta");
    expect(deltas.map(({ delta }) => delta)).toEqual(audio);
    session.send({
      type: "conversation.item.create",
      item: { type: "function_call_output", call_id: "call_1", output: "rain" },
    });
    expect(await session.next("conversation.item.added")).toMatchObject({ item: { output: "rain" } });
    expect(provider.sessions.at(-1)?.received.map(({ type }) => type)).toEqual([
      "input_audio_buffer.append",
      "response.create",
      "conversation.item.create",
    ]);
    session.close();
    await session.end();
  });

  it("is opened at every path, with Azure's query and with the key among the subprotocols", async () => {
    const key = await newKey();
    for (const path of ["/v1/realtime", "/realtime", "/openai/v1/realtime", "/openai/realtime"]) {
      const session = await open(key, "voice", path);
      await session.next("session.created");
      session.close();
      await session.end();
    }
    const azure = await connect(`${gateway.url}/openai/realtime?api-version=2024-10-01-preview&deployment=voice`, {
      "api-key": key,
    });
    await azure.next("session.created");
    azure.close();
    const browser = await connect(`${gateway.url}/v1/realtime?model=voice`, {}, [
      "realtime",
      `openai-insecure-api-key.${key}`,
      "openai-beta.realtime-v1",
    ]);
    expect(browser.protocol).toBe("realtime");
    await browser.next("session.created");
    expect(provider.sessions.at(-1)?.headers["openai-beta"]).toBe("realtime=v1");
    expect(JSON.stringify(provider.sessions.at(-1)?.headers)).not.toContain(key);
    browser.close();
    await browser.end();
  });
});

describe("before it is open", () => {
  it("what is no upgrade is told so", async () => {
    const response = await gateway.call("/v1/realtime?model=voice");
    expect(response.status).toBe(426);
    expect(await response.json()).toMatchObject({ error: { type: "invalid_request_error" } });
  });

  it("refuses as every call does", async () => {
    expect((await refusal(open("sk-nobody"))).status).toBe(401);
    expect((await refusal(connect(`${gateway.url}/v1/realtime?model=voice`))).status).toBe(401);
    const unknown = await refusal(open(MASTER_KEY, "nothing"));
    expect([400, 404]).toContain(unknown.status);
    expect(JSON.parse(unknown.body)).toMatchObject({ error: { message: expect.stringContaining("nothing") } });
    const none = await refusal(connect(`${gateway.url}/v1/realtime`, { authorization: `Bearer ${MASTER_KEY}` }));
    expect(none.status).toBe(400);
    const joined = connect(`${gateway.url}/v1/realtime?call_id=rtc_1`, { authorization: `Bearer ${MASTER_KEY}` });
    expect((await refusal(joined)).status).toBe(400);
    const chat = await refusal(open(MASTER_KEY, "chat-only"));
    expect(chat.status).toBe(400);
    expect(chat.body).toContain("does not do realtime");
    const bound = await newKey({ models: ["short"] });
    expect([401, 403]).toContain((await refusal(open(bound))).status);
    const poor = await newKey({ max_budget: 0 });
    const broke = await refusal(open(poor));
    expect(JSON.parse(broke.body)).toMatchObject({ error: { type: "budget_exceeded" } });
    expect(broke.status).toBe(422);
  });

  it("counts one request and holds one place", async () => {
    const key = await newKey({ rpm_limit: 2, max_parallel_requests: 1 });
    const first = await open(key);
    expect((await refusal(open(key))).status).toBe(429);
    first.close();
    await first.end();
    await new Promise((next) => setTimeout(next, 300));
    const second = await open(key);
    second.close();
    await second.end();
    await new Promise((next) => setTimeout(next, 300));
    expect((await refusal(open(key))).status).toBe(429);
  });

  it("tries other deployments and fallbacks, and tells the provider's refusal where none helps", async () => {
    const mixed = await open(MASTER_KEY, "mixed");
    await mixed.next("session.created");
    expect(mixed.headers["x-litellm-attempted-fallbacks"]).toBe("1");
    mixed.close();
    const fallen = await open(MASTER_KEY, "fragile");
    await fallen.next("session.created");
    expect(fallen.headers["x-litellm-model-group"]).toBe("voice");
    fallen.close();
    const wrong = await refusal(open(MASTER_KEY, "wrong-key"));
    expect(wrong.status).toBe(401);
    expect(wrong.body).toContain("Incorrect API key provided");
  });
});

describe("limits while it lasts", () => {
  it("a budget that is used up ends it before the response that would exceed it", async () => {
    script = { text: "x" };
    const key = await newKey({ max_budget: 3.5 * COST });
    const session = await open(key);
    await session.next("session.created");
    let answered = 0;
    for (let i = 0; i < 10 && session.closed === undefined; i++) {
      session.send({ ...create, response: { max_output_tokens: 50 } });
      await Promise.race([session.next("response.done").then(() => answered++), session.end()]).catch(() => {});
    }
    const { error } = (await session.next("error")) as unknown as { error: { type: string; message: string } };
    expect(error.type).toBe("budget_exceeded");
    expect(error.message).toContain("Budget has been exceeded!");
    expect((await session.end()).code).toBe(1008);
    expect(answered).toBeGreaterThan(0);
    expect(answered * COST).toBeLessThanOrEqual(3.5 * COST);
    expect(await spent(key, answered * COST)).toBeCloseTo(answered * COST, 9);
    expect((await rowsOf(session, answered + 1)).find(({ call_type }) => call_type === "realtime")).toMatchObject({
      status: "failure",
    });
  });

  it("an answer without a bound is bounded by the money there is", async () => {
    script = { text: "x" };
    const key = await newKey({ max_budget: 0.1 });
    const session = await open(key);
    session.send(create);
    await session.next("response.done");
    const sent = provider.sessions.at(-1)?.received.find(({ type }) => type === "response.create");
    const { max_output_tokens: most } = (sent?.["response"] ?? {}) as { max_output_tokens?: number };
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(1600);
    session.close();
    await session.end();
  });

  it("tokens a minute end it, too", async () => {
    script = { text: "x" };
    const key = await newKey({ tpm_limit: 1000 });
    const session = await open(key);
    await session.next("session.created");
    for (let i = 0; i < 10 && session.closed === undefined; i++) {
      session.send({ ...create, response: { max_output_tokens: 50 } });
      await Promise.race([session.next("response.done"), session.end()]).catch(() => {});
    }
    const { error } = (await session.next("error")) as unknown as { error: { code: string; message: string } };
    expect(error.code).toBe("rate_limit_exceeded");
    expect(error.message).toContain("Limit type: tokens");
    expect((await session.end()).code).toBe(1008);
  });

  it("a key that is blocked meanwhile gets no further response", async () => {
    script = { text: "x" };
    const key = await newKey({ max_budget: 10 });
    const session = await open(key);
    session.send(create);
    await session.next("response.done");
    await gateway.call("/key/block", { key });
    session.send(create);
    const { error } = (await session.next("error")) as unknown as { error: { message: string } };
    expect(error.message).toContain("blocked");
    expect((await session.end()).code).toBe(1008);
  });

  it("speech that the provider answers by itself is let in before it is passed on", async () => {
    script = { audio: ["AAAA"] };
    const session = await open(await newKey({ max_budget: 1 }));
    await session.next("session.created");
    const detection = { audio: { input: { turn_detection: { type: "server_vad", create_response: true } } } };
    session.send({ type: "session.update", session: { type: "realtime", ...detection } });
    await session.next("session.updated");
    session.send({ type: "input_audio_buffer.append", audio: "A".repeat(6400) });
    session.send({ type: "input_audio_buffer.commit", answer: true });
    await session.next("response.done");
    session.close();
    await session.end();
    expect((await rowsOf(session, 2)).map(({ call_type }) => call_type).sort()).toEqual([
      "realtime",
      "realtime_response",
    ]);

    const poor = await open(await newKey({ max_budget: 0.05 })); // a spoken answer may cost five times as much
    await poor.next("session.created");
    poor.send({ type: "session.update", session: { type: "realtime", ...detection } });
    await poor.next("session.updated");
    const before = provider.sessions.at(-1)?.received.length;
    poor.send({ type: "input_audio_buffer.append", audio: "A".repeat(6400) });
    expect(((await poor.next("error"))["error"] as { type: string }).type).toBe("budget_exceeded");
    expect((await poor.end()).code).toBe(1008);
    expect(provider.sessions.at(-1)?.received.length).toBe(before);
  });

  it("a response nobody has asked for is charged, and stopped where there is no money", async () => {
    script = { text: "x" };
    const key = await newKey({ max_budget: 1 });
    const session = await open(key);
    await session.next("session.created");
    session.send({ type: "input_audio_buffer.commit", answer: true });
    await session.next("response.done");
    expect(await spent(key, COST)).toBeCloseTo(COST, 9);
    session.close();
    await session.end();
  });

  it("what is written down of speech is charged at the price of the model that does it", async () => {
    const key = await newKey({ max_budget: 1 });
    const session = await open(key);
    await session.next("session.created");
    const transcription = { audio: { input: { transcription: { model: "gpt-4o-mini-transcribe" } } } };
    session.send({ type: "session.update", session: { type: "realtime", ...transcription } });
    await session.next("session.updated");
    const usage = {
      type: "tokens",
      total_tokens: 1100,
      input_tokens: 1000,
      output_tokens: 100,
      input_token_details: { audio_tokens: 1000, text_tokens: 0 },
    };
    session.send({ type: "input_audio_buffer.commit", transcription: usage });
    await session.next("conversation.item.input_audio_transcription.completed");
    session.close();
    await session.end();
    const rows = await rowsOf(session, 2);
    const row = rows.find(({ call_type }) => call_type === "realtime_transcription");
    expect(row).toMatchObject({ model: "gpt-4o-mini-transcribe", prompt_tokens: 1000, completion_tokens: 100 });
    expect(Number(row?.["spend"])).toBeGreaterThan(0.001);
    expect(await spent(key, Number(row?.["spend"]))).toBeCloseTo(Number(row?.["spend"]), 9);
  });
});

describe("its end", () => {
  it("codes and reasons pass both ways", async () => {
    for (const [code, reason] of [
      [4001, "own reasons"],
      [1000, "done"],
      [3000, "unauthorised"],
    ] as const) {
      const session = await open();
      await session.next("session.created");
      session.send({ type: "close.me", code, reason });
      expect(await session.end()).toEqual({ code, reason });
      const told = session.events.some(({ type }) => type === "error");
      expect(told).toBe(code !== 1000);
    }
  });

  it("where the provider breaks off, the client is told, and what came is paid for", async () => {
    script = { text: "half", end: "reset" };
    const key = await newKey({ max_budget: 10 });
    const session = await open(key);
    await session.next("session.created");
    session.send(create);
    const { error } = (await session.next("error")) as unknown as { error: { type: string; message: string } };
    expect(error.message).toContain("ended the session");
    expect((await session.end()).code).toBe(1011);
    const rows = await rowsOf(session, 2);
    expect(rows).toHaveLength(2);
    for (const row of rows) expect(row).toMatchObject({ status: "failure" });
    const response = rows.find(({ call_type }) => call_type === "realtime_response");
    expect(Number(response?.["prompt_tokens"])).toBeGreaterThan(0);
    expect(Number(response?.["spend"])).toBeGreaterThan(0);
  });

  it("a client that hangs up stops the provider, and pays what the provider says", async () => {
    script = { text: "long", end: "hang" };
    const key = await newKey({ max_budget: 10 });
    const session = await open(key);
    await session.next("session.created");
    session.send(create);
    await session.next("response.output_text.delta");
    const upstream = provider.sessions.at(-1);
    session.terminate();
    await until(() => upstream?.received.some(({ type }) => type === "response.cancel") === true);
    await until(() => upstream?.closed !== undefined);
    expect(await spent(key, COST)).toBeCloseTo(COST, 9);
    const rows = await rowsOf(session, 2);
    expect(rows.find(({ call_type }) => call_type === "realtime")).toMatchObject({ status: "failure" });
  });

  it("a provider that does not say is not waited for", async () => {
    script = { text: "long", end: "deaf" };
    const key = await newKey({ max_budget: 10 });
    const session = await open(key);
    await session.next("session.created");
    session.send(create);
    await session.next("response.output_text.delta");
    session.close();
    await session.end();
    const upstream = provider.sessions.at(-1);
    await until(() => upstream?.closed !== undefined, 8000);
    const rows = await rowsOf(session, 2);
    const response = rows.find(({ call_type }) => call_type === "realtime_response");
    expect(Number(response?.["spend"])).toBeGreaterThan(0);
  });

  it("a response the provider refuses or fails is a failure on the ledger, and the session goes on", async () => {
    const session = await open(await newKey({ max_budget: 10 }));
    await session.next("session.created");
    script = { end: "failed" };
    session.send({ ...create, event_id: "event_mine" });
    expect(await session.next("error")).toMatchObject({ error: { message: "not now", event_id: "event_mine" } });
    script = { end: "failed", usage: USAGE };
    session.send(create);
    expect(await session.next("response.done")).toMatchObject({ response: { status: "failed" } });
    script = { text: "x" };
    session.send(create);
    await session.next("response.done");
    session.close();
    await session.end();
    const rows = await rowsOf(session, 4);
    const responses = rows.filter(({ call_type }) => call_type === "realtime_response");
    expect(responses.map(({ status }) => status).sort()).toEqual(["failure", "failure", "success"]);
    expect(responses.map(({ spend }) => Number(spend) > 0).sort()).toEqual([false, true, true]);
  });
});

describe("what clients send", () => {
  it("garbage is answered with an error, and the session goes on", async () => {
    script = { text: "x" };
    const session = await open();
    await session.next("session.created");
    for (const garbage of ["{", "null", "[]", '"text"', "{}", '{"type":1}', "[".repeat(100_000)]) {
      session.send(garbage);
      expect(await session.next("error")).toMatchObject({ error: { type: "invalid_request_error" } });
    }
    session.send(Buffer.from([0, 1, 2, 255]));
    session.send({ type: "input_audio_buffer.clear" });
    session.send(create);
    await session.next("response.done");
    const upstream = provider.sessions.at(-1);
    expect(upstream?.frames).toEqual([Buffer.from([0, 1, 2, 255])]);
    expect(upstream?.received.map(({ type }) => type)).toEqual(["input_audio_buffer.clear", "response.create"]);
    session.close();
    await session.end();
  });

  it("a request for a response in disguise is one all the same", async () => {
    script = { text: "x" };
    const session = await open(await newKey({ max_budget: 10 }));
    await session.next("session.created");
    session.send(Buffer.from(JSON.stringify(create)));
    await session.next("response.done");
    session.send('{"type":"response.create","audio":"","type":"input_audio_buffer.append"}');
    session.send({ type: "input_audio_buffer.clear" });
    await until(() => provider.sessions.at(-1)?.received.at(-1)?.type === "input_audio_buffer.clear");
    expect(provider.sessions.at(-1)?.received.map(({ type }) => type)).toEqual([
      "response.create",
      "input_audio_buffer.append",
      "input_audio_buffer.clear",
    ]);
    session.close();
    await session.end();
  });

  it("a message that is too large ends the session", async () => {
    const session = await open();
    await session.next("session.created");
    session.send({ type: "input_audio_buffer.append", audio: "A".repeat(25 * 1024 * 1024) });
    expect((await session.end(10_000)).code).toBe(1009);
  });

  it("fifty sessions at once each have their own answers", async () => {
    script = { text: "x" };
    const key = await newKey({ max_budget: 100 });
    const sessions = await Promise.all(Array.from({ length: 50 }, () => open(key)));
    await Promise.all(
      sessions.map(async (session) => {
        await session.next("session.created", 15_000);
        session.send({ ...create, response: { max_output_tokens: 50 } });
        await session.next("response.done", 15_000);
        session.close();
        await session.end();
      }),
    );
    expect(await spent(key, 50 * COST)).toBeCloseTo(50 * COST, 8);
  });
});
