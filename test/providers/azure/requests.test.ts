import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { azure, azureText } from "../../../src/providers/azure/index.ts";
import type { Target, UpstreamRequest } from "../../../src/providers/provider.ts";

const BASE = "https://r.openai.azure.com";
const at = (more: Partial<Target> = {}): Target => ({
  provider: "azure",
  model: "gpt-4o",
  apiBase: BASE,
  apiKey: new Secret("k"),
  ...more,
});
const json = ({ body }: UpstreamRequest) => (body as { json: Record<string, unknown> }).json; // no form in these tests
const messages: ChatRequest["messages"] = [{ role: "user", content: "Hi" }];
const chat = (more: Record<string, unknown> = {}, target: Partial<Target> = {}) =>
  azure.chat!.request({ model: "public", messages, ...more }, at(target));
const chatUrl = (target: Partial<Target>) => chat({}, target).url;

describe("where a deployment is asked", () => {
  it("by LiteLLM's version, unless another is said", () => {
    const path = `${BASE}/openai/deployments/gpt-4o/chat/completions`;
    expect(chatUrl({})).toBe(`${path}?api-version=2025-02-01-preview`);
    expect(chatUrl({ params: { default_api_version: "2024-12-01-preview" } })).toBe(
      `${path}?api-version=2024-12-01-preview`,
    );
    const params = { default_api_version: "2024-12-01-preview", api_version: "2025-01-01-preview" };
    expect(chatUrl({ params })).toBe(`${path}?api-version=2025-01-01-preview`);
    expect(chatUrl({ params, apiVersion: "2024-10-21" })).toBe(`${path}?api-version=2024-10-21`);
  });

  it.each([
    ["v1", ""],
    ["latest", ""],
    ["preview", "?api-version=preview"],
  ])("by /openai/v1 where the version is %s", (apiVersion, query) => {
    expect(chatUrl({ apiVersion })).toBe(`${BASE}/openai/v1/chat/completions${query}`);
  });

  it.each([
    [`${BASE}/`],
    [`${BASE}//`],
    [`${BASE}/openai`],
    [`${BASE}/openai/`],
    [`${BASE}/openai/deployments/gpt-4o`],
    [`${BASE}/openai/deployments/gpt-4o/chat/completions`],
    [`${BASE}/openai/responses`],
  ])("the base may be %s", (apiBase) => {
    expect(chatUrl({ apiBase, apiVersion: "2024-10-21" })).toBe(
      `${BASE}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`,
    );
  });

  it.each([
    [`${BASE}/openai/v1`, `${BASE}/openai/v1/chat/completions`],
    [`${BASE}/openai/v1/chat/completions`, `${BASE}/openai/v1/chat/completions`],
    [`${BASE}/openai/v1?api-version=v1`, `${BASE}/openai/v1/chat/completions?api-version=v1`],
    [
      `${BASE}/openai/deployments/mine/chat/completions?api-version=2024-06-01`,
      `${BASE}/openai/deployments/mine/chat/completions?api-version=2024-06-01`,
    ],
    [
      "https://apim.example.com/team/azure",
      "https://apim.example.com/team/azure/openai/deployments/gpt-4o/chat/completions?api-version=2025-02-01-preview",
    ],
    [
      "https://gateway.ai.cloudflare.com/v1/acc/gw/azure-openai/res",
      "https://gateway.ai.cloudflare.com/v1/acc/gw/azure-openai/res/gpt-4o/chat/completions?api-version=2025-02-01-preview",
    ],
  ])("what the address %s says holds", (apiBase, url) => {
    expect(chatUrl({ apiBase })).toBe(url);
  });

  it("a name that is no segment stays in its place", () => {
    expect(chatUrl({ model: "../x?y#z" })).toContain("/openai/deployments/..%2Fx%3Fy%23z/chat/completions?");
  });

  it("every operation of a deployment", () => {
    const version = "api-version=2025-02-01-preview";
    const asked = [
      azure.embeddings!.request({ model: "p", input: "Hi" }, at()),
      azure.imageGenerations!.request({ model: "p", prompt: "A cat" }, at()),
      azure.speech!.request({ model: "p", input: "Hi", voice: "alloy" }, at()),
      azureText.completions!.request({ model: "p", prompt: "Hi" }, at()),
      azure.transcriptions!.request({ model: "p", file: new File(["x"], "a.wav") }, at()),
      azure.translations!.request({ model: "p", file: new File(["x"], "a.wav") }, at()),
    ];
    const paths = [
      "embeddings",
      "images/generations",
      "audio/speech",
      "completions",
      "audio/transcriptions",
      "audio/translations",
    ];
    expect(asked.map(({ url }) => url)).toEqual(
      paths.map((path) => `${BASE}/openai/deployments/gpt-4o/${path}?${version}`),
    );
    expect(asked.slice(0, 4).map((request) => json(request)["model"])).toEqual(Array(4).fill("gpt-4o"));
  });

  it.each([
    [{}, "/openai/v1/responses?api-version=preview"],
    [{ apiVersion: "2025-04-01-preview" }, "/openai/responses?api-version=2025-04-01-preview"],
    [{ params: { api_version: "2025-04-01-preview" } }, "/openai/responses?api-version=2025-04-01-preview"],
    // A version from before there were responses.
    [{ apiVersion: "2024-10-21" }, "/openai/v1/responses?api-version=preview"],
    [{ apiVersion: "v1" }, "/openai/v1/responses"],
    [{ apiBase: `${BASE}/openai/v1` }, "/openai/v1/responses"],
    [{ params: { default_responses_api_version: "v1" } }, "/openai/v1/responses"],
    [
      { apiBase: `${BASE}/openai/responses?api-version=2025-03-01-preview` },
      "/openai/responses?api-version=2025-03-01-preview",
    ],
  ])("responses, %j", (target, path) => {
    expect(azure.responses!.request({ model: "p", input: "Hi" }, at(target)).url).toBe(BASE + path);
  });

  it("needs a base, and says so", () => {
    const { apiBase: _, ...homeless } = at();
    expect(() => azure.chat!.request({ model: "p", messages }, homeless)).toThrow(/azure needs an api_base/);
  });
});

