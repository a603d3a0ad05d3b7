/** The library's Router beside chat, in Node and in workerd: every call retries, cools down, falls back and streams. */
import { describe, expect, it } from "vitest";
import { BadRequestError, RateLimitError, Router, type RouterOptions } from "../../src/index.ts";

interface Asked {
  path: string;
  key: string | undefined;
  body: Record<string, unknown>;
}

/** Providers that refuse the key `bad`, and give any other the answer for its path. */
function providers(answers: Record<string, () => Response>, refusal = 500) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input as string, init);
    const { pathname } = new URL(request.url);
    const keys = ["authorization", "x-goog-api-key", "x-api-key"].map((name) => request.headers.get(name));
    const key = keys.find((key) => key !== null)?.slice(-4);
    const isForm = request.headers.get("content-type")?.startsWith("multipart/");
    const body = isForm
      ? Object.fromEntries(await request.formData())
      : ((await request.json()) as Record<string, unknown>);
    asked.push({ path: pathname, key, body });
    if (key === "-bad") return Response.json({ error: { message: "down" } }, { status: refusal });
    return answers[pathname]?.() ?? Response.json({ error: { message: `no ${pathname}` } }, { status: 404 });
  };
  return { asked, fetch };
}

const deployment = (model_name: string, model: string, key: string, more: object = {}) => ({
  model_name,
  litellm_params: { model, api_key: `sk-${key}`, ...more },
});

/** A group that has broken down, whose fallback serves. */
function routerWith(model: string, fetch: typeof globalThis.fetch, more: Partial<RouterOptions> = {}) {
  return new Router({
    model_list: [deployment("m", model, "bad"), deployment("spare", model, "good")],
    fallbacks: [{ m: ["spare"] }],
    num_retries: 0,
    fetch,
    env: {},
    ...more,
  });
}

const sse = (...events: object[]) =>
  new Response(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""), {
    headers: { "content-type": "text/event-stream" },
  });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

const audio = () => new File([new Uint8Array([1, 2, 3])], "a.mp3", { type: "audio/mpeg" });
const picture = () => new File([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], "a.png", { type: "image/png" });
const completed = { id: "resp_1", object: "response", created_at: 1, status: "completed", model: "m", output: [] };
const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [], usage: {} };
const candidate = (text: string, finishReason?: string) => ({
  candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...(finishReason && { finishReason }) }],
});

const CALLS: Record<
  string,
  { model: string; path: string; answer(): Response; call(router: Router): Promise<unknown> }
