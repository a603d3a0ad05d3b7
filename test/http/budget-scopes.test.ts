/** Whose budget it is: every scope that applies is checked, whatever the way a call is said to be its, and the refusal names it. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

const PRICE = 0.001; // US dollars a token

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Models the upstream was asked for, in order. */
const asked: unknown[] = [];

beforeAll(async () => {
  upstream = await startUpstream(({ body }, response) => {
    asked.push(body["model"]);
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: body["model"],
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    });
  });
  const deployment = (model_name: string, price: number) => ({
    model_name,
    litellm_params: {
      model: `openai/${model_name}`,
      api_key: "sk-upstream",
      api_base: `${upstream.url}/v1`,
      input_cost_per_token: price,
      output_cost_per_token: price,
    },
  });
  gateway = await startGateway({
    model_list: [deployment("dear", PRICE), deployment("cheap", PRICE / 1000)],
    litellm_settings: { max_end_user_budget: 0.05 },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function post<T = Record<string, string>>(path: string, body: unknown): Promise<T> {
  const response = await gateway.call(path, body);
  const text = await response.text();
  expect(response.status, `${path}: ${text}`).toBe(200);
  return JSON.parse(text) as T;
}

function ask(key: string, fields: Record<string, unknown> = {}, headers: Record<string, string> = {}) {
  const body = { model: "dear", messages: [{ role: "user", content: "hello" }], max_tokens: 10, ...fields };
  return gateway.call("/v1/chat/completions", body, { authorization: `Bearer ${key}`, ...headers });
}

/** Calls until one is refused: what was served, and what the refusal says. A call costs 2 cents. */
async function untilRefused(
  call: () => Promise<Response>,
): Promise<{ served: number; status: number; message: string }> {
  for (let served = 0; served < 20; served++) {
    const response = await call();
    if (response.status === 200) await response.arrayBuffer();
    else {
      const { error } = (await response.json()) as { error: { message: string } };
      return { served, status: response.status, message: error.message };
    }
  }
  throw new Error("it was never refused");
}

/** Enough for two calls of 2 cents, and not for a third. */
const TWO_CALLS = { max_budget: 0.055 };

describe("a budget refuses for", () => {
  it("a user, also on a key of its team", async () => {
    const { user_id } = await post("/user/new", { ...TWO_CALLS, auto_create_key: false });
    const { team_id } = await post("/team/new", {});
    const { key } = await post("/key/generate", { user_id, team_id });
    const refused = await untilRefused(() => ask(key as string));
    expect(refused).toMatchObject({ served: 2, status: 422 });
    expect(refused.message).toContain(`User=${user_id}`);
  });

  it("a team, whichever of its keys is used", async () => {
    const { team_id } = await post("/team/new", TWO_CALLS);
    const keys = await Promise.all([post("/key/generate", { team_id }), post("/key/generate", { team_id })]);
    let turn = 0;
    const refused = await untilRefused(() => ask(keys[turn++ % 2]?.["key"] as string));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain(`Team=${team_id}`);
  });

  it("a member of a team", async () => {
    const { user_id } = await post("/user/new", { auto_create_key: false });
    const { team_id } = await post("/team/new", {});
    await post("/team/member_add", { team_id, member: { role: "user", user_id }, max_budget_in_team: 0.055 });
    const { key } = await post("/key/generate", { user_id, team_id });
    const refused = await untilRefused(() => ask(key as string));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain(`Team member=${team_id}:${user_id}`);
  });

  it("an organization", async () => {
    const { organization_id } = await post("/organization/new", { organization_alias: "acme", ...TWO_CALLS });
    const { team_id } = await post("/team/new", { organization_id });
    const { key } = await post("/key/generate", { team_id });
    const refused = await untilRefused(() => ask(key as string));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain(`Organization=${organization_id}`);
  });

  it("a project", async () => {
    const { team_id } = await post("/team/new", { max_budget: 1 });
    const { project_id } = await post("/project/new", { team_id, project_alias: "p", ...TWO_CALLS });
    const { key } = await post("/key/generate", { team_id, project_id });
    const refused = await untilRefused(() => ask(key as string));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain(`Project=${project_id}`);
  });

  it("a tag", async () => {
    await post("/tag/new", { name: "batch-jobs", ...TWO_CALLS });
    const { key } = await post("/key/generate", {});
    const refused = await untilRefused(() => ask(key as string, { metadata: { tags: ["batch-jobs"] } }));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain("Tag=batch-jobs");
    expect((await ask(key as string)).status).toBe(200);
  });

  it("a tier that the key shares", async () => {
    await post("/budget/new", { budget_id: "small", ...TWO_CALLS });
    const { key } = await post("/key/generate", { budget_id: "small" });
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
  });

  it("one model of a key, and the others go on", async () => {
    const { key } = await post("/key/generate", {
      model_max_budget: { dear: { budget_limit: 0.055, time_period: "1d" } },
    });
    const refused = await untilRefused(() => ask(key as string));
    expect(refused.served).toBe(2);
    expect(refused.message).toContain("model=dear");
    expect((await ask(key as string, { model: "cheap" })).status).toBe(200);
  });
});

describe("customers", () => {
  it("C1 #5: are the same by whatever way they are named", async () => {
    await post("/customer/new", { user_id: "ann", ...TWO_CALLS });
    const { key } = await post("/key/generate", {});
    const ways = [
      () => ask(key as string, { user: "ann" }),
      () => ask(key as string, { metadata: { user_id: "ann" } }),
      () => ask(key as string, {}, { "x-litellm-end-user-id": "ann" }),
      () => ask(key as string, {}, { "x-litellm-customer-id": "ann" }),
      () => ask(key as string, { safety_identifier: "ann" }),
    ];
    expect((await ways[0]?.())?.status).toBe(200);
    expect((await ways[1]?.())?.status).toBe(200);
    for (const way of ways) {
      const response = await way();
      expect(response.status).toBe(422);
      expect(await response.text()).toContain("End User=ann");
    }
  });

  it("C1 #4: nobody has made have the default budget from the first burst on", async () => {
    const { key } = await post("/key/generate", {});
    const responses = await Promise.all(Array.from({ length: 8 }, () => ask(key as string, { user: "unseen" })));
    expect(responses.filter(({ status }) => status === 200)).toHaveLength(2);
    expect(responses.filter(({ status }) => status === 422)).toHaveLength(6);
  });

  it("that are blocked are refused", async () => {
    await post("/customer/block", { user_ids: ["bob"] });
    const { key } = await post("/key/generate", {});
    const response = await ask(key as string, { user: "bob" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("bob");
  });
});

describe("budgets that change", () => {
  it("C1 #15: a window put on a key that has spent begins at 0", async () => {
    const { key } = await post("/key/generate", {});
    for (let i = 0; i < 3; i++) await (await ask(key as string)).arrayBuffer();
    await post("/key/update", { key, max_budget: 0.055, budget_duration: "1h" });
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
  });

  it("a raise for a while, with its end", async () => {
    const { key } = await post("/key/generate", TWO_CALLS);
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    await post("/key/update", { key, temp_budget_increase: 0.04, temp_budget_expiry: tomorrow });
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
    await post("/key/update", { key, temp_budget_expiry: "2020-01-01T00:00:00Z" });
    expect((await ask(key as string)).status).toBe(422);
  });

  it("a cheaper model where the budget refuses", async () => {
    const { key } = await post("/key/generate", {
      model_max_budget: { dear: { budget_limit: 0.025, time_period: "1d" } },
      budget_fallbacks: { dear: ["cheap"] },
    });
    asked.length = 0;
    for (let i = 0; i < 3; i++) expect((await ask(key as string)).status).toBe(200);
    expect(asked).toEqual(["dear", "cheap", "cheap"]);
  });

  it("reset_spend lets a key go on, and the ledger stays", async () => {
    const { key, token } = await post("/key/generate", TWO_CALLS);
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
    for (let waited = 0; waited < 50; waited++) {
      const { info } = (await (await gateway.call(`/key/info?key=${token}`)).json()) as { info: { spend: number } };
      if (info.spend > 0.039) break;
      await new Promise((next) => setTimeout(next, 100));
    }
    await post(`/key/${token}/reset_spend`, { reset_to: 0 });
    expect((await untilRefused(() => ask(key as string))).served).toBe(2);
  });
});

describe("what an admin sets for a key or team", () => {
  it("its own fallbacks, the key's before the team's", async () => {
    const router_settings = { fallbacks: [{ dear: ["cheap"] }] };
    const { team_id } = await post("/team/new", { router_settings });
    const { key } = await post("/key/generate", { team_id });
    const plain = await post("/key/generate", {});
    asked.length = 0;
    expect((await ask(key as string, { mock_testing_fallbacks: true })).status).toBe(200);
    expect(asked).toEqual(["cheap"]);
    expect((await ask(plain["key"] as string, { mock_testing_fallbacks: true })).status).toBe(500);
  });

  it("params that every request must have", async () => {
    const { key } = await post("/key/generate", { enforced_params: ["user", "metadata.app"] });
    const refused = await ask(key as string, { user: "x" });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain("metadata.app");
    expect((await ask(key as string, { user: "x", metadata: { app: "a" } })).status).toBe(200);
  });
});
