/** Google's Interactions API against the running gateway: natively, by other providers, and what is kept of either. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { DONE, InteractionsKeeper, eventsOf as textsOf } from "./interactions-keeper.ts";
import { findRow } from "./rows.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

type Json = Record<string, unknown>;
interface Interaction {
  id?: string;
  status: string;
  steps: (Json & { type: string; content?: { text?: string }[] })[];
  previous_interaction_id?: string;
  [field: string]: unknown;
}

const CALL = {
  id: "call_1",
  type: "function",
  function: { name: "look", arguments: '{"at":"sky"}' },
};

function openai({ body }: Received, response: ServerResponse) {
  const model = String(body["model"]);
  if (model === "refuses")
    return json(response, 400, { error: { message: "no such thing", type: "invalid_request_error", param: "tools" } });
  if (model === "limited")
    return json(response, 429, { error: { message: "slow down", type: "rate_limit" } }, { "retry-after": "7" });
  const messages = body["messages"] as { role: string }[];
  const calls = body["tools"] !== undefined && messages.at(-1)?.role === "user";
  if (body["stream"] !== true) {
    const answer = whole("openai", "Hello") as { choices: Json[] };
    if (calls)
      answer.choices[0] = {
        index: 0,
        message: { role: "assistant", content: null, tool_calls: [CALL] },
        finish_reason: "tool_calls",
      };
    return json(response, 200, answer);
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const all = events("openai", "Hel", "lo");
  response.end(sse(model === "cut" ? all.slice(0, 2) : all));
}

function anthropic({ body }: Received, response: ServerResponse) {
  if (body["stream"] === true) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    return response.end(sse(events("anthropic", "Hel", "lo")));
  }
  const last = (body["messages"] as { content: { type: string }[] }[]).at(-1);
  if (body["tools"] === undefined || last?.content[0]?.type === "tool_result")
    return json(response, 200, whole("anthropic", "Hello"));
  const content = [
    { type: "thinking", thinking: "hm", signature: "EqQB+/8=" },
    { type: "tool_use", id: "toolu_1", name: "look", input: { at: "sky" } },
  ];
  json(response, 200, { ...whole("anthropic", ""), content, stop_reason: "tool_use" });
}

const keeper = new InteractionsKeeper();
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Two tenants. */
let one: { key: string; token: string };
let other: { key: string; token: string };

async function teamKey(alias: string): Promise<{ key: string; token: string }> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  return (await (await gateway.call("/key/generate", { team_id: team.team_id })).json()) as typeof one;
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (request.path.includes("/interactions")) keeper.answer(request, response);
    else if (request.path.endsWith("/messages")) anthropic(request, response);
    else openai(request, response);
  });
  const price = { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_002 };
  const model = (model_name: string, model: string, extra: object = {}) => ({
    model_name,
    litellm_params: { model, api_key: "k-one", api_base: upstream.url, ...extra },
  });
  const compatible = { api_base: `${upstream.url}/v1`, ...price };
  gateway = await startGateway(
    {
      model_list: [
        model("flash", "gemini/gemini-2.5-flash", price),
        model("flash", "gemini/gemini-2.5-flash", { ...price, api_key: "k-two" }),
        model("warm", "gemini/gemini-2.5-flash", { ...price, temperature: 0.3, max_tokens: 99 }),
        ...["bad", "quota", "down", "reset", "garbage", "cut", "cut-early", "fails", "slow"].map((name) =>
          model(name, `gemini/${name}`, price),
        ),
        model("deep-research-pro", "gemini/deep-research-pro", price),
        model("with-fallback", "gemini/down"),
        model("gpt", "openai/gpt-4o-mini", { ...compatible, use_chat_completions_api: true }),
        model("refuses", "custom_openai/refuses", compatible),
        model("limited", "custom_openai/limited", compatible),
        model("cut-gpt", "custom_openai/cut", compatible),
        model("anthropic/claude", "anthropic/claude-sonnet-4-5"),
        model("mocked", "openai/gpt-4o-mini", { mock_response: "mocked" }),
      ],
      router_settings: { num_retries: 0, fallbacks: [{ "with-fallback": ["gpt"] }], disable_cooldowns: true },
    },
    { GEMINI_API_KEY: "k-one", GEMINI_API_BASE: upstream.url },
  );
  one = await teamKey("one");
  other = await teamKey("other");
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const last = () => upstream.received.at(-1)!;
const lastKey = () => String(last().headers["x-goog-api-key"]);