> = {
  textCompletion: {
    model: "openai/gpt-3.5-turbo-instruct",
    path: "/v1/completions",
    answer: () => Response.json({ id: "c", choices: [{ index: 0, text: "yes", finish_reason: "stop" }] }),
    call: async (router) => (await router.textCompletion({ model: "m", prompt: "a" })).choices[0]?.text,
  },
  embedding: {
    model: "openai/text-embedding-3-small",
    path: "/v1/embeddings",
    answer: () => Response.json({ object: "list", data: [{ index: 0, embedding: "AACAPw==" }], model: "m" }),
    call: async (router) =>
      (await router.embedding({ model: "m", input: "a" })).data[0]?.embedding.toString() === "1" && "yes",
  },
  moderation: {
    model: "openai/omni-moderation-latest",
    path: "/v1/moderations",
    answer: () => Response.json({ id: "yes", results: [] }),
    call: async (router) => (await router.moderation({ model: "m", input: "a" })).id,
  },
  rerank: {
    model: "cohere/rerank-v3.5",
    path: "/v2/rerank",
    answer: () => Response.json({ id: "r", results: [{ index: 0, relevance_score: 1 }] }),
    call: async (router) => {
      const asked = { model: "m", query: "q", documents: ["yes"], return_documents: true };
      return (await router.rerank(asked)).results?.[0]?.document?.["text"];
    },
  },
  imageGeneration: {
    model: "openai/gpt-image-1",
    path: "/v1/images/generations",
    answer: () => Response.json({ created: 1, data: [{ b64_json: "yes" }] }),
    call: async (router) => (await router.imageGeneration({ model: "m", prompt: "a" })).data?.[0]?.b64_json,
  },
  imageEdit: {
    model: "openai/gpt-image-1",
    path: "/v1/images/edits",
    answer: () => Response.json({ created: 1, data: [{ b64_json: "yes" }] }),
    call: async (router) => (await router.imageEdit({ model: "m", prompt: "a", image: picture() })).data?.[0]?.b64_json,
  },
  imageVariation: {
    model: "openai/dall-e-2",
    path: "/v1/images/variations",
    answer: () => Response.json({ created: 1, data: [{ b64_json: "yes" }] }),
    call: async (router) => (await router.imageVariation({ model: "m", image: picture() })).data?.[0]?.b64_json,
  },
  speech: {
    model: "openai/tts-1",
    path: "/v1/audio/speech",
    answer: () => new Response("yes", { headers: { "content-type": "audio/mpeg" } }),
    call: async (router) => (await router.speech({ model: "m", input: "a", voice: "alloy" })).text(),
  },
  transcription: {
    model: "openai/whisper-1",
    path: "/v1/audio/transcriptions",
    answer: () => Response.json({ text: "yes" }),
    call: async (router) => (await router.transcription({ model: "m", file: audio() })).text,
  },
  translation: {
    model: "openai/whisper-1",
    path: "/v1/audio/translations",
    answer: () => new Response("yes", { headers: { "content-type": "text/plain" } }),
    call: (router) => router.translation({ model: "m", file: audio(), response_format: "text" }),
  },
  responses: {
    model: "openai/gpt-5-mini",
    path: "/v1/responses",
    answer: () => Response.json({ ...completed, model: "yes" }),
    call: async (router) => (await router.responses({ model: "m", input: "a" })).model,
  },
  messages: {
    model: "anthropic/claude-sonnet-4-5",
    path: "/v1/messages",
    answer: () => Response.json({ ...message, id: "yes" }),
    call: async (router) =>
      (await router.messages({ model: "m", max_tokens: 5, messages: [{ role: "user", content: "a" }] })).id,
  },
  generateContent: {
    model: "gemini/gemini-2.5-flash",
    path: "/v1beta/models/gemini-2.5-flash:generateContent",
    answer: () => Response.json(candidate("yes", "STOP")),
    call: async (router) =>
      (await router.generateContent({ model: "m", contents: { parts: [{ text: "a" }] } })).candidates?.[0]?.content
        ?.parts?.[0]?.text,
  },
  generateContentStream: {
    model: "gemini/gemini-2.5-flash",
    path: "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
    answer: () => sse(candidate("y"), candidate("es", "STOP")),
    async call(router) {
      const chunks = await all(
        await router.generateContentStream({ model: "m", contents: { parts: [{ text: "a" }] } }),
      );
      return chunks.map(({ candidates }) => candidates?.[0]?.content?.parts?.[0]?.text ?? "").join("");
    },
  },
  interactions: {
    model: "gemini/gemini-2.5-flash",
    path: "/v1beta/interactions",
    answer: () => Response.json({ id: "yes", status: "completed" }),
    call: async (router) => (await router.interactions({ model: "m", input: "a" })).id,
  },
  ocr: {
    model: "mistral/mistral-ocr-latest",
    path: "/v1/ocr",
    answer: () => Response.json({ pages: [{ index: 0, markdown: "yes", images: [] }], model: "m", usage_info: {} }),
    call: async (router) => {
      const document = { type: "document_url" as const, document_url: "https://example.com/a.pdf" };
      return (await router.ocr({ model: "m", document })).pages[0]?.markdown;
    },
  },
};

describe("every call of the Router", () => {
  it.each(Object.entries(CALLS))(
    "%s falls back, and cools down what failed",
    async (_, { model, path, answer, call }) => {
      const { asked, fetch } = providers({ [path]: answer });
      const router = routerWith(model, fetch, { allowed_fails: 0, cooldown_time: 60 });
      expect(await call(router)).toBe("yes");
      expect(asked.map(({ path, key }) => [path, key])).toEqual([
        [path, "-bad"],
        [path, "good"],
      ]);
      expect(await call(router)).toBe("yes");
      expect(asked.map(({ key }) => key)).toEqual(["-bad", "good", "good"]); // the first is left alone by now
    },
  );

  it.each(Object.entries(CALLS))(
    "%s is asked again where another may succeed",
    async (_, { model, path, answer, call }) => {
      const { asked, fetch } = providers({ [path]: answer }, 429);
      const router = new Router({
        model_list: [deployment("m", model, "bad", { order: 1 }), deployment("m", model, "good", { order: 2 })],
        num_retries: 1,
        fetch,
        env: {},
      });
      expect(await call(router)).toBe("yes");
      expect(asked.at(-1)?.key).toBe("good");
    },
  );

  it.each(Object.entries(CALLS))("%s throws what nobody could do", async (_, { model, call }) => {
    const { fetch } = providers({}, 429);
    const router = new Router({ model_list: [deployment("m", model, "bad")], num_retries: 0, fetch, env: {} });
    await expect(call(router)).rejects.toBeInstanceOf(RateLimitError);
  });
});

