/** The library, the same in Node and in workerd. Upstreams are functions in place of `fetch`. */
import { describe, expect, it } from "vitest";
import {
  AuthenticationError,
  BadRequestError,
  ContextWindowExceededError,
  completion,
  completionCost,
  getModelInfo,
  RateLimitError,
  Router,
  tokenCounter,
  UnsupportedParamsError,
} from "../../src/index.ts";

const messages = [{ role: "user" as const, content: "Hi" }];
const env = { OPENAI_API_KEY: "openai-key", ANTHROPIC_API_KEY: "anthropic-key", GEMINI_API_KEY: "gemini-key" };

function upstream(answer: (request: Request) => Response | Promise<Response>) {
  const seen: { url: string; headers: Headers; body: Record<string, unknown> }[] = [];
  const fake: typeof fetch = async (input, init) => {
    const request = new Request(input as string, init);
    seen.push({ url: request.url, headers: request.headers, body: await request.clone().json() });
    return answer(request);
  };
  return { fetch: fake, seen };
}

const events = (...data: unknown[]) =>
  new Response(data.map((item) => `data: ${typeof item === "string" ? item : JSON.stringify(item)}\n\n`).join(""), {
    headers: { "content-type": "text/event-stream" },
  });
const openaiChunk = (delta: object, finish_reason: string | null = null) => ({
  id: "c1",
  object: "chat.completion.chunk",
  created: 1,
  model: "gpt-4o",
  choices: [{ index: 0, delta, finish_reason }],
});

describe("completion()", () => {
  it("sends what is OpenAI's although LiteLLM has a setting of that name", async () => {
    const { fetch, seen } = upstream(() =>
      Response.json({ id: "1", choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }] }),
    );
    const params = { messages, store: true, metadata: { ticket: "7" } };
    await completion({ model: "openai/gpt-4o", ...params }, { fetch, env });
    expect(seen[0]?.body).toMatchObject({ store: true, metadata: { ticket: "7" } });
    const router = new Router({ model_list: [{ model_name: "m", litellm_params: { model: "openai/gpt-4o" } }], env });
    await router.completion({ model: "m", ...params, extra_body: { top_k: 5 } }, { fetch });
    expect(seen[1]?.body).toMatchObject({ metadata: { ticket: "7" }, top_k: 5 });
  });

  it("asks Anthropic and answers in OpenAI's shape", async () => {
    const { fetch, seen } = upstream(() =>
      Response.json({
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude-sonnet-4-5",
        content: [{ type: "text", text: "Hello" }],
        stop_reason: "end_turn",
        usage: { input_tokens: 3, output_tokens: 2 },
      }),
    );
    const answer = await completion({ model: "anthropic/claude-sonnet-4-5", messages }, { fetch, env });
    expect(answer).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: "Hello" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect(seen[0]?.url).toBe("https://api.anthropic.com/v1/messages");
    expect(seen[0]?.headers.get("x-api-key")).toBe("anthropic-key");
    expect(completionCost(answer)).toBeCloseTo(3 * 3e-6 + 2 * 15e-6, 12);
  });

  it("streams from Gemini", async () => {
    const part = (text: string, more: object = {}) => ({
      candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...more }],
      modelVersion: "gemini-2.5-flash",
      responseId: "r1",
    });
    const { fetch } = upstream(() => events(part("Hel"), part("lo", { finishReason: "STOP" })));
    let text = "";
    for await (const chunk of await completion(
      { model: "gemini/gemini-2.5-flash", messages, stream: true },
      { fetch, env },
    ))
      text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
  });

  it("stops the provider when the reader stops", async () => {
    let aborted = false;
    const { fetch } = upstream((request) => {
      request.signal.addEventListener("abort", () => {
        aborted = true;
      });
      const body = new ReadableStream({
        async pull(controller) {
          await new Promise((next) => setTimeout(next, 5));
          controller.enqueue(new TextEncoder().encode(`data: ${JSON.stringify(openaiChunk({ content: "x" }))}\n\n`));
        },
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    });
    for await (const _ of await completion({ model: "openai/gpt-4o", messages, stream: true }, { fetch, env })) break;
    expect(aborted).toBe(true);
  });

  it("takes key, base and provider parameters from the call", async () => {
    const { fetch, seen } = upstream(() =>
      Response.json({
        id: "1",
        choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
      }),
    );
    await completion(
      {
        model: "openai/local",
        messages,
        api_key: "mine",
        api_base: "http://localhost:1/v1",
        top_k: 3,
        extra_body: { extra: 1 },
      },
      { fetch, env },
    );
    expect(seen[0]).toMatchObject({
      url: "http://localhost:1/v1/chat/completions",
      body: { model: "local", top_k: 3, extra: 1 },
    });
    expect(seen[0]?.body).not.toHaveProperty("api_base");
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer mine");
  });

  it("throws LiteLLM's classes", async () => {
    const failing = (status: number, message: string) =>
      completion(
        { model: "openai/gpt-4o", messages },
        {
          env,
          ...upstream(() =>
            Response.json({ error: { message, type: "x" } }, { status, headers: { "retry-after": "3" } }),
          ),
        },
      ).catch((error: unknown) => error);
    expect(await failing(401, "no")).toBeInstanceOf(AuthenticationError);
    expect(await failing(429, "slow down")).toBeInstanceOf(RateLimitError);
    expect(await failing(429, "slow down")).toMatchObject({ retryAfter: 3, provider: "openai" });
    const long = await failing(400, "This model's maximum context length is 10 tokens");
    expect(long).toBeInstanceOf(ContextWindowExceededError);
    expect(long).toBeInstanceOf(BadRequestError);
    const none = await completion({ model: "nobody/knows", messages }, { env }).catch((error: unknown) => error);
    expect(none).toBeInstanceOf(BadRequestError);
    const lacking = completion({ model: "anthropic/claude-sonnet-4-5", messages, logit_bias: { 1: 1 } }, { env });
    await expect(lacking).rejects.toBeInstanceOf(UnsupportedParamsError);
  });

  it("answers itself where a mock is asked for", async () => {
    const answer = await completion({ model: "openai/gpt-4o", messages, mock_response: "made up" });
    expect(answer.choices[0]?.message.content).toBe("made up");
  });
});

