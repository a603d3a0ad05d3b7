import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { compatibleProviders, compatibleRows } from "../../../src/providers/openai-compatible/index.ts";
import { settleParams } from "../../../src/providers/params.ts";
import type { Target } from "../../../src/providers/provider.ts";
import { findCompatible } from "./find.ts";

/** Models of providers that read more than a name from it. */
const MODELS: Record<string, string> = { ragflow: "chat/id7/qwen" };

const ask = (more: Record<string, unknown> = {}): ChatRequest => ({
  model: "x",
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});
const targetOf = (slug: string, more: Partial<Target> = {}): Target => ({
  provider: slug,
  model: MODELS[slug] ?? "m",
  apiKey: new Secret("k"),
  ...more,
});
const request = (slug: string, more: Record<string, unknown> = {}, target: Partial<Target> = {}) =>
  findCompatible(slug).chat!.request(ask(more), targetOf(slug, target));
const sent = (slug: string, more: Record<string, unknown>, target: Partial<Target> = {}) =>
  (request(slug, more, { apiBase: "https://h.test", ...target }).body as { json: Record<string, unknown> }).json;

/** What each placeholder of a base is filled with. */
const PARAMS = { account_id: "acct", aws_region_name: "eu-west-1" };

describe.each(compatibleRows.map((row) => [row.slug, row] as const))("%s", (slug, row) => {
  const bearer = { authorization: "Bearer k" };

  test("is reached with its key", () => {
    const base = row.base === undefined ? { apiBase: "https://own.test/v1" } : {};
    const { url, headers, method } = request(slug, {}, { params: PARAMS, ...base });
    expect(method).toBe("POST");
    expect(url).toMatch(/^https?:\/\/[^{}\s]+[^:]\/chat(\/completions(\?.*)?)?$/);
    expect(url.slice(8)).not.toContain("//");
    if (row.base?.includes("{") === false) expect(url.startsWith(row.base)).toBe(true);
    expect(headers).toMatchObject(bearer);
  });

  test("says what is missing", () => {
    const apiBase = "https://own.test/v1";
    const bare = { provider: slug, model: MODELS[slug] ?? "m" };
    const { chat } = findCompatible(slug);
    if (row.keyless) expect(() => chat!.request(ask(), { ...bare, apiBase })).not.toThrow();
    else
      expect(() => chat!.request(ask(), { ...bare, apiBase })).toThrow(
        new RegExp(`AuthenticationError.*${row.keys[0]}`),
      );
    if (row.base === undefined) expect(() => request(slug)).toThrow(/needs an api_base/);
    if (row.base?.includes("{")) expect(() => request(slug)).toThrow(/needs \w+ \(or an api_base\)/);
  });

  test("has the output limit under a name it knows, and asks for usage", () => {
    const body = sent(slug, { max_completion_tokens: 7, stream: true });
    expect(body[row.limit ?? "max_completion_tokens"]).toBe(7);
    expect(Object.keys(body).filter((name) => name.startsWith("max_"))).toHaveLength(1);
    expect(body["stream_options"]).toEqual({ include_usage: true });
  });

  test("gets no field it does not know", () => {
    const { messages } = sent(slug, {
      messages: [
        { role: "developer", content: "D" },
        { role: "assistant", content: "A", provider_specific_fields: { a: 1 }, cache_control: { type: "ephemeral" } },
        { role: "user", content: [{ type: "text", text: "T" }] },
      ],
    }) as { messages: Record<string, unknown>[] };
    expect(messages[0]!["role"]).toBe(row.developer ? "developer" : "system");
    expect("provider_specific_fields" in messages[1]!).toBe(row.strip?.length === 0);
    expect("cache_control" in messages[1]!).toBe(row.strip !== undefined && !row.strip.includes("cache_control"));
    expect(messages[2]!["content"]).toEqual(row.textAsString ? "T" : [{ type: "text", text: "T" }]);
  });

  test("refuses what it lacks", () => {
    const lacks = typeof row.lacks === "function" ? row.lacks(targetOf(slug, { model: "grok-4" })) : (row.lacks ?? []);
    const supported = findCompatible(slug).chat!.supportedParams(targetOf(slug, { model: "grok-4" }));
    for (const name of lacks) expect(supported).not.toContain(name);
    expect(supported).toContain("temperature");
  });
});

test("slugs are unique, and a base has no slash at its end", () => {
  const slugs = compatibleProviders.map(({ slug }) => slug);
  expect(new Set(slugs).size).toBe(slugs.length);
  expect(compatibleRows.filter(({ base }) => base?.endsWith("/"))).toEqual([]);
});

