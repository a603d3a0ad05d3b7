/** What is looked for, under which names, and what is kept. */
import { describe, expect, it } from "vitest";
import { guarded } from "../../src/cache/guarded.ts";
import { type CacheFacts, lookUp } from "../../src/cache/lookup.ts";
import { MemoryResponseCache } from "../../src/cache/memory.ts";
import { type CacheSettings, operationsOf, USUAL_SETTINGS } from "../../src/cache/settings.ts";
import type { ChatCompletion, ChatRequest } from "../../src/formats/openai/chat.ts";
import type { EmbeddingRequest, EmbeddingResponse } from "../../src/formats/openai/embeddings.ts";
import { cacheableChat, cacheableEmbeddings } from "../../src/operations/cacheable-answers.ts";

const REQUEST: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi" }] };
const ANSWER: ChatCompletion = {
  id: "1",
  object: "chat.completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
};
const MADE = {
  usage: { prompt_tokens: 2, completion_tokens: 3, total_tokens: 5 },
  cost: 10,
  by: { deploymentId: "d", provider: "openai", model: "m" },
};

function start(settings: Partial<CacheSettings> = {}) {
  const store = new MemoryResponseCache();
  const use = { cache: guarded(store), settings: { ...USUAL_SETTINGS, ...settings } };
  const facts = (more: Partial<CacheFacts> = {}): CacheFacts => {
    return {
      operation: "chat",
      group: "g",
      models: ["openai/m"],
      tenant: "team:1",
      besides: {},
      controls: {},
      now: Date.now,
      ...more,
    };
  };
  const look = (request = REQUEST, more: Partial<CacheFacts> = {}) => lookUp(use, cacheableChat, request, facts(more));
  const embed = (request: EmbeddingRequest) =>
    lookUp(use, cacheableEmbeddings, request, facts({ operation: "embeddings" }));
  return { store, look, embed };
}

describe("one question", () => {
  it("is answered as before, with what was told of it", async () => {
    const { look } = start();
    const first = await look();
    expect(first?.found).toBeUndefined();
    await first?.keep(ANSWER, MADE);
    expect((await look())?.found).toEqual({ answer: ANSWER, ...MADE });
  });

  it.each([
    ["tenant", { tenant: "team:2" }],
    ["group", { group: "h" }],
    ["model behind the group", { models: ["openai/m", "openai/n"] }],
    ["operation", { operation: "completions" }],
    ["what else decides", { besides: { extraHeaders: { "x-a": "b" } } }],
    ["namespace", { controls: { namespace: "n" } }],
  ])("is another with another %s", async (_, more) => {
    const { look } = start();
    await (await look())?.keep(ANSWER, MADE);
    expect((await look(REQUEST, more))?.found).toBeUndefined();
  });

  it("is the same for all tenants where the settings say so, and for groups that stand for each other", async () => {
    const { look } = start({ share: "all", groups: [["h", "g"]] });
    await (await look())?.keep(ANSWER, MADE);
    expect((await look(REQUEST, { tenant: "team:2", group: "h" }))?.found).toBeDefined();
  });

  it("is not looked for where it is not meant to be", async () => {
    const { look } = start({ mode: "default_off", operations: operationsOf(["aembedding"]) });
    expect(await look(REQUEST, { controls: { useCache: true } })).toBeUndefined();
    const onRequest = start({ mode: "default_off" });
    expect(await onRequest.look()).toBeUndefined();
    expect(await onRequest.look(REQUEST, { controls: { useCache: true } })).toBeDefined();
    expect(await start().look({ ...REQUEST, store: true })).toBeUndefined();
    expect(await start().look(REQUEST, { controls: { noCache: true, noStore: true } })).toBeUndefined();
  });

  it.each(["{", '{"v":1}', "null"])("is not answered by what is garbled: %s", async (text) => {
    const { store, look } = start();
    const first = await look();
    await store.set(first?.key ?? "", text, 60);
    expect((await look())?.found).toBeUndefined();
  });

  it("is not answered by the answer to another, put under its name", async () => {
    const { store, look } = start();
    const other = await look({ ...REQUEST, seed: 7 });
    await other?.keep(ANSWER, MADE);
    const stolen = await store.get(other?.key ?? "");
    const mine = await look();
    await store.set(mine?.key ?? "", stolen ?? "", 60);
    expect((await look())?.found).toBeUndefined();
  });

  it("is not answered by an entry whose answer is none", async () => {
    const { store, look } = start();
    const first = await look();
    await first?.keep(ANSWER, MADE);
    const text = (await store.get(first?.key ?? "")) ?? "";
    for (const answer of [{ choices: "none" }, { choices: [{}] }, { choices: [] }, 7]) {
      await store.set(first?.key ?? "", JSON.stringify({ ...JSON.parse(text), answer }), 60);
      expect((await look())?.found).toBeUndefined();
    }
  });

  it("keeps nothing unfinished, nothing for no time, nothing too long", async () => {
    const unfinished = { ...ANSWER, choices: [{ ...ANSWER.choices[0], finish_reason: null }] } as ChatCompletion;
    const long = structuredClone(ANSWER);
    if (long.choices[0]) long.choices[0].message.content = "x".repeat(1_100_000);
    for (const [answer, controls] of [
      [unfinished, {}],
      [long, {}],
      [ANSWER, { ttl: 0 }],
      [ANSWER, { noStore: true }],
    ] as const) {
      const { look } = start();
      await (await look(REQUEST, { controls }))?.keep(answer, MADE);
      expect((await look())?.found).toBeUndefined();
    }
  });
});

