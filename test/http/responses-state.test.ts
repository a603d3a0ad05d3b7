/** What `/v1/responses` remembers, by the `openai` package, against the running gateway: two tenants, two accounts. */
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeResponseId } from "../../src/router/response-id.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { ResponsesKeeper } from "./responses-keeper.ts";
import { answerResponses } from "./responses-upstream.ts";
import { failureOf, sdkFor } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";

const keeper = new ResponsesKeeper();
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let config: Record<string, unknown>;
/** Two tenants, and the admin. */
let one: OpenAI;
let other: OpenAI;
let admin: OpenAI;
let keys: string[];

/** Does the slow model never answer? */
let hangs = true;

const lastBody = () => upstream.received.at(-1)?.body ?? {};
const lastKey = () => String(upstream.received.at(-1)?.headers.authorization).replace("Bearer ", "");

async function teamKey(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  const key = (await (await gateway.call("/key/generate", { team_id: team.team_id })).json()) as { key: string };
  return key.key;
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (request.body["model"] === "hangs" && hangs) return;
    const isKeepers = request.headers.authorization?.includes("sk-acc") && request.path.includes("/responses");
    if (isKeepers) keeper.answer(request, response);
    else answerResponses(request, response);
  });
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-acc1", api_base: `${upstream.url}/v1`, ...extra },
  });
  config = {
    model_list: [
      model("gpt", "openai/gpt-5-mini"),
      model("gpt", "openai/gpt-5-mini", { api_key: "sk-acc2" }),
      model("first", "openai/gpt-5"),
      model("later", "openai/gpt-5-nano"),
      model("claude", "anthropic/claude-sonnet-4-5", { api_key: "sk-other", api_base: upstream.url }),
      model("chat", "custom_openai/some-model", { api_key: "sk-other" }),
      model("slow", "custom_openai/hangs", { api_key: "sk-other" }),
      model("down", "custom_openai/down", { api_key: "sk-other" }),
      model("mocked", "openai/gpt-5-mini", { mock_response: "mocked" }),
    ],
    router_settings: {
      num_retries: 0,
      optional_pre_call_checks: ["encrypted_content_affinity"],
      disable_cooldowns: true,
    },
  };
  gateway = await startGateway(config, { OPENAI_API_KEY: "sk-acc1", OPENAI_BASE_URL: `${upstream.url}/v1` });
  keys = [await teamKey("one"), await teamKey("other")];
  connect();
}, 60_000);

function connect() {
  one = sdkFor(gateway, keys[0] ?? "");
  other = sdkFor(gateway, keys[1] ?? "");
  admin = sdkFor(gateway, MASTER_KEY);
}

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

/** Whatever is done with the id, it is not there. */
async function expectGone(client: OpenAI, id: string, model: string) {
  const message = `404 Response with id '${id}' not found.`;
  for (const asked of [
    () => client.responses.retrieve(id),
    () => client.responses.delete(id),
    () => client.responses.cancel(id),
    () => client.responses.inputItems.list(id),
  ]) {
    const failure = await failureOf(asked());
    expect([failure.status, failure.message, failure.type]).toEqual([404, message, "invalid_request_error"]);
  }
  const failure = await failureOf(client.responses.create({ model, input: "Hi", previous_response_id: id }));
  expect([failure.status, failure.code, failure.param]).toEqual([
    400,
    "previous_response_not_found",
    "previous_response_id",
  ]);
}

const streamed = (client: OpenAI, { stream: _, ...body }: OpenAI.Responses.ResponseCreateParamsNonStreaming) =>
  client.responses.stream(body).finalResponse();
const whole = (client: OpenAI, body: OpenAI.Responses.ResponseCreateParamsNonStreaming) =>
  client.responses.create(body);

