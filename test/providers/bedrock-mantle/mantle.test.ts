import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { bedrockMantle } from "../../../src/providers/bedrock-mantle/index.ts";
import type { Target } from "../../../src/providers/provider.ts";
import { providerFor } from "../../../src/providers/registry.ts";

const target = (model: string, more: Partial<Target> = {}): Target => ({ provider: "bedrock_mantle", model, ...more });
const messages = [{ role: "user" as const, content: "Hi" }];
const eu = { params: { aws_region_name: "eu-west-1" } };

describe("addresses", () => {
  const chat = (at: Target) => bedrockMantle.chat?.request({ model: "m", messages }, at).url;
  const responses = (at: Target) => bedrockMantle.responses?.request({ model: "m", input: "Hi" }, at).url;

  test("by region; OpenAI's own models have a path of theirs", () => {
    expect(chat(target("mistral.voxtral-mini-3b-2507"))).toBe(
      "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions",
    );
    expect(chat(target("openai.gpt-oss-20b", eu))).toBe("https://bedrock-mantle.eu-west-1.api.aws/v1/chat/completions");
    expect(responses(target("openai.gpt-oss-120b", eu))).toBe("https://bedrock-mantle.eu-west-1.api.aws/v1/responses");
    expect(responses(target("openai.gpt-5.6-luna", eu))).toBe(
      "https://bedrock-mantle.eu-west-1.api.aws/openai/v1/responses",
    );
  });

  test("a base of one's own", () => {
    const at = (apiBase: string) => responses(target("openai.gpt-5.6-luna", { apiBase }));
    expect(at("https://proxy.test/v1")).toBe("https://proxy.test/openai/v1/responses");
    expect(at("https://proxy.test/openai/v1")).toBe("https://proxy.test/openai/v1/responses");
  });

  test("a region is no way to another host", () => {
    const at = target("openai.gpt-oss-20b", { params: { aws_region_name: "x.evil.test/" } });
    expect(chat(at)).toBe("https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions");
  });
});

describe("Claude", () => {
  const claude = providerFor(target("anthropic.claude-opus-4-7"))!;

  test("is not told how far a cache reaches, which is of Anthropic's own API", () => {
    const scoped = [
      { type: "text" as const, text: "s", cache_control: { type: "ephemeral" as const, scope: "global" } },
    ];
    const asked = { model: "m", max_tokens: 5, messages, system: scoped };
    const request = claude.messages!.request(asked, target("anthropic.claude-opus-4-7"));
    expect(request.body).toMatchObject({ json: { system: [{ text: "s", cache_control: { type: "ephemeral" } }] } });
    expect(JSON.stringify(request.body)).not.toContain("scope");
  });

  test("has Anthropic's API alone, with the betas Mantle takes", () => {
    const headers = { "anthropic-beta": "claude-code-20250219,files-api-2025-04-14,context-1m-2025-08-07" };
    const at = target("anthropic.claude-opus-4-7", { ...eu, headers, apiKey: new Secret("key-1") });
    const request = claude.messages!.request({ model: "m", max_tokens: 5, messages }, at);
    expect(request).toMatchObject({
      url: "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages",
      headers: { "x-api-key": "key-1", "anthropic-beta": "context-1m-2025-08-07,claude-code-20250219" },
      body: { json: { model: "anthropic.claude-opus-4-7", max_tokens: 5 } },
    });
    expect(claude.countTokens?.request({ model: "m", messages }, at).url).toMatch(
      /\/anthropic\/v1\/messages\/count_tokens$/,
    );
    expect(claude.responses).toBeUndefined();
    expect(claude.chat?.wire).toBe("anthropic");
  });
});

describe("who asks", () => {
  const ports = { fetch, now: () => Date.UTC(2026, 0, 1) };
  const request = {
    method: "POST",
    url: "https://bedrock-mantle.eu-west-1.api.aws/v1/responses",
    headers: {},
    body: "{}",
  };
  const keys = { aws_access_key_id: "AKID", aws_secret_access_key: new Secret("secret") };

  test("a key goes as it is, AWS's credentials sign for the service", async () => {
    const authorize = bedrockMantle.authorize!;
    const signed = await authorize(request, target("m", { params: keys }), ports);
    expect(signed["authorization"]).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKID\/20260101\/eu-west-1\/bedrock-mantle\/aws4_request/,
    );
    expect(await authorize({ ...request, headers: { authorization: "Bearer k" } }, target("m"), ports)).toEqual({});
    await expect(authorize(request, target("m"), ports)).rejects.toThrow(/there are no AWS credentials/);
  });

  test("what it takes to ask", () => {
    expect(bedrockMantle.hasCredentials?.(target("m"))).toBe(false);
    expect(bedrockMantle.hasCredentials?.(target("m", { params: keys }))).toBe(true);
    expect(bedrockMantle.hasCredentials?.(target("m", { apiKey: new Secret("k") }))).toBe(true);
  });
});