function send(method: string, path: string, body?: unknown, { key } = one) {
  return fetch(`${gateway.url}${path}`, {
    method,
    headers: { "content-type": "application/json", "x-goog-api-key": key },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

const create = (body: Json, by = one) => send("POST", "/v1beta/interactions", { input: "Hi", ...body }, by);
const interactionOf = async (response: Response) => (await response.json()) as Interaction;
const failureOf = async (response: Response) =>
  ((await response.json()) as { error: { code: unknown; message: string; status?: string } }).error;
const eventsIn = (text: string) =>
  [...text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, name, data]) => ({
    name,
    data: data === "[DONE]" ? data : (JSON.parse(data ?? "") as Json & { interaction?: Interaction }),
  }));
const saidIn = ({ steps }: Pick<Interaction, "steps">) =>
  steps
    .flatMap(({ type, content }) => (type === "model_output" ? (content ?? []).map(({ text }) => text) : []))
    .join("");
const rowOf = (response: Response, by = one) => findRow(gateway, by.token, response.headers.get("x-litellm-call-id"));
const SPEND = 20 * 0.000_001 + 25 * 0.000_002;

describe("a model of Google's", () => {
  it("gets the client's body, and gives its own bytes back where nothing is kept", async () => {
    const asked = {
      model: "flash",
      store: false,
      input: [{ type: "user_input", content: [{ type: "text", text: "Hi" }] }],
      system_instruction: "Be brief.",
      generation_config: { temperature: 0, thinking_level: "low" },
      novel: { a_b: 1 },
    };
    const response = await create(asked);
    expect(last().path).toBe("/v1beta/interactions");
    expect(last().body).toEqual({ ...asked, model: "gemini-2.5-flash" });
    const told = {
      status: "completed",
      object: "interaction",
      created: "2026-06-01T00:00:00Z",
      updated: "2026-06-01T00:00:00Z",
      model: "gemini-2.5-flash",
      steps: [
        { type: "thought", signature: "c2lnbmVk" },
        { type: "model_output", content: [{ type: "text", text: "Hello" }] },
      ],
      usage: keeper.usage,
      service_tier: "standard",
    };
    expect(await response.text()).toBe(JSON.stringify(told));
    expect(await rowOf(response)).toMatchObject({
      call_type: "interactions",
      prompt_tokens: 20,
      completion_tokens: 25,
      spend: SPEND,
      status: "success",
    });
  });

  it("streams its own bytes where nothing is kept", async () => {
    const response = await create({ model: "flash", store: false, stream: true });
    expect(response.headers.get("content-type")).toContain("text/event-stream");
    const told = {
      status: "completed",
      object: "interaction",
      created: "2026-06-01T00:00:00Z",
      updated: "2026-06-01T00:00:00Z",
      model: "gemini-2.5-flash",
      usage: keeper.usage,
      service_tier: "standard",
    };
    expect(await response.text()).toBe(textsOf(told).join("") + DONE);
    expect(await rowOf(response)).toMatchObject({ prompt_tokens: 20, completion_tokens: 25, spend: SPEND });
  });

  it("gets the admin's defaults where Google has them", async () => {
    await create({ model: "warm", generation_config: { temperature: 1 } });
    expect(last().body).toEqual({
      model: "gemini-2.5-flash",
      input: "Hi",
      generation_config: { temperature: 1, max_output_tokens: 99 },
    });
  });

  it("sends on the revision the client speaks", async () => {
    await fetch(`${gateway.url}/v1beta/interactions`, {
      method: "POST",
      headers: { "x-goog-api-key": one.key, "content-type": "application/json", "api-revision": "2026-05-20" },
      body: JSON.stringify({ model: "flash", input: "Hi" }),
    });
    expect(last().headers["api-revision"]).toBe("2026-05-20");
  });

  it("an agent is asked for where a model is", async () => {
    const config = { type: "deep-research", thinking_summaries: "auto" };
    const response = await create({ agent: "deep-research-pro", agent_config: config });
    expect(last().body).toEqual({ agent: "deep-research-pro", input: "Hi", agent_config: config });
    expect(await interactionOf(response)).toMatchObject({ agent: "deep-research-pro", status: "completed" });
    expect(await rowOf(response)).toMatchObject({ spend: SPEND });
  });
});

const WAYS = { whole: false, streamed: true };

/** One interaction, whichever way it is told. */
async function made(body: Json, stream: boolean, by = one): Promise<Interaction> {
  const response = await create({ ...body, ...(stream && { stream }) }, by);
  if (!stream) return interactionOf(response);
  const all = eventsIn(await response.text());
  const end = all.find(({ name }) => name === "interaction.completed")?.data as Json & { interaction: Interaction };
  const ids = all.flatMap(({ data }) =>
    typeof data === "string" ? [] : (data.interaction?.id ?? (data["interaction_id"] as string | undefined) ?? []),
  );
  expect(new Set(ids).size).toBe(1);
  return end.interaction;
}

describe.each(Object.entries(WAYS))("an interaction that Google keeps, %s", (_, stream) => {
  it("is read, gone on from and deleted by its owner at the deployment that made it", async () => {
    for (let round = 0; round < 4; round++) {
      const first = await made({ model: "flash" }, stream);
      const account = lastKey();
      expect(first.id).toMatch(/^v1_[\w-]{100,}$/);
      const second = await made({ model: "flash", previous_interaction_id: first.id }, stream);
      expect(lastKey()).toBe(account);
      expect(last().body["previous_interaction_id"]).toMatch(/^v1_theirs\d+$/);
      expect(second.previous_interaction_id).toBe(first.id);
      const read = await interactionOf(await send("GET", `/v1beta/interactions/${second.id}?include_input=true`));
      expect(lastKey()).toBe(account);
      expect(last().path).toMatch(/^\/v1beta\/interactions\/v1_theirs\d+\?include_input=true$/);
      expect(read.id).toBe(second.id);
      expect(saidIn(read)).toBe("Hello");
      expect(JSON.stringify(read)).not.toContain("v1_theirs");
      expect(await (await send("DELETE", `/v1beta/interactions/${second.id}`)).json()).toEqual({});
      expect((await send("GET", `/v1beta/interactions/${second.id}`)).status).toBe(404);
    }
  });

  it("is nobody else's", async () => {
    const { id = "" } = await made({ model: "flash" }, stream);
    await expectGone(id, "flash");
  });
});

/** To the other tenant it is not there, whatever is done with the id. */
async function expectGone(id: string, model: string) {
  const before = upstream.received.length;
  for (const [method, path] of [
    ["GET", ""],
    ["DELETE", ""],
    ["POST", "/cancel"],
  ] as const) {
    const response = await send(method, `/interactions/${id}${path}`, method === "POST" ? {} : undefined, other);
    expect(response.status).toBe(404);
    expect(await failureOf(response)).toMatchObject({ code: 404, status: "NOT_FOUND" });
  }
  const response = await create({ model, previous_interaction_id: id }, other);
  expect(response.status).toBe(404);
  const hidden = await create({ model, extra_body: { previous_interaction_id: id } }, other);
  expect(hidden.status).toBe(404);
  expect(upstream.received).toHaveLength(before);
}

it("a stream of one that Google keeps is told again, with its events' own ids", async () => {
  const { id } = await made({ model: "flash" }, false);
  const response = await send("GET", `/v1beta/interactions/${id}?stream=true&last_event_id=e8`);
  expect(last().path).toContain("?stream=true&last_event_id=e8");
  const all = eventsIn(await response.text());
  expect(all.map(({ name }) => name)).toEqual(["interaction.completed", "done"]);
  expect(all[0]?.data).toMatchObject({ event_id: "e9", interaction: { id, status: "completed" } });
});

it("Google's own ids are an admin's alone", async () => {
  await create({ model: "deep-research-pro" });
  const theirs = [...keeper.kept.keys()].findLast((name) => name.startsWith("k-one "))?.slice("k-one ".length);
  expect((await send("GET", `/v1beta/interactions/${theirs}`)).status).toBe(404);
  expect((await gateway.call(`/v1beta/interactions/${theirs}`)).status).toBe(200);
});

const OTHERS = ["gpt", "anthropic/claude"];

describe.each(OTHERS)("%s, by chat", (model) => {
  it("answers, and the row has tokens and cost", async () => {
    const response = await create({ model, system_instruction: "Be brief.", store: false });
    const answer = await interactionOf(response);
    expect(answer).toEqual({
      status: "completed",
      object: "interaction",
      model: model === "gpt" ? "gpt-4o-mini" : "claude-sonnet-4-5",
      created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      updated: expect.any(String),
      steps: [{ type: "model_output", content: [{ type: "text", text: "Hello" }] }],
      usage: expect.objectContaining({ total_input_tokens: 11, total_output_tokens: 7, total_tokens: 18 }),
    });
    expect(await rowOf(response)).toMatchObject({
      call_type: "interactions",
      prompt_tokens: 11,
      completion_tokens: 7,
      status: "success",
    });
  });

  it("streams Google's events in their order", async () => {
    const response = await create({ model, stream: true });
    const all = eventsIn(await response.text());
    expect(all.map(({ name }) => name)).toEqual([
      "interaction.created",
      "interaction.status_update",
      "step.start",
      "step.delta",
      "step.delta",
      "step.stop",
      "interaction.completed",
      "done",
    ]);
    const deltas = all.filter(({ name }) => name === "step.delta").map(({ data }) => data);
    expect(deltas).toEqual([
      { event_type: "step.delta", index: 0, delta: { type: "text", text: "Hel" } },
      { event_type: "step.delta", index: 0, delta: { type: "text", text: "lo" } },
    ]);
    expect(all.at(-2)?.data).toMatchObject({ interaction: { status: "completed", usage: { total_tokens: 18 } } });
    expect(await rowOf(response)).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
  });

  describe.each(Object.entries(WAYS))("what the gateway keeps of it, %s", (_, stream) => {
    it("is read, gone on from and deleted by its owner", async () => {
      const first = await made({ model, input: "One" }, stream);
      expect(first.id).toMatch(/^v1_slc[0-9a-f]{32}$/);
      const second = await made({ model, input: "Two", previous_interaction_id: first.id }, stream);
      expect(second.previous_interaction_id).toBe(first.id);
      expect(JSON.stringify(last().body["messages"])).toMatch(/One.*Hello.*Two/);
      const read = await interactionOf(await send("GET", `/v1beta/interactions/${second.id}`));
      expect(read).toMatchObject({ id: second.id, status: "completed", previous_interaction_id: first.id });
      expect(read.steps.map(({ type }) => type)).toEqual(["user_input", "model_output"]);
      expect(read.steps[0]).toEqual({ type: "user_input", content: [{ type: "text", text: "Two" }] });
      expect(saidIn(read)).toBe("Hello");
      const again = await (await send("GET", `/interactions/${second.id}?stream=true`)).text();
      expect(eventsIn(again).map(({ name }) => name)).toContain("step.delta");
      expect(again.endsWith(DONE)).toBe(true);
      expect((await send("POST", `/v1beta/interactions/${second.id}/cancel`, {})).status).toBe(400);
      expect(await (await send("DELETE", `/v1beta/interactions/${second.id}`)).json()).toEqual({});
      expect((await send("GET", `/v1beta/interactions/${second.id}`)).status).toBe(404);
    });

    it("is nobody else's, and no response", async () => {
      const { id = "" } = await made({ model }, stream);
      await expectGone(id, model);
      expect((await send("GET", `/v1/responses/${id}`)).status).toBe(404);
      expect((await send("GET", `/v1/responses/${id.replace("v1_", "resp_")}`)).status).toBe(404);
    });

    it("can go on at Google", async () => {
      const { id } = await made({ model, input: "One" }, stream);
      const next = await made({ model: "flash", input: "Two", previous_interaction_id: id }, stream);
      expect(last().body["input"]).toEqual([
        { type: "user_input", content: [{ type: "text", text: "One" }] },
        { type: "model_output", content: [{ type: "text", text: "Hello" }] },
        { type: "user_input", content: [{ type: "text", text: "Two" }] },
      ]);
      expect(next.previous_interaction_id).toBe(id);
    });
  });

  it("calls a function, and goes on with its result", async () => {
    const tools = [
      { type: "function", name: "look", description: "Look", parameters: { type: "object", properties: {} } },
    ];
    const asked = { model, tools, generation_config: { thinking_level: "low", tool_choice: "any" } };
    const first = await interactionOf(await create(asked));
    expect(first.status).toBe("requires_action");
    const call = first.steps.at(-1);
    expect(call).toMatchObject({ type: "function_call", name: "look", arguments: { at: "sky" } });
    const result = {
      type: "function_result",
      name: "look",
      call_id: call?.["id"],
      result: [{ type: "text", text: "blue" }],
    };
    const kept = await interactionOf(await create({ ...asked, previous_interaction_id: first.id, input: [result] }));
    expect(saidIn(kept)).toBe("Hello");
    const remembered = last().body["messages"];
    const { generation_config: _, ...rest } = asked;
    const sent = [{ type: "user_input", content: [{ type: "text", text: "Hi" }] }, ...first.steps, result];
    await create({ ...rest, generation_config: { thinking_level: "low" }, input: sent, store: false });
    expect(last().body["messages"]).toEqual(remembered);
    if (model !== "gpt")
      expect(remembered).toMatchObject([
        {},
        {
          content: [
            { type: "thinking", thinking: "hm", signature: "EqQB+/8=" },
            { type: "tool_use", id: "toolu_1" },
          ],
        },
        { content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "blue" }] },
      ]);
  });
});

