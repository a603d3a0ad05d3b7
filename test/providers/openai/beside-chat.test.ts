/** Embeddings, text completions, moderations and rerank of the providers: what goes out, what comes back. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { Exchange, Provider, Target } from "../../../src/providers/provider.ts";
import { findProvider } from "../../../src/providers/registry.ts";

const provider = (slug: string): Provider => findProvider(slug)!;
const target = (slug: string, model: string, more: Partial<Target> = {}): Target => ({
  provider: slug,
  model,
  apiKey: new Secret("sk-key"),
  ...more,
});
const exchange = <Request>(request: Request, at: Target): Exchange<Request> => ({
  request,
  target: at,
  headers: {},
  now: 1,
  id: "made",
});

function embed(slug: string, model: string, fields: object = {}, more: Partial<Target> = {}) {
  const at = target(slug, model, more);
  return provider(slug).embeddings!.request({ model: "public", input: ["a", "b"], ...fields }, at);
}

describe("embeddings", () => {
  it.each([
    ["openai", "https://api.openai.com/v1/embeddings"],
    ["mistral", "https://api.mistral.ai/v1/embeddings"],
    ["perplexity", "https://api.perplexity.ai/v1/embeddings"],
    ["dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1/embeddings"],
    ["docker_model_runner", "http://localhost:22088/engines/llama.cpp/v1/embeddings"],
    ["gemini", "https://generativelanguage.googleapis.com/v1beta/models/m:batchEmbedContents"],
    ["cohere", "https://api.cohere.com/v2/embed"],
    ["jina_ai", "https://api.jina.ai/v1/embeddings"],
    ["voyage", "https://api.voyageai.com/v1/embeddings"],
  ])("%s is asked at %s", (slug, url) => {
    expect(embed(slug, "m").url).toBe(url);
  });

  it("an address with the path, and Azure AI's", () => {
    const at = (apiBase: string) => embed("azure_ai", "m", {}, { apiBase }).url;
    expect(at("https://x.services.ai.azure.com")).toBe(
      "https://x.services.ai.azure.com/models/embeddings?api-version=2024-05-01-preview",
    );
    expect(at("https://x.services.ai.azure.com/openai/v1")).toBe(
      "https://x.services.ai.azure.com/openai/v1/embeddings",
    );
    expect(embed("openai", "m", {}, { apiBase: "https://h/v1/embeddings" }).url).toBe("https://h/v1/embeddings");
  });

  it.each([
    ["openai", { encoding_format: "base64", dimensions: 4, user: "u" }],
    ["hosted_vllm", { encoding_format: "base64", dimensions: 4, user: "u" }, { apiBase: "https://h" }],
    ["together_ai", { dimensions: 4, user: "u" }],
    ["mistral", { output_dimension: 4, user: "u" }],
    ["voyage", { encoding_format: "base64", output_dimension: 4 }],
    ["jina_ai", { dimensions: 4 }],
  ])("%s: formats and dimensions by its own names", (slug, fields, more: Partial<Target> = {}) => {
    const asked = { encoding_format: "base64", dimensions: 4, user: "u" };
    expect(embed(slug, "m", asked, more).body).toEqual({ json: { model: "m", input: ["a", "b"], ...fields } });
  });

  it("Cohere: an input type, and what else it calls otherwise", () => {
    const { body, headers } = embed("cohere", "embed-v4.0", { dimensions: 256, encoding_format: "float" });
    expect(body).toEqual({
      json: {
        model: "embed-v4.0",
        texts: ["a", "b"],
        input_type: "search_document",
        embedding_types: ["float"],
        output_dimension: 256,
      },
    });
    expect(headers["authorization"]).toBe("Bearer sk-key");
    const query = embed("cohere", "m", { input_type: "search_query" }).body;
    expect(query).toMatchObject({ json: { input_type: "search_query" } });
    const answer = provider("cohere").embeddings!.response(
      { id: "e", embeddings: { float: [[1], [2]] }, meta: { billed_units: { input_tokens: 7 } } },
      exchange({ model: "p", input: "a" }, target("cohere", "m")),
    );
    expect(answer).toMatchObject({ data: [{ embedding: [1] }, { embedding: [2] }], usage: { prompt_tokens: 7 } });
  });

  it("Gemini: task and title pass, by either name", () => {
    const fields = { task_type: "RETRIEVAL_DOCUMENT", title: "t", dimensions: 8, input: "a" };
    expect(embed("gemini", "m", fields).body).toEqual({
      json: {
        requests: [
          {
            model: "models/m",
            content: { parts: [{ text: "a" }] },
            taskType: "RETRIEVAL_DOCUMENT",
            title: "t",
            outputDimensionality: 8,
          },
        ],
      },
    });
    expect(() => embed("gemini", "../files")).toThrow(/no name of a model/);
  });

  it.each([
    ["no list", {}],
    ["a list of something else", { data: [{ embedding: null }] }],
    ["an empty list", { data: [] }],
    ["no object", "text"],
  ])("what is no answer is an error: %s", (_, body) => {
    const at = target("openai", "m");
    const { response } = provider("openai").embeddings!;
    expect(() => response(body, exchange({ model: "p", input: "a" }, at))).toThrow(/no embeddings/);
  });

  it("an error with status 200 is an error; usage may be the total alone", () => {
    const at = target("together_ai", "m");
    const { response } = provider("together_ai").embeddings!;
    const asked = exchange({ model: "p", input: "a" }, at);
    expect(() => response({ error: { message: "busy", code: 429 } }, asked)).toThrow(/RateLimitError.*busy/);
    expect(response({ data: [{ embedding: [1] }], usage: { total_tokens: 8 } }, asked)).toEqual({
      object: "list",
      data: [{ object: "embedding", index: 0, embedding: [1] }],
      model: "m",
      usage: { prompt_tokens: 8, total_tokens: 8 },
    });
  });
});

describe("text completions", () => {
  const complete = (slug: string, model: string, fields: object = {}) => {
    const at = target(slug, model);
    return provider(slug).completions!.request({ model: "public", prompt: "a", ...fields }, at);
  };

  it.each([
    ["text-completion-openai", "https://api.openai.com/v1/completions"],
    ["together_ai", "https://api.together.xyz/v1/completions"],
    ["deepseek", "https://api.deepseek.com/beta/completions"],
    ["codestral", "https://codestral.mistral.ai/v1/fim/completions"],
    ["text-completion-codestral", "https://codestral.mistral.ai/v1/fim/completions"],
  ])("%s is asked at %s", (slug, url) => {
    expect(complete(slug, "m").url).toBe(url);
  });

  it("which models complete, and which chat", () => {
    const serves = (slug: string, model: string, info = {}) =>
      provider(slug).completions!.serves?.({ ...target(slug, model), info });
    expect(["gpt-3.5-turbo-instruct", "davinci-002", "ft:babbage-002:org"].map((m) => serves("openai", m))).toEqual([
      true,
      true,
      true,
    ]);
    expect(["gpt-4o", "gpt-3.5-turbo", "adaptive"].map((model) => serves("openai", model))).toEqual([
      false,
      false,
      false,
    ]);
    expect(serves("openai", "own", { mode: "completion" })).toBe(true);
    expect([serves("mistral", "codestral-latest"), serves("mistral", "mistral-large")]).toEqual([true, false]);
    expect([serves("deepseek", "deepseek-chat"), serves("deepseek", "deepseek-reasoner")]).toEqual([true, false]);
  });

  it("a stream asks for usage, which comes last and once", () => {
    const { body, headers } = complete("together_ai", "m", { stream: true });
    expect(body).toMatchObject({ json: { stream_options: { include_usage: true } } });
    expect(headers["accept"]).toBe("text/event-stream");
    const at = target("together_ai", "m");
    const decoder = provider("together_ai").completions!.stream(exchange({ model: "p", prompt: "a" }, at));
    const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 };
    const chunks = [
      { id: "c", created: 5, model: "x", choices: [{ index: 0, text: "a" }] },
      { id: "c", created: 5, model: "x", choices: [{ index: 0, text: "", finish_reason: "eos" }], usage },
    ].flatMap((data) => decoder.event({ data: JSON.stringify(data) }));
    chunks.push(...decoder.event({ data: "[DONE]" }), ...decoder.end());
    const head = { id: "c", object: "text_completion", created: 5, model: "x" };
    expect(chunks).toEqual([
      { ...head, choices: [{ index: 0, text: "a", logprobs: null, finish_reason: null }] },
      { ...head, choices: [{ index: 0, text: "", logprobs: null, finish_reason: "stop" }] },
      { ...head, choices: [], usage },
    ]);
  });

  it("a stream that breaks off, or brings an error, is an error", () => {
    const begin = () =>
      provider("together_ai").completions!.stream(exchange({ model: "p", prompt: "a" }, target("together_ai", "m")));
    const broken = begin();
    broken.event({ data: JSON.stringify({ choices: [{ index: 0, text: "a" }] }) });
    expect(() => broken.end()).toThrow(/broke off/);
    expect(() => begin().event({ data: '{"error":{"message":"busy","code":503}}' })).toThrow(/busy/);
    expect(() => begin().event({ data: "<html>" })).toThrow(/no text completion/);
  });
});

describe("moderations", () => {
  it("Mistral's path and result", () => {
    const at = target("mistral", "mistral-moderation-latest");
    const { request, response } = provider("mistral").moderations!;
    const asked = { model: "public", input: ["a"] };
    expect(request(asked, at)).toMatchObject({
      url: "https://api.mistral.ai/v1/moderations",
      body: { json: { model: "mistral-moderation-latest", input: ["a"] } },
    });
    const categories = { pii: false, violence_and_threats: true };
    const body = { id: "m", model: "x", results: [{ categories, category_scores: { pii: 0 } }] };
    expect(response(body, exchange(asked, at)).results[0]).toEqual({
      flagged: true,
      categories,
      category_scores: { pii: 0 },
    });
    expect(() => response({}, exchange(asked, at))).toThrow(/no results/);
  });
});

describe("rerank", () => {
  const asked = { model: "public", query: "q", documents: ["a", { text: "b" }, { title: "c", body: "d" }], top_n: 2 };
  const rank = (slug: string, more: Partial<Target> = {}) =>
    provider(slug).rerank!.request({ ...asked, rank_fields: null }, target(slug, "m", more));

  it.each([
    ["cohere", "https://api.cohere.com/v2/rerank", { top_n: 2 }],
    ["voyage", "https://api.voyageai.com/v1/rerank", { top_k: 2 }],
    ["together_ai", "https://api.together.xyz/v1/rerank", { top_n: 2 }],
    ["openrouter", "https://openrouter.ai/api/v1/rerank", { top_n: 2 }],
  ])("%s is asked at %s for texts", (slug, url, limit) => {
    const request = rank(slug);
    expect(request.url).toBe(url);
    const documents = ["a", "b", '{"title":"c","body":"d"}'];
    expect(request.body).toEqual({ json: { model: "m", query: "q", documents, ...limit } });
  });

  it("fields to rank by; a base with its version", () => {
    const at = target("cohere", "m", { apiBase: "https://h/v1" });
    const request = provider("cohere").rerank!.request({ ...asked, rank_fields: ["title"] }, at);
    expect(request.url).toBe("https://h/v1/rerank");
    expect(request.body).toMatchObject({ json: { documents: ["a", "title: ", "title: c"] } });
  });

  it.each([
    ["no results", {}],
    ["a result without a score", { results: [{ index: 0 }] }],
  ])("what is no answer is an error: %s", (_, body) => {
    const { response } = provider("jina_ai").rerank!;
    expect(() => response(body, exchange(asked, target("jina_ai", "m")))).toThrow(/no ranking/);
  });
});
