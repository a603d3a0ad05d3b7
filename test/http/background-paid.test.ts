/** What is asked for in the background, by clients and providers that do not keep to the usual: it is held for, and paid for once. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

type Json = Record<string, unknown>;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let made = 0;
/** By id; the test says when they are over. */
const kept = new Map<string, Json>();
const usage = {
  ...{ input_tokens: 20, input_tokens_details: { cached_tokens: 0 }, output_tokens: 10 },
  ...{ output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 30 },
};
/** Of `gpt-5`. */
const COST = (20 * 1.25 + 10 * 10) / 1e6;
/** Tells that a request has come whose answer waits. */
let isAsked = () => {};
let mayAnswer = Promise.resolve();

async function answer({ method, path, body }: Received, response: ServerResponse): Promise<void> {
  const { pathname } = new URL(path, "http://upstream");
  const id = pathname.split("/").at(-1) ?? "";
  if (method === "GET") return json(response, kept.has(id) ? 200 : 404, kept.get(id) ?? { error: { message: "no" } });
  if (body["model"] === "down") return json(response, 400, { error: { message: "no", type: "invalid_request_error" } });
  const isThread = pathname.includes("/threads");
  const theirs = `${isThread ? "run" : "resp"}_up${++made}`;
  const one: Json = isThread
    ? { id: theirs, object: "thread.run", status: "queued", created_at: 1, thread_id: "thread_up", usage: null }
    : {
        ...{
          id: theirs,
          object: "response",
          created_at: 1,
          model: body["model"],
          background: body["background"] ?? false,
        },
        ...(body["background"] === true && body["instructions"] !== "at once"
          ? { status: "queued", output: [], usage: null }
          : { status: "completed", output: [], usage }),
      };
  if (/\/(?:threads|assistants)$/.test(pathname)) {
    const kind = pathname.endsWith("threads") ? "thread" : "assistant";
    return json(response, 200, { id: `${kind}_up`, object: kind, model: body["model"], created_at: 1 });
  }
  kept.set(theirs, one);
  if (body["instructions"] === "wait") {
    isAsked();
    await mayAnswer;
  }
  if (body["stream"] !== true) return json(response, 200, one);
  response.writeHead(200, { "content-type": "text/event-stream" });
  const name = isThread ? "thread.run.created" : "response.queued";
  const event = isThread ? one : { type: name, sequence_number: 0, response: one };
  response.write(`event: ${name}\ndata: ${JSON.stringify(event)}\n\n`);
}

function becomesCompleted(): void {
  const one = [...kept.values()].at(-1);
  const used = one?.["object"] === "response" ? usage : { prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 };
  Object.assign(one ?? {}, { status: "completed", model: "gpt-5", usage: used });
}