describe.each([
  ["whole", whole],
  ["streamed", streamed],
] as const)("a response that its provider keeps, %s", (_, create) => {
  it("is read, gone on from and deleted by its owner at the deployment that made it", async () => {
    for (let round = 0; round < 6; round++) {
      const first = await create(one, { model: "gpt", input: "Hi" });
      const account = lastKey();
      expect(first.id).toMatch(/^resp_[\w-]{100,}$/);
      const second = await create(one, { model: "gpt", input: "More", previous_response_id: first.id });
      expect(lastKey()).toBe(account);
      expect(lastBody()["previous_response_id"]).toMatch(/^resp_theirs\d+$/);
      expect(second.previous_response_id).toBe(first.id);
      const read = await one.responses.retrieve(second.id);
      expect(lastKey()).toBe(account);
      expect(read).toMatchObject({ id: second.id, output_text: `by ${account}` });
      expect(JSON.stringify(read)).not.toContain("resp_theirs");
      const items = await one.responses.inputItems.list(second.id, { limit: 5, order: "asc" });
      expect(JSON.stringify(items.data)).toContain("limit=5&order=asc");
      await one.responses.delete(second.id);
      await expectGone(one, second.id, "gpt");
    }
  });

  it("is not there for anybody else", async () => {
    const { id } = await create(one, { model: "gpt", input: "Hi" });
    await expectGone(other, id, "gpt");
    expect((await admin.responses.retrieve(id)).id).toBe(id);
  });
});

