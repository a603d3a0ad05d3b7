/** Cohere's own API by its own client, through `/cohere/*`. */
import { CohereClient, CohereClientV2 } from "cohere-ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { json, startUpstream } from "../http/upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;

/** In the words of Cohere's API reference. */
const ANSWERS: Record<string, object> = {
  "/v1/chat": { text: "Hello", generation_id: "g1", finish_reason: "COMPLETE", meta: { tokens: { input_tokens: 3 } } },
  "/v2/chat": {
    id: "c1",
    finish_reason: "COMPLETE",
    message: { role: "assistant", content: [{ type: "text", text: "Hello" }] },
    usage: { tokens: { input_tokens: 3, output_tokens: 1 }, billed_units: { input_tokens: 3, output_tokens: 1 } },
  },
  "/v1/embed": { id: "e1", response_type: "embeddings_floats", texts: ["Hi"], embeddings: [[0.5, 1]] },
  "/v2/embed": {
    id: "e2",
    texts: ["Hi"],
    embeddings: { float: [[0.5, 1]] },
    meta: { billed_units: { input_tokens: 1 } },
  },
  "/v1/rerank": {
    id: "r1",
    results: [{ index: 1, relevance_score: 0.9 }],
    meta: { billed_units: { search_units: 1 } },
  },
  "/v2/rerank": {
    id: "r2",
    results: [{ index: 1, relevance_score: 0.9 }],
    meta: { billed_units: { search_units: 1 } },
  },
  "/v1/tokenize": { tokens: [1], token_strings: ["Hi"] },
};

const STREAM = [
  { type: "message-start", id: "c1", delta: { message: { role: "assistant", content: [] } } },
  { type: "content-start", index: 0, delta: { message: { content: { type: "text", text: "" } } } },
  { type: "content-delta", index: 0, delta: { message: { content: { text: "Hel" } } } },
  { type: "content-delta", index: 0, delta: { message: { content: { text: "lo" } } } },
  { type: "content-end", index: 0 },
  {
    type: "message-end",
    delta: { finish_reason: "COMPLETE", usage: { tokens: { input_tokens: 3, output_tokens: 1 } } },
  },
];

beforeAll(async () => {
  upstream = await startUpstream(({ path, headers, body }, response) => {
    if (headers.authorization !== "Bearer co-key") return json(response, 401, { message: "invalid api token" });
    if (body["model"] === "gone") return json(response, 404, { message: "model 'gone' not found" });
    if (path !== "/v2/chat" || body["stream"] !== true)
      return json(response, ANSWERS[path] ? 200 : 404, ANSWERS[path] ?? { message: "no such path" });
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const event of STREAM) response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    response.end();
  });
  gateway = await startGateway({ model_list: [] }, { COHERE_API_KEY: "co-key", COHERE_API_BASE: upstream.url });
});
afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const options = () => ({ token: MASTER_KEY, environment: `${gateway.url}/cohere`, maxRetries: 0 });

describe("the client of the second version", () => {
  it("chats, streams, embeds and reranks", async () => {
    const client = new CohereClientV2(options());
    const request = { model: "command-a-03-2025", messages: [{ role: "user" as const, content: "Hi" }] };
    expect((await client.chat(request)).message.content).toMatchObject([{ text: "Hello" }]);
    let text = "";
    for await (const event of await client.chatStream(request))
      if (event.type === "content-delta") text += event.delta?.message?.content?.text ?? "";
    expect(text).toBe("Hello");
    const embedded = await client.embed({
      model: "embed-v4.0",
      inputType: "search_query",
      texts: ["Hi"],
      embeddingTypes: ["float"],
    });
    expect(embedded.embeddings.float).toEqual([[0.5, 1]]);
    const ranked = await client.rerank({ model: "rerank-v3.5", query: "x", documents: ["a", "b"] });
    expect(ranked.results).toMatchObject([{ index: 1, relevanceScore: 0.9 }]);
  });

  it("hears errors in Cohere's words", async () => {
    const client = new CohereClientV2(options());
    const asked = client.chat({ model: "gone", messages: [{ role: "user", content: "Hi" }] });
    await expect(asked).rejects.toMatchObject({ statusCode: 404, body: { message: "model 'gone' not found" } });
    const stranger = new CohereClientV2({ ...options(), token: "sk-wrong" });
    await expect(stranger.rerank({ model: "rerank-v3.5", query: "x", documents: ["a"] })).rejects.toMatchObject({
      statusCode: 401,
    });
  });
});

describe("the client of the first version", () => {
  it("chats, embeds, reranks and counts tokens", async () => {
    const client = new CohereClient(options());
    expect((await client.chat({ model: "command-a-03-2025", message: "Hi" })).text).toBe("Hello");
    expect(await client.embed({ model: "embed-english-v3.0", texts: ["Hi"] })).toMatchObject({
      embeddings: [[0.5, 1]],
    });
    const ranked = await client.rerank({ model: "rerank-v3.5", query: "x", documents: ["a", "b"] });
    expect(ranked.results[0]?.index).toBe(1);
    expect((await client.tokenize({ model: "command-a-03-2025", text: "Hi" })).tokenStrings).toEqual(["Hi"]);
  });
});
