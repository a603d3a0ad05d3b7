/** The library's functions beside chat, in Node and in workerd. */
import { describe, expect, it } from "vitest";
import { embedding, messages, moderation, rerank, responses, textCompletion } from "../../src/index.ts";

/** A provider that gives this answer, and keeps what it was asked. */
function answering(body: unknown, type = "application/json") {
  const asked: { url: string; body: Record<string, unknown> }[] = [];
  const fetch: typeof globalThis.fetch = async (url, init) => {
    asked.push({ url: String(url), body: JSON.parse(String(init?.body)) });
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { headers: { "content-type": type } });
  };
  return { asked, options: { fetch, env: { OPENAI_API_KEY: "sk-o", COHERE_API_KEY: "sk-c" } } };
}

describe("the library beside chat", () => {
  it("embedding: numbers, whatever the provider gives", async () => {
    const { asked, options } = answering({ object: "list", data: [{ index: 0, embedding: "AACAPw==" }], model: "m" });
    const answer = await embedding({ model: "openai/text-embedding-3-small", input: "a", api_key: "sk-own" }, options);
    expect(answer.data[0]?.embedding).toEqual([1]);
    expect(asked).toEqual([
      { url: "https://api.openai.com/v1/embeddings", body: { model: "text-embedding-3-small", input: "a" } },
    ]);
  });

  it("moderation: OpenAI's usual model", async () => {
    const { asked, options } = answering({
      id: "m",
      results: [{ flagged: false, categories: {}, category_scores: {} }],
    });
    expect((await moderation({ input: "a" }, options)).results[0]?.flagged).toBe(false);
    expect(asked[0]?.body).toEqual({ model: "omni-moderation-latest", input: "a" });
  });

  it("rerank: with the documents where they are asked for", async () => {
    const { options } = answering({ id: "r", results: [{ index: 1, relevance_score: 0.5 }] });
    const asked = { model: "cohere/rerank-v3.5", query: "q", documents: ["a", "b"], return_documents: true };
    expect((await rerank(asked, options)).results).toEqual([
      { index: 1, relevance_score: 0.5, document: { text: "b" } },
    ]);
  });

  it("textCompletion: native, and by chat as a stream", async () => {
    const native = answering({ id: "c", choices: [{ index: 0, text: "!", finish_reason: "stop" }] });
    const answer = await textCompletion({ model: "openai/gpt-3.5-turbo-instruct", prompt: "a" }, native.options);
    expect(answer.choices[0]?.text).toBe("!");
    const chunk = (delta: object, finish_reason: string | null = null) =>
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const events = `${chunk({ content: "x" })}${chunk({ content: "y" }, "stop")}data: [DONE]\n\n`;
    const chat = answering(events, "text/event-stream");
    const texts = ["", ""];
    const asked = { model: "openai/gpt-4o", prompt: ["a", "b"], stream: true as const };
    for await (const { choices } of await textCompletion(asked, chat.options))
      for (const { index, text } of choices) texts[index] += text;
    expect(texts).toEqual(["xy", "xy"]);
    expect(chat.asked).toHaveLength(2);
  });

  it("messages: native, and by chat as a stream", async () => {
    const asked = { max_tokens: 9, messages: [{ role: "user" as const, content: "Hi" }], api_key: "k" };
    const body = { id: "msg_1", type: "message", content: [{ type: "text", text: "Hi" }], usage: {}, more: 1 };
    const native = answering(body);
    expect(await messages({ model: "anthropic/claude-sonnet-4-5", ...asked }, native.options)).toEqual(body);
    expect(native.asked[0]).toMatchObject({
      url: "https://api.anthropic.com/v1/messages",
      body: { model: "claude-sonnet-4-5", max_tokens: 9 },
    });
    const chunk = (delta: object, finish_reason: string | null = null) =>
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
    const chat = answering(`${chunk({ content: "x" })}${chunk({}, "stop")}data: [DONE]\n\n`, "text/event-stream");
    const types: string[] = [];
    for await (const { type } of await messages({ model: "openai/gpt-4o", ...asked, stream: true }, chat.options))
      types.push(type);
    expect(types).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
      "content_block_stop",
      "message_delta",
      "message_stop",
    ]);
  });

  it("what is wrong is refused before anything is sent", async () => {
    const { asked, options } = answering({});
    await expect(embedding({ model: "openai/m", input: "" }, options)).rejects.toThrow(/input/);
    await expect(embedding({ model: "anthropic/claude", input: "a" }, options)).rejects.toThrow(
      /does not do embeddings/,
    );
    expect(asked).toHaveLength(0);
  });

  it("responses: by chat where the provider has nothing else, its events as an iterable", async () => {
    const sse = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
    const head = { id: "c", object: "chat.completion.chunk", created: 1, model: "m" };
    const choice = { index: 0, delta: { role: "assistant", content: "Hi" }, finish_reason: "stop" };
    const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };
    const body = `${sse({ ...head, choices: [choice] })}${sse({ ...head, choices: [], usage })}data: [DONE]\n\n`;
    const { asked, options } = answering(body, "text/event-stream");
    const types: string[] = [];
    const request = { model: "groq/some-model", api_key: "k", input: "Hello", stream: true } as const;
    for await (const { type } of await responses(request, options)) types.push(type);
    expect(asked[0]?.url).toBe("https://api.groq.com/openai/v1/chat/completions");
    expect([types[0], types.at(-1)]).toEqual(["response.created", "response.completed"]);
  });

  it("responses: as OpenAI gives them", async () => {
    const given = {
      id: "resp_1",
      object: "response",
      created_at: 1,
      status: "completed",
      model: "m",
      output: [],
      more: 1,
    };
    const { asked, options } = answering(given);
    expect(await responses({ model: "openai/gpt-5-mini", input: "Hello" }, options)).toEqual(given);
    expect(asked).toEqual([
      { url: "https://api.openai.com/v1/responses", body: { model: "gpt-5-mini", input: "Hello" } },
    ]);
  });
});