describe("a response that its provider keeps", () => {
  it("is nobody else's by a field that is put in later: of a fallback, or of an `extra_body` in the other", async () => {
    const { id } = await one.responses.create({ model: "first", input: "Hi" });
    const content = atob(id.slice(5).replaceAll("-", "+").replaceAll("_", "/"));
    const [, theirs = ""] = /response_id:(.*?);mark/.exec(content) ?? [];
    const named = { previous_response_id: theirs };
    const isSaid = () => upstream.received.some(({ body }) => body["previous_response_id"] === theirs);
    for (const path of ["/v1/responses", "/v1/responses/compact"])
      for (const sneaked of [
        { model: "first", extra_body: { extra_body: named } },
        { model: "down", fallbacks: [{ model: "first", ...named }] },
        { model: "down", fallbacks: [{ model: "first", extra_body: named }] },
      ]) {
        const authorization = `Bearer ${keys[1]}`;
        const answer = await gateway.call(path, { input: "More", ...sneaked }, { authorization });
        const text = await answer.text();
        if ("fallbacks" in sneaked) expect(text).toContain(`Previous response with id '${theirs}' not found`);
        expect([path, sneaked, isSaid()]).toEqual([path, sneaked, false]);
      }
  });

  it("has no id that could be made up", async () => {
    const { id } = await one.responses.create({ model: "first", input: "Hi" });
    const content = atob(id.slice(5).replaceAll("-", "+").replaceAll("_", "/"));
    const [, deploymentId = "", theirs = ""] = /model_id:(.*?);response_id:(.*?);mark/.exec(content) ?? [];
    await expectGone(one, theirs, "first");
    await expectGone(one, encodeResponseId({ deploymentId, id: theirs }), "first");
    await expectGone(other, encodeResponseId({ deploymentId, id: theirs, mark: "A".repeat(43) }), "first");
    // An admin may use LiteLLM's ids, and the provider's.
    const unsigned = encodeResponseId({ deploymentId, id: theirs });
    expect((await admin.responses.retrieve(unsigned)).id).toBe(unsigned);
    const raw = await gateway.call(`/v1/responses/${theirs}?custom_llm_provider=openai`);
    expect(await raw.json()).toMatchObject({ id: theirs, status: "completed" });
    const next = await admin.responses.create({ model: "first", input: "Hi", previous_response_id: theirs });
    expect(next.previous_response_id).toBe(theirs);
  });

  it("streams again from where it was read", async () => {
    const { id } = await one.responses.create({ model: "first", input: "Hi" });
    const stream = await one.responses.retrieve(id, { stream: true, starting_after: 5 });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events).toMatchObject([{ type: "response.completed", response: { id } }]);
    expect(upstream.received.at(-1)?.path).toMatch(/stream=true&starting_after=5$/);
  });

  it("is gone on from by another model of the same account, and by no other", async () => {
    const { id } = await one.responses.create({ model: "first", input: "Hi" });
    await one.responses.create({ model: "gpt", input: "More", previous_response_id: id });
    expect(lastKey()).toBe("sk-acc1");
    const failure = await failureOf(one.responses.create({ model: "claude", input: "More", previous_response_id: id }));
    expect([failure.status, failure.param]).toEqual([400, "previous_response_id"]);
    expect(failure.message).toContain("claude is not served");
  });

  it("is passed byte by byte where nothing is kept", async () => {
    const body = { model: "chat", input: "Hi", store: false };
    expect((await one.responses.create({ ...body, model: "first" })).id).toMatch(/^resp_theirs/);
  });

  it("is made in the background by its provider, and paid for once", async () => {
    const asked = { model: "later", input: "Hi", background: true };
    const { id, status } = await one.responses.create(asked);
    expect(status).toBe("queued");
    expect((await one.responses.retrieve(id)).status).toBe("in_progress");
    for (let reads = 0; reads < 3; reads++) expect((await one.responses.retrieve(id)).status).toBe("completed");
    const next = await one.responses.create(asked);
    expect(await one.responses.cancel(next.id)).toMatchObject({ id: next.id, status: "cancelled" });
    const date = new Date().toISOString().slice(0, 10);
    const rows = async () => {
      const logs = await gateway.call(`/spend/logs/v2?start_date=${date}&end_date=${date}&model=gpt-5-nano`);
      const { data } = (await logs.json()) as { data: { call_type: string; total_tokens: number; spend: number }[] };
      return data.filter(({ call_type }) => call_type === "responses");
    };
    await expect.poll(async () => (await rows()).length, { timeout: 15_000, interval: 300 }).toBe(3);
    const [paid, ...others] = (await rows()).toSorted((a, b) => b.total_tokens - a.total_tokens);
    expect([paid?.total_tokens, others.map(({ spend }) => spend)]).toEqual([30, [0, 0]]);
    expect(paid?.spend).toBeCloseTo(0.000_005, 9); // 20 tokens of 0.05, 10 of 0.4 $ a million
  });

  it("is paid for once where its events tell of its end, or break off before it", async () => {
    const answer = await gateway.call("/key/generate", {});
    const { key, token } = (await answer.json()) as { key: string; token: string };
    const client = sdkFor(gateway, key);
    const asked = { model: "first", input: "Hi", background: true, stream: true } as const;
    const events = await client.responses.create(asked);
    let last = "";
    for await (const { type } of events) last = type;
    expect(last).toBe("response.completed");
    const paid = async () => {
      const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as { spend: number }[];
      return rows.map(({ spend }) => spend).filter((spend) => spend > 0);
    };
    const cost = (20 * 1.25 + 10 * 10) / 1e6;
    await expect.poll(paid, { timeout: 15_000, interval: 300 }).toEqual([cost]);

    // Nobody comes back for it: the gateway looks by itself.
    const broken = await client.responses.create({ ...asked, instructions: "break off" });
    const read = async () => {
      for await (const { type } of broken)
        if (type === "response.queued")
          Object.assign([...keeper.kept.values()].at(-1) ?? {}, { status: "completed", usage: keeper.usage });
    };
    await expect(read()).rejects.toThrow("connection to the upstream failed");
    await expect.poll(paid, { timeout: 15_000, interval: 300 }).toEqual([cost, cost]);
  }, 40_000);

  it("is paid for where it is deleted before anybody looked", async () => {
    const answer = await gateway.call("/key/generate", {});
    const { key, token } = (await answer.json()) as { key: string; token: string };
    const client = sdkFor(gateway, key);
    const { id } = await client.responses.create({ model: "first", input: "Hi", background: true });
    Object.assign([...keeper.kept.values()].at(-1) ?? {}, { status: "completed", usage: keeper.usage });
    await client.responses.delete(id);
    const spent = async () => {
      const rows = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as { spend: number }[];
      return rows.map(({ spend }) => spend).filter((spend) => spend > 0);
    };
    await expect.poll(spent, { timeout: 15_000, interval: 100 }).toEqual([(20 * 1.25 + 10 * 10) / 1e6]);
  }, 30_000);

  it("holds the longest answer while it is made", async () => {
    const longest = (100 * 10) / 1e6;
    const answer = await gateway.call("/key/generate", { max_budget: longest * 1.5 });
    const client = sdkFor(gateway, ((await answer.json()) as { key: string }).key);
    const asked = { model: "first", input: "Hi", background: true, max_output_tokens: 100 } as const;
    const { max_output_tokens: _, ...unbounded } = asked;
    expect((await failureOf(client.responses.create(unbounded))).status).toBe(422);
    const results = await Promise.allSettled([1, 2, 3, 4].map(() => client.responses.create(asked)));
    const made = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.id] : []));
    expect(made).toHaveLength(1);
    await client.responses.cancel(made[0] ?? "");
    await expect
      .poll(() => client.responses.create(asked).then(() => "made", String), { timeout: 10_000 })
      .toBe("made");
  }, 40_000);

  it("names containers by ids that are its owner's", async () => {
    const tools = [{ type: "code_interpreter" as const, container: { type: "auto" as const } }];
    for (const create of [whole, streamed]) {
      const { output } = await create(one, { model: "first", input: "Hi", tools });
      const call = output.find(({ type }) => type === "code_interpreter_call") as { container_id?: string } | undefined;
      expect(call?.container_id).toMatch(/^cntr_slc[0-9a-f]{32}$/);
    }
  });
});

