/** OpenAI's realtime events at Gemini's Live API, at the running gateway. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { connect, type SocketServer, startSocketServer } from "./sockets.ts";
import { until } from "./upstream.ts";
import { serviceAccount, startVertex, TOKEN } from "./vertex-upstream.ts";

let google: SocketServer;
let vertex: Awaited<ReturnType<typeof startVertex>>;
let gateway: TestGateway;

const bytes = (message: object) => Buffer.from(JSON.stringify(message)); // Google sends its JSON in binary frames

beforeAll(async () => {
  google = await startSocketServer((message, session) => {
    if (message["setup"] !== undefined) session.send(bytes({ setupComplete: {} }));
    if (message["clientContent"] !== undefined) {
      session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "Grü" }] } } }));
      session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "ezi" }] } } }));
      session.send(
        bytes({
          serverContent: { turnComplete: true },
          usageMetadata: { promptTokenCount: 100, responseTokenCount: 10, totalTokenCount: 110 },
        }),
      );
    }
  });
  vertex = await startVertex();
  gateway = await startGateway({
    model_list: [
      {
        model_name: "live",
        litellm_params: {
          model: "gemini/gemini-live",
          api_key: "google-key",
          api_base: google.url,
          input_cost_per_token: 0.000_01,
          output_cost_per_token: 0.000_1,
        },
        model_info: { max_input_tokens: 1_000_000, max_output_tokens: 8192 },
      },
      {
        model_name: "vertex-live",
        litellm_params: {
          model: "vertex_ai/gemini-live-2.5-flash",
          api_base: google.url,
          vertex_location: "us-east5",
          vertex_credentials: await serviceAccount(vertex.tokens),
        },
      },
    ],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await google?.close();
  await vertex?.close();
});

it("a client of OpenAI's talks with Gemini, and pays for it", async () => {
  const made = await gateway.call("/key/generate", { max_budget: 10 });
  const { key } = (await made.json()) as { key: string };
  const session = await connect(`${gateway.url}/v1/realtime?model=live`, { authorization: `Bearer ${key}` });
  await session.next("session.created");
  session.send({
    type: "session.update",
    session: { type: "realtime", output_modalities: ["text"], instructions: "Hi." },
  });
  expect(await session.next("session.updated")).toMatchObject({
    session: { instructions: "Hi.", model: "models/gemini-live" },
  });
  session.send({
    type: "conversation.item.create",
    item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] },
  });
  session.send({ type: "response.create" });
  expect(await session.next("response.output_text.done")).toMatchObject({ text: "Grüezi" });
  expect(await session.next("response.done")).toMatchObject({
    response: { status: "completed", usage: { input_tokens: 100, output_tokens: 10 } },
  });
  session.send({ type: "conversation.item.delete", item_id: "x", event_id: "mine" });
  expect(await session.next("error")).toMatchObject({ error: { type: "invalid_request_error", event_id: "mine" } });
  const upstream = google.sessions[0];
  expect(upstream?.path).toBe("/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent");
  expect(upstream?.headers["x-goog-api-key"]).toBe("google-key");
  expect(upstream?.received.map((message) => Object.keys(message)[0])).toEqual(["setup", "clientContent"]);
  session.close();
  await session.end();
  await until(() => upstream?.closed !== undefined);
  let spend = 0;
  for (let waited = 0; waited < 100 && spend === 0; waited++) {
    const info = await gateway.call(`/key/info?key=${key}`);
    spend = ((await info.json()) as { info: { spend: number } }).info.spend;
    await new Promise((next) => setTimeout(next, 100));
  }
  expect(spend).toBeCloseTo(100 * 0.000_01 + 10 * 0.000_1, 9);
});

it("what Google says when it ends a session reaches the client", async () => {
  const session = await connect(`${gateway.url}/v1/realtime?model=live`, { authorization: `Bearer ${MASTER_KEY}` });
  await session.next("session.created");
  await until(() => google.sessions.length === 2);
  google.sessions[1]?.close(1008, "models/gemini-live is not found");
  expect(await session.next("error")).toMatchObject({ error: { message: expect.stringContaining("is not found") } });
  expect(await session.end()).toEqual({ code: 1008, reason: "models/gemini-live is not found" });
});

it("Vertex AI is signed in to, and told the whole name of the model", async () => {
  const before = google.sessions.length;
  const asked = { authorization: `Bearer ${MASTER_KEY}` };
  const session = await connect(`${gateway.url}/v1/realtime?model=vertex-live`, asked);
  await session.next("session.created");
  session.send({ type: "session.update", session: { type: "realtime", output_modalities: ["text"] } });
  await session.next("session.updated");
  session.send({
    type: "conversation.item.create",
    item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hello" }] },
  });
  session.send({ type: "response.create" });
  await session.next("response.done");
  const upstream = google.sessions[before];
  expect(upstream?.path).toBe("/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent");
  expect(upstream?.headers["authorization"]).toBe(`Bearer ${TOKEN}`);
  expect(upstream?.received[0]).toMatchObject({
    setup: { model: "projects/acme/locations/us-east5/publishers/google/models/gemini-live-2.5-flash" },
  });
  session.close();
  await session.end();
});
