import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { azureAi } from "../../../src/providers/azure-ai/index.ts";
import type { Target, UpstreamRequest } from "../../../src/providers/provider.ts";
import { providerFor } from "../../../src/providers/registry.ts";

const FOUNDRY = "https://r.services.ai.azure.com";
const at = (apiBase: string, more: Partial<Target> = {}): Target => ({
  provider: "azure_ai",
  model: "DeepSeek-V3.1",
  apiBase,
  apiKey: new Secret("k"),
  ...more,
});
const json = ({ body }: UpstreamRequest) => (body as { json: Record<string, unknown> }).json; // no form in these tests
const messages = [{ role: "user" as const, content: "Hi" }];
const chat = (target: Target, more: Record<string, unknown> = {}) =>
  azureAi.chat!.request({ model: "public", messages, ...more }, target);

describe("chat", () => {
  const version = "api-version=2024-05-01-preview";

  it.each([
    [FOUNDRY, `${FOUNDRY}/models/chat/completions?${version}`],
    [`${FOUNDRY}/`, `${FOUNDRY}/models/chat/completions?${version}`],
    [`${FOUNDRY}/models`, `${FOUNDRY}/models/chat/completions?${version}`],
    [`${FOUNDRY}/models/chat/completions?api-version=v9`, `${FOUNDRY}/models/chat/completions?api-version=v9`],
    [`${FOUNDRY}/api/projects/p`, `${FOUNDRY}/models/chat/completions?${version}`],
    [`${FOUNDRY}/openai/v1/`, `${FOUNDRY}/openai/v1/chat/completions`],
    ["https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com/openai/v1/chat/completions"],
    ["https://r.openai.azure.com", "https://r.openai.azure.com/openai/v1/chat/completions"],
    ["https://r.cognitiveservices.azure.com", "https://r.cognitiveservices.azure.com/openai/v1/chat/completions"],
    [
      "https://r.openai.azure.com/openai/deployments/d?api-version=2024-10-21",
      "https://r.openai.azure.com/openai/deployments/d/chat/completions?api-version=2024-10-21",
    ],
    ["https://gw.example.com/foundry/models", `https://gw.example.com/foundry/models/chat/completions?${version}`],
  ])("at %s, with api-key", (apiBase, url) => {
    expect(chat(at(apiBase))).toMatchObject({ url, headers: { "api-key": "k" } });
  });

  it.each([
    ["https://m.eastus2.models.ai.azure.com", "https://m.eastus2.models.ai.azure.com/chat/completions"],
    ["https://m.eastus2.models.ai.azure.com/v1", "https://m.eastus2.models.ai.azure.com/v1/chat/completions"],
    [
      "https://m.eastus2.inference.ai.azure.com/v1/chat/completions",
      "https://m.eastus2.inference.ai.azure.com/v1/chat/completions",
    ],
    ["https://evil.test/.services.ai.azure.com", "https://evil.test/.services.ai.azure.com/chat/completions"],
  ])("at %s, with a bearer's token", (apiBase, url) => {
    const request = chat(at(apiBase));
    expect(request).toMatchObject({ url, headers: { authorization: "Bearer k" } });
    expect(request.headers).not.toHaveProperty("api-key");
  });

  it("and its search takes api-key", () => {
    const call = { method: "POST" as const, path: "/indexes/i/docs/search?api-version=2024-07-01", headers: {} };
    expect(azureAi.native!(call, at("https://kb.search.windows.net/"))).toMatchObject({
      url: "https://kb.search.windows.net/indexes/i/docs/search?api-version=2024-07-01",
      headers: { "api-key": "k" },
    });
  });

  it("a version that is said", () => {
    expect(chat(at(FOUNDRY, { apiVersion: "2025-04-01" })).url).toBe(
      `${FOUNDRY}/models/chat/completions?api-version=2025-04-01`,
    );
    expect(chat(at(FOUNDRY, { params: { api_version: "2025-04-01" } })).url).toContain("api-version=2025-04-01");
    expect(chat(at(FOUNDRY, { apiVersion: "v1" })).url).toBe(`${FOUNDRY}/openai/v1/chat/completions`);
  });

  it("parameters it does not know reach the model; OpenAI's models have OpenAI's rules", () => {
    expect(chat(at(FOUNDRY), { top_k: 4 }).headers["extra-parameters"]).toBe("pass-through");
    expect(json(chat(at(FOUNDRY, { model: "gpt-5-mini" }), { max_tokens: 9 }))).toMatchObject({
      max_completion_tokens: 9,
    });
    expect(json(chat(at(FOUNDRY, { model: "gpt-oss-120b" }), { max_tokens: 9 }))).toMatchObject({ max_tokens: 9 });
    expect(json(chat(at(FOUNDRY, { model: "model_router/mine" })))["model"]).toBe("mine");
  });
});