describe("what only Google does", () => {
  it.each([
    ["background", { background: true }],
    ["environment", { environment: "env_1" }],
    ["continuation_token", { continuation_token: "t" }],
    ["webhook_config", { webhook_config: { uris: [] } }],
  ])("%s is refused for others", async (name, extra) => {
    const before = upstream.received.length;
    const response = await create({ model: "gpt", ...extra });
    expect(response.status).toBe(400);
    const { message, status } = await failureOf(response);
    expect([message.includes("openai"), status]).toEqual([true, "INVALID_ARGUMENT"]);
    expect(JSON.stringify(message).length).toBeGreaterThan(name.length);
    expect(upstream.received).toHaveLength(before);
  });

  it("agents are no other provider's", async () => {
    expect((await create({ agent: "gpt" })).status).toBe(400);
    expect((await create({ agent: "unheard-of" })).status).toBeGreaterThanOrEqual(400);
  });
});

describe("bad input", () => {
  it.each([
    ["no model", { model: undefined }],
    ["an empty model", { model: "" }],
    ["input that is a number", { input: 4 }],
    ["steps that are none", { input: ["Hi"] }],
    ["a step of an unknown type", { input: [{ type: "dance" }] }],
    ["a text without text", { input: [{ type: "text" }] }],
    ["an image without data", { input: [{ type: "image", mime_type: "image/png" }] }],
    ["a result without its call", { input: [{ type: "function_result", result: "x" }] }],
    ["tools that are a text", { tools: "look" }],
    ["a tool nobody has", { tools: [{ type: "google_maps" }] }],
    ["a limit that is a text", { generation_config: { max_output_tokens: "many" } }],
    ["no input at all", { input: null }],
    ["stream that is a text", { stream: "yes" }],
  ])("%s", async (_, extra) => {
    const before = upstream.received.length;
    const response = await create({ model: "gpt", ...extra });
    expect(response.status).toBe(400);
    expect(await failureOf(response)).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
    expect(upstream.received).toHaveLength(before);
  });

  it("no JSON", async () => {
    const response = await send("POST", "/v1beta/interactions", "{");
    expect([response.status, (await failureOf(response)).status]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  it("depth without end", async () => {
    const deep = `${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`;
    const body = `{"model":"gpt","input":"Hi","response_format":${deep}}`;
    const response = await send("POST", "/v1beta/interactions", body);
    expect([response.status, (await failureOf(response)).status]).toEqual([400, "INVALID_ARGUMENT"]);
  });

  it("an id that is none", async () => {
    for (const id of ["v1_x", "resp_x", "%2e%2e", "v1_slc0"])
      expect((await send("GET", `/v1beta/interactions/${id}`)).status).toBe(404);
    expect(
      (await send("GET", "/v1beta/interactions/v1_x", undefined, { key: "sk-wrong-0123456789", token: "" })).status,
    ).toBe(401);
  });
});

describe("failures of the upstream", () => {
  it("Google's own words go on", async () => {
    const refused = await create({ model: "bad" });
    expect(refused.status).toBe(400);
    expect(await failureOf(refused)).toEqual({
      message: "Missing key 'type' in input 'tools'.",
      code: "invalid_request",
    });
    const full = await create({ model: "quota" });
    expect([full.status, await failureOf(full)]).toEqual([
      429,
      { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED" },
    ]);
  });

  it.each([
    ["down", 503],
    ["reset", 500],
    ["garbage", 500],
  ])("%s", async (model, status) => {
    const response = await create({ model });
    expect(response.status).toBe(status);
    expect((await failureOf(response)).message).not.toBe("");
    expect(await rowOf(response)).toMatchObject({ status: "failure", spend: 0 });
  });

  it("others' are told in Google's words", async () => {
    const refused = await create({ model: "refuses" });
    expect(refused.status).toBe(400);
    expect(await failureOf(refused)).toMatchObject({ code: 400, status: "INVALID_ARGUMENT" });
    const limited = await create({ model: "limited", stream: true });
    expect(limited.status).toBe(429);
    expect(await failureOf(limited)).toMatchObject({ code: 429, status: "RESOURCE_EXHAUSTED" });
  });

  it("a fallback answers, and keeps what it said", async () => {
    const answer = await made({ model: "with-fallback" }, true);
    expect(answer.id).toMatch(/^v1_slc/);
    expect(saidIn(await interactionOf(await send("GET", `/v1beta/interactions/${answer.id}`)))).toBe("Hello");
  });

  it("a stream that breaks off before its first word is an ordinary error", async () => {
    const response = await create({ model: "cut-early", stream: true });
    expect(response.status).toBe(500);
    expect((await failureOf(response)).message).toContain("ended before");
  });

  it.each([
    ["cut", "internal"],
    ["fails", "unavailable"],
    ["cut-gpt", "internal"],
  ])("%s: a stream that fails later says so in an event, and what came is paid for", async (model, code) => {
    for (const store of [true, false]) {
      const response = await create({ model, stream: true, store });
      expect(response.status).toBe(200);
      const end = eventsIn(await response.text()).at(-1);
      expect(end?.name).toBe("error");
      expect(end?.data).toMatchObject({ event_type: "error", error: { code, message: expect.stringMatching(/./) } });
      const row = await rowOf(response);
      expect(row.status).toBe("failure");
      expect(row.spend).toBeGreaterThan(0);
    }
  });

  it("a client that leaves stops the upstream", async () => {
    const controller = new AbortController();
    const response = await fetch(`${gateway.url}/v1beta/interactions`, {
      method: "POST",
      headers: { "x-goog-api-key": one.key, "content-type": "application/json" },
      body: JSON.stringify({ model: "slow", input: "Hi", stream: true }),
      signal: controller.signal,
    });
    await response.body?.getReader().read();
    const asked = last();
    controller.abort();
    await until(() => asked.aborted);
    const row = await rowOf(response);
    expect(row.spend).toBeGreaterThan(0);
  });
});

describe("paths", () => {
  it.each([
    "/v1beta/interactions",
    "/interactions",
    "/v1/interactions",
    "/v1alpha/interactions",
    "/gemini/v1beta/interactions",
  ])("%s", async (path) => {
    expect((await send("POST", path, { model: "gpt", input: "Hi" })).status).toBe(200);
    expect((await send("POST", `${path}?key=${MASTER_KEY}`, { model: "models/gpt", input: "Hi" })).status).toBe(200);
  });

  it("a model nobody has configured is asked for at Google below Google's own path", async () => {
    const response = await send("POST", "/gemini/v1beta/interactions", { model: "gemini-2.5-flash-lite", input: "Hi" });
    expect(response.status).toBe(200);
    const { id } = await interactionOf(response);
    expect(await interactionOf(await send("GET", `/gemini/v1beta/interactions/${id}`))).toMatchObject({ id });
    expect((await send("GET", `/gemini/v1beta/interactions/${id}`, undefined, other)).status).toBe(404);
  });

  it("a mock", async () => {
    const told = await made({ model: "mocked" }, true);
    expect(saidIn(await interactionOf(await send("GET", `/v1beta/interactions/${told.id}`)))).toBe("mocked");
  });
});

describe("in the background", () => {
  const spends = async ({ token }: typeof one) => {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as { spend: number }[];
    return rows.map(({ spend }) => spend).filter((spend) => spend > 0);
  };
  const newKey = async (fields: object = {}) =>
    (await (await gateway.call("/key/generate", fields)).json()) as typeof one;
  const eventually = { timeout: 15_000, interval: 200 };
  const later = { agent: "deep-research-pro", background: true };

  it.each(Object.entries(WAYS))("it is paid for once, whoever comes back for it, %s", async (_, stream) => {
    const by = await newKey();
    const response = await create({ ...later, ...(stream && { stream }) }, by);
    expect(response.status).toBe(200);
    const text = await response.text();
    const id = /"id":"(v1_[\w-]{100,})"/.exec(text)?.[1];
    expect(text).not.toContain("v1_theirs");
    for (let times = 0; times < 3; times++) {
      const read = await interactionOf(await send("GET", `/v1beta/interactions/${id}`, undefined, by));
      expect(read).toMatchObject({ id, status: "completed" });
    }
    await expect.poll(() => spends(by), eventually).toEqual([SPEND]);
    await send("GET", `/v1beta/interactions/${id}`, undefined, by);
    await new Promise((next) => setTimeout(next, 500));
    expect(await spends(by)).toEqual([SPEND]);
  });

  it("is held for: no budget is overspent", async () => {
    keeper.hangs = true;
    const by = await newKey({ max_budget: 0.2 });
    const made = await Promise.all(Array.from({ length: 4 }, () => create({ model: "flash", background: true }, by)));
    const statuses = made.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, 422, 422, 422]);
    const { id } = await interactionOf(made.find(({ status }) => status === 200)!);
    expect((await send("GET", `/v1beta/interactions/${id}`, undefined, by)).status).toBeLessThan(500);
    keeper.hangs = false;
    const cancelled = await send("POST", `/v1beta/interactions/${id}/cancel`, {}, by);
    expect([cancelled.status, ((await cancelled.json()) as Json)["status"]]).toEqual([200, "cancelled"]);
  });
});