describe("rules of the model behind a deployment", () => {
  it.each([
    ["its name", { model: "team-o3-mini_eu" }],
    ["base_model", { model: "fast", baseModel: "azure/eu/o3-mini" }],
    ["LiteLLM's prefix", { model: "o_series/fast" }],
    ["LiteLLM's prefix for GPT-5", { model: "gpt5_series/fast" }],
    ["a name of GPT-5", { model: "prod.gpt-5-nano" }],
  ])("by %s", (_, target) => {
    const sent = json(chat({ max_tokens: 9 }, target));
    expect(sent).toMatchObject({ max_completion_tokens: 9 });
    expect(sent).not.toHaveProperty("max_tokens");
    expect(() => chat({ temperature: 0.2 }, target)).toThrow(/temperature/);
    expect(azure.chat!.supportedParams(at(target))).not.toContain("top_p");
  });

  it("others are left as they are", () => {
    for (const model of ["fast", "pro-10", "gpt-35-turbo", "photo3", "gpt-4o"])
      expect(json(chat({ max_tokens: 9, temperature: 0.2 }, { model }))).toMatchObject({
        model,
        max_tokens: 9,
        temperature: 0.2,
      });
  });

  it("a prefix of LiteLLM's is not sent", () => {
    const request = chat({}, { model: "o_series/fast" });
    expect(request.url).toContain("/deployments/fast/");
    expect(json(request)["model"]).toBe("fast");
    expect(json(azure.responses!.request({ model: "p", input: "" }, at({ model: "o_series/fast" })))["model"]).toBe(
      "fast",
    );
  });

  it("images and embeddings", () => {
    const drawn = (target: Partial<Target>) =>
      json(azure.imageGenerations!.request({ model: "p", prompt: "", response_format: "url" }, at(target)));
    expect(drawn({ model: "art", baseModel: "azure/gpt-image-1" })).not.toHaveProperty("response_format");
    expect(drawn({ model: "dall-e-3" })).toHaveProperty("response_format");
    expect(
      azure.embeddings!.supportedParams(at({ model: "v", baseModel: "azure/text-embedding-ada-002" })),
    ).not.toContain("dimensions");
  });
});

describe("what versions do not know is not sent", () => {
  const streamed = { stream: true, max_completion_tokens: 5, prompt_cache_key: "k" };

  it.each([
    ["2024-02-01", { max_tokens: 5 }, ["stream_options", "max_completion_tokens"]],
    ["2024-10-21", { max_completion_tokens: 5, stream_options: { include_usage: true } }, ["max_tokens"]],
    ["v1", { max_completion_tokens: 5, stream_options: { include_usage: true } }, ["max_tokens"]],
  ])("%s", (apiVersion, has, lacks) => {
    const target = at({ apiVersion });
    const body = json(azure.chat!.request({ model: "p", messages, ...streamed }, target));
    const sent = azure.chat!.finish!(body, target);
    expect(sent).toMatchObject(has);
    for (const name of lacks) expect(sent).not.toHaveProperty(name);
  });

  it("hints", () => {
    const hints = (apiVersion: string) => azure.chat!.supportedParams(at({ apiVersion }));
    expect(hints("2024-10-21")).not.toContain("prompt_cache_key");
    expect(hints("2025-04-01-preview")).toContain("prompt_cache_key");
    expect(hints("preview")).toContain("prompt_cache_key");
  });

  it("options of streams beside data of one's own", () => {
    const body = { stream: true, stream_options: { include_usage: true }, data_sources: [{ type: "azure_search" }] };
    expect(azure.chat!.finish!(body, at())).toEqual({ stream: true, data_sources: [{ type: "azure_search" }] });
  });

  it("the status of reasoning that goes back", () => {
    const input = [
      { type: "reasoning", id: "rs_1", status: null, summary: [] },
      { type: "message", role: "assistant", status: "completed", content: [] },
    ];
    expect(json(azure.responses!.request({ model: "p", input }, at()))["input"]).toEqual([
      { type: "reasoning", id: "rs_1", summary: [] },
      input[1],
    ]);
  });
});

