/** Alerts at the running gateway: what budgets, refusals, failures and changes tell, to whom, once, and whatever is down. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asRecord, type JsonObject } from "../../src/formats/json.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

/** US dollars a token. */
const PRICE = 0.001;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let sinks: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let state: string;
/** Paths of sinks that are down. */
const down = new Set<string>();

async function start(folder?: string): Promise<TestGateway> {
  return startGateway(
    {
      model_list: [
        {
          model_name: "priced",
          litellm_params: {
            model: "openai/priced",
            api_key: "sk-upstream",
            api_base: `${upstream.url}/v1`,
            input_cost_per_token: PRICE,
            output_cost_per_token: PRICE,
          },
        },
        {
          model_name: "broken",
          litellm_params: { model: "openai/broken", api_key: "sk-upstream", api_base: `${upstream.url}/broken` },
        },
      ],
      router_settings: { num_retries: 0 },
      general_settings: {
        alerting: ["slack", "webhook", "email"],
        alert_to_webhook_url: { key_rotated: `${sinks.url}/rotations` },
        alert_types: [
          "budget_alerts",
          "llm_exceptions",
          "new_virtual_key_created",
          "virtual_key_deleted",
          "new_team_created",
          "key_rotated",
        ],
      },
    },
    {
      SLACK_WEBHOOK_URL: `${sinks.url}/slack`,
      WEBHOOK_URL: `${sinks.url}/webhook`,
      RESEND_API_KEY: "re_1234567890",
      RESEND_FROM_EMAIL: "sluice@example.com",
      RESEND_API_BASE: `${sinks.url}/resend`,
      TEST_EMAIL_ADDRESS: "test@example.com",
    },
    folder,
  );
}

beforeAll(async () => {
  upstream = await startUpstream(({ path }, response) => {
    if (path.startsWith("/broken")) return json(response, 500, { error: { message: "out of order" } });
    json(response, 200, {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "priced",
      choices: [{ index: 0, message: { role: "assistant", content: "x" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 },
    });
  });
  sinks = await startUpstream(({ path }, response) => {
    json(response, down.has(path) ? 503 : 200, {});
  });
  gateway = await start();
  state = gateway.state;
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await sinks?.close();
});

async function post(path: string, body: unknown): Promise<JsonObject> {
  const response = await gateway.call(path, body);
  const answer = asRecord(await response.json());
  expect(response.status, JSON.stringify(answer)).toBe(200);
  return answer;
}

/** Costs 2 cents, and may cost no more. */
function ask(key: unknown, fields: JsonObject = {}): Promise<Response> {
  const body = { model: "priced", max_tokens: 10, messages: [{ role: "user", content: "hi" }], ...fields };
  return gateway.call("/v1/chat/completions", body, { authorization: `Bearer ${key}` });
}

/** What a sink was sent that has this word in it. */
function got(path: string, word: string): Received[] {
  return sinks.received.filter((one) => one.path === path && JSON.stringify(one.body).includes(word));
}

const events = (word: string) => got("/webhook", word).map(({ body }) => body["event"]);

describe("budgets", () => {
  it("tell of a soft budget once: to a chat, a program, and by mail to the key's user and whom its metadata names", async () => {
    await post("/user/new", { user_id: "ada", user_email: "ada@example.com", auto_create_key: false });
    const { key, token } = await post("/key/generate", {
      key_alias: "softly",
      user_id: "ada",
      soft_budget: 0.03,
      metadata: { alert_emails: ["ops@example.com"] },
    });
    for (let i = 0; i < 4; i++) expect((await ask(key)).status).toBe(200);
    await until(() => got("/resend/emails", "softly").length > 0, 15_000);
    await until(() => got("/slack", "Soft Budget Crossed").length > 0, 15_000);
    await until(() => events("softly").includes("soft_budget_crossed"), 15_000);
    const [event] = got("/webhook", "softly").filter(({ body }) => body["event"] === "soft_budget_crossed");
    expect(event?.body).toMatchObject({
      token,
      key_alias: "softly",
      user_id: "ada",
      user_email: "ada@example.com",
      soft_budget: 0.03,
      max_budget: null,
      event_group: "key",
      event_message: "Key Budget: Soft Budget Crossed",
      alert_emails: ["ops@example.com"],
    });
    const [mail] = got("/resend/emails", "softly");
    expect(mail?.headers.authorization).toBe("Bearer re_1234567890");
    expect(mail?.body).toMatchObject({ from: "sluice@example.com", to: ["ops@example.com", "ada@example.com"] });
    expect(JSON.stringify([event?.body, mail?.body, got("/slack", "softly").map(({ body }) => body)])).not.toContain(
      String(key),
    );
    // Neither later calls nor a restart tell of it again.
    await gateway.kill();
    gateway = await start(state);
    expect((await ask(key)).status).toBe(200);
    await new Promise((next) => setTimeout(next, 6000));
    expect(events("softly").filter((one) => one === "soft_budget_crossed")).toHaveLength(1);
  }, 60_000);

  it("tell of a budget that refuses, once, whoever has it", async () => {
    const { team_id } = await post("/team/new", { team_alias: "spenders", max_budget: 0.05, budget_duration: "30d" });
    const { key } = await post("/key/generate", { team_id });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await ask(key)).status);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(statuses.at(-1)).toBe(422);
    await until(() => events("spenders").includes("budget_crossed"), 15_000);
    const [event] = got("/webhook", "spenders").filter(({ body }) => body["event"] === "budget_crossed");
    expect(event?.body).toMatchObject({
      team_id,
      team_alias: "spenders",
      max_budget: 0.05,
      event_group: "team",
      token: null,
    });
    expect(event?.body["spend"]).toBeGreaterThan(0.025);
    for (let i = 0; i < 3; i++) await ask(key);
    await new Promise((next) => setTimeout(next, 4000));
    expect(events("spenders").filter((one) => one === "budget_crossed")).toHaveLength(1);
  }, 60_000);

  it("tell of customers and tags too", async () => {
    await post("/budget/new", { budget_id: "soft-tier", soft_budget: 0.01 });
    await post("/customer/new", { user_id: "acme", budget_id: "soft-tier" });
    await post("/tag/new", { name: "campaign", soft_budget: 0.01 });
    const { key } = await post("/key/generate", {});
    expect((await ask(key, { user: "acme", metadata: { tags: ["campaign"] } })).status).toBe(200);
    await until(() => events("acme").includes("soft_budget_crossed"), 15_000);
    await until(() => got("/webhook", "Tag Budget").length > 0, 15_000);
    expect(got("/webhook", "acme")[0]?.body).toMatchObject({ customer_id: "acme", event_group: "end_user" });
  }, 40_000);
});

