import { describe, expect, test } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { openai } from "../../../src/providers/openai/index.ts";
import { settleParams } from "../../../src/providers/params.ts";
import type { Exchange, Target } from "../../../src/providers/provider.ts";

const chat = openai.chat!;
const targetOf = (model: string, more: Partial<Target> = {}): Target => ({
  provider: "openai",
  model,
  apiKey: new Secret("sk-test"),
  ...more,
});
const ask = (more: Record<string, unknown> = {}): ChatRequest => ({
  model: "public-name",
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});
const sent = (more: Record<string, unknown>, model = "gpt-4o", target: Partial<Target> = {}) => {
  const { body } = chat.request(ask(more), targetOf(model, target));
  return (body as { json: Record<string, unknown> }).json;
};
const exchange: Exchange<ChatRequest> = {
  request: ask(),
  target: targetOf("gpt-4o"),
  headers: {},
  now: 1_700_000_000,
  id: "chatcmpl-made",
};

describe("request", () => {
  test("goes to OpenAI with the key and the model of the target; unknown fields survive", () => {
    const request = chat.request(ask({ new_field: { a: 1 } }), targetOf("gpt-4o", { organization: "org-1" }));
    expect(request.url).toBe("https://api.openai.com/v1/chat/completions");
    expect(request.headers).toMatchObject({ authorization: "Bearer sk-test", "openai-organization": "org-1" });
    expect(request.body).toEqual({
      json: { model: "gpt-4o", messages: [{ role: "user", content: "Hi" }], new_field: { a: 1 } },
    });
  });

  test("takes another base, also a whole URL", () => {
    const urlAt = (apiBase: string) => chat.request(ask(), targetOf("m", { apiBase })).url;
    expect(urlAt("https://proxy.test/v1")).toBe("https://proxy.test/v1/chat/completions");
    expect(urlAt("https://proxy.test/v1/chat/completions?x=1")).toBe("https://proxy.test/v1/chat/completions?x=1");
  });

  test("without a key it is an AuthenticationError that names the variable", () => {
    expect(() => chat.request(ask(), { provider: "openai", model: "m" })).toThrow(/OPENAI_API_KEY/);
  });

  test("asks for usage with a stream only", () => {
    expect(sent({ stream: true })["stream_options"]).toEqual({ include_usage: true });
    expect(sent({ stream: true, stream_options: { include_obfuscation: false } })["stream_options"]).toEqual({
      include_usage: true,
      include_obfuscation: false,
    });
    expect(sent({ stream_options: { include_usage: true } })).not.toHaveProperty("stream_options");
  });

  test("sends metadata only for what OpenAI keeps", () => {
    expect(sent({ metadata: { a: "b" } })).not.toHaveProperty("metadata");
    expect(sent({ metadata: { a: "b" }, store: true })).toHaveProperty("metadata");
  });

  test("leaves out what other providers and the gateway add to messages and tools", () => {
    const mark = { type: "ephemeral" };
    const call = { id: "call_1", type: "function", function: { name: "f", arguments: "{}" } };
    const body = sent({
      messages: [
        { role: "system", content: [{ type: "text", text: "S", cache_control: mark }] },
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "x" },
            { type: "text", text: "t" },
          ],
          reasoning_content: "r",
          thinking_blocks: [{ type: "thinking", thinking: "r", signature: "s" }],
          tool_calls: [{ ...call, provider_specific_fields: { thought_signature: "s" } }],
        },
        { role: "user", content: [{ type: "image_url", image_url: "https://img.test/a.png" }], cache_control: mark },
        { role: "user", content: [{ type: "file", file: { file_data: "data:,", format: "text/plain" } }] },
      ],
      tools: [{ type: "function", function: { name: "f", cache_control: mark }, cache_control: mark }],
    });
    expect(body["messages"]).toEqual([
      { role: "system", content: [{ type: "text", text: "S" }] },
      { role: "assistant", content: [{ type: "text", text: "t" }], tool_calls: [call] },
      { role: "user", content: [{ type: "image_url", image_url: { url: "https://img.test/a.png" } }] },
      { role: "user", content: [{ type: "file", file: { file_data: "data:," } }] },
    ]);
    expect(body["tools"]).toEqual([{ type: "function", function: { name: "f" } }]);
  });

  test.each([
    ["gpt-4o", { max_tokens: 5 }, { max_tokens: 5 }],
    ["gpt-5-mini", { max_tokens: 5 }, { max_completion_tokens: 5 }],
    ["o3", { max_tokens: 5, max_completion_tokens: 6 }, { max_completion_tokens: 6 }],
    ["ft:o4-mini:org", { max_tokens: 5 }, { max_completion_tokens: 5 }],
    ["gpt-5.2", { thinking: { type: "enabled", budget_tokens: 1024 } }, { reasoning_effort: "low" }],
    ["o3", { thinking: { type: "enabled", budget_tokens: 9000 } }, { reasoning_effort: "high" }],
    ["o3", { thinking: { type: "disabled" } }, {}],
    ["gpt-5.2", { temperature: 0.2, reasoning_effort: "none" }, { temperature: 0.2, reasoning_effort: "none" }],
    ["gpt-5.2", { temperature: 0.2 }, { temperature: 0.2 }],
    ["o3", { temperature: 1 }, { temperature: 1 }],
  ])("%s: %o is sent as %o", (model, given, expected) => {
    const { model: _, messages: __, ...rest } = sent(given, model);
    expect(rest).toEqual(expected);
  });

  test.each([
    ["o3", { temperature: 0.2 }],
    ["gpt-5", { temperature: 0 }],
    ["gpt-5.2", { temperature: 0.2, reasoning_effort: "low" }],
    ["gpt-5.4", { top_p: 0.5, reasoning_effort: "high" }],
  ])("%s refuses %o, or drops it with drop_params", (model, given) => {
    expect(() => sent(given, model)).toThrow(/UnsupportedParamsError/);
    const body = sent(given, model, { dropParams: true });
    expect(body).not.toHaveProperty(Object.keys(given)[0]!);
  });

  test.each([
    ["gpt-4o", "reasoning_effort", "low"],
    ["gpt-5-chat-latest", "thinking", { type: "enabled" }],
    ["o3", "top_p", 0.5],
    ["gpt-5-nano", "logprobs", true],
    ["o3", "stop", "x"],
  ])("%s does not take %s", (model, name, value) => {
    const settle = () => settleParams(ask({ [name]: value }), chat.supportedParams(targetOf(model)), {}, "openai");
    expect(settle).toThrow(name);
  });
});

