/** Google's own client speaks with the Live API through the gateway. */
import { GoogleGenAI, type LiveServerMessage, Modality } from "@google/genai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { type SocketServer, startSocketServer } from "../http/sockets.ts";
import { serviceAccount, startVertex } from "../http/vertex-upstream.ts";

let google: SocketServer;
let vertex: Awaited<ReturnType<typeof startVertex>>;
let gateway: TestGateway;

const bytes = (message: object) => Buffer.from(JSON.stringify(message));

beforeAll(async () => {
  google = await startSocketServer((message, session) => {
    if (message["setup"] !== undefined) session.send(bytes({ setupComplete: {} }));
    if (message["clientContent"] === undefined) return;
    session.send(bytes({ serverContent: { modelTurn: { parts: [{ text: "Grüezi" }] } } }));
    session.send(
      bytes({
        serverContent: { turnComplete: true },
        usageMetadata: { promptTokenCount: 100, responseTokenCount: 10, totalTokenCount: 110 },
      }),
    );
  });
  vertex = await startVertex();
  const more = {
    api_base: google.url,
    use_in_pass_through: true,
    input_cost_per_token: 0.000_01,
    output_cost_per_token: 0.000_1,
  };
  const credentials = await serviceAccount(vertex.tokens);
  gateway = await startGateway({
    model_list: [
      {
        model_name: "a",
        litellm_params: { model: "vertex_ai/gemini-live", vertex_credentials: credentials, ...more },
      },
      { model_name: "b", litellm_params: { model: "gemini/gemini-live", api_key: "google-key", ...more } },
    ],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: vertex.tokens },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await google?.close();
  await vertex?.close();
});

describe.each([
  ["vertex_ai", true],
  ["gemini", false],
] as const)("at /%s", (prefix, vertexai) => {
  it("opens a session, says something, and hears the answer", async () => {
    const client = new GoogleGenAI({
      vertexai,
      apiKey: MASTER_KEY,
      httpOptions: { baseUrl: `${gateway.url}/${prefix}` },
    });
    const heard: LiveServerMessage[] = [];
    const over = Promise.withResolvers<void>();
    const session = await client.live.connect({
      model: "gemini-live",
      config: { responseModalities: [Modality.TEXT], systemInstruction: "Be kind." },
      callbacks: {
        onmessage: (message) => {
          heard.push(message);
          if (message.serverContent?.turnComplete) over.resolve();
        },
        onerror: (event) => over.reject(new Error(event.message)),
        onclose: (event) => over.reject(new Error(`closed: ${event.code} ${event.reason}`)),
      },
    });
    session.sendClientContent({ turns: "Hello", turnComplete: true });
    await over.promise;
    session.close();
    expect(heard.map((message) => message.text ?? "").join("")).toBe("Grüezi");
    expect(heard.at(-1)?.usageMetadata?.totalTokenCount).toBe(110);
  });
});
