/** Clients that bring keys and hosts of their own, at the running gateway. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

beforeAll(async () => {
  upstream = await startUpstream(async ({ headers }, response) => {
    if (headers.authorization === "Bearer sk-wrong")
      json(response, 401, { error: { message: "wrong key", type: "invalid_request_error" } });
    else json(response, 200, whole("openai", "hello"));
  });
  const params = { model: "openai/chat", api_key: "sk-of-the-gateway", api_base: `${upstream.url}/v1` };
  gateway = await startGateway({
    model_list: [
      { model_name: "closed", litellm_params: params },
      { model_name: "open", litellm_params: { ...params, configurable_clientside_auth_params: ["api_key"] } },
    ],
    router_settings: { num_retries: 0, fallbacks: [{ open: ["closed"] }], allowed_fails: 0 },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function post(path: string, body: unknown, key = MASTER_KEY) {
  const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever comes
  return { status: response.status, headers: response.headers, body: (await response.json()) as any };
}

const chat = (model: string, fields: object = {}, key?: string) =>
  post("/v1/chat/completions", { model, messages: [{ role: "user", content: "hi" }], ...fields }, key);

const lastKey = () => upstream.received.at(-1)?.headers.authorization;

describe("a client's own key", () => {
  it("is refused where no admin lets it", async () => {
    const before = upstream.received.length;
    const { status, body } = await chat("closed", { api_key: "sk-mine" });
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: "api_key" });
    expect(upstream.received.length).toBe(before);
  });

  it("is the upstream's where the deployment leaves it to clients", async () => {
    expect((await chat("open", { api_key: "sk-mine" })).status).toBe(200);
    expect(lastKey()).toBe("Bearer sk-mine");
    expect(upstream.received.at(-1)?.body).not.toHaveProperty("api_key");
    expect((await chat("open")).status).toBe(200);
    expect(lastKey()).toBe("Bearer sk-of-the-gateway");
  });

  it("that is wrong harms nobody else, and falls back to no key of the gateway's", async () => {
    for (let time = 0; time < 3; time++) expect((await chat("open", { api_key: "sk-wrong" })).status).toBe(401);
    expect(lastKey()).toBe("Bearer sk-wrong");
    const { status, headers } = await chat("open");
    expect({ status, fallbacks: headers.get("x-litellm-attempted-fallbacks") }).toEqual({
      status: 200,
      fallbacks: "0",
    });
  });

  it("is let in for a key or team that may, and only an admin says which", async () => {
    const { body: made } = await post("/key/generate", { metadata: { allow_client_side_credentials: true } });
    expect((await chat("closed", { api_key: "sk-mine" }, made.key)).status).toBe(200);
    expect(lastKey()).toBe("Bearer sk-mine");
    const { body: user } = await post("/user/new", { user_role: "internal_user" });
    const own = await post("/key/generate", { metadata: { allow_client_side_credentials: true } }, user.key);
    expect(own.status).toBe(403);
    const { body: team } = await post("/team/new", {
      members_with_roles: [{ user_id: user.user_id, role: "admin" }],
    });
    const changed = await post(
      "/team/update",
      { team_id: team.team_id, metadata: { allow_client_side_credentials: true } },
      user.key,
    );
    expect(changed.status).toBe(403);
  });
});

describe("a client's own host", () => {
  it("is none that only the gateway can reach", async () => {
    const { body: made } = await post("/key/generate", { metadata: { allow_client_side_credentials: true } });
    const before = upstream.received.length;
    const { port } = new URL(upstream.url);
    for (const host of ["127.0.0.1", "localhost", "[::1]", "2130706433", "0.0.0.0", "[::ffff:7f00:1]", "10.0.0.1"]) {
      const { status, body } = await chat(
        "closed",
        { api_key: "sk-mine", api_base: `http://${host}:${port}/v2` },
        made.key,
      );
      expect({ host, status, param: body.error.param }).toEqual({ host, status: 400, param: "api_base" });
    }
    expect(upstream.received.length).toBe(before);
  });

  it("gets no key of the gateway's", async () => {
    const { body: made } = await post("/key/generate", { metadata: { allow_client_side_credentials: true } });
    const { status, body } = await chat("closed", { api_base: "https://llm.example/v1" }, made.key);
    expect({ status, param: body.error.param }).toEqual({ status: 400, param: "api_key" });
  });
});
