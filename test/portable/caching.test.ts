/** The library's response cache, in Node and in workerd. */
import { describe, expect, it } from "vitest";
import {
  completion,
  embedding,
  MemoryResponseCache,
  type ResponseCache,
  Router,
  responses,
  textCompletion,
} from "../../src/index.ts";

const messages = [{ role: "user" as const, content: "Hi" }];

/** A provider whose every answer has another number. */
function provider() {
  const asked: Record<string, unknown>[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    const body = JSON.parse(String(init?.body)) as Record<string, unknown>;
    const number = asked.push({ ...body, url: String(url) });
    if (String(url).endsWith("/embeddings"))
      return Response.json({
        object: "list",
        model: "e",
        data: (body["input"] as string[]).map((input, index) => ({
          object: "embedding",
          index,
          embedding: [input.length, number],
        })),
        usage: { prompt_tokens: 3, total_tokens: 3 },
      });
    const head = { id: `c-${number}`, created: 1, model: "m" };
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const message = { role: "assistant", content: `answer ${number}` };
    if (body["stream"] !== true)
      return Response.json({
        ...head,
        object: "chat.completion",
        choices: [{ index: 0, message, finish_reason: "stop" }],
        usage,
      });
    const chunk = (fields: object) =>
      `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", ...fields })}\n\n`;
    const cut = JSON.stringify(body["messages"]).includes("cut");
    return new Response(
      chunk({ choices: [{ index: 0, delta: message, finish_reason: null }] }) +
        (cut ? "" : `${chunk({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] })}data: [DONE]\n\n`),
      { headers: { "content-type": "text/event-stream" } },
    );
  };
  return { asked, fetch, env: { OPENAI_API_KEY: "sk-o" } };
}

async function textOf(chunks: AsyncIterable<{ choices: { delta: { content?: string | null } }[] }>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += chunk.choices[0]?.delta.content ?? "";
  return text;
}

describe("a cache handed in", () => {
  it("answers the second who asks the same, whole or as a stream", async () => {
    const { asked, fetch, env } = provider();
    const options = { fetch, env, cache: new MemoryResponseCache() };
    const first = await completion({ model: "openai/m", messages }, options);
    expect(await completion({ model: "openai/m", messages, user: "me" }, options)).toEqual(first);
    const streamed = await completion({ model: "openai/m", messages, stream: true }, options);
    expect(await textOf(streamed)).toBe("answer 1");
    expect(asked).toHaveLength(1);
    await completion({ model: "openai/m", messages, api_base: "https://other.test/v1" }, options);
    await completion({ model: "openai/m", messages, temperature: 1 }, options);
    expect(asked).toHaveLength(3);
  });

  it("keeps a stream that was read to its end, and no other", async () => {
    const { asked, fetch, env } = provider();
    const options = { fetch, env, cache: new MemoryResponseCache() };
    const ask = () => completion({ model: "openai/m", messages, stream: true as const }, options);
    for await (const _ of await ask()) break;
    expect(await textOf(await ask())).toBe("answer 2");
    const whole = await completion({ model: "openai/m", messages }, options);
    expect(whole.choices[0]?.message.content).toBe("answer 2");
    const cut = { model: "openai/m", messages: [{ role: "user" as const, content: "cut" }] };
    await textOf(await completion({ ...cut, stream: true }, options)).catch(() => {});
    await completion(cut, options);
    expect(asked).toHaveLength(4);
  });

  it("is told what to do by the call", async () => {
    const { asked, fetch, env } = provider();
    const options = { fetch, env, cache: new MemoryResponseCache() };
    await completion({ model: "openai/m", messages }, options);
    await completion({ model: "openai/m", messages, caching: false }, options);
    await completion({ model: "openai/m", messages, cache: { "no-cache": true, "no-store": true } }, options);
    expect(asked).toHaveLength(3);
    expect(asked.flatMap((body) => Object.keys(body))).not.toContain("cache");
    await expect(completion({ model: "openai/m", messages, cache: { ttl: -1 } }, options)).rejects.toThrow("cache.ttl");
  });

  it("is asked for the embeddings that are missing alone", async () => {
    const { asked, fetch, env } = provider();
    const options = { fetch, env, cache: new MemoryResponseCache() };
    await embedding({ model: "openai/e", input: ["a", "bb"] }, options);
    const second = await embedding({ model: "openai/e", input: ["ccc", "a"] }, options);
    expect(asked[1]?.["input"]).toEqual(["ccc"]);
    expect(second.data.map(({ embedding }) => embedding)).toEqual([
      [3, 2],
      [1, 1],
    ]);
  });

  it("that fails is as if there were none", async () => {
    const fail = async () => {
      throw new Error("down");
    };
    const cache: ResponseCache = { get: fail, set: fail, delete: fail, flush: fail, ping: fail };
    const { asked, fetch, env } = provider();
    for (let i = 0; i < 8; i++) await completion({ model: "openai/m", messages }, { fetch, env, cache });
    expect(asked).toHaveLength(8);
  });

  it("serves other functions, too", async () => {
    const cache = new MemoryResponseCache();
    const { asked, fetch, env } = provider();
    const options = { fetch, env, cache };
    const mock_response = "made";
    const text = { model: "openai/t", prompt: "Once", mock_response };
    expect(await textCompletion(text, options)).toEqual(await textCompletion(text, options));
    const response = { model: "openai/r", input: "Hi", mock_response };
    const [one, two] = [await responses(response, options), await responses(response, options)];
    expect(one.id).not.toBe(two.id); // those that are stored by somebody are made anew
    const own = { ...response, store: false };
    expect(await responses(own, options)).toEqual(await responses(own, options));
    expect(asked).toHaveLength(0);
  });
});

describe("a Router's cache", () => {
  const model_list = ["one", "two"].map((name) => ({
    model_name: name,
    litellm_params: { model: `openai/${name}`, api_key: "sk-o" },
  }));

  it("is its own with `cache_responses`, and shared by groups that stand for each other", async () => {
    const { asked, fetch } = provider();
    const router = new Router({ model_list, fetch, cache_responses: true, caching_groups: [["one", "two"]] });
    const first = await router.completion({ model: "one", messages });
    expect(await router.completion({ model: "two", messages })).toEqual(first);
    expect(asked).toHaveLength(1);
    expect(await textOf(await router.completion({ model: "one", messages, stream: true }))).toBe("answer 1");
  });

  it("does not keep what a fallback answered", async () => {
    const { asked, fetch } = provider();
    const broken: typeof globalThis.fetch = async (url, init) =>
      String(init?.body).includes('"model":"one"')
        ? Response.json({ error: { message: "down" } }, { status: 500 })
        : fetch(url, init);
    const cache = new MemoryResponseCache();
    const router = new Router({ model_list, fetch: broken, cache, fallbacks: [{ one: ["two"] }], num_retries: 0 });
    await router.completion({ model: "one", messages });
    await router.completion({ model: "one", messages });
    expect(asked).toHaveLength(2);
  });
});