describe("encrypted content", () => {
  const asked = { store: false, include: ["reasoning.encrypted_content" as const] };
  type Items = OpenAI.Responses.ResponseInput;

  it.each([
    ["whole", whole],
    ["streamed", streamed],
  ] as const)("leads back to the deployment that can read it, %s", async (_, create) => {
    for (let round = 0; round < 8; round++) {
      const first = await create(one, { ...asked, model: "gpt", input: "Hi" });
      const account = lastKey();
      expect(first.output[0]?.id).toMatch(/^encitem_/);
      const input = [{ role: "user", content: "Hi" }, ...first.output, { role: "user", content: "More" }] as Items;
      await create(one, { ...asked, model: "gpt", input });
      expect(lastKey()).toBe(account);
      expect((lastBody()["input"] as Items)[1]).toMatchObject({
        id: "rs_1",
        encrypted_content: `sealed-by-${account}`,
      });
      // Codex sends items back without their ids.
      await create(one, {
        ...asked,
        model: "gpt",
        input: (input as { id?: string }[]).map(({ id: _, ...item }) => item) as Items,
      });
      expect(lastKey()).toBe(account);
    }
  });

  it("is left out for a deployment that cannot read it", async () => {
    const first = await one.responses.create({ ...asked, model: "gpt", input: "Hi" });
    const input = [{ role: "user", content: "Hi" }, ...first.output, { role: "user", content: "More" }] as Items;
    const models = ["first", "chat"];
    for (const model of models)
      expect((await one.responses.create({ ...asked, model, input })).status).toBe("completed");
  });

  it("leads back after a compaction, too", async () => {
    const compacted = (await (
      await gateway.call("/v1/responses/compact", { model: "gpt", input: [{ role: "user", content: "Hi" }] })
    ).json()) as { output: Items };
    const account = lastKey();
    await one.responses.create({ ...asked, model: "gpt", input: compacted.output });
    expect(lastKey()).toBe(account);
  });
});

describe.each([
  ["whole", whole],
  ["streamed", streamed],
] as const)("a response that the gateway keeps, %s", (_, create) => {
  it("is read, gone on from, listed and deleted", async () => {
    const first = await create(one, { model: "chat", input: "ab", instructions: "zz" });
    expect(first.id).toMatch(/^resp_slc[0-9a-f]{32}$/);
    expect(await one.responses.retrieve(first.id)).toMatchObject({ id: first.id, status: "completed", store: true });
    const second = await create(one, { model: "chat", input: "cd", previous_response_id: first.id });
    expect(second.previous_response_id).toBe(first.id);
    expect(lastBody()["messages"]).toMatchObject([
      { role: "user", content: "ab" },
      { role: "assistant", content: "ba|zz" },
      { role: "user", content: "cd" },
    ]);
    const texts: unknown[] = [];
    for await (const item of one.responses.inputItems.list(second.id, { limit: 1 }))
      texts.push(item.type === "message" ? item.content[0] : item.type);
    expect(texts).toMatchObject([
      { text: "cd" },
      { text: "ba|zz" },
      ...(create === streamed ? ["reasoning"] : []),
      { text: "ab" },
    ]);
    expect(await (await gateway.call(`/v1/responses/${second.id}`)).json()).toMatchObject({ id: second.id });
    await expectGone(other, second.id, "chat");
    await one.responses.delete(second.id);
    await expectGone(one, second.id, "chat");
    expect((await one.responses.retrieve(first.id)).output_text).toBe("ba|zz");
  });

  it("is gone on from by other models, of other formats", async () => {
    const first = await create(one, { model: "chat", input: "ab" });
    const second = await create(one, { model: "claude", input: "cd", previous_response_id: first.id });
    expect(lastBody()["messages"]).toHaveLength(3);
    const third = await create(one, { model: "first", input: "ef", previous_response_id: second.id });
    const input = lastBody()["input"] as Record<string, unknown>[];
    expect(input.map(({ role, id }) => [role, id])).toEqual(
      ["user", "assistant", "user", "assistant", "user"].map((role) => [role, undefined]),
    );
    expect(lastBody()["previous_response_id"]).toBeUndefined();
    expect(third.previous_response_id).toBe(second.id);
    expect((await one.responses.retrieve(third.id)).status).toBe("completed");
  });

  it("has items that can be referred to", async () => {
    const first = await create(one, { model: "chat", input: "ab" });
    const said = first.output.find(({ type }) => type === "message");
    const input = (...texts: string[]) =>
      [
        { role: "user", content: texts[0] },
        { type: "item_reference", id: said?.id },
        { role: "user", content: texts[1] },
      ] as OpenAI.Responses.ResponseInput;
    const second = await create(one, { model: "chat", input: input("ab", "cd") });
    expect(lastBody()["messages"]).toMatchObject([{ content: "ab" }, { content: "ba" }, { content: "cd" }]);
    // What was referred to is a part of the conversation, and is not said twice.
    await create(one, { model: "chat", input: input("x", "y"), previous_response_id: second.id });
    expect(lastBody()["messages"]).toHaveLength(6);
    const failure = await failureOf(other.responses.create({ model: "chat", input: input("ab", "cd") }));
    expect([failure.status, failure.param]).toEqual([400, "input[1].id"]);
  });

  it("is not kept where the client does not want it", async () => {
    const { id } = await create(one, { model: "chat", input: "ab", store: false });
    await expectGone(one, id, "chat");
  });
});

