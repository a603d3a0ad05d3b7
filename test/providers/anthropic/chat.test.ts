import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { anthropic } from "../../../src/providers/anthropic/index.ts";
import type { Target } from "../../../src/providers/provider.ts";

const chat = anthropic.chat!;
const target: Target = { provider: "anthropic", model: "claude-sonnet-4-5", apiKey: new Secret("sk-ant-api03-x") };
const request: ChatRequest = { model: "m", messages: [{ role: "user", content: "Hi" }] };
const send = (change: Partial<Target> = {}, more: Partial<ChatRequest> = {}) =>
  chat.request({ ...request, ...more }, { ...target, ...change });
const exchange = { request, target, headers: {}, now: 1, id: "chatcmpl-1" };

describe("where it goes", () => {
  it.each([
    [undefined, "https://api.anthropic.com/v1/messages"],
    ["https://proxy.example", "https://proxy.example/v1/messages"],
    ["https://proxy.example/anthropic/", "https://proxy.example/anthropic/v1/messages"],
    ["https://proxy.example/v1", "https://proxy.example/v1/messages"],
    ["https://proxy.example/v1/messages", "https://proxy.example/v1/messages"],
  ])("base %s", (apiBase, url) => {
    expect(send({ apiBase })).toMatchObject({ method: "POST", url });
  });
});

describe("headers", () => {
  it("key and version", () => {
    expect(send().headers).toEqual({
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      "x-api-key": "sk-ant-api03-x",
    });
  });

  it("an OAuth token is a bearer", () => {
    const { headers } = send({ apiKey: new Secret("sk-ant-oat01-x") });
    expect(headers).toMatchObject({ authorization: "Bearer sk-ant-oat01-x", "anthropic-beta": "oauth-2025-04-20" });
    expect(headers).not.toHaveProperty("x-api-key");
  });

  it("betas of the deployment, the client and the request come together", () => {
    const { headers } = send(
      {
        headers: { "anthropic-beta": "context-1m-2025-08-07,mcp-client-2025-04-04", "anthropic-version": "2099-01-01" },
      },
      { mcp_servers: [{ type: "url", url: "https://mcp.example" }], anthropic_beta: ["extra-2026-01-01"] },
    );
    expect(headers["anthropic-beta"]).toBe("context-1m-2025-08-07,mcp-client-2025-04-04,extra-2026-01-01");
    expect(headers["anthropic-version"]).toBe("2099-01-01");
  });

  it("credentials among the deployment's headers win", () => {
    expect(send({ headers: { authorization: "Bearer t" } }).headers).not.toHaveProperty("x-api-key");
  });
});

it("thinking is a parameter of the models that have it", () => {
  expect(chat.supportedParams(target)).toContain("reasoning_effort");
  expect(chat.supportedParams({ ...target, model: "claude-3-5-haiku-20241022" })).not.toContain("reasoning_effort");
  expect(
    chat.supportedParams({ ...target, model: "claude-3-haiku-20240307", info: { supports_reasoning: true } }),
  ).toContain("thinking");
});

it("the catalogue's word on the model counts", () => {
  const info = { max_output_tokens: 32_000, supports_native_structured_output: false };
  const response_format = { type: "json_schema", json_schema: { schema: { type: "object" } } };
  const sent = send({ info }, { response_format });
  expect(sent.body).toMatchObject({
    json: { max_tokens: 32_000, tool_choice: { type: "tool", name: "json_tool_call" } },
  });
  const body = {
    content: [{ type: "tool_use", id: "t", name: "json_tool_call", input: { a: 1 } }],
    stop_reason: "tool_use",
  };
  const answer = chat.response(body, {
    ...exchange,
    request: { ...request, response_format },
    target: { ...target, info },
  });
  expect(answer.choices[0]).toMatchObject({ message: { content: '{"a":1}' }, finish_reason: "stop" });
});

describe("failures", () => {
  const fail = (status: number, type: string, message: string) =>
    chat.error({ status, body: JSON.stringify({ type: "error", error: { type, message } }), headers: {}, target });

  it.each([
    [400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "ContextWindowExceededError"],
    [
      400,
      "invalid_request_error",
      "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000",
      "ContextWindowExceededError",
    ],
    [400, "invalid_request_error", "Output blocked by content filtering policy", "ContentPolicyViolationError"],
    [400, "invalid_request_error", "max_tokens: Field required", "BadRequestError"],
    [401, "authentication_error", "invalid x-api-key", "AuthenticationError"],
    [403, "permission_error", "Not yours", "PermissionDeniedError"],
    [404, "not_found_error", "model: claude-none", "NotFoundError"],
    [413, "request_too_large", "Request exceeds the maximum size", "BadRequestError"],
    [429, "rate_limit_error", "Slow down", "RateLimitError"],
    [500, "api_error", "Internal server error", "InternalServerError"],
    [529, "overloaded_error", "Overloaded", "InternalServerError"],
  ])("%d %s: %s", (status, type, message, name) => {
    const error = fail(status, type, message);
    expect(error).toMatchObject({
      name,
      type,
      provider: "anthropic",
      message: `litellm.${name}: AnthropicException - ${message}`,
    });
  });

  it.each([
    ["overloaded_error", "InternalServerError"],
    ["rate_limit_error", "RateLimitError"],
    ["invalid_request_error", "BadRequestError"],
    ["timeout_error", "Timeout"],
    ["api_error", "InternalServerError"],
  ])("an event of %s in a stream", (type, name) => {
    const data = JSON.stringify({ type: "error", error: { type, message: "No" } });
    expect(() => chat.stream(exchange).event({ event: "error", data })).toThrow(expect.objectContaining({ name }));
  });

  it("errors with a status of 200, and answers that are none", () => {
    const error = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } };
    expect(() => chat.response(error, exchange)).toThrow(expect.objectContaining({ name: "InternalServerError" }));
    expect(() => chat.response({ ok: true }, exchange)).toThrow(
      expect.objectContaining({ name: "APIResponseValidationError" }),
    );
  });
});
