/** Client secrets of realtime sessions at the running gateway, and OpenAI's SDK on both. */
import { connect as connectTcp } from "node:net";
import OpenAI from "openai";
import { OpenAIRealtimeWS } from "openai/realtime/ws";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { startProvider } from "./realtime-provider.ts";
import { connect, Refused, type SocketServer } from "./sockets.ts";
import { json, startUpstream, until } from "./upstream.ts";

let provider: SocketServer;
let secrets: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Unix seconds. */
let expires = 0;
/** Seconds for which secrets of the provider with sessions are good. */
let lasts = 60;
let answer: ((body: Record<string, unknown>) => { status: number; body: unknown }) | undefined;

beforeAll(async () => {
  provider = await startProvider(() => ({ text: "Hello." }), {
    answer: (_, response) =>
      json(response, 200, {
        value: "ek_of_the_provider",
        expires_at: Math.floor(Date.now() / 1000) + lasts,
        session: {},
      }),
  });
  secrets = await startUpstream(({ body, path }, response) => {
    expires = Math.floor(Date.now() / 1000) + 60;
    const { status, body: answered } = answer?.(body) ?? {
      status: 200,
      body: path.endsWith("/client_secrets")
        ? {
            value: "ek_of_the_provider",
            expires_at: expires,
            session: { object: "realtime.session", id: "sess_1", ...(body["session"] as object), expires_at: 0 },
          }
        : { id: "sess_1", ...body, client_secret: { value: "ek_of_the_provider", expires_at: expires } },
    };
    json(response, status, answered);
  });
  gateway = await startGateway({
    model_list: [
      {
        model_name: "voice",
        litellm_params: {
          model: "openai/gpt-realtime",
          api_key: "sk-upstream",
          api_base: `${provider.url}/v1`,
          input_cost_per_token: 0.000_01,
          output_cost_per_token: 0.000_01,
        },
      },
      {
        model_name: "minted",
        litellm_params: { model: "openai/gpt-realtime", api_key: "sk-upstream", api_base: `${secrets.url}/v1` },
      },
      { model_name: "chat-only", litellm_params: { model: "anthropic/claude-sonnet-4-5", api_key: "sk-a" } },
    ],
    router_settings: { num_retries: 0 },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await provider?.close();
  await secrets?.close();
});

async function newKey(fields: Record<string, unknown> = {}): Promise<string> {
  const response = await gateway.call("/key/generate", fields);
  return ((await response.json()) as { key: string }).key;
}

async function mint(body: object, key = MASTER_KEY, path = "/v1/realtime/client_secrets") {
  const response = await gateway.call(path, body, { authorization: `Bearer ${key}` });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("client secrets", () => {
  it("are the provider's, sealed: what the provider made is not to be seen", async () => {
    const session = { type: "realtime", model: "minted", instructions: "Be brief.", unknown_field: 1 };
    for (const path of [
      "/v1/realtime/client_secrets",
      "/realtime/client_secrets",
      "/openai/v1/realtime/client_secrets",
    ]) {
      const { status, body } = await mint(
        { session, expires_after: { anchor: "created_at", seconds: 60 } },
        MASTER_KEY,
        path,
      );
      expect(status).toBe(200);
      expect(body["value"]).toMatch(/^ek_[\w.-]+$/);
      expect(JSON.stringify(body)).not.toContain("ek_of_the_provider");
      expect(body).toMatchObject({
        expires_at: expires,
        session: { ...session, model: "gpt-realtime", object: "realtime.session" },
      });
      expect(secrets.received.at(-1)).toMatchObject({
        path: "/v1/realtime/client_secrets",
        headers: { authorization: "Bearer sk-upstream" },
        body: {
          session: { ...session, model: "gpt-realtime" },
          expires_after: { anchor: "created_at", seconds: 60 },
        },
      });
      expect(secrets.received.at(-1)?.body["model"]).toBeUndefined();
    }
  });

  it("take the model wherever clients write it, and have the first version's form too", async () => {
    expect((await mint({ model: "minted" })).body).toMatchObject({
      session: { type: "realtime", model: "gpt-realtime" },
    });
    const listening = {
      type: "transcription",
      audio: { input: { transcription: { model: "minted", language: "de" } } },
    };
    await mint({ session: listening });
    expect(secrets.received.at(-1)?.body).toEqual({
      session: {
        type: "transcription",
        audio: { input: { transcription: { model: "gpt-realtime", language: "de" } } },
      },
    });
    const old = await mint({ model: "minted", voice: "alloy" }, MASTER_KEY, "/v1/realtime/sessions");
    expect(old.body).toMatchObject({ id: "sess_1", voice: "alloy", model: "gpt-realtime" });
    const { value } = old.body["client_secret"] as { value: string };
    expect(value).toMatch(/^ek_/);
    expect(JSON.stringify(old.body)).not.toContain("ek_of_the_provider");
    const whisper = { input_audio_transcription: { model: "minted" } };
    expect((await mint(whisper, MASTER_KEY, "/v1/realtime/transcription_sessions")).status).toBe(200);
    expect(secrets.received.at(-1)?.body).toEqual({ input_audio_transcription: { model: "gpt-realtime" } });
  });

  it("are refused as every call is", async () => {
    expect((await mint({})).status).toBe(400);
    expect((await mint({ model: "minted", session: 1 })).status).toBe(400);
    expect([400, 404]).toContain((await mint({ model: "nothing" })).status);
    expect((await mint({ model: "chat-only" })).status).toBe(400);
    expect((await mint({ model: "minted" }, "sk-nobody")).status).toBe(401);
    expect([401, 403]).toContain((await mint({ model: "minted" }, await newKey({ models: ["voice"] }))).status);
    answer = () => ({ status: 429, body: { error: { message: "slow down" } } });
    expect((await mint({ model: "minted" })).status).toBe(429);
    answer = () => ({ status: 200, body: { token: "a-secret-in-another-place" } });
    const unknown = await mint({ model: "minted" });
    expect(unknown.status).toBe(500);
    expect(JSON.stringify(unknown.body)).not.toContain("a-secret-in-another-place");
    answer = undefined;
  });

  it("are sealed whatever the provider's answer looks like", async () => {
    const made = { value: "ek_of_the_provider", expires_at: expires };
    answer = () => ({ status: 201, body: made });
    const created = await mint({ model: "minted" });
    expect(created).toMatchObject({ status: 201, body: { value: expect.stringMatching(/^ek_/) } });
    expect(JSON.stringify(created.body)).not.toContain("ek_of_the_provider");
    answer = () => ({ status: 200, body: { ...made, client_secret: made } });
    const twice = await mint({ model: "minted" });
    expect(twice.status).toBe(500);
    expect(JSON.stringify(twice.body)).not.toContain("ek_of_the_provider");
    answer = undefined;
  });
});

describe("a session opened with one", () => {
  const secretFor = async (key: string) => String((await mint({ model: "voice" }, key)).body["value"]);

  it("goes to the deployment that made it, with the provider's secret, and counts for the key", async () => {
    const key = await newKey({ max_budget: 1, models: ["voice"] });
    const secret = await secretFor(key);
    const session = await connect(`${gateway.url}/v1/realtime`, {}, ["realtime", `openai-insecure-api-key.${secret}`]);
    await session.next("session.created");
    expect(provider.sessions.at(-1)?.headers.authorization).toBe("Bearer ek_of_the_provider");
    session.send({ type: "response.create" });
    await session.next("response.done");
    session.close();
    await session.end();
    let spend = 0;
    for (let waited = 0; waited < 100 && spend === 0; waited++) {
      const info = await gateway.call(`/key/info?key=${key}`);
      spend = ((await info.json()) as { info: { spend: number } }).info.spend;
      await new Promise((next) => setTimeout(next, 100));
    }
    expect(spend).toBeCloseTo(150 * 0.000_01, 9);

    const refused = async (value: string) =>
      connect(`${gateway.url}/v1/realtime`, { authorization: `Bearer ${value}` }).then(
        () => undefined,
        (error: unknown) => (error instanceof Refused ? error.status : error),
      );
    expect(await refused(`${secret.slice(0, -2)}xx`)).toBe(401);
    expect(await refused("ek_nonsense")).toBe(401);
    lasts = -1;
    expect(await refused(await secretFor(key))).toBe(401);
    lasts = 60;
    // It opens sessions, and nothing else.
    const chat = await gateway.call("/v1/models", undefined, { authorization: `Bearer ${secret}` });
    expect(chat.status).toBe(401);
    await gateway.call("/key/block", { key });
    expect(await refused(secret)).toBe(401);
  });
});

describe("WebRTC calls", () => {
  it("are refused unless the admin allows what cannot be counted", async () => {
    const response = await gateway.call("/v1/realtime/calls", "v=0", { "content-type": "application/sdp" });
    expect(response.status).toBe(501);
    expect(await response.json()).toMatchObject({ error: { param: "allow_unmetered_realtime_calls" } });
  });

  it("are opened at the deployment of the client secret, with the provider's secret", async () => {
    const offers: { path: string | undefined; authorization: string | undefined; body: string }[] = [];
    const upstream = await startProvider(() => ({}), {
      answer: async (request, response) => {
        let body = "";
        for await (const part of request) body += part;
        if (request.url?.includes("client_secrets")) {
          json(response, 200, { value: "ek_p", expires_at: Math.floor(Date.now() / 1000) + 60, session: {} });
          return;
        }
        offers.push({ path: request.url, authorization: request.headers.authorization, body });
        response.writeHead(201, { "content-type": "application/sdp" }).end("v=0 answer");
      },
    });
    const open = await startGateway({
      model_list: [
        {
          model_name: "voice",
          litellm_params: { model: "openai/gpt-realtime", api_key: "sk-upstream", api_base: `${upstream.url}/v1` },
        },
      ],
      general_settings: { allow_unmetered_realtime_calls: true },
    });
    const call = (authorization: string) =>
      fetch(`${open.url}/v1/realtime/calls`, {
        method: "POST",
        headers: { authorization, "content-type": "application/sdp" },
        body: "v=0 offer",
      });
    expect((await call(`Bearer ${MASTER_KEY}`)).status).toBe(400);
    const made = await open.call("/v1/realtime/client_secrets", { model: "voice" });
    const { value } = (await made.json()) as { value: string };
    const response = await call(`Bearer ${value}`);
    expect(response.status).toBe(201);
    expect(await response.text()).toBe("v=0 answer");
    expect(offers).toEqual([
      { path: "/v1/realtime/calls?model=gpt-realtime", authorization: "Bearer ek_p", body: "v=0 offer" },
    ]);
    await open.stop();
    await upstream.close();
  }, 60_000);
});

describe("OpenAI's SDK", () => {
  it("speaks to the gateway as to OpenAI", async () => {
    const client = new OpenAI({ apiKey: MASTER_KEY, baseURL: `${gateway.url}/v1` });
    const secret = await client.realtime.clientSecrets.create({ session: { type: "realtime", model: "minted" } });
    expect(secret.value).toMatch(/^ek_/);
    expect(secret.session).toMatchObject({ model: "gpt-realtime" });

    const { port } = new URL(gateway.url);
    const texts: string[] = [];
    const rt = new OpenAIRealtimeWS(
      {
        model: "voice",
        // The SDK wants TLS, which ends before the gateway: here there is none.
        options: { createConnection: () => connectTcp(Number(port), "127.0.0.1") } as object,
      },
      client,
    );
    const errors: unknown[] = [];
    rt.on("error", (error) => errors.push(error));
    rt.on("response.output_text.delta", ({ delta }) => texts.push(delta));
    let isDone = false;
    rt.on("response.done", () => {
      isDone = true;
    });
    rt.on("session.created", () => {
      rt.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
      rt.send({ type: "response.create" });
    });
    await until(() => isDone || errors.length > 0);
    expect(errors).toEqual([]);
    expect(texts).toEqual(["Hello."]);
    rt.close();
  });
});