describe("streams of the Router", () => {
  it("are iterables, after a fallback, too", async () => {
    const events = [
      { type: "response.created", response: completed },
      { type: "response.completed", response: completed },
    ];
    const { asked, fetch } = providers({ "/v1/responses": () => sse(...events) });
    const router = routerWith("openai/gpt-5-mini", fetch);
    const types = (await all(await router.responses({ model: "m", input: "a", stream: true }))).map(({ type }) => type);
    expect(types).toEqual(["response.created", "response.completed"]);
    expect(asked.map(({ key }) => key)).toEqual(["-bad", "good"]);
  });

  it("of speech are events, or bytes whose reader may leave", async () => {
    let left = false;
    const endless = () =>
      new Response(
        new ReadableStream<Uint8Array>({
          async pull(controller) {
            await new Promise((next) => setTimeout(next, 2));
            controller.enqueue(new Uint8Array([1]));
          },
          cancel() {
            left = true;
          },
        }),
        { headers: { "content-type": "audio/mpeg" } },
      );
    const { fetch } = providers({ "/v1/audio/speech": endless });
    const router = routerWith("openai/tts-1", fetch);
    const spoken = await router.speech({ model: "m", input: "a", voice: "alloy" });
    expect(spoken.headers.get("content-type")).toBe("audio/mpeg");
    const reader = (spoken.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toEqual(new Uint8Array([1]));
    await reader.cancel();
    expect(left).toBe(true);

    const done = { type: "speech.audio.done", usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 } };
    const events = providers({ "/v1/audio/speech": () => sse({ type: "speech.audio.delta", audio: "AA==" }, done) });
    const other = routerWith("openai/gpt-4o-mini-tts", events.fetch);
    const asked = { model: "m", input: "a", voice: "alloy", stream_format: "sse" } as const;
    expect((await all(await other.speech(asked))).map(({ type }) => type)).toEqual([
      "speech.audio.delta",
      "speech.audio.done",
    ]);
  });
});

describe("params of the Router's calls", () => {
  it("route, and are not sent", async () => {
    const answer = () => Response.json({ object: "list", data: [{ index: 0, embedding: [1] }], model: "m" });
    const { asked, fetch } = providers({ "/v1/embeddings": answer });
    const router = routerWith("openai/text-embedding-3-small", fetch, { fallbacks: [] });
    const params = { model: "m", input: "a", num_retries: 0, fallbacks: [{ model: "spare", dimensions: 7 }] };
    await router.embedding({ ...params, tags: ["t"], extra_body: { more: 1 } });
    expect(asked[1]?.body).toEqual({ model: "text-embedding-3-small", input: "a", dimensions: 7, more: 1 });
    await expect(router.embedding({ ...params, disable_fallbacks: true })).rejects.toThrow(/down/);
  });

  it("name no model where there is a usual one", async () => {
    const { asked, fetch } = providers({ "/v1/moderations": () => Response.json({ id: "x", results: [] }) });
    const model_list = [deployment("checks", "openai/omni-moderation-latest", "good")];
    await new Router({ model_list, fetch, env: {} }).moderation({ input: "a" });
    expect(asked[0]?.body).toEqual({ model: "omni-moderation-latest", input: "a" });
  });

  it("are checked before anybody is asked", async () => {
    const { asked, fetch } = providers({});
    const router = routerWith("openai/text-embedding-3-small", fetch);
    await expect(router.embedding({ model: "m", input: "" })).rejects.toBeInstanceOf(BadRequestError);
    await expect(router.embedding({ model: "nobody", input: "a" })).rejects.toThrow(/Invalid model name/);
    await expect(router.rerank({ model: "m", query: "q", documents: ["a"] })).rejects.toThrow(/does not do rerank/);
    expect(asked).toHaveLength(0);
  });
});