describe("Claude", () => {
  const claude = providerFor({ provider: "azure_ai", model: "claude-sonnet-4-5" })!;
  const target = (apiBase: string, more: Partial<Target> = {}) => at(apiBase, { model: "claude-sonnet-4-5", ...more });
  const ask = { model: "p", max_tokens: 5, messages };

  it.each([[FOUNDRY], [`${FOUNDRY}/anthropic`], [`${FOUNDRY}/anthropic/v1/messages`], [`${FOUNDRY}/models`]])(
    "has Anthropic's API, at %s",
    (apiBase) => {
      const request = claude.messages!.request(ask, target(apiBase));
      expect(request.url).toBe(`${FOUNDRY}/anthropic/v1/messages`);
      expect(request.headers).toMatchObject({ "x-api-key": "k", "anthropic-version": "2023-06-01" });
      expect(json(request)).toMatchObject({ model: "claude-sonnet-4-5", max_tokens: 5 });
      expect(claude.countTokens!.request(ask, target(apiBase)).url).toBe(
        `${FOUNDRY}/anthropic/v1/messages/count_tokens`,
      );
      expect(claude.chat!.request({ model: "p", messages }, target(apiBase)).url).toBe(
        `${FOUNDRY}/anthropic/v1/messages`,
      );
    },
  );

  it("without a key it signs in", () => {
    const { apiKey: _, ...keyless } = target(FOUNDRY);
    expect(claude.messages!.request(ask, keyless).headers).not.toHaveProperty("x-api-key");
  });

  it("needs a base, and says so", () => {
    const { apiBase: _, ...homeless } = target(FOUNDRY);
    expect(() => claude.messages!.request(ask, homeless)).toThrow(/azure_ai needs an api_base/);
  });

  it("the other models have not", () => {
    expect(providerFor({ provider: "azure_ai", model: "DeepSeek-R1" })?.messages).toBeUndefined();
  });
});

describe("what makers have by their own paths", () => {
  const flux = at(FOUNDRY, { model: "FLUX.2-pro" });

  it("FLUX.2, in pixels and one by one", () => {
    const request = azureAi.imageGenerations!.request(
      { model: "p", prompt: "A cat", size: "1440x816", n: 1, response_format: "b64_json" },
      flux,
    );
    expect(request.url).toBe(`${FOUNDRY}/providers/blackforestlabs/v1/flux-2-pro?api-version=preview`);
    expect(json(request)).toEqual({ model: "FLUX.2-pro", prompt: "A cat", width: 1440, height: 816, n: 1 });
    const most = azureAi.imageGenerations!.mostInputs;
    expect(typeof most === "function" && most(flux)).toBe(1);
    const edit = azureAi.imageEdits!.request({ model: "p", prompt: "", image: "data:image/png;base64,aGk=" }, flux);
    expect(json(edit)).toMatchObject({ input_image: "aGk=", n: 1 });
  });

  it("older FLUX, as Azure OpenAI has images", () => {
    const target = at(FOUNDRY, { model: "FLUX-1.1-pro" });
    const request = azureAi.imageGenerations!.request({ model: "p", prompt: "A cat", size: "1024x1024" }, target);
    expect(request.url).toBe(
      `${FOUNDRY}/openai/deployments/FLUX-1.1-pro/images/generations?api-version=2025-04-01-preview`,
    );
    expect(json(request)).toMatchObject({ size: "1024x1024" });
  });

  it("embeddings, rerank, documents and responses", () => {
    const cohere = at(FOUNDRY, { model: "embed-v-4-0" });
    expect(azureAi.embeddings!.request({ model: "p", input: "Hi", input_type: "query" }, cohere)).toMatchObject({
      url: `${FOUNDRY}/models/embeddings?api-version=2024-05-01-preview`,
      body: { json: { model: "embed-v-4-0", input: "Hi", input_type: "query" } },
    });
    const rerank = (apiBase: string) =>
      azureAi.rerank!.request(
        { model: "p", query: "q", documents: ["a"] },
        at(apiBase, { model: "Cohere-rerank-v4.0-pro" }),
      ).url;
    expect(rerank(FOUNDRY)).toBe(`${FOUNDRY}/providers/cohere/v2/rerank`);
    expect(rerank("https://m.eastus2.models.ai.azure.com")).toBe("https://m.eastus2.models.ai.azure.com/v1/rerank");
    const document = { type: "document_url" as const, document_url: "data:application/pdf;base64,aGk=" };
    const ocr = azureAi.ocr!.request({ model: "p", document }, at(FOUNDRY, { model: "mistral-document-ai-2505" }));
    expect(ocr.url).toBe(`${FOUNDRY}/providers/mistral/azure/ocr`);
    const gpt = at(FOUNDRY, { model: "gpt-5" });
    expect(azureAi.responses!.request({ model: "p", input: "" }, gpt).url).toBe(`${FOUNDRY}/openai/v1/responses`);
    expect([gpt, cohere].map((target) => azureAi.responses!.serves!(target))).toEqual([true, false]);
  });
});

it("its own API, with the version it cannot be without", () => {
  const native = (path: string, method: "GET" | "POST" = "POST") =>
    azureAi.native!({ method, path, headers: {} }, at(`${FOUNDRY}/models`));
  expect(native("/models/chat/completions").url).toBe(
    `${FOUNDRY}/models/chat/completions?api-version=2024-05-01-preview`,
  );
  expect(native("/models/info?api-version=1").url).toBe(`${FOUNDRY}/models/info?api-version=1`);
  expect(native("/openai/v1/models", "GET").url).toBe(`${FOUNDRY}/openai/v1/models`);
  expect(native("/anthropic/v1/messages")).toMatchObject({
    url: `${FOUNDRY}/anthropic/v1/messages`,
    headers: { "x-api-key": "k" },
  });
  expect(() => native("//evil.test/models")).toThrow(/is no path/);
});