describe("addresses", () => {
  test.each([
    [
      "cloudflare",
      { params: PARAMS },
      "https://api.cloudflare.com/client/v4/accounts/acct/ai/v1/chat/completions",
      "authorization",
    ],
    ["gradient_ai", {}, "https://inference.do-ai.run/v1/chat/completions", "authorization"],
    [
      "gradient_ai",
      { apiBase: "https://a.agents.do-ai.run" },
      "https://a.agents.do-ai.run/api/v1/chat/completions",
      "authorization",
    ],
    ["datarobot", {}, "https://app.datarobot.com/api/v2/genai/llmgw/chat/completions", "authorization"],
    [
      "datarobot",
      { apiBase: "https://app.datarobot.com/api/v2/deployments/7" },
      "https://app.datarobot.com/api/v2/deployments/7/chat/completions",
      "authorization",
    ],
    [
      "ragflow",
      { model: "agent/id7/qwen" },
      "http://localhost:9380/api/v1/agents_openai/id7/chat/completions",
      "authorization",
    ],
    [
      "docker_model_runner",
      { apiBase: "http://localhost:12434/engines/v1" },
      "http://localhost:12434/engines/v1/chat/completions",
      "authorization",
    ],
    ["writer", {}, "https://api.writer.com/v1/chat", "authorization"],
  ])("%s %o is at %s", (slug, target, url, header) => {
    const made = request(slug, {}, target);
    expect(made.url).toBe(url);
    expect(made.headers).toHaveProperty(header);
  });

  test("a placeholder or a model cannot lead elsewhere", () => {
    expect(() => request("ragflow", {}, { model: "chat/../qwen" })).toThrow(/BadRequestError/);
    expect(() => request("snowflake", {}, { params: { account_id: "evil.test/#" } })).toThrow(/account_id/);
  });
});

describe("models", () => {
  test.each([
    ["fireworks_ai", "llama-v3", "accounts/fireworks/models/llama-v3"],
    ["fireworks_ai", "accounts/me/models/own", "accounts/me/models/own"],
    ["huggingface", "together/deepseek-ai/R1", "deepseek-ai/R1:together"],
    ["huggingface", "deepseek-ai/R1", "deepseek-ai/R1"],
    [
      "clarifai",
      "openai.chat-completion.gpt-oss-20b",
      "https://clarifai.com/openai/chat-completion/models/gpt-oss-20b",
    ],
    ["ragflow", "chat/id7/qwen", "qwen"],
    ["openrouter", "anthropic/claude-sonnet-4", "anthropic/claude-sonnet-4"],
  ])("%s %s is %s", (slug, model, expected) => expect(sent(slug, {}, { model })["model"]).toBe(expected));
});

describe("parameters", () => {
  const thinking = { thinking: { type: "enabled", budget_tokens: 2000 } };
  test.each([
    ["mistral", { seed: 1, tool_choice: "required" }, { random_seed: 1, tool_choice: "any" }],
    ["fireworks_ai", { tool_choice: "required" }, { tool_choice: "any" }],
    ["deepseek", thinking, thinking],
    ["hosted_vllm", thinking, { reasoning_effort: "medium" }],
    ["openrouter", thinking, { reasoning: { max_tokens: 2000 } }],
    ["openrouter", { thinking: { type: "disabled" } }, { reasoning: { enabled: false } }],
    ["openrouter", { ...thinking, reasoning: { effort: "low" } }, { reasoning: { effort: "low" } }],
  ])("%s: %o is sent as %o", (slug, given, expected) => {
    const { model: _, messages: __, ...rest } = sent(slug, given);
    expect(rest).toEqual(expected);
  });

  test.each([
    ["grok-4", ["stop", "presence_penalty", "frequency_penalty", "reasoning_effort"]],
    ["grok-3-mini", ["stop", "presence_penalty", "frequency_penalty"]],
    ["grok-4-fast-non-reasoning", ["reasoning_effort"]],
    ["grok-4.3", ["stop", "presence_penalty", "frequency_penalty"]],
    ["grok-3", ["reasoning_effort"]],
  ])("xai %s lacks %o", (model, lacking) => {
    const supported = findCompatible("xai").chat!.supportedParams(targetOf("xai", { model }));
    const all = ["stop", "presence_penalty", "frequency_penalty", "reasoning_effort"];
    expect(all.filter((name) => !new Set(supported).has(name))).toEqual(lacking);
  });

  test("a model known not to reason refuses thinking, unless it is switched off", () => {
    const target = targetOf("together_ai", { info: { mode: "chat" } });
    const supported = findCompatible("together_ai").chat!.supportedParams(target);
    expect(() => settleParams(ask(thinking), supported, {}, "together_ai")).toThrow(/thinking/);
    expect(settleParams(ask({ thinking: { type: "disabled" } }), supported, {}, "together_ai")).not.toHaveProperty(
      "thinking",
    );
  });
});