describe("response", () => {
  test("fills in what is missing", () => {
    const answer = chat.response({ choices: [{ message: { content: "Hi" } }] }, exchange);
    expect(answer).toEqual({
      id: "chatcmpl-made",
      object: "chat.completion",
      created: 1_700_000_000,
      model: "gpt-4o",
      choices: [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }],
    });
  });

  test("a 200 that is an error is that error", () => {
    const body = { error: { message: "slow down", code: 429 } };
    expect(() => chat.response(body, exchange)).toThrow(/RateLimitError.*slow down/);
    const broken = { choices: [{ error: { message: "upstream broke", code: 502 }, message: { content: "ha" } }] };
    expect(() => chat.response(broken, exchange)).toThrow(/BadGatewayError/);
  });

  test.each([[null], ["text"], [{ hello: 1 }], [[]]])("%o is no answer", (body) => {
    expect(() => chat.response(body, exchange)).toThrow(/APIResponseValidationError/);
  });

  test("keeps tools of type custom, and says tool_calls where they were called", () => {
    const call = { id: "c", type: "custom", custom: { name: "math", input: "4 + 4" } };
    const { choices } = chat.response(
      { choices: [{ message: { tool_calls: [call] }, finish_reason: "stop" }] },
      exchange,
    );
    expect(choices[0]).toMatchObject({ finish_reason: "tool_calls", message: { tool_calls: [call] } });
  });
});

describe("error", () => {
  test.each([
    [
      401,
      { error: { message: "Incorrect API key provided: sk", code: "invalid_api_key" } },
      "AuthenticationError",
      401,
    ],
    [403, { error: { message: "not allowed" } }, "PermissionDeniedError", 403],
    [404, { error: { message: "no such model", code: "model_not_found" } }, "NotFoundError", 404],
    [400, { error: { message: "bad", type: "invalid_request_error" } }, "BadRequestError", 400],
    [400, { error: { message: "too long", code: "context_length_exceeded" } }, "ContextWindowExceededError", 400],
    [400, { error: { message: "no", code: "content_policy_violation" } }, "ContentPolicyViolationError", 400],
    [422, { detail: [{ msg: "field required" }] }, "BadRequestError", 400],
    [429, { error: { message: "You exceeded your current quota" } }, "RateLimitError", 429],
    [413, { error: { message: "Request too large for model", code: "rate_limit_exceeded" } }, "RateLimitError", 429],
    [500, { error: { message: "The server had an error processing your request" } }, "InternalServerError", 500],
    [503, "overloaded", "ServiceUnavailableError", 503],
  ])("%i %o is %s", (status, body, name, expected) => {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const error = chat.error({ status, body: text, headers: { "retry-after": "3" }, target: exchange.target });
    expect([error.name, error.status, error.retryAfter]).toEqual([name, expected, 3]);
    expect(error.message).toContain("OpenAIException - ");
  });
});
