/** What `general_settings` and `litellm_settings` say of access, at the running gateway. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { findRow } from "./rows.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
const running: TestGateway[] = [];

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) => {
    if (body["model"] === "endless") {
      response.writeHead(200, { "content-type": "application/json" });
      const piece = " ".repeat(64 * 1024);
      response.on("error", () => {});
      const write = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once("drain", write);
      };
      return write();
    }
    if (body["model"] === "slow") await new Promise((next) => setTimeout(next, 1500));
    json(response, 200, whole("openai", "hello"));
  });
});

afterAll(async () => {
  await Promise.all(running.map((gateway) => gateway.stop()));
  await upstream?.close();
});

// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
type Body = any;

class Client {
  readonly gateway: TestGateway;
  constructor(gateway: TestGateway) {
    this.gateway = gateway;
  }

  async ask(path: string, body?: unknown, key: string | undefined = MASTER_KEY, headers: Record<string, string> = {}) {
    const response = await this.gateway.call(path, body, { authorization: `Bearer ${key}`, ...headers });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === "" ? undefined : JSON.parse(text)) as Body,
    };
  }

  chat(fields: object = {}, key?: string, headers?: Record<string, string>) {
    return this.ask(
      "/v1/chat/completions",
      { model: "chat", messages: [{ role: "user", content: "hi" }], ...fields },
      key,
      headers,
    );
  }

  async key(fields: object = {}): Promise<{ key: string; token: string }> {
    const { status, body } = await this.ask("/key/generate", fields);
    expect(status, JSON.stringify(body)).toBe(200);
    return body;
  }
}

async function start(settings: Record<string, unknown>): Promise<Client> {
  const deployment = (model_name: string, model: string, more: object = {}) => ({
    model_name,
    litellm_params: { model: `openai/${model}`, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...more },
  });
  const gateway = await startGateway({
    model_list: [
      deployment("chat", "chat"),
      deployment("other", "other"),
      deployment("endless", "endless"),
      deployment("slow", "slow"),
      deployment("narrow", "slow", { max_parallel_requests: 1 }),
    ],
    ...settings,
    router_settings: { num_retries: 0, ...(settings["router_settings"] as object | undefined) },
  });
  running.push(gateway);
  return new Client(gateway);
}

const last = (): Received => upstream.received.at(-1) as Received;

describe("routes", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({
      general_settings: {
        admin_only_routes: ["/key/generate", "/end_user/info"],
        allowed_routes: ["llm_api_routes", "info_routes", "/key/*", "/user/new", "/customer/info", "/spend/calculate"],
        public_routes: ["/v1/models", "/spend/calculate", "/key/list", "/v1/chat/completions"],
      },
    });
  }, 60_000);

  const without = (path: string, body?: unknown) => client.ask(path, body, undefined, { authorization: "" });

  it("are those the config allows, for the admin too", async () => {
    expect((await client.chat()).status).toBe(200);
    const { status, body } = await client.ask("/team/new", {});
    expect({ status, message: body.error.message }).toEqual({ status: 403, message: "Route /team/new not allowed" });
    expect((await client.ask("/health/liveliness")).status).toBe(200);
  });

  it("are the admin's alone where the config says so, by whichever name", async () => {
    const { body: user } = await client.ask("/user/new", { user_role: "internal_user" });
    const { status, body } = await client.ask("/key/generate", {}, user.key);
    expect({ status, message: body.error.message }).toEqual({
      status: 403,
      message: expect.stringContaining("admin only route"),
    });
    expect((await client.ask("/key/info", undefined, user.key)).status).toBe(200);
    expect((await client.ask("/key/generate", {})).status).toBe(200);
  });

  it("are open only where the config says so and nothing of anybody is told", async () => {
    expect((await without("/v1/models")).body.data.map(({ id }: { id: string }) => id)).toContain("chat");
    expect((await without("/spend/calculate", { model: "gpt-4o", messages: [] })).status).toBe(200);
    expect((await without("/models")).status).toBe(401);
    expect((await without("/key/list")).status).toBe(401);
    expect((await without("/v1/chat/completions", { model: "chat", messages: [] })).status).toBe(401);
  });
});

describe("addresses", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({
      general_settings: { allowed_ips: ["203.0.113.7", "10.0.0.0/8"], use_x_forwarded_for: true },
    });
  }, 60_000);

  const from = (address: string, path = "/v1/models", body?: unknown) =>
    client.ask(path, body, MASTER_KEY, { "x-forwarded-for": address });

  it.each(["203.0.113.7", "10.1.2.3", "8.8.8.8, 203.0.113.7", "::ffff:10.0.0.1"])("%s is let in", async (address) => {
    expect((await from(address)).status).toBe(200);
  });

  it.each(["203.0.113.8", "203.0.113.7, 8.8.8.8", "", "localhost", "203.0.113.7.evil.example"])(
    "%j is not",
    async (address) => {
      const { status, body } = await from(address);
      expect({ status, message: body.error.message }).toEqual({
        status: 403,
        message: "Access forbidden: IP address not allowed.",
      });
    },
  );

  it("another header is nobody's word", async () => {
    for (const name of ["cf-connecting-ip", "x-real-ip", "forwarded", "true-client-ip"])
      expect((await client.ask("/v1/models", undefined, MASTER_KEY, { [name]: "10.0.0.1" })).status).toBe(403);
  });

  it("are asked before the key, and not at all by what tells of health", async () => {
    const stranger = await client.ask("/v1/models", undefined, "sk-nobody", { "x-forwarded-for": "8.8.8.8" });
    expect(stranger.status).toBe(403);
    expect((await client.ask("/health/liveliness")).status).toBe(200);
  });

  it("are added and taken away by routes", async () => {
    expect((await from("198.51.100.9")).status).toBe(403);
    expect((await from("10.0.0.1", "/add/allowed_ip", { ip: "198.51.100.0/24" })).body.status).toBe("success");
    expect((await from("198.51.100.9")).status).toBe(200);
    expect((await from("10.0.0.1", "/get/allowed_ips")).body.data).toEqual([
      "203.0.113.7",
      "10.0.0.0/8",
      "198.51.100.0/24",
    ]);
    expect((await from("10.0.0.1", "/add/allowed_ip", { ip: "198.51.100.0/24" })).status).toBe(400);
    expect((await from("10.0.0.1", "/add/allowed_ip", { ip: "nowhere" })).status).toBe(400);
    expect((await from("10.0.0.1", "/delete/allowed_ip", { ip: "198.51.100.0/24" })).status).toBe(200);
    expect((await from("198.51.100.9")).status).toBe(403);
    expect((await from("10.0.0.1", "/delete/allowed_ip", { ip: "198.51.100.0/24" })).status).toBe(404);
  });
});

describe("addresses on a machine of one's own", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({ general_settings: { allowed_ips: ["203.0.113.7"] } });
  }, 60_000);

  it("are the other end of the connection", async () => {
    const own = await start({ general_settings: { allowed_ips: ["127.0.0.0/8"] } });
    expect((await own.ask("/v1/models", undefined, MASTER_KEY)).status).toBe(200);
  }, 60_000);

  it("are no client's to tell: elsewhere than on Cloudflare its header is the client's own", async () => {
    const others = { "mf-cf-blob": '{"colo":"AMS"}', "x-forwarded-for": "203.0.113.7" };
    for (const more of [{}, others])
      expect(
        (await client.ask("/v1/models", undefined, MASTER_KEY, { "cf-connecting-ip": "203.0.113.7", ...more })).status,
      ).toBe(403);
    expect((await client.ask("/health/liveliness")).status).toBe(200);
  });
});

describe("what requests must have, and may not", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({
      general_settings: {
        enforce_user_param: true,
        reject_clientside_metadata_tags: true,
        service_account_settings: { enforced_params: ["metadata.app"] },
      },
    });
  }, 60_000);

  it("a customer, however it is said", async () => {
    const { status, body } = await client.chat();
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: "user" });
    expect((await client.chat({ user: "ada" })).status).toBe(200);
    expect((await client.chat({}, undefined, { "x-litellm-end-user-id": "ada" })).status).toBe(200);
    const messages = { model: "chat", max_tokens: 5, messages: [{ role: "user", content: "hi" }] };
    const refused = await client.ask("/v1/messages", messages);
    expect({ status: refused.status, type: refused.body.type }).toEqual({ status: 400, type: "error" });
    expect((await client.ask("/v1/messages", { ...messages, metadata: { user_id: "ada" } })).status).toBe(200);
    expect((await client.ask("/v1/models")).status).toBe(200); // it names no customer, and is about none
  });

  it.each([
    { metadata: { tags: ["a"] } },
    { litellm_metadata: { tags: ["a"] } },
    { tags: ["a"] },
    { extra_body: { tags: ["a"] } },
  ])("no tags of the client's own: %j", async (fields) => {
    const { status, body } = await client.chat({ user: "ada", ...fields });
    expect(status).toBe(400);
    expect(body.error.message).toContain("reject_clientside_metadata_tags");
  });

  it("no tags in a header, while those of the key stay", async () => {
    expect((await client.chat({ user: "ada" }, undefined, { "x-litellm-tags": "a" })).status).toBe(400);
    const { key, token } = await client.key({ tags: ["of-key"] });
    const { status, headers } = await client.chat({ user: "ada" }, key);
    expect(status).toBe(200);
    const row = await findRow(client.gateway, token, headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({ request_tags: expect.arrayContaining(["of-key"]) });
  });

  it("more of service accounts", async () => {
    const { body: team } = await client.ask("/team/new", {});
    const { body: account } = await client.ask("/key/service-account/generate", {
      team_id: team.team_id,
      key_alias: "robot",
    });
    expect(account.metadata.service_account_id).toBe("robot");
    const { status, body } = await client.chat({ user: "ada" }, account.key);
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: "metadata.app" });
    expect((await client.chat({ user: "ada", metadata: { app: "x" } }, account.key)).status).toBe(200);
    const { key } = await client.key({ team_id: team.team_id });
    expect((await client.chat({ user: "ada" }, key)).status).toBe(200);
  });
});

describe("headers, tags and customers", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({
      general_settings: {
        forward_openai_org_id: true,
        litellm_key_header_name: "X-Team-Key",
        pass_through_endpoints: [{ path: "/own", target: `${upstream.url}/own`, forward_headers: true }],
      },
      litellm_settings: {
        model_group_settings: { forward_client_headers_to_llm_api: ["other", "cha*"] },
        add_user_information_to_llm_headers: true,
        extra_spend_tag_headers: ["X-App"],
        disable_end_user_cost_tracking: true,
        max_end_user_budget: 0.0000001,
      },
    });
  }, 60_000);

  it("of the client go on where the config says so, without what authenticates or is the gateway's", async () => {
    const headers = {
      "x-app": "search",
      "x-litellm-trace-id": "t",
      "x-stainless-lang": "js",
      "x-api-key": "secret",
      "x-forwarded-for": "1.2.3.4",
      "x-amz-security-token": "secret",
      "openai-organization": "org-client",
    };
    await client.chat({}, undefined, headers);
    expect(last().headers).toMatchObject({ "x-app": "search", "openai-organization": "org-client" });
    for (const name of [
      "x-litellm-trace-id",
      "x-stainless-lang",
      "x-api-key",
      "x-forwarded-for",
      "x-amz-security-token",
    ])
      expect(last().headers).not.toHaveProperty(name);
    await client.chat({ model: "narrow" }, undefined, headers);
    expect(last().headers).not.toHaveProperty("x-app");
  });

  it("never the one that carries the key, whatever the operator calls it", async () => {
    const { key } = await client.key({});
    const own = { "x-team-key": key, "x-app": "search" };
    expect((await client.chat({}, "sk-nobody", own)).status).toBe(200);
    expect(last().headers).toMatchObject({ "x-app": "search" });
    expect(JSON.stringify(last().headers)).not.toContain(key);
    await fetch(`${client.gateway.url}/own`, { method: "POST", headers: own, body: "{}" });
    expect(last()).toMatchObject({ path: "/own", headers: { "x-app": "search" } });
    expect(JSON.stringify(last().headers)).not.toContain(key);
  });

  it("tell the upstream who calls, and nobody else can", async () => {
    const { key, token } = await client.key({ key_alias: "søk" });
    await client.chat({ extra_headers: { "x-litellm-user_api_key_user_id": "root", "x-mine": "1" } }, key);
    expect(last().headers).toMatchObject({
      "x-litellm-user_api_key_hash": token,
      "x-litellm-user_api_key_alias": "s%C3%B8k",
      "x-mine": "1",
    });
    expect(last().headers).not.toHaveProperty("x-litellm-user_api_key_user_id");
  });

  it("become tags", async () => {
    const { key, token } = await client.key({});
    const { headers } = await client.chat({}, key, { "x-app": "search" });
    const row = await findRow(client.gateway, token, headers.get("x-litellm-call-id"));
    expect(row).toMatchObject({ request_tags: expect.arrayContaining(["x-app: search"]) });
  });

  it("customers have no budget and no row where nobody counts them; one that is blocked stays so", async () => {
    const { key, token } = await client.key({});
    const { status, headers } = await client.chat({ user: "ada" }, key);
    expect(status).toBe(200);
    expect(await findRow(client.gateway, token, headers.get("x-litellm-call-id"))).toMatchObject({ end_user: "" });
    await client.ask("/customer/block", { user_ids: ["eve"] });
    expect((await client.chat({ user: "eve" }, key)).status).toBe(400);
  });
});

describe("how much at a time", () => {
  let client: Client;
  beforeAll(async () => {
    client = await start({
      general_settings: { global_max_parallel_requests: 2, max_response_size_mb: 1, token_rate_limit_type: "output" },
    });
  }, 60_000);

  it("of all keys together", async () => {
    const keys = [await client.key(), await client.key(), await client.key()];
    const replies = await Promise.all(keys.map(({ key }) => client.chat({ model: "slow" }, key)));
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    const refused = replies.find(({ status }) => status === 429);
    expect(refused?.body.error.message).toContain("max_parallel_requests");
  });

  it("of one deployment", async () => {
    const replies = await Promise.all([client.chat({ model: "narrow" }), client.chat({ model: "narrow" })]);
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect((await client.chat({ model: "narrow" })).status).toBe(200);
  });

  it("of an answer that never ends", async () => {
    const { status, body } = await client.chat({ model: "endless" });
    expect({ status, message: body.error.message }).toEqual({
      status: 500,
      message: expect.stringContaining("Max size is 1 MB"),
    });
    await expect.poll(() => last().aborted).toBe(true);
    expect((await client.chat({ model: "endless" })).status).toBe(500); // it has not been left alone for it
  });

  it("of the tokens that count: a long prompt is nothing to a limit of output", async () => {
    const { key } = await client.key({ tpm_limit: 40 });
    const long = { messages: [{ role: "user", content: "word ".repeat(500) }], max_tokens: 20 };
    expect((await client.chat(long, key)).status).toBe(200);
    const { key: strict } = await client.key({ tpm_limit: 10 });
    expect((await client.chat({ max_tokens: 20 }, strict)).status).toBe(429);
  });
});