describe("its own API", () => {
  const native = (path: string, target: Partial<Target> = {}) =>
    azure.native!({ method: "GET", path, headers: {} }, at(target)).url.slice(BASE.length);

  it.each([
    ["/v1/files?limit=2", "/openai/files?limit=2&api-version=2025-02-01-preview"],
    ["/v1/files/f-1/content", "/openai/files/f-1/content?api-version=2025-02-01-preview"],
    ["/v1/batches/b-1/cancel", "/openai/batches/b-1/cancel?api-version=2025-02-01-preview"],
    ["/v1/fine_tuning/jobs", "/openai/fine_tuning/jobs?api-version=2025-02-01-preview"],
    ["/v1/vector_stores/vs-1/search", "/openai/vector_stores/vs-1/search?api-version=2025-02-01-preview"],
    ["/v1/assistants", "/openai/assistants?api-version=2025-02-01-preview"],
    ["/v1/threads/t/runs", "/openai/threads/t/runs?api-version=2025-02-01-preview"],
    // What only the newer layout has.
    ["/v1/containers/c/files", "/openai/v1/containers/c/files"],
    ["/v1/videos/v/content?variant=thumbnail", "/openai/v1/videos/v/content?variant=thumbnail"],
    ["/v1/conversations", "/openai/v1/conversations"],
    ["/v1/realtime/calls?webrtcfilter=on", "/openai/v1/realtime/calls?webrtcfilter=on"],
    ["/v1/responses/resp_1", "/openai/v1/responses/resp_1?api-version=preview"],
    // As Azure's own clients write it.
    ["/openai/files", "/openai/files?api-version=2025-02-01-preview"],
    ["/openai/files?api-version=2024-10-21", "/openai/files?api-version=2024-10-21"],
    ["/openai/v1/files", "/openai/v1/files"],
  ])("%s", (path, expected) => {
    expect(native(path)).toBe(expected);
  });

  it("by the newer layout, where the deployment is", () => {
    expect(native("/v1/files", { apiVersion: "v1" })).toBe("/openai/v1/files");
    expect(native("/openai/files", { apiVersion: "v1" })).toBe("/openai/files");
  });

  it("no path leaves the resource", () => {
    for (const path of ["//evil.test/v1/files", "/v1/../../x", "/openai/%2e%2e/x"])
      expect(() => native(path)).toThrow(/is no path/);
  });
});

describe("sessions in real time", () => {
  const url = (target: Partial<Target>, headers: Record<string, string> = {}, intent?: string) =>
    azure.realtime!.connect(at({ model: "voice", ...target }), { headers, ...(intent && { intent }) });

  it("by the API itself, unless the deployment or the client says otherwise", () => {
    expect(url({})).toMatchObject({
      url: `${BASE}/openai/v1/realtime?model=voice`,
      headers: { "api-key": "k" },
    });
    expect(url({}, {}, "transcription").url).toBe(`${BASE}/openai/v1/realtime?intent=transcription`);
    const beta = { "openai-beta": "realtime=v1" };
    const preview = `${BASE}/openai/realtime?api-version=2025-04-01-preview&deployment=voice`;
    expect(url({}, beta)).toMatchObject({ url: preview, headers: beta });
    expect(url({ params: { realtime_protocol: "beta" } }).url).toBe(preview);
    expect(url({ params: { realtime_protocol: "GA" } }, beta).url).toBe(`${BASE}/openai/v1/realtime?model=voice`);
    expect(url({ params: { realtime_protocol: "GA" } }, beta).headers).not.toHaveProperty("openai-beta");
    const chosen = { params: { realtime_protocol: "beta" }, apiVersion: "2024-12-17" };
    expect(url(chosen).url).toBe(`${BASE}/openai/realtime?api-version=2024-12-17&deployment=voice`);
  });

  it("with a secret that is a token", () => {
    expect(url({ apiKey: new Secret("ek_abc") }).headers).toEqual({ authorization: "Bearer ek_abc" });
  });

  it("makes secrets", () => {
    const made = (kind: "client_secrets" | "sessions") =>
      azure.realtimeSecrets!(kind).request({ model: "p", session: { type: "realtime" } }, at({ model: "voice" })).url;
    expect(made("client_secrets")).toBe(`${BASE}/openai/v1/realtime/client_secrets`);
    expect(made("sessions")).toBe(`${BASE}/openai/realtimeapi/sessions?api-version=2025-04-01-preview`);
  });
});