beforeAll(async () => {
  upstream = await startUpstream(answer);
  const model = (name: string, litellm: string, extra: object = {}, info: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-env", api_base: `${upstream.url}/v1`, ...extra },
    model_info: info,
  });
  gateway = await startGateway(
    {
      model_list: [
        model("first", "openai/gpt-5"),
        model("cheap", "openai/down", {}, { input_cost_per_token: 1e-9, output_cost_per_token: 1e-9 }),
        model("shown", "openai/gpt-5", { silent_model: "first" }),
        model("always", "openai/gpt-5", { background: true }),
        model("wild/*", "openai/*", {}, { input_cost_per_token: 1, output_cost_per_token: 1 }),
        // Two deployments of one host, of which only they know their prices.
        model("twins", "openai/one-of-two", {}, { input_cost_per_token: 1, output_cost_per_token: 1 }),
        model("twins", "openai/two-of-two", {}, { input_cost_per_token: 1e-6, output_cost_per_token: 1e-6 }),
      ],
      router_settings: {
        num_retries: 0,
        disable_cooldowns: true,
        hedge_after: 0.1,
        model_group_alias: { alias: "first" },
      },
    },
    { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function client(fields: object = {}) {
  const answer = await gateway.call("/key/generate", fields);
  const { key, token } = (await answer.json()) as { key: string; token: string };
  const rows = async () =>
    (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as (Json & { spend: number })[];
  return {
    key,
    openai: sdkFor(gateway, key),
    paid: async () => (await rows()).map(({ spend }) => spend).filter((spend) => spend > 0),
    rows,
  };
}

const eventually = { timeout: 15_000, interval: 200 };

describe("a response in the background", () => {
  const asked = { model: "first", input: "Hi", background: true } as const;

  it.each([false, true])(
    "is paid for where it is over at once, streamed: %s",
    async (stream) => {
      const one = await client();
      if (!stream) await one.openai.responses.create({ ...asked, instructions: "at once" });
      else {
        const reader = (
          await gateway.call(
            "/v1/responses",
            { ...asked, instructions: "at once", stream },
            { authorization: `Bearer ${one.key}` },
          )
        ).body?.getReader();
        await reader?.read();
        await reader?.cancel();
      }
      await expect.poll(one.paid, eventually).toEqual([COST]);
    },
    30_000,
  );

  it("is one where only `extra_body` says so", async () => {
    const one = await client({ max_budget: COST / 2 });
    const sneaked = { model: "first", input: "Hi", extra_body: { background: true } };
    expect((await failureOf(one.openai.responses.create(sneaked as object as typeof asked))).status).toBe(422);
    const rich = await client();
    const { id } = await rich.openai.responses.create(sneaked as object as typeof asked);
    becomesCompleted();
    await rich.openai.responses.retrieve(id);
    await expect.poll(rich.paid, eventually).toEqual([COST]);
  }, 30_000);

  it("is none where nothing could be set aside for it: said by a fallback alone, or by an `extra_body` in the other", async () => {
    const one = await client();
    const before = kept.size;
    for (const said of [{ background: true }, { extra_body: { background: true } }])
      for (const fallbacks of [
        { fallbacks: [{ model: "first", ...said }] },
        { context_window_fallbacks: [{ cheap: [{ model: "first", ...said }] }] },
        { extra_body: { fallbacks: [{ model: "first", ...said }] } },
      ]) {
        const body = { model: "cheap", input: "Hi", ...fallbacks } as object as typeof asked;
        const failure = await failureOf(one.openai.responses.create(body));
        expect([failure.status, failure.param]).toEqual([400, "fallbacks"]);
      }
    const sneaked = { model: "first", input: "Hi", extra_body: { extra_body: { background: true } } };
    const authorization = `Bearer ${one.key}`;
    await (await gateway.call("/v1/responses", sneaked, { authorization })).text();
    expect(upstream.received.at(-1)?.body).not.toHaveProperty("background");
    expect([...kept.values()].slice(before).filter(({ background }) => background === true)).toEqual([]);
  }, 30_000);

  it("is paid for where the admin's default asks for it", async () => {
    const one = await client();
    const { id } = await one.openai.responses.create({ model: "always", input: "Hi" });
    becomesCompleted();
    await one.openai.responses.retrieve(id);
    await expect.poll(one.paid, eventually).toEqual([COST]);
  }, 30_000);

  it("is asked of one model", async () => {
    const one = await client({ max_budget: 1 });
    const count = upstream.received.length;
    const failure = await failureOf(one.openai.responses.create({ ...asked, model: "first,always" }));
    expect([failure.status, failure.param]).toEqual([400, "model"]);
    expect(upstream.received).toHaveLength(count);
  });

  it("holds as much as the fallback may cost that makes it", async () => {
    const one = await client({ max_budget: (100 * 10) / 1e6 / 2 });
    const before = kept.size;
    const failure = await failureOf(
      one.openai.responses.create({
        ...asked,
        model: "cheap",
        max_output_tokens: 100,
        fallbacks: ["first"],
      } as object as typeof asked),
    );
    expect(failure.status).toBeGreaterThanOrEqual(400);
    expect(kept.size).toBe(before);
    const rich = await client({ max_budget: (100 * 10 * 1.8) / 1e6 });
    const body = { ...asked, model: "cheap", max_output_tokens: 100, fallbacks: ["first"] } as object as typeof asked;
    expect((await rich.openai.responses.create(body)).status).toBe("queued");
    expect((await failureOf(rich.openai.responses.create({ ...body, model: "first" }))).status).toBe(422);
  }, 30_000);

  it("is held for under the limit of the fallback that makes it", async () => {
    const one = await client({
      model_max_budget: { first: { budget_limit: (100 * 10 * 1.5) / 1e6, time_period: "1d" } },
    });
    const body = { ...asked, model: "cheap", max_output_tokens: 100, fallbacks: ["first"] } as object as typeof asked;
    expect((await one.openai.responses.create(body)).status).toBe("queued");
    const before = kept.size;
    await failureOf(one.openai.responses.create(body));
    expect(kept.size).toBe(before);
  }, 30_000);

  it("counts for its customer and tags, before and after", async () => {
    await gateway.call("/customer/new", { user_id: "acme", max_budget: (100 * 10 * 1.5) / 1e6 });
    const one = await client();
    const body = {
      ...asked,
      max_output_tokens: 100,
      user: "acme",
      metadata: { tags: ["blue"] } as object as Record<string, string>,
    };
    const { id } = await one.openai.responses.create(body);
    expect((await failureOf(one.openai.responses.create(body))).status).toBe(422);
    becomesCompleted();
    await one.openai.responses.retrieve(id);
    await expect.poll(one.paid, eventually).toEqual([COST]);
    const row = (await one.rows()).find(({ spend }) => spend > 0);
    expect(row).toMatchObject({ end_user: "acme", request_tags: ["blue"] });
    const spent = async () =>
      ((await (await gateway.call("/customer/info?end_user_id=acme")).json()) as { spend: number }).spend;
    await expect.poll(spent, eventually).toBeCloseTo(COST, 9);
  }, 40_000);

  it("costs what its own deployment does, of several", async () => {
    const one = await client();
    for (let round = 0; round < 4; round++) {
      const { id } = await one.openai.responses.create({ ...asked, model: "twins" });
      const made = [...kept.values()].at(-1) ?? {};
      Object.assign(made, { status: "completed", usage });
      await one.openai.responses.retrieve(id);
    }
    await expect.poll(async () => (await one.paid()).length, eventually).toBe(4);
    for (const { model, spend } of await one.rows())
      if (spend > 0) expect([model, spend]).toEqual([model, model === "one-of-two" ? 30 : 30e-6]);
  }, 40_000);

  it("costs what the admin says of a wildcard", async () => {
    const one = await client();
    const { id } = await one.openai.responses.create({ ...asked, model: "wild/gpt-5" });
    becomesCompleted();
    await one.openai.responses.retrieve(id);
    await expect.poll(one.paid, eventually).toEqual([30]);
  }, 30_000);

  it("is held for under the limit of its model, by whatever name it is asked for", async () => {
    const one = await client({
      model_max_budget: { first: { budget_limit: (100 * 10 * 1.5) / 1e6, time_period: "1d" } },
    });
    const body = { ...asked, model: "alias", max_output_tokens: 100 };
    await one.openai.responses.create(body);
    expect((await failureOf(one.openai.responses.create(body))).status).toBe(422);
  }, 30_000);

  it("is begun once where slow answers are hedged", async () => {
    const one = await client();
    const before = made;
    mayAnswer = new Promise((resolve) => setTimeout(resolve, 500));
    isAsked = () => {};
    await one.openai.responses.create({ ...asked, model: "twins", instructions: "wait" });
    expect(made).toBe(before + 1);
  }, 30_000);

  it("is not repeated in the shadow", async () => {
    const one = await client({ max_budget: 1.5 });
    const before = made;
    const { id } = await one.openai.responses.create({ ...asked, model: "shown", max_output_tokens: 100 });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(made).toBe(before + 1);
    becomesCompleted();
    await one.openai.responses.retrieve(id);
    await expect.poll(one.paid, eventually).toEqual([COST]);
  }, 30_000);

  it("goes on where its client leaves before the answer", async () => {
    for (const stream of [false, true]) {
      const one = await client();
      let answerIt = () => {};
      mayAnswer = new Promise((resolve) => {
        answerIt = resolve;
      });
      const isThere = new Promise<void>((resolve) => {
        isAsked = resolve;
      });
      const leaving = new AbortController();
      const body = { ...asked, instructions: "wait", stream };
      const call = fetch(`${gateway.url}/v1/responses`, {
        method: "POST",
        headers: { authorization: `Bearer ${one.key}`, "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: leaving.signal,
      });
      await isThere;
      becomesCompleted();
      leaving.abort();
      await expect(call).rejects.toThrow();
      await new Promise((resolve) => setTimeout(resolve, 300));
      // The provider still tells of one that is queued, or over: somebody looks.
      answerIt();
      await expect.poll(one.paid, eventually).toEqual([COST]);
    }
  }, 60_000);

  it("is ended by nobody who only says so", async () => {
    const one = await client();
    const { id } = await one.openai.responses.create(asked);
    const [theirs] = [...kept.keys()].slice(-1);
    const forger = await client({ metadata: { allow_client_mock_response: true } });
    const forged = { object: "response", id: theirs, model: "gpt-5", background: true, output: [], created_at: 1 };
    for (const status of ["completed", "failed"])
      await forger.openai.responses.create({
        ...asked,
        mock_response: { ...forged, status, usage: null },
      } as object as typeof asked);
    await new Promise((resolve) => setTimeout(resolve, 500));
    becomesCompleted();
    await one.openai.responses.retrieve(id);
    await expect.poll(one.paid, eventually).toEqual([COST]);
    expect(await forger.paid()).toEqual([]);
  }, 40_000);

  it("is refused on pass-through routes, where nobody would look for its end", async () => {
    const one = await client();
    for (const body of [asked, { ...asked, stream: true }]) {
      const response = await gateway.call(
        "/openai_passthrough/v1/responses",
        { ...body, model: "gpt-5" },
        { authorization: `Bearer ${one.key}` },
      );
      expect([response.status, await response.json()]).toMatchObject([400, { error: { param: "background" } }]);
    }
    const usual = await gateway.call(
      "/openai_passthrough/v1/responses",
      { model: "gpt-5", input: "Hi", background: false },
      { authorization: `Bearer ${one.key}` },
    );
    expect(usual.status).toBe(200);
  }, 30_000);
});

describe("a run of a thread", () => {
  it("is paid for where its client leaves before the answer, by the customer it is for", async () => {
    const one = await client();
    const assistant = await one.openai.beta.assistants.create({ model: "first" });
    const thread = await one.openai.beta.threads.create({});
    let answerIt = () => {};
    mayAnswer = new Promise((resolve) => {
      answerIt = resolve;
    });
    const isThere = new Promise<void>((resolve) => {
      isAsked = resolve;
    });
    const leaving = new AbortController();
    const call = one.openai.beta.threads.runs.create(
      thread.id,
      { assistant_id: assistant.id, instructions: "wait", metadata: { user_id: "someone" } },
      { signal: leaving.signal },
    );
    await isThere;
    becomesCompleted();
    leaving.abort();
    await expect(call).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 300));
    answerIt();
    await expect.poll(one.paid, eventually).toEqual([COST]);
    expect((await one.rows()).find(({ spend }) => spend > 0)).toMatchObject({ end_user: "someone" });
  }, 40_000);
});

describe("a grader", () => {
  it.each(["long", -1e12])("reserves for a wrong bound (%s), too", async (max_completions_tokens) => {
    const one = await client({ max_budget: 0.01 });
    const grader = {
      type: "score_model",
      name: "g",
      model: "first",
      input: [{ role: "user", content: "?" }],
      sampling_params: { max_completions_tokens },
    };
    const count = upstream.received.length;
    const response = await gateway.call(
      "/v1/fine_tuning/alpha/graders/run",
      { grader, model_sample: "x" },
      { authorization: `Bearer ${one.key}` },
    );
    expect(response.status).toBe(422);
    expect(upstream.received).toHaveLength(count);
  });
});