describe("a response that the gateway keeps", () => {
  it("is told again as a stream", async () => {
    const { id } = await one.responses.create({ model: "chat", input: "ab" });
    const stream = await one.responses.retrieve(id, { stream: true, starting_after: 1 });
    const events = [];
    for await (const event of stream) events.push(event);
    expect(events[0]).toMatchObject({ sequence_number: 2, type: "response.output_item.added" });
    expect(events.at(-1)).toMatchObject({ type: "response.completed", response: { id } });
  });

  it("is kept whatever its size", async () => {
    const long = "x".repeat(1_200_000);
    const first = await one.responses.create({ model: "chat", input: long });
    expect(first["store" as keyof typeof first]).toBe(true);
    await one.responses.create({ model: "chat", input: "ab", previous_response_id: first.id });
    expect((lastBody()["messages"] as { content: string }[])[0]?.content).toHaveLength(long.length);
    await one.responses.delete(first.id);
    await expectGone(one, first.id, "chat");
  }, 30_000);

  it("outlives the gateway", async () => {
    const first = await one.responses.create({ model: "chat", input: "ab" });
    const theirs = await one.responses.create({ model: "gpt", input: "ab" });
    await gateway.kill();
    const { state } = gateway;
    gateway = await startGateway(config, { OPENAI_API_KEY: "sk-acc1", OPENAI_BASE_URL: `${upstream.url}/v1` }, state);
    connect();
    expect((await one.responses.retrieve(first.id)).output_text).toBe("ba");
    expect((await one.responses.retrieve(theirs.id)).id).toBe(theirs.id);
    await one.responses.create({ model: "chat", input: "cd", previous_response_id: first.id });
    expect(lastBody()["messages"]).toHaveLength(3);
  }, 60_000);

  it("is kept of mocks, too", async () => {
    const { id } = await one.responses.create({ model: "mocked", input: "ab" });
    expect((await one.responses.retrieve(id)).output_text).toBe("mocked");
  });

  it.each([
    ["a limit", "limit=0", "limit"],
    ["a limit that is none", "limit=many", "limit"],
    ["an order", "order=up", "order"],
    ["an item that is not there", "after=msg_x", "after"],
  ])("refuses %s", async (_, query, param) => {
    const { id } = await admin.responses.create({ model: "chat", input: "ab" });
    const response = await gateway.call(`/v1/responses/${id}/input_items?${query}`);
    expect([response.status, ((await response.json()) as { error: { param: string } }).error.param]).toEqual([
      400,
      param,
    ]);
  });

  it("cannot be cancelled once it is there", async () => {
    const { id } = await one.responses.create({ model: "chat", input: "ab" });
    expect((await failureOf(one.responses.cancel(id))).status).toBe(400);
  });
});