describe("messages", () => {
  const first = (slug: string, message: object) =>
    (sent(slug, { messages: [message, { role: "user", content: "U" }] })["messages"] as object[])[0];
  const thought = { role: "assistant", content: "A", reasoning_content: "R" };
  const signed = {
    role: "assistant",
    content: "A",
    thinking_blocks: [{ type: "thinking", thinking: "R", signature: "s" }],
  };

  const result = { role: "tool", tool_call_id: "c", name: "add", content: "5" };

  test.each([
    ["deepseek", thought, thought],
    ["deepseek", signed, thought],
    ["groq", thought, { role: "assistant", content: "A", reasoning: "R" }],
    ["cerebras", signed, { role: "assistant", content: "A", reasoning: "R" }],
    ["mistral", thought, { role: "assistant", content: "A" }],
    ["litellm_proxy", signed, signed],
    [
      "openrouter",
      signed,
      {
        role: "assistant",
        content: "A",
        reasoning_details: [
          { type: "reasoning.text", text: "R", signature: "s", format: "anthropic-claude-v1", index: 0 },
        ],
      },
    ],
    ["groq", { role: "user", content: "U", name: "Ann" }, { role: "user", content: "U" }],
    ["xai", { role: "user", content: "U", name: "Ann" }, { role: "user", content: "U", name: "Ann" }],
    ["xai", { role: "system", content: "U", name: "Ann" }, { role: "system", content: "U" }],
    ["groq", result, result],
    ["xai", result, result],
  ])("%s gets %o as %o", (slug, given, expected) => expect(first(slug, given)).toEqual(expected));

  test("Mistral's own thinking and files go back in its form", () => {
    const given = { role: "assistant", content: "A", thinking_blocks: [{ type: "thinking", thinking: "R" }] };
    expect(first("mistral", given)).toEqual({
      role: "assistant",
      content: [
        { type: "thinking", thinking: [{ type: "text", text: "R" }] },
        { type: "text", text: "A" },
      ],
    });
    const file = { type: "file", file: { file_data: "data:application/pdf;base64,AA", filename: "a.pdf" } };
    expect(first("mistral", { role: "user", content: [file] })).toEqual({
      role: "user",
      content: [{ type: "document_url", document_url: "data:application/pdf;base64,AA", document_name: "a.pdf" }],
    });
  });

  test("an assistant message at the end is a prefix for Mistral and DeepSeek", () => {
    for (const slug of ["mistral", "deepseek"]) {
      const { messages } = sent(slug, { messages: [{ role: "assistant", content: "A" }] });
      expect(messages).toEqual([{ role: "assistant", content: "A", prefix: true }]);
    }
  });
});

test("answers are rewritten, but for the providers that are known to keep OpenAI's rules", () => {
  const untouched = compatibleProviders.filter(({ chat }) => !chat!.rewritesAnswers).map(({ slug }) => slug);
  expect(untouched.toSorted()).toEqual(["hosted_vllm", "vllm"]);
});

describe("headers", () => {
  test("Snowflake, Sarvam, OpenRouter, Copilot", () => {
    const snowflake = (key: string) => request("snowflake", {}, { params: PARAMS, apiKey: new Secret(key) }).headers;
    expect(snowflake("pat/t")).toMatchObject({
      authorization: "Bearer t",
      "x-snowflake-authorization-token-type": "PROGRAMMATIC_ACCESS_TOKEN",
    });
    expect(snowflake("jwt")).toMatchObject({ "x-snowflake-authorization-token-type": "KEYPAIR_JWT" });
    expect(request("sarvam").headers).toMatchObject({ "api-subscription-key": "k" });
    expect(request("openrouter", {}, { params: { or_app_name: "App" } }).headers).toMatchObject({ "x-title": "App" });
    expect(request("github_copilot").headers).toMatchObject({ "x-initiator": "user" });
    const image = { type: "image_url", image_url: { url: "data:," } };
    const agent = {
      messages: [
        { role: "assistant", content: "a" },
        { role: "user", content: [image] },
      ],
    };
    expect(request("github_copilot", agent).headers).toMatchObject({
      "x-initiator": "agent",
      "copilot-vision-request": "true",
    });
  });

  test("the deployment's own headers win", () => {
    expect(request("groq", {}, { headers: { authorization: "Own" } }).headers["authorization"]).toBe("Own");
  });
});

describe("errors", () => {
  const error = (slug: string, status: number, body: unknown) =>
    findCompatible(slug).chat!.error({ status, body: JSON.stringify(body), headers: {}, target: targetOf(slug) });
  test.each([
    ["groq", 403, { error: "no" }, "PermissionDeniedError"],
    ["databricks", 403, { error: "no" }, "AuthenticationError"],
    ["openai_like", 403, { error: "no" }, "AuthenticationError"],
    [
      "xai",
      400,
      { code: "Client specified an invalid argument", error: "Incorrect API key provided: xa" },
      "AuthenticationError",
    ],
    [
      "perplexity",
      400,
      { error: { message: "too long", type: "too_many_prompt_tokens" } },
      "ContextWindowExceededError",
    ],
    ["deepseek", 400, { error: { message: "Content Exists Risk" } }, "ContentPolicyViolationError"],
    ["deepseek", 422, { error: { message: "Invalid parameters" } }, "BadRequestError"],
    ["deepseek", 402, { error: { message: "Insufficient Balance" } }, "BadRequestError"],
    ["together_ai", 524, { error: { message: "no answer" } }, "Timeout"],
  ])("%s %i %o is %s", (slug, status, body, name) => expect(error(slug, status, body).name).toBe(name));

  test("the message names the provider as LiteLLM does", () => {
    expect(error("groq", 400, { error: { message: "bad" } }).message).toBe(
      "litellm.BadRequestError: GroqException - bad",
    );
  });
});