describe("a sink that is down", () => {
  it("gets it later, while the others have it at once", async () => {
    down.add("/slack");
    const { key } = await post("/key/generate", { key_alias: "patient", soft_budget: 0.01 });
    await ask(key);
    await until(() => events("patient").includes("soft_budget_crossed"), 15_000);
    await until(
      () => got("/slack", "Soft Budget Crossed").some(({ body }) => JSON.stringify(body).includes("patient")),
      15_000,
    );
    down.delete("/slack");
    const crossed = () => got("/slack", "patient").filter(({ body }) => JSON.stringify(body).includes("Soft"));
    const tried = crossed().length;
    await until(() => crossed().length > tried, 25_000);
    expect(events("patient").filter((one) => one === "soft_budget_crossed")).toHaveLength(1);
  }, 70_000);
});

describe("changes", () => {
  it("are told as their types are switched on", async () => {
    const { key, token } = await post("/key/generate", { key_alias: "changing" });
    await until(() => events("changing").includes("key_created"));
    expect(got("/webhook", "changing")[0]?.body).toMatchObject({ token, event_message: "API Key Created", spend: 0 });
    const made = await post("/key/regenerate", { key });
    await until(() => got("/rotations", "changing").length > 0);
    await until(() => events("changing").includes("key_rotated"));
    await post("/key/delete", { keys: [made["key"]] });
    await until(() => got("/slack", "changing").some(({ body }) => JSON.stringify(body).includes("was deleted")));
    await post("/team/new", { team_alias: "<!channel>" });
    await until(() => got("/slack", "Team &lt;!channel&gt;").length === 1);
    const all = JSON.stringify(sinks.received.map(({ body }) => body));
    for (const secret of [key, made["key"]]) expect(all).not.toContain(String(secret));
  }, 30_000);

  it("by default are told to programs, and failures to chats", async () => {
    const { key } = await post("/key/generate", { models: [] });
    expect((await ask(key, { model: "broken" })).status).toBe(500);
    expect((await ask(key, { model: "broken" })).status).toBe(500);
    await until(() => got("/slack", "llm_exceptions").length > 0, 10_000);
    await new Promise((next) => setTimeout(next, 1500));
    expect(got("/slack", "llm_exceptions")).toHaveLength(1); // the second is counted with the next
    expect(JSON.stringify(got("/slack", "llm_exceptions")[0]?.body)).toContain("out of order");
  }, 30_000);
});

describe("test messages", () => {
  it("are an admin's to send", async () => {
    for (const service of ["slack", "webhook", "email"]) {
      const response = await gateway.call(`/health/services?service=${service}`);
      expect(await response.json()).toEqual({ status: "success", message: `Test message sent - check ${service}.` });
    }
    expect(got("/slack", "test message")).toHaveLength(1);
    expect(got("/webhook", "Test message")).toHaveLength(1);
    expect(got("/resend/emails", "test@example.com")).toHaveLength(1);
    expect((await gateway.call("/health/services?service=fax")).status).toBe(400);
    down.add("/webhook");
    const failed = await gateway.call("/health/services?service=webhook");
    down.delete("/webhook");
    expect(failed.status).toBe(400);
    expect(await failed.text()).toContain("webhook answered 503");
    const { key } = await post("/key/generate", {});
    const headers = { authorization: `Bearer ${key}` };
    for (const path of ["/health/services?service=slack", "/alerting/settings"])
      expect((await gateway.call(path, undefined, headers)).status).toBe(403);
  });

  it("and settings are there to see, without addresses", async () => {
    const text = await (await gateway.call("/alerting/settings")).text();
    expect(JSON.parse(text)).toContainEqual(
      expect.objectContaining({ field_name: "alerting", field_value: ["slack", "webhook", "email"] }),
    );
    expect(text).not.toContain("http");
  });
});
