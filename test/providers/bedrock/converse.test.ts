import { describe, expect, it } from "vitest";
import { AWS_EVENT_STREAM } from "../../../src/formats/aws-event-stream.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";
import { completion } from "../../../src/index.ts";
import { converse } from "../../../src/providers/bedrock/converse.ts";
import { bedrock } from "../../../src/providers/bedrock/index.ts";
import type { Target, UpstreamRequest } from "../../../src/providers/provider.ts";
import { textAnswer, textStream } from "../../formats/bedrock/answers.ts";

const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const target = (model: string, fields: Partial<Target> = {}): Target => ({ provider: "bedrock", model, ...fields });
const request = (fields: Partial<ChatRequest> & Record<string, unknown> = {}): ChatRequest => ({
  model: "x",
  messages: [{ role: "user", content: "Hi" }],
  ...fields,
});

function jsonOf({ body }: UpstreamRequest): Record<string, unknown> {
  return body !== undefined && "json" in body ? (body.json as Record<string, unknown>) : {};
}

describe("parameters", () => {
  const takes = (model: string, name: string, fields: Partial<Target> = {}) => {
    const supported = converse.supportedParams(target(model, fields));
    return supported === "all" || supported.has(name);
  };

  it.each([
    [CLAUDE, "tools", true],
    [CLAUDE, "reasoning_effort", true],
    ["anthropic.claude-3-haiku-20240307-v1:0", "reasoning_effort", false],
    ["amazon.titan-text-express-v1", "tools", false],
    ["amazon.titan-text-express-v1", "response_format", false],
    ["us.deepseek.r1-v1:0", "tools", false],
    ["us.amazon.nova-lite-v1:0", "web_search_options", true],
    ["us.amazon.nova-lite-v1:0", "reasoning_effort", false],
    ["us.amazon.nova-2-lite-v1:0", "thinking", true],
    [CLAUDE, "web_search_options", false],
    [CLAUDE, "logprobs", false],
    [CLAUDE, "n", false],
  ])("of %s: %s is taken: %s", (model, name, expected) => {
    expect(takes(model, name)).toBe(expected);
  });

  it("are also those that model_info names", () => {
    expect(takes("amazon.titan-text-express-v1", "tools", { info: { supports_function_calling: true } })).toBe(true);
    expect(takes(CLAUDE, "tools", { info: { supports_function_calling: false } })).toBe(false);
  });
});

describe("requests", () => {
  it("take what the deployment says: headers, betas, words of turns that are put in", () => {
    const deployed = target(CLAUDE, {
      headers: { "x-own": "1", "anthropic-beta": "context-1m-2025-08-07, unknown-to-bedrock" },
      params: { user_continue_message: { role: "user", content: "Go on" } },
      modifyParams: true,
    });
    const sent = converse.request(request({ messages: [{ role: "system", content: "S" }] }), deployed);
    expect(sent.headers).toEqual({ "content-type": "application/json", "x-own": "1" });
    expect(jsonOf(sent)).toEqual({
      system: [{ text: "S" }],
      messages: [{ role: "user", content: [{ text: "Go on" }] }],
      additionalModelRequestFields: { anthropic_beta: ["context-1m-2025-08-07"] },
    });
  });

  it("of a host like Bedrock go to the address that is configured", () => {
    const like = (apiBase: string) => target("converse_like/some-model", { apiBase });
    expect(converse.request(request(), like("https://h.example/v1/chat")).url).toBe("https://h.example/v1/chat");
    expect(converse.request(request({ stream: true }), like("https://h.example/converse")).url).toBe(
      "https://h.example/converse-stream",
    );
  });

  it("are reckoned with the room that thinking may take above their limit", () => {
    const thinking = request({ max_tokens: 100, reasoning_effort: "low" });
    expect(bedrock.chat?.roomFor?.(thinking, target(`converse/${CLAUDE}`))).toBe(1024);
    expect(bedrock.chat?.roomFor?.(thinking, target("us.amazon.nova-2-lite-v1:0"))).toBe(0);
  });
});

describe("the library", () => {
  const asked: { url: string; headers: Headers }[] = [];
  const fetch = (async (url: unknown, init?: RequestInit) => {
    asked.push({ url: String(url), headers: new Headers(init?.headers) });
    if (String(url).endsWith("/converse")) return Response.json(textAnswer("Hello"));
    const stream = new Blob(textStream("Hel", "lo")).stream();
    return new Response(stream, { headers: { "content-type": AWS_EVENT_STREAM } });
  }) as typeof globalThis.fetch;
  const env = { AWS_ACCESS_KEY_ID: "AKIDENV", AWS_SECRET_ACCESS_KEY: "secret-of-env", AWS_REGION: "eu-west-1" };
  const params = { model: "bedrock/us.amazon.nova-lite-v1:0", messages: [{ role: "user" as const, content: "Hi" }] };

  it("asks with the environment's keys, or those that are given", async () => {
    const whole = await completion(params, { fetch, env });
    expect(whole.choices[0]?.message.content).toBe("Hello");
    let text = "";
    const keys = { aws_access_key_id: "AKIDOWN", aws_secret_access_key: "own-secret-key" };
    for await (const chunk of await completion({ ...params, ...keys, stream: true }, { fetch, env }))
      text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("Hello");
    expect(asked.map(({ url }) => new URL(url).host)).toEqual(Array(2).fill("bedrock-runtime.eu-west-1.amazonaws.com"));
    expect(asked.map(({ headers }) => headers.get("authorization")?.slice(0, 38))).toEqual([
      "AWS4-HMAC-SHA256 Credential=AKIDENV/20",
      "AWS4-HMAC-SHA256 Credential=AKIDOWN/20",
    ]);
  });

  it("fails without keys", async () => {
    await expect(completion(params, { fetch, env: {} })).rejects.toMatchObject({ name: "AuthenticationError" });
  });
});

describe("answers", () => {
  const exchange = { request: request(), target: target(CLAUDE), headers: {}, now: 1, id: "chatcmpl-1" };

  it("are read", () => {
    expect(converse.response(textAnswer("Hello"), exchange)).toMatchObject({
      model: CLAUDE,
      choices: [{ message: { content: "Hello" } }],
    });
  });

  it.each([{}, { output: {} }, { output: { message: { content: "text" } } }, "text", null])(
    "are refused where they are none: %j",
    (body) => {
      expect(() => converse.response(body, exchange)).toThrow(/none of Converse's/);
    },
  );
});
