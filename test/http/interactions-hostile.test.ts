/** Google's Interactions API before clients that want what is not theirs, or for nothing, and upstreams that answer oddly. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { InteractionsKeeper } from "./interactions-keeper.ts";
import { findRow } from "./rows.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

type Json = Record<string, unknown>;
interface Tenant {
  key: string;
  token: string;
}

const keeper = new InteractionsKeeper();
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let one: Tenant;
let other: Tenant;
/** What the upstream answers in place of the usual. */
let odd: { whole?: Json; events?: Json[] } | undefined;

function answer(request: Received, response: ServerResponse): unknown {
  if (odd?.whole !== undefined) return json(response, 200, odd.whole);
  if (odd?.events !== undefined) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    return response.end(odd.events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  }
  if (request.path.includes("/interactions")) return keeper.answer(request, response);
  if (request.path.endsWith("/responses")) {
    const { model, background } = request.body;
    const told = { id: "resp_theirs", object: "response", created_at: 1, status: "completed", output: [] };
    return json(response, 200, { ...told, model, background });
  }
  json(response, 200, whole("openai", "Hello"));
}

beforeAll(async () => {
  upstream = await startUpstream(async (request, response) => void answer(request, response));
  const price = { input_cost_per_token: 0.000_001, output_cost_per_token: 0.000_002 };
  const model = (model_name: string, model: string, extra: object = {}) => ({
    model_name,
    litellm_params: { model, api_key: "k-one", api_base: upstream.url, ...price, ...extra },
  });
  gateway = await startGateway(
    {
      model_list: [
        model("flash", "gemini/gemini-2.5-flash"),
        model("down", "gemini/down"),
        model("searching", "gemini/gemini-3-flash-preview", {
          search_context_cost_per_query: { search_context_size_medium: 1, search_context_size_low: 1 },
        }),
        model("deep-research-pro", "gemini/deep-research-pro"),
        model("gpt", "openai/gpt-4o-mini", { api_base: `${upstream.url}/v1`, use_chat_completions_api: true }),
        model("gpt-too", "openai/gpt-4o-mini", { api_base: `${upstream.url}/v1`, use_chat_completions_api: true }),
        model("gpt-responses", "openai/gpt-4o-mini", { api_base: `${upstream.url}/v1` }),
      ],
      router_settings: { num_retries: 0, disable_cooldowns: true },
    },
    { GEMINI_API_KEY: "k-one", GEMINI_API_BASE: upstream.url },
  );
  one = await newKey({ team_id: await newTeam() });
  other = await newKey({ team_id: await newTeam() });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const newTeam = async () => ((await (await gateway.call("/team/new", {})).json()) as { team_id: string }).team_id;
const newKey = async (fields: object) => (await (await gateway.call("/key/generate", fields)).json()) as Tenant;
const last = () => upstream.received.at(-1)!;

function send(method: string, path: string, body?: unknown, { key } = one, more: Record<string, string> = {}) {
  return fetch(`${gateway.url}${path}`, {
    method,
    headers: { "content-type": "application/json", "x-goog-api-key": key, authorization: `Bearer ${key}`, ...more },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
}

const create = (body: Json, by = one, headers: Record<string, string> = {}) =>
  send("POST", "/v1beta/interactions", { input: "Hi", ...body }, by, headers);
const interactionOf = async (response: Response) => (await response.json()) as Json & { id: string; steps: Json[] };
const spends = async ({ token }: Tenant) => {
  const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as { spend: number }[];
  return rows.map(({ spend }) => spend).filter((spend) => spend > 0);
};
const rowOf = (response: Response, by = one) => findRow(gateway, by.token, response.headers.get("x-litellm-call-id"));
const eventually = { timeout: 15_000, interval: 200 };
const SPEND = 20 * 0.000_001 + 25 * 0.000_002;

/** What Google itself calls the last one it made. */
const theirsOf = () => [...keeper.kept.keys()].at(-1)!.slice("k-one ".length);

describe("what is another's", () => {
  /** Places where a request may say something that is not looked for there. */
  const hidden: [string, string, (fields: Json) => Json][] = [
    ["extra_body", "flash", (fields) => ({ extra_body: fields })],
    ["extra_body within extra_body", "flash", (fields) => ({ extra_body: { extra_body: fields } })],
    ["a fallback", "down", (fields) => ({ fallbacks: [{ model: "flash", ...fields }] })],
    ["extra_body of a fallback", "down", (fields) => ({ fallbacks: [{ model: "flash", extra_body: fields }] })],
  ];

  it.each(hidden)("is not gone on from by its maker's own id, in %s", async (_, model, hide) => {
    await create({ model: "flash", input: "a secret" });
    const theirs = theirsOf();
    const before = upstream.received.length;
    await create({ model, ...hide({ previous_interaction_id: theirs }) }, other);
    const asked = upstream.received.slice(before);
    expect(JSON.stringify(asked.map(({ body }) => body))).not.toContain(theirs);
  });

  it.each(hidden)("nor is a response, in %s", async (_, model, hide) => {
    const before = upstream.received.length;
    const target = model === "flash" ? "gpt-responses" : "down";
    const fields = hide({ model: "gpt-responses", previous_response_id: "resp_theirs" });
    await send("POST", "/v1/responses", { input: "Hi", ...fields, model: target }, other);
    const asked = upstream.received.slice(before);
    expect(JSON.stringify(asked.map(({ body }) => body))).not.toContain("resp_theirs");
  });

  it.each(hidden)("nothing is begun in the background that nobody holds for, in %s", async (_, model, hide) => {
    const by = await newKey({ max_budget: 0.01 });
    const before = upstream.received.length;
    await create({ model, ...hide({ background: true }) }, by);
    const asked = upstream.received.slice(before);
    expect(asked.filter(({ body }) => body["background"] === true)).toEqual([]);
  });
});

describe("money", () => {
  it("what is deleted is paid for first", async () => {
    const by = await newKey({});
    const { id } = await interactionOf(await create({ model: "flash", background: true }, by));
    expect((await send("DELETE", `/v1beta/interactions/${id}`, undefined, by)).status).toBe(200);
    await expect.poll(() => spends(by), eventually).toEqual([SPEND]);
  });

  it("nobody has Google leave out of an answer what it is paid by", async () => {
    const by = await newKey({});
    const { id } = await interactionOf(await create({ model: "flash", background: true }, by));
    const fields = "fields=status,usage.total_input_tokens&$fields=status&%24alt=proto&ALT=proto&key=a&access_token=b";
    await send("GET", `/v1beta/interactions/${id}?${fields}&include_input=true`, undefined, by);
    expect(last().path).toMatch(/\/v1_theirs\d+\?include_input=true$/);
  });

  it.each([false, true])("searches of one in the background are paid for, read as a stream: %s", async (isStreamed) => {
    const by = await newKey({});
    const { id } = await interactionOf(await create({ model: "searching", background: true }, by));
    const theirs = keeper.kept.get(`k-one ${theirsOf()}`)!;
    const steps = [{ type: "google_search_call", id: "s1", arguments: { queries: ["a", "b"] } }];
    const done = { ...theirs, status: "completed", usage: keeper.usage };
    if (isStreamed) odd = { events: [{ event_type: "interaction.completed", interaction: done }] };
    else odd = { whole: { ...done, steps } };
    await (await send("GET", `/v1beta/interactions/${id}?stream=${isStreamed}`, undefined, by)).text();
    odd = { whole: { ...done, steps } };
    await expect.poll(() => spends(by), eventually).toEqual([SPEND + 2]);
    odd = undefined;
  });

  it("an agent's answer is not bounded by what agents do not read", async () => {
    keeper.hangs = true;
    const by = await newKey({ max_budget: 0.01 });
    const asked = { agent: "deep-research-pro", background: true, generation_config: { max_output_tokens: 1 } };
    const response = await create(asked, by);
    keeper.hangs = false;
    expect(response.status).toBe(422);
  });

  it.each([
    ["candidate_count", { generation_config: { candidate_count: 100, max_output_tokens: 100 } }],
    ["n", { n: 100, generation_config: { max_output_tokens: 100 } }],
  ])("several answers are reserved for: %s", async (_, fields) => {
    const by = await newKey({ max_budget: 0.01 });
    const before = upstream.received.length;
    const response = await create({ model: "gpt", ...fields }, by);
    const sent = upstream.received.slice(before).map(({ body }) => body);
    for (const { n = 1, max_tokens, max_completion_tokens } of sent)
      expect(Number(n) * Number(max_completion_tokens ?? max_tokens) * 0.000_002).toBeLessThanOrEqual(0.01);
    expect([200, 400, 422]).toContain(response.status);
  });

  it("what was said to be made later, and was made at once without a name, is paid for", async () => {
    const by = await newKey({});
    odd = { whole: { status: "completed", model: "gemini-2.5-flash", steps: [], usage: keeper.usage } };
    const response = await create({ model: "flash", background: true, store: false }, by);
    odd = undefined;
    expect(response.status).toBe(200);
    expect((await rowOf(response, by)).spend).toBe(SPEND);
  });

  it.each([
    ["negative", { ...keeper.usage, total_input_tokens: -5000 }],
    ["absurd", { ...keeper.usage, total_output_tokens: 1e15 }],
    ["no numbers", { total_input_tokens: "many" }],
    ["nothing", {}],
    ["a text", "many"],
    ["null", null],
  ])("usage that is %s is counted by the gateway", async (_, usage) => {
    const steps = [{ type: "model_output", content: [{ type: "text", text: "Hello, hello and hello." }] }];
    odd = { whole: { id: "v1_odd", status: "completed", model: "gemini-2.5-flash", steps, usage } };
    const response = await create({ model: "flash" });
    odd = undefined;
    expect(response.status).toBe(200);
    const { spend } = await rowOf(response);
    expect(spend).toBeGreaterThan(0);
    expect(spend).toBeLessThan(0.01);
  });

  it("what an older revision has said before it broke off is counted", async () => {
    const text = "Many words. ".repeat(100);
    const interaction = { id: "v1_old", status: "in_progress", model: "gemini-2.5-flash" };
    odd = {
      events: [
        { event_type: "interaction.start", interaction },
        { event_type: "content.start", index: 0, content: { type: "text" } },
        { event_type: "content.delta", index: 0, delta: { type: "text", text } },
      ],
    };
    const response = await create({ model: "flash", stream: true });
    await response.text();
    odd = undefined;
    expect((await rowOf(response)).completion_tokens).toBeGreaterThan(100);
  });
});

describe("odd answers", () => {
  const ends = { event_type: "interaction.completed", interaction: { id: "v1_odd", status: "completed" } };
  it.each<[string, Json]>([
    ["a step that is null", { whole: { id: "v1_odd", status: "completed", steps: [null] } }],
    ["steps that are none", { whole: { id: "v1_odd", status: "completed", steps: {} } }],
    [
      "a summary that is none",
      {
        events: [
          { event_type: "step.start", index: 0, step: { type: "thought", summary: {} } },
          {
            event_type: "step.delta",
            index: 0,
            delta: { type: "thought_summary", content: { type: "text", text: "a" } },
          },
          ends,
        ],
      },
    ],
    [
      "contents that are null",
      {
        events: [
          { event_type: "step.start", index: 0, step: { type: "model_output", content: [null] } },
          { event_type: "step.delta", index: 0, delta: { type: "text_annotation_delta", annotations: [{}] } },
          { event_type: "step.delta", index: 0, delta: { type: "text", text: "a" } },
          ends,
        ],
      },
    ],
  ])("%s", async (_, given) => {
    odd = given;
    const response = await create({ model: "flash", ...("events" in given && { stream: true }) });
    const text = await response.text();
    odd = undefined;
    expect(response.status).toBe(200);
    expect(text).not.toContain("error");
    expect((await rowOf(response)).status).toBe("success");
  });
});

describe("contents in place of steps", () => {
  it.each<[string, unknown, Json[]]>([
    ["a text", "Two", [{ type: "user_input", content: [{ type: "text", text: "Two" }] }]],
    ["a content", { type: "text", text: "Two" }, [{ type: "user_input", content: [{ type: "text", text: "Two" }] }]],
    [
      "contents",
      [
        { type: "text", text: "Two" },
        { type: "image", data: "aGk=", mime_type: "image/png" },
      ],
      [
        {
          type: "user_input",
          content: [
            { type: "text", text: "Two" },
            { type: "image", data: "aGk=", mime_type: "image/png" },
          ],
        },
      ],
    ],
    [
      "turns",
      [
        { role: "model", content: "One more" },
        { role: "user", content: [{ type: "text", text: "Two" }] },
      ],
      [
        { type: "model_output", content: [{ type: "text", text: "One more" }] },
        { type: "user_input", content: [{ type: "text", text: "Two" }] },
      ],
    ],
  ])("%s become steps where they stand among steps", async (_, input, steps) => {
    const { id } = await interactionOf(await create({ model: "gpt", input: "One" }));
    await create({ model: "flash", previous_interaction_id: id, input });
    expect((last().body["input"] as Json[]).slice(2)).toEqual(steps);
    const next = await interactionOf(await create({ model: "gpt", previous_interaction_id: id, input }));
    const read = await interactionOf(await send("GET", `/v1beta/interactions/${next.id}`));
    expect(read.steps.slice(0, -1)).toEqual(steps);
  });
});

it("what is not kept names what it goes on from as its client does", async () => {
  const { id } = await interactionOf(await create({ model: "flash" }));
  for (const stream of [true, false]) {
    const response = await create({ model: "flash", store: false, stream, previous_interaction_id: id });
    const text = await response.text();
    expect(text).toContain(id);
    expect(text).not.toContain("v1_theirs");
  }
});

it("an interaction that is gone at Google is gone by its client's name", async () => {
  const { id } = await interactionOf(await create({ model: "flash" }));
  const theirs = theirsOf();
  keeper.kept.clear();
  const response = await create({ model: "flash", previous_interaction_id: id });
  expect(response.status).toBe(404);
  const text = await response.text();
  expect(text).toContain(id);
  expect(text).not.toContain(theirs);
});

describe("calls side by side", () => {
  it("several models each have an answer of their own", async () => {
    const response = await create({ model: "gpt,flash" });
    expect(response.status).toBe(200);
    const all = (await response.json()) as (Json & { id: string; steps: Json[] })[];
    expect(new Set(all.map(({ id }) => id)).size).toBe(2);
    for (const { id, model } of all) {
      const read = await interactionOf(await send("GET", `/v1beta/interactions/${id}`));
      expect([read.id, read["model"]]).toEqual([id, model]);
    }
    const fastest = await create({ model: "gpt,gpt-too", stream: true, fastest_response: true });
    const [, id] = /"id":"(v1_slc\w+)"/.exec(await fastest.text()) ?? [];
    const read = await interactionOf(await send("GET", `/v1beta/interactions/${id}`));
    expect(read.steps.at(-1)).toEqual({ type: "model_output", content: [{ type: "text", text: "Hello" }] });
  });

  it("whoever sees the end, however often at once, it is paid for once", async () => {
    const by = await newKey({});
    const { id } = await interactionOf(await create({ model: "flash", background: true }, by));
    const path = `/v1beta/interactions/${id}`;
    await Promise.all([
      ...Array.from({ length: 6 }, () => send("GET", path, undefined, by)),
      send("GET", `${path}?stream=true`, undefined, by).then((response) => response.text()),
      send("POST", `${path}/cancel`, {}, by),
    ]);
    await send("DELETE", path, undefined, by);
    await expect.poll(() => spends(by), eventually).toEqual([SPEND]);
    await new Promise((next) => setTimeout(next, 500));
    expect(await spends(by)).toEqual([SPEND]);
  });
});

describe("who may ask for what", () => {
  it("an agent is a model of the key's, by whatever field it is named", async () => {
    const by = await newKey({ models: ["flash"] });
    const before = upstream.received.length;
    for (const fields of [
      { agent: "deep-research-pro" },
      { agent: "deep-research-pro", model: "flash" },
      { model: "flash", extra_body: { agent: "deep-research-pro" } },
      { model: "flash", extra_body: { agent: "deep-research-pro", model: "flash" } },
      { agent: "gemini/deep-research-pro" },
    ])
      expect([400, 401, 403, 404]).toContain((await create(fields, by)).status);
    expect(upstream.received).toHaveLength(before);
  });

  it("a fallback's agent is its model", async () => {
    const by = await newKey({ models: ["flash", "down"] });
    const before = upstream.received.length;
    await create({ model: "down", fallbacks: [{ model: "flash", agent: "deep-research-pro" }] }, by);
    const asked = upstream.received.slice(before).map(({ body }) => body["agent"]);
    expect(asked).not.toContain("deep-research-pro");
  });

  it("a mock of an interaction opens no other", async () => {
    await create({ model: "flash", input: "a secret" });
    const theirs = theirsOf();
    const by = await newKey({ metadata: { allow_client_mock_response: true } });
    const named = { id: theirs, status: "completed", steps: [] };
    const headers = { "x-litellm-call-id": theirs.replace("v1_", "") };
    for (const mock_response of [named, "mocked"]) {
      const { id } = await interactionOf(await create({ model: "flash", mock_response }, by, headers));
      const before = upstream.received.length;
      await send("GET", `/v1beta/interactions/${id}`, undefined, by);
      expect(
        upstream.received
          .slice(before)
          .map(({ path }) => path)
          .join(),
      ).not.toContain(theirs);
    }
  });
});

describe("bad input", () => {
  it.each<[string, Json]>([
    ["function declarations that are none", { tools: [{ type: "function_declarations", x: 1 }] }],
    ["a tool without a type", { tools: [{}] }],
    ["a function without a name", { tools: [{ type: "function" }] }],
    ["a tool that is null", { tools: [null] }],
    ["a choice that is a number", { generation_config: { tool_choice: 5 } }],
    ["a choice without tools", { generation_config: { tool_choice: { allowed_tools: { mode: "any", tools: [] } } } }],
    ["a choice nobody knows", { generation_config: { tool_choice: "weird" } }],
    ["a level nobody knows", { generation_config: { thinking_level: "weird" } }],
    ["a temperature beyond all", { generation_config: { temperature: 1e308 } }],
    ["a limit below nothing", { generation_config: { max_output_tokens: -5 } }],
    ["speech that is a text", { generation_config: { speech_config: "loud" } }],
    ["config that is a list", { generation_config: [] }],
    ["a code call of code alone", { input: [{ type: "code_execution_call", arguments: 5 }] }],
    ["a result of numbers", { input: [{ type: "function_result", call_id: "a", result: [1, null] }] }],
    ["a thought of texts", { input: [{ type: "thought", summary: ["a"] }] }],
    ["a uri that is a file", { input: [{ type: "image", uri: "file:///etc/passwd" }] }],
    ["a uri that is none", { input: [{ type: "document", uri: "://" }] }],
    ["data that is no base64", { input: [{ type: "image", data: "%%%", mime_type: "x" }] }],
    ["an agent that is a number", { agent: 5 }],
    ["an agent that is a list", { agent: ["flash"] }],
    ["previous that is a number", { previous_interaction_id: 5 }],
    ["previous that is a list", { previous_interaction_id: ["v1_a"] }],
    ["a format that is null", { response_format: [null] }],
    ["modalities of numbers", { response_modalities: [1] }],
    ["a schema of nothing", { response_format: { type: "text", schema: 5 } }],
    [
      "contents without end",
      {
        input: [
          { type: "user_input", content: "x".repeat(10) },
          { type: "user_input", content: [[]] },
        ],
      },
    ],
    ["a tier nobody knows", { service_tier: "weird" }],
    ["a step that is empty", { input: [{}] }],
    ["an empty list", { input: [] }],
    ["settings that are none", { safety_settings: "x", cached_content: 5, labels: [] }],
  ])("%s is no fault of the gateway's", async (_, extra) => {
    for (const model of ["gpt", "flash"]) {
      const response = await create({ model, ...extra });
      const text = await response.text();
      expect(response.status, text).toBeLessThan(500);
      if (response.status >= 400) expect(JSON.parse(text)).toMatchObject({ error: { message: expect.any(String) } });
    }
  });

  it.each(["v1_", `v1_${"a".repeat(5000)}`, "v1_%00", "v1_bGl0ZWxsbTptb2RlbF9pZDo7cmVzcG9uc2VfaWQ6"])(
    "an id: %s",
    async (id) => {
      for (const method of ["GET", "DELETE"]) {
        const response = await send(method, `/v1beta/interactions/${id}`);
        expect(response.status).toBe(404);
      }
    },
  );
});