describe("many inputs", () => {
  const request = (...input: string[]): EmbeddingRequest => ({ model: "e", input });
  const answer = (...inputs: string[]): EmbeddingResponse => ({
    object: "list",
    model: "e",
    data: inputs.map((input, index) => ({ object: "embedding", index, embedding: [input.length] })),
    usage: { prompt_tokens: inputs.join("").length, total_tokens: inputs.join("").length },
  });
  const made = { ...MADE, usage: { prompt_tokens: 6, completion_tokens: 0, total_tokens: 6 }, cost: 7 };

  it("are looked for one by one", async () => {
    const { embed } = start();
    await (await embed(request("a", "bb", "ccc")))?.keep(answer("a", "bb", "ccc"), made);
    const some = await embed(request("ccc", "dddd", "a"));
    expect(some?.found).toBeUndefined();
    expect(some?.key).toBeUndefined();
    expect(some?.lacking(request("ccc", "dddd", "a")).input).toEqual(["dddd"]);
    const whole = some?.complete?.(answer("dddd"));
    expect(whole?.data.map(({ index, embedding }) => [index, embedding[0]])).toEqual([
      [0, 3],
      [1, 4],
      [2, 1],
    ]);
    expect(whole?.usage).toEqual({ prompt_tokens: 8, total_tokens: 8 });
    const all = await embed(request("bb", "a"));
    expect(all?.found).toMatchObject({
      answer: {
        data: [
          { index: 0, embedding: [2] },
          { index: 1, embedding: [1] },
        ],
      },
      usage: { prompt_tokens: 3, total_tokens: 3 },
      by: made.by,
    });
    const cost = async (...inputs: string[]) => (await embed(request(...inputs)))?.found?.cost;
    expect(await cost("a", "bb", "ccc")).toBe(7); // shares add up
  });

  it("are not told apart where the answer has not one for each", async () => {
    const { embed } = start();
    await (await embed(request("a", "bb")))?.keep(answer("a"), made);
    expect((await embed(request("a", "bb")))?.found).toBeUndefined();
    await (await embed(request("a")))?.keep(answer("a"), made);
    const some = await embed(request("a", "bb", "cc"));
    expect(some?.complete?.(answer("bb"))).toEqual(answer("bb"));
  });

  it("a single one is the same in a list, as text, and in either way to write numbers", async () => {
    const { embed } = start();
    await (await embed({ model: "e", input: "a", encoding_format: "base64" }))?.keep(answer("a"), made);
    expect((await embed(request("a")))?.found).toBeDefined();
    expect((await embed({ model: "e", input: ["a"], encoding_format: "int8" }))?.found).toBeUndefined();
    expect((await embed({ model: "e", input: "a", dimensions: 3 }))?.found).toBeUndefined();
  });

  it("tokens are inputs as texts are", async () => {
    const { embed } = start();
    const tokens: EmbeddingRequest = { model: "e", input: [[1, 2], [3]] };
    await (await embed(tokens))?.keep(answer("a", "b"), made);
    const some = await embed({ model: "e", input: [[3], [4, 5]] });
    expect(some?.lacking({ model: "e", input: [[3], [4, 5]] }).input).toEqual([[4, 5]]);
  });
});
