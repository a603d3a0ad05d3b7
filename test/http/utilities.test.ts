/** LiteLLM's utilities at the running gateway. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";

let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startGateway({
    model_list: [
      {
        model_name: "claude",
        litellm_params: {
          model: "anthropic/claude-sonnet-4-5",
          api_key: "sk-ant-very-secret",
          api_base: "http://127.0.0.1:9",
          max_tokens: 77,
        },
      },
      {
        model_name: "vectors",
        litellm_params: {
          model: "openai/text-embedding-3-small",
          api_key: "sk-very-secret",
          api_base: "http://127.0.0.1:9",
        },
      },
      { model_name: "canned", litellm_params: { model: "openai/gpt-4o", api_key: "sk-x", mock_response: "Hi" } },
    ],
  });
});

afterAll(() => gateway?.stop());

const body = async (response: Response) => [response.status, await response.json()];
const HI = [{ role: "user", content: "Hello, how are you?" }];

async function keyFor(models: string[]): Promise<Record<string, string>> {
  const { key } = (await (await gateway.call("/key/generate", { models })).json()) as { key: string };
  return { authorization: `Bearer ${key}` };
}

describe("/utils/token_counter", () => {
  it("counts messages, prompts and Google's contents; names the model behind the name", async () => {
    const [status, counted] = await body(await gateway.call("/utils/token_counter", { model: "claude", messages: HI }));
    expect(status).toBe(200);
    expect(counted).toMatchObject({ request_model: "claude", model_used: "claude-sonnet-4-5", error: false });
    expect((counted as { total_tokens: number }).total_tokens).toBeGreaterThan(5);
    const prompt = await body(await gateway.call("/utils/token_counter", { model: "gpt-4o", prompt: "one two three" }));
    expect(prompt).toMatchObject([200, { total_tokens: 3, model_used: "gpt-4o" }]);
    const contents = [{ role: "user", parts: [{ text: "Hello, how are you?" }] }];
    expect(await body(await gateway.call("/utils/token_counter", { model: "claude", contents }))).toMatchObject([
      200,
      {},
    ]);
  });

  it("counts contents however deep they are nested", async () => {
    const contents = `${"[".repeat(50_000)}"one two three"${"]".repeat(50_000)}`;
    const counted = await body(await gateway.call("/utils/token_counter", `{"model":"gpt-4o","contents":${contents}}`));
    expect(counted).toMatchObject([200, { total_tokens: expect.any(Number) }]);
  });

  it("says what is missing", async () => {
    expect(await body(await gateway.call("/utils/token_counter", { model: "claude" }))).toMatchObject([
      400,
      { error: { message: expect.stringContaining("must be provided") } },
    ]);
    expect((await gateway.call("/utils/token_counter", { messages: HI })).status).toBe(400);
    expect((await gateway.call("/utils/token_counter", "[")).status).toBe(400);
  });
});

describe("/utils/supported_openai_params", () => {
  it("lists them by name, for models the caller may use", async () => {
    const [status, said] = await body(await gateway.call("/utils/supported_openai_params?model=claude"));
    expect(status).toBe(200);
    expect((said as { supported_openai_params: string[] }).supported_openai_params).toEqual(
      expect.arrayContaining(["max_tokens", "tools", "thinking"]),
    );
    expect((await gateway.call("/utils/supported_openai_params?model=nobody-knows")).status).toBe(400);
    expect((await gateway.call("/utils/supported_openai_params")).status).toBe(400);
    const headers = await keyFor(["vectors"]);
    expect((await gateway.call("/utils/supported_openai_params?model=claude", undefined, headers)).status).toBe(400);
  });
});

describe("/utils/transform_request", () => {
  it("shows what would be sent, with no secret in it, and sends nothing", async () => {
    const request = { call_type: "completion", request_body: { model: "claude", messages: HI } };
    const response = await gateway.call("/utils/transform_request", request);
    const text = await response.text();
    expect(text).not.toContain("very-secret");
    expect(JSON.parse(text)).toMatchObject({
      raw_request_api_base: "http://127.0.0.1:9/v1/messages",
      raw_request_body: { model: "claude-sonnet-4-5", max_tokens: 77, messages: [{ role: "user" }] },
      raw_request_headers: { "x-api-key": "****", "anthropic-version": "2023-06-01" },
      error: null,
    });
    const embedding = { call_type: "aembedding", request_body: { model: "vectors", input: "x" } };
    expect(await body(await gateway.call("/utils/transform_request", embedding))).toMatchObject([
      200,
      { raw_request_body: { model: "text-embedding-3-small", input: "x" } },
    ]);
  });

  it("is for admins, and says what is wrong", async () => {
    const request = { call_type: "completion", request_body: { model: "claude", messages: HI } };
    const headers = await keyFor([]);
    expect((await gateway.call("/utils/transform_request", request, headers)).status).toBe(403);
    for (const call_type of ["dance", "__proto__", "constructor"])
      expect((await gateway.call("/utils/transform_request", { ...request, call_type })).status).toBe(400);
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const nested = `{"call_type":"completion","request_body":{"model":"claude","messages":${JSON.stringify(HI)},"tools":[{"type":"function","function":{"name":"f","parameters":{"x":${deep}}}}]}}`;
    expect((await gateway.call("/utils/transform_request", nested)).status).toBe(400);
    const wrong = { call_type: "completion", request_body: { model: "claude", messages: "x" } };
    expect((await gateway.call("/utils/transform_request", wrong)).status).toBe(400);
  });
});

describe("what is public", () => {
  it("prices by model, and the providers", async () => {
    const prices = await fetch(`${gateway.url}/public/litellm_model_cost_map`);
    const map = (await prices.json()) as Record<string, { input_cost_per_token?: number }>;
    expect(map["gpt-4o"]?.input_cost_per_token).toBeGreaterThan(0);
    const slugs = (await (await fetch(`${gateway.url}/public/providers`)).json()) as string[];
    expect(slugs).toEqual(expect.arrayContaining(["anthropic", "gemini", "openai"]));
    expect(await (await gateway.call("/model/cost_map")).json()).toEqual(map);
    expect((await fetch(`${gateway.url}/model/cost_map`)).status).toBe(401);
    const source = await gateway.call("/model/cost_map/source");
    expect(await source.json()).toMatchObject({ source: "local", model_count: Object.keys(map).length });
  });
});
