import { CohereClientV2 } from "cohere-ai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type ClientBench, MASTER_KEY, startBench } from "./gateway.ts";

let bench: ClientBench;

beforeAll(async () => {
  bench = await startBench();
  bench.aimock.mock.onRerank(/.*/, [
    { index: 1, relevance_score: 0.9 },
    { index: 0, relevance_score: 0.1 },
  ]);
});
afterAll(() => bench?.stop());

it("reranks by Cohere's own client", async () => {
  const client = new CohereClientV2({ token: MASTER_KEY, environment: bench.gateway.url });
  const { results } = await client.rerank({
    model: "ranks",
    query: "capital of France",
    documents: ["Rome", "Paris"],
    topN: 2,
  });
  expect(results.map(({ index }) => index)).toEqual([1, 0]);
});

it("sees an error as Cohere's client does", async () => {
  const client = new CohereClientV2({ token: "sk-wrong", environment: bench.gateway.url });
  await expect(client.rerank({ model: "ranks", query: "x", documents: ["y"] })).rejects.toMatchObject({
    statusCode: 401,
  });
});