describe("in the background, by the gateway", () => {
  const asked = { model: "chat", input: "ab", background: true };

  async function polled(id: string): Promise<OpenAI.Responses.Response> {
    for (let tries = 0; tries < 100; tries++) {
      const response = await one.responses.retrieve(id);
      if (response.status !== "queued" && response.status !== "in_progress") return response;
      await new Promise((next) => setTimeout(next, 100));
    }
    throw new Error(`${id} was not made in time`);
  }

  it("is made while nobody waits, paid for, and gone on from", async () => {
    const first = await one.responses.create(asked);
    expect(first).toMatchObject({ status: "queued", background: true, output: [] });
    await expectGone(other, first.id, "chat");
    const done = await polled(first.id);
    expect(done).toMatchObject({ id: first.id, status: "completed", background: true, output_text: "ba" });
    expect(done.usage?.total_tokens).toBe(18);
    expect(lastBody()["background"]).toBeUndefined();
    await until(() => gateway.records().at(-1)?.["operation"] === "responses");
    expect(gateway.records().at(-1)).toMatchObject({ outcome: "success", usage: { total_tokens: 18 } });
    const next = await one.responses.create({ model: "chat", input: "cd", previous_response_id: first.id });
    expect(lastBody()["messages"]).toHaveLength(3);
    expect(next.previous_response_id).toBe(first.id);
    expect(await one.responses.cancel(first.id)).toMatchObject({ status: "completed" });
  });

  it("is stopped where it is cancelled, or deleted", async () => {
    for (const stop of ["cancel", "delete"] as const) {
      const { id } = await one.responses.create({ ...asked, model: "slow" });
      await until(() => upstream.received.at(-1)?.body["model"] === "hangs");
      const call = upstream.received.at(-1);
      if (stop === "delete") await one.responses.delete(id);
      else {
        expect(await one.responses.cancel(id)).toMatchObject({ id, status: "cancelled" });
        expect(await one.responses.cancel(id)).toMatchObject({ id, status: "cancelled" });
      }
      await until(() => call?.aborted === true);
      if (stop === "cancel") expect((await one.responses.retrieve(id)).status).toBe("cancelled");
      else await expectGone(one, id, "slow");
      upstream.received.length = 0;
    }
  });

  it("says why it failed", async () => {
    const { id } = await one.responses.create({ ...asked, model: "down" });
    expect(await polled(id)).toMatchObject({ status: "failed", output: [], error: { code: "server_error" } });
    const failure = await failureOf(one.responses.create({ model: "chat", input: "x", previous_response_id: id }));
    expect([failure.status, failure.param]).toEqual([400, "previous_response_id"]);
  });

  it("is still to be made after a crash of the gateway", async () => {
    const { id } = await one.responses.create({ ...asked, model: "slow" });
    await until(() => upstream.received.at(-1)?.body["model"] === "hangs");
    await gateway.kill();
    hangs = false;
    gateway = await startGateway(config, {}, gateway.state);
    connect();
    expect((await one.responses.retrieve(id)).status).toBe("in_progress");
  }, 60_000);

  it.each([
    ["a stream", { stream: true }, "stream"],
    ["what is not kept", { store: false }, "store"],
    ["a wrong request", { input: 5 }, "input"],
  ])("refuses %s", async (_, more, param) => {
    const response = await gateway.call("/v1/responses", { ...asked, ...more });
    expect([response.status, ((await response.json()) as { error: { param: string } }).error.param]).toEqual([
      400,
      param,
    ]);
  });
});

describe("beside creating", () => {
  it("counts tokens: where the provider does, and here", async () => {
    const count = async (model: string) =>
      (await gateway.call("/v1/responses/input_tokens", { model, input: "Hello there" })).json();
    expect(await count("first")).toEqual({ object: "response.input_tokens", input_tokens: 42 });
    const here = (await count("chat")) as { input_tokens: number };
    expect(here.input_tokens).toBeGreaterThan(2);
    expect(here.input_tokens).toBeLessThan(20);
  });

  it("compacts where the provider does, and nowhere else", async () => {
    const compact = (model: string) => gateway.call("/openai/v1/responses/compact", { model, input: [] });
    expect(await (await compact("first")).json()).toMatchObject({
      object: "response.compaction",
      usage: { total_tokens: 7 },
    });
    const refused = await compact("chat");
    expect(refused.status).toBe(400);
    expect(JSON.stringify(await refused.json())).toContain("does not do responses_compact");
  });
});
