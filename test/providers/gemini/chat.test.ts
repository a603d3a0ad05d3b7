import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { gemini } from "../../../src/providers/gemini/index.ts";
import type { Exchange, Target } from "../../../src/providers/provider.ts";

const chat = gemini.chat!;
const request: ChatRequest = { model: "gemini/x", messages: [{ role: "user", content: "Hi" }] };
const target: Target = { provider: "gemini", model: "gemini-2.5-flash", apiKey: new Secret("k") };
const exchange: Exchange<ChatRequest> = { request, target, headers: {}, now: 1, id: "chatcmpl-1" };

describe("where the request goes", () => {
  const url = (more: Partial<Target>, stream = false) =>
    chat.request({ ...request, stream }, { ...target, ...more }).url;
  const host = "https://generativelanguage.googleapis.com/v1beta";

  it("follows model, base and version", () => {
    expect(url({})).toBe(`${host}/models/gemini-2.5-flash:generateContent`);
    expect(url({}, true)).toBe(`${host}/models/gemini-2.5-flash:streamGenerateContent?alt=sse`);
    expect(url({ model: "tunedModels/mine" })).toBe(`${host}/tunedModels/mine:generateContent`);
    expect(url({ apiBase: "http://x/v1" })).toBe("http://x/v1/models/gemini-2.5-flash:generateContent");
    expect(url({ apiBase: "http://x/proxy/" })).toBe("http://x/proxy/v1beta/models/gemini-2.5-flash:generateContent");
    expect(url({ apiVersion: "v1alpha" })).toContain("/v1alpha/models/");
  });

  it("stays below the base", () => {
    expect(() => url({ model: "../../files" })).toThrow(/no name of a model/);
    expect(url({ model: "a?b#c" })).toBe(`${host}/models/a%3Fb%23c:generateContent`);
  });

  it("carries the key in a header", () => {
    expect(chat.request(request, target).headers).toEqual({
      "content-type": "application/json",
      "x-goog-api-key": "k",
    });
    const headers = { authorization: "Bearer t" };
    expect(chat.request(request, { ...target, headers }).headers).toEqual({
      "content-type": "application/json",
      ...headers,
    });
  });
});

it("takes reasoning parameters where the model thinks", () => {
  const takes = (model: string, info?: Target["info"]) => {
    const supported = chat.supportedParams({ ...target, model, info });
    return supported !== "all" && supported.has("reasoning_effort");
  };
  expect(takes("gemini-2.5-flash")).toBe(true);
  expect(takes("gemini-2.0-flash")).toBe(false);
  expect(takes("my-tuned", { supports_reasoning: true })).toBe(true);
  expect(takes("my-tuned", { supports_reasoning: false })).toBe(false);
  expect(takes("gemma-3-27b-it")).toBe(false);
  expect(takes("gemini-live-2.5-flash-preview-native-audio")).toBe(true);
  expect(takes("a-name-that-says-nothing")).toBe(true);
});

describe("errors", () => {
  const error = (status: number, message: string, details: unknown[] = [], google = "INVALID_ARGUMENT") =>
    chat.error({
      status,
      body: JSON.stringify({ error: { code: status, message, status: google, details } }),
      headers: {},
      target,
    });

  it.each([
    [400, "API key not valid. Please pass a valid API key.", "AuthenticationError", 401],
    [
      400,
      "The input token count (9) exceeds the maximum number of tokens allowed (8).",
      "ContextWindowExceededError",
      400,
    ],
    [
      400,
      "This prompt contains sensitive words that violate Google's Responsible AI practices.",
      "ContentPolicyViolationError",
      400,
    ],
    [400, "Request payload size exceeds the limit: 20971520 bytes.", "ContextWindowExceededError", 400],
    [400, "Invalid JSON payload received.", "BadRequestError", 400],
    [403, "Permission denied on resource project x.", "PermissionDeniedError", 403],
    [404, "models/x is not found for API version v1beta", "NotFoundError", 404],
    [429, "You exceeded your current quota.", "RateLimitError", 429],
    [500, "An internal error has occurred.", "InternalServerError", 500],
    [503, "The model is overloaded. Please try again later.", "InternalServerError", 500],
    [503, "The service is currently unavailable.", "ServiceUnavailableError", 503],
    [504, "Deadline expired before operation could complete.", "Timeout", 408],
  ])("%i %s is a %s", (status, message, name, answered) => {
    const made = error(status, message);
    expect([made.name, made.status]).toEqual([name, answered]);
    expect(made.message).toBe(`litellm.${name}: GeminiException - ${message}`);
  });

  it("say how long to wait", () => {
    const details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "34.4s" }];
    expect(error(429, "Quota exceeded", details, "RESOURCE_EXHAUSTED").retryAfter).toBe(35);
  });

  it("come also within a stream", () => {
    const event = { data: JSON.stringify({ error: { code: 503, message: "Busy", status: "UNAVAILABLE" } }) };
    expect(() => chat.stream(exchange).event(event)).toThrow("litellm.ServiceUnavailableError: GeminiException - Busy");
  });
});

it("streams", () => {
  const decoder = chat.stream(exchange);
  const response = {
    candidates: [{ content: { parts: [{ text: "Yes" }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2, serviceTier: "standard" },
  };
  const chunks = [...decoder.event({ data: JSON.stringify(response) }), ...decoder.end()];
  expect(chunks.map(({ choices, usage }) => choices[0]?.delta ?? usage?.total_tokens)).toEqual([
    { role: "assistant", content: "Yes" },
    {},
    2,
  ]);
  expect(chunks.at(-1)?.service_tier).toBe("default");
});
