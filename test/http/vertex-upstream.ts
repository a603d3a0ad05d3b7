/** Google, as far as the tests need it: tokens for credentials, and Vertex AI's methods. */
import type { ServerResponse } from "node:http";
import { exportPKCS8, generateKeyPair } from "jose";
import { formatEvent } from "../../src/formats/sse.ts";
import { events, whole } from "./answers.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

export const TOKEN = "ya29.a-token-of-google";
export const PNG = Buffer.from("a picture").toString("base64");
export const OPERATION =
  "projects/acme/locations/us-central1/publishers/google/models/veo-3.0-generate-001/operations/7b4d";

/** A service account whose tokens come from this server. */
export async function serviceAccount(tokenHost: string, more: object = {}): Promise<Record<string, string>> {
  const { privateKey } = await generateKeyPair("RS256", { extractable: true });
  return {
    type: "service_account",
    project_id: "acme",
    private_key_id: "k1",
    private_key: await exportPKCS8(privateKey),
    client_email: "robot@acme.iam.gserviceaccount.com",
    token_uri: `${tokenHost}/token`,
    ...more,
  };
}

export async function startVertex() {
  const signIns: string[] = [];
  const tokens = await startTokenServer(signIns);
  const vertex = await startUpstream((request, response) => {
    if (request.headers["authorization"] !== `Bearer ${TOKEN}`)
      return json(response, 401, { error: { code: 401, message: "no token", status: "UNAUTHENTICATED" } });
    return answer(request, response);
  });
  return {
    ...vertex,
    tokens: tokens.url,
    /** Paths of the token server that were asked. */
    signIns,
    close: async () => {
      await tokens.close();
      await vertex.close();
    },
  };
}

/** It takes forms, which `startUpstream` does not read. */
async function startTokenServer(signIns: string[]): Promise<{ url: string; close(): Promise<void> }> {
  const { createServer } = await import("node:http");
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    signIns.push(request.url ?? "");
    const assertion = new URLSearchParams(Buffer.concat(parts).toString()).get("assertion") ?? "";
    if (request.url === "/refused")
      return json(response, 400, { error: "invalid_grant", error_description: "Invalid JWT Signature." });
    if (request.url === "/down") return json(response, 503, { error: "backend" });
    return json(response, assertion === "" ? 400 : 200, {
      access_token: TOKEN,
      expires_in: 3599,
      token_type: "Bearer",
    });
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

function answer({ path, body }: Received, response: ServerResponse): void {
  const [tail = ""] = path.split("?");
  if (/throttled/.test(tail))
    return void json(response, 429, {
      error: { code: 429, message: "Resource exhausted. Please try again later.", status: "RESOURCE_EXHAUSTED" },
    });
  if (/broken/.test(tail)) return void response.socket?.destroy();
  if (tail.endsWith(":streamGenerateContent")) return void stream(response, "gemini");
  if (tail.endsWith(":streamRawPredict"))
    return void stream(response, tail.includes("/anthropic/") ? "anthropic" : "openai");
  if (tail.endsWith(":generateContent")) return void json(response, 200, whole("gemini", "Hello"));
  if (tail.endsWith(":countTokens")) return void json(response, 200, { totalTokens: 3, totalBillableCharacters: 9 });
  if (tail.endsWith("count-tokens:rawPredict")) return void json(response, 200, { input_tokens: 12 });
  if (/mistral-ocr/.test(tail))
    return void json(response, 200, {
      pages: [{ index: 0, markdown: "# Hi" }],
      model: "m",
      usage_info: { pages_processed: 1 },
    });
  if (tail.endsWith(":rawPredict"))
    return void json(response, 200, whole(tail.includes("/anthropic/") ? "anthropic" : "openai", "Hello"));
  if (tail.endsWith("/chat/completions"))
    return void (body["stream"] ? stream(response, "openai") : json(response, 200, whole("openai", "Hello")));
  if (tail.endsWith(":embedContent")) return void json(response, 200, { embedding: { values: [0.5, 0.25] } });
  if (tail.endsWith(":predictLongRunning")) return void json(response, 200, { name: OPERATION });
  if (tail.endsWith(":fetchPredictOperation"))
    return void json(response, 200, {
      name: body["operationName"],
      done: true,
      response: { videos: [{ bytesBase64Encoded: Buffer.from("a film").toString("base64"), mimeType: "video/mp4" }] },
    });
  if (tail.endsWith(":predict")) return void json(response, 200, { predictions: predictions(tail, body) });
  if (tail.endsWith(":rank")) return void json(response, 200, { records: [{ id: "1", score: 0.9 }, { id: "0" }] });
  return void json(response, 200, { path });
}

function predictions(path: string, { instances }: Received["body"]): unknown {
  const given = Array.isArray(instances) ? (instances as Record<string, unknown>[]) : [];
  if (path.includes("imagen")) return given.map(() => ({ bytesBase64Encoded: PNG, mimeType: "image/png" }));
  if (path.includes("multimodal"))
    return given.map(({ image }) => ({ [image ? "imageEmbedding" : "textEmbedding"]: [1, 0] }));
  if (path.includes("embedding"))
    return given.map(() => ({ embeddings: { values: [0.5, 0.25], statistics: { token_count: 2, truncated: false } } }));
  return whole("openai", "Hello");
}

function stream(response: ServerResponse, format: "openai" | "anthropic" | "gemini"): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const { data, event } of events(format, "Hel", "lo")) response.write(formatEvent(data, event));
  response.end();
}