describe("Router", () => {
  it("serves groups, aliases and wildcards", async () => {
    const { fetch, seen } = upstream(() =>
      Response.json({
        id: "1",
        choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
      }),
    );
    const router = new Router({
      model_list: [
        { model_name: "a", litellm_params: { model: "openai/gpt-4o", temperature: 0.5 } },
        { model_name: "any/*", litellm_params: { model: "openai/*" } },
      ],
      model_group_alias: { b: "a" },
      fetch,
      env,
    });
    for (const model of ["a", "b", "any/gpt-5"]) await router.completion({ model, messages });
    expect(seen.map(({ body }) => [body["model"], body["temperature"]])).toEqual([
      ["gpt-4o", 0.5],
      ["gpt-4o", 0.5],
      ["gpt-5", undefined],
    ]);
    await expect(router.completion({ model: "none", messages })).rejects.toBeInstanceOf(BadRequestError);
    expect(router.getModelNames()).toEqual(["a", "any/*", "b"]);
  });
});

describe("a strategy of your own", () => {
  it("chooses among the candidates", async () => {
    const { fetch, seen } = upstream(() =>
      Response.json({
        id: "1",
        choices: [{ index: 0, message: { role: "assistant", content: "ok" }, finish_reason: "stop" }],
      }),
    );
    const router = new Router({
      model_list: ["one", "two", "three"].map((model) => ({
        model_name: "any",
        litellm_params: { model: `openai/${model}` },
      })),
      strategy: (candidates) => candidates.at(-1)?.deployment,
      fetch,
      env,
    });
    for (let call = 0; call < 3; call++) await router.completion({ model: "any", messages });
    expect(seen.map(({ body }) => body["model"])).toEqual(["three", "three", "three"]);
  });
});

describe("models", () => {
  it("counts tokens and knows models", async () => {
    expect(await tokenCounter({ model: "gpt-4o", text: "Hello world" })).toBe(2);
    expect(getModelInfo("openai/gpt-4o")?.max_input_tokens).toBe(128_000);
  });
});
