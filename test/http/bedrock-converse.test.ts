/** Chat at Bedrock by Converse, through the running gateway: signatures, roles, event streams, and what goes wrong. */

import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { expectedAuthorization } from "../credentials/aws-signature.ts";
import { event, exception, textAnswer, textStream } from "../formats/bedrock/answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const ROLE_SECRET = "secret/of+the/role0123456789";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let sts: Awaited<ReturnType<typeof startUpstream>>;
/** How often a stream that fails at first was asked for. */
let tries = 0;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  sts = await startUpstream((request, response) => {
    if (request.path === "/refusing") {
      response.writeHead(403, { "content-type": "text/xml" });
      return void response.end(
        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>not your role</Message></Error></ErrorResponse>",
      );
    }
    const end = new Date(Date.now() + 3_600_000).toISOString();
    response.writeHead(200, { "content-type": "text/xml" });
    return void response.end(
      `<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLE</AccessKeyId><SecretAccessKey>${ROLE_SECRET}</SecretAccessKey><SessionToken>the-session</SessionToken><Expiration>${end}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
    );
  });
  const keys = { aws_access_key_id: "AKIDEXAMPLE", aws_secret_access_key: SECRET, aws_region_name: "eu-west-3" };
  const place = { aws_bedrock_runtime_endpoint: upstream.url };
  const prices = { input_cost_per_token: 0.001, output_cost_per_token: 0.01 };
  const at = (name: string, model: string, fields: object = keys) => ({
    model_name: name,
    litellm_params: { model: `bedrock/${model}`, ...place, ...prices, ...fields },
  });
  const role = { ...keys, aws_role_name: "arn:aws:iam::1:role/gateway", aws_sts_endpoint: `${sts.url}/sts` };
  gateway = await startGateway(
    {
      model_list: [
        at("nova", "us.amazon.nova-lite-v1:0"),
        at("claude", "converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        at("profile", "arn:aws:bedrock:us-east-2:1:application-inference-profile/abc", {
          ...keys,
          base_model: "bedrock/us.amazon.nova-lite-v1:0",
        }),
        at("role", "us.amazon.nova-lite-v1:0", role),
        at("refused-role", "us.amazon.nova-lite-v1:0", { ...role, aws_sts_endpoint: `${sts.url}/refusing` }),
        at("bearer", "us.amazon.nova-lite-v1:0", { api_key: "bedrock-api-key" }),
        at("of-environment", "us.amazon.nova-lite-v1:0", {}),
        at("throttled", "throttled"),
        at("fails-once", "fails-once"),
        at("midway", "midway"),
        at("cut", "cut"),
        at("slow", "slow"),
        at("covered", "throttled"),
      ],
      router_settings: { num_retries: 0, disable_cooldowns: true, fallbacks: [{ covered: ["nova"] }] },
    },
    {
      AWS_ACCESS_KEY_ID: "AKIDENV",
      AWS_SECRET_ACCESS_KEY: "secret-of-the-environment",
      AWS_SESSION_TOKEN: "token-of-env",
    },
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await sts?.close();
});

beforeEach(() => {
  upstream.received.length = 0;
  tries = 0;
});

/** A call, where Claude has a tool of its own and no result yet. */
const CALL = { toolUseId: "tooluse_1", name: "bash" };
const callsTool = (body: unknown) =>
  /"bash_20250124"/.test(JSON.stringify(body)) && !/"toolResult"/.test(JSON.stringify(body));

async function answer({ path, body }: Received, response: Parameters<typeof json>[0]): Promise<void> {
  if (callsTool(body)) {
    if (path.endsWith("/converse")) {
      const content = [{ toolUse: { ...CALL, input: { command: "ls" } } }];
      return json(response, 200, {
        ...textAnswer(""),
        output: { message: { role: "assistant", content } },
        stopReason: "tool_use",
      });
    }
    response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
    return void response.end(
      Buffer.concat([
        event("messageStart", { role: "assistant" }),
        event("contentBlockStart", { contentBlockIndex: 0, start: { toolUse: CALL } }),
        event("contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"command": "ls"}' } } }),
        event("contentBlockStop", { contentBlockIndex: 0 }),
        event("messageStop", { stopReason: "tool_use" }),
        event("metadata", { usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 } }),
      ]),
    );
  }
  if (path.endsWith("/converse")) {
    if (path.includes("throttled"))
      return json(
        response,
        429,
        { message: "Too many requests" },
        { "x-amzn-errortype": "ThrottlingException:http://x/" },
      );
    return json(response, 200, textAnswer("Hello"));
  }
  response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
  const begin = textStream("Hel", "lo");
  if (path.includes("throttled") || (path.includes("fails-once") && tries++ === 0))
    return void response.end(exception("throttlingException", "Too many tokens"));
  if (path.includes("midway"))
    return void response.end(Buffer.concat([...begin.slice(0, 3), exception("modelStreamErrorException", "broke")]));
  if (path.includes("cut")) return void response.end(Buffer.concat(begin.slice(0, 3)));
  if (path.includes("slow")) {
    response.write(Buffer.concat(begin.slice(0, 2)));
    for (let piece = 0; piece < 200 && !response.destroyed; piece++) {
      response.write(event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "." } }));
      await new Promise((next) => setTimeout(next, 20));
    }
    return void response.end();
  }
  for (const message of begin) {
    response.write(message.subarray(0, 9)); // cut anywhere
    await new Promise((next) => setTimeout(next, 1));
    response.write(message.subarray(9));
  }
  response.end();
}

const last = () => upstream.received.at(-1) as Received;
const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.url, apiKey: MASTER_KEY, maxRetries: 0 });

describe("Claude by Anthropic's API", () => {
  const bash = { type: "bash_20250124", name: "bash" } as const;
  const question = { role: "user", content: "List the files" } as const;

  it("has the tools it knows by type, in both turns of a call", async () => {
    const first = await anthropic().messages.create({
      model: "claude",
      max_tokens: 50,
      messages: [question],
      tools: [bash],
    });
    expect(first.content).toMatchObject([
      { type: "tool_use", id: "tooluse_1", name: "bash", input: { command: "ls" } },
    ]);
    expect(first.stop_reason).toBe("tool_use");
    expect(last().body).toMatchObject({ additionalModelRequestFields: { tools: [bash] } });
    expect(last().body).not.toHaveProperty("toolConfig");
    const result = { type: "tool_result", tool_use_id: "tooluse_1", content: "a.txt" } as const;
    const second = await anthropic().messages.create({
      ...{ model: "claude", max_tokens: 50, tools: [bash] },
      messages: [question, { role: "assistant", content: first.content }, { role: "user", content: [result] }],
    });
    expect(second.content).toMatchObject([{ type: "text", text: "Hello" }]);
    expect(last().body).toMatchObject({
      additionalModelRequestFields: { tools: [bash] },
      toolConfig: { tools: [{ toolSpec: { name: "unavailable" } }] },
    });
  });

  it("streams a call of one", async () => {
    const stream = anthropic().messages.stream({
      model: "claude",
      max_tokens: 50,
      messages: [question],
      tools: [bash],
    });
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([{ type: "tool_use", name: "bash", input: { command: "ls" } }]);
  });

  it("refuses tools that Anthropic runs, in Anthropic's format, and asks nobody", async () => {
    const search = { type: "web_search_20250305", name: "web_search" } as const;
    const asked = anthropic().messages.create({
      model: "claude",
      max_tokens: 50,
      messages: [question],
      tools: [search],
    });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      error: {
        type: "error",
        error: { type: "invalid_request_error", message: expect.stringContaining("web_search_20250305") },
      },
    });
    expect(upstream.received).toEqual([]);
  });
});
const messages = [{ role: "user" as const, content: "Hi" }];
const chat = (model: string, more: object = {}, headers = {}) =>
  gateway.call("/v1/chat/completions", { model, messages, ...more }, headers);

function proves(request: Received, secret: string): void {
  const body = JSON.stringify(request.body);
  expect(request.headers["authorization"]).toBe(expectedAuthorization({ ...request, body }, secret));
}

async function recordOf(response: Response): Promise<Record<string, unknown>> {
  if (!response.bodyUsed) await response.arrayBuffer();
  const id = response.headers.get("x-litellm-call-id");
  const find = () => gateway.records().find((record) => record["id"] === id);
  await until(() => find() !== undefined);
  return find() as Record<string, unknown>;
}

describe("who asks", () => {
  it("is proven by a signature that AWS would compute itself", async () => {
    const response = await chat("nova", { max_tokens: 9 });
    expect(response.status).toBe(200);
    const request = last();
    expect(request.path).toBe("/model/us.amazon.nova-lite-v1%3A0/converse");
    expect(request.body).toEqual({
      messages: [{ role: "user", content: [{ text: "Hi" }] }],
      inferenceConfig: { maxTokens: 9 },
    });
    proves(request, SECRET);
    expect(request.headers["authorization"]).toContain("/eu-west-3/bedrock/aws4_request");
    expect(request.headers["x-amz-security-token"]).toBeUndefined(); // the environment's is of another key
  });

  it("also for an ARN in the path, in the ARN's own region", async () => {
    expect((await chat("profile")).status).toBe(200);
    expect(last().path).toBe(
      "/model/arn%3Aaws%3Abedrock%3Aus-east-2%3A1%3Aapplication-inference-profile%2Fabc/converse",
    );
    expect(last().headers["authorization"]).toContain("/us-east-2/bedrock/");
    proves(last(), SECRET);
  });

  it("may be a role, whose session is got once", async () => {
    sts.received.length = 0;
    for (const _ of [1, 2]) expect((await chat("role")).status).toBe(200);
    expect(sts.received).toHaveLength(1);
    expect(sts.received[0]?.headers["authorization"]).toContain("Credential=AKIDEXAMPLE/");
    expect(last().headers["x-amz-security-token"]).toBe("the-session");
    proves(last(), ROLE_SECRET);
  });

  it("is told in AWS's words where the role is refused", async () => {
    const response = await chat("refused-role");
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(text).toContain("AccessDenied: not your role");
    expect(text).not.toContain(SECRET);
    expect(upstream.received).toEqual([]);
  });

  it("may be a key of Bedrock's own, or the environment's keys with their token", async () => {
    await chat("bearer");
    expect(last().headers["authorization"]).toBe("Bearer bedrock-api-key");
    await chat("of-environment");
    expect(last().headers["x-amz-security-token"]).toBe("token-of-env");
    proves(last(), "secret-of-the-environment");
  });

  it.each([
    "aws_access_key_id",
    "aws_region_name",
    "aws_bedrock_runtime_endpoint",
    "aws_sts_endpoint",
    "aws_role_name",
  ])("is never the client's to say: %s", async (name) => {
    const response = await chat("nova", { [name]: "http://127.0.0.1:1" });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(`${name} is not allowed in the request body`);
    expect(upstream.received).toEqual([]);
  });
});

describe("an OpenAI client", () => {
  it("gets answers, usage and a row with its cost", async () => {
    const { data, response } = await openai().chat.completions.create({ model: "nova", messages }).withResponse();
    expect(data.choices[0]?.message.content).toBe("Hello");
    expect(data.usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 });
    const id = response.headers.get("x-litellm-call-id");
    await until(() => gateway.records().some((record) => record["id"] === id));
    expect(gateway.records().find((record) => record["id"] === id)).toMatchObject({
      outcome: "success",
      provider: "bedrock",
      cost: 60_000_000, // nano-dollars: 10 tokens in, 5 out
    });
  });

  it("gets streams, which are asked for at their own address", async () => {
    const stream = await openai().chat.completions.create({
      model: "nova",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = "";
    let usage: unknown;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      usage = chunk.usage ?? usage;
    }
    expect(text).toBe("Hello");
    expect(usage).toMatchObject({ prompt_tokens: 10, completion_tokens: 5 });
    expect(last().path).toMatch(/\/converse-stream$/);
    proves(last(), SECRET);
  });

  it.each([
    [
      "a web address",
      {
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "https://example.com/a.png" } }] }],
      },
      /data URL/,
    ],
    ["no user", { messages: [{ role: "system", content: "S" }] }, /needs a message of a user/],
    ["a parameter Bedrock lacks", { logprobs: true }, /logprobs/],
  ])("is told what is wrong with %s, and Bedrock is not asked", async (_, fields, words) => {
    const response = await chat("nova", fields);
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error.message).toMatch(words);
    expect(error.code).toBe("400");
    expect(upstream.received).toEqual([]);
  });

  it("stops Bedrock by leaving, and what came is paid for", async () => {
    const stop = new AbortController();
    const response = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "slow", messages, stream: true }),
      signal: stop.signal,
    });
    const reader = response.body?.getReader();
    await reader?.read();
    stop.abort();
    await until(() => last().aborted);
    const id = response.headers.get("x-litellm-call-id");
    await until(() => gateway.records().some((record) => record["id"] === id));
    expect(gateway.records().find((record) => record["id"] === id)?.["cost"]).toBeGreaterThan(0);
  });
});

describe("what goes wrong upstream", () => {
  it("is a rate limit by its exception, whole and as a stream that has not begun", async () => {
    for (const stream of [false, true]) {
      const response = await chat("throttled", { stream });
      expect(response.status).toBe(429);
      expect(await response.text()).toMatch(/BedrockException - Too many/);
    }
  });

  it("is covered by a second try, or by a fallback", async () => {
    const again = await chat("fails-once", { stream: true }, { "x-litellm-num-retries": "1" });
    expect(await again.text()).toContain('"lo"');
    expect(await recordOf(again)).toMatchObject({ retries: 1 });
    const covered = await chat("covered", { stream: true });
    expect(await covered.text()).toContain('"lo"');
    expect(await recordOf(covered)).toMatchObject({ fallbacks: 1 });
  });

  it.each([
    ["midway", /broke/],
    ["cut", /cut off/],
  ])("ends a stream that has begun with an error: %s", async (model, words) => {
    const response = await chat(model, { stream: true });
    const text = await response.text();
    expect(text).toContain('"Hel"');
    expect(text).toMatch(words);
    expect(await recordOf(response)).toMatchObject({ outcome: "failure" });
  });
});

describe("clients of other APIs", () => {
  it("reach Bedrock's other models by chat: Anthropic's", async () => {
    const client = new Anthropic({ baseURL: gateway.url, apiKey: MASTER_KEY, maxRetries: 0 });
    const message = await client.messages.create({ model: "nova", max_tokens: 9, messages });
    expect(message.content).toMatchObject([{ type: "text", text: "Hello" }]);
    expect(message.usage).toMatchObject({ input_tokens: 10, output_tokens: 5 });
    expect(last().path).toMatch(/\/converse$/);
    const stream = client.messages.stream({ model: "nova", max_tokens: 9, messages });
    expect((await stream.finalMessage()).content).toMatchObject([{ text: "Hello" }]);
    await expect(client.messages.create({ model: "throttled", max_tokens: 9, messages })).rejects.toMatchObject({
      status: 429,
      error: { type: "error", error: { type: "rate_limit_error" } },
    });
  });

  it("Responses, and Google's", async () => {
    const response = await openai().responses.create({ model: "claude", input: "Hi" });
    expect(response.output_text).toBe("Hello");
    const generated = await gateway.call("/v1beta/models/nova:generateContent", {
      contents: [{ role: "user", parts: [{ text: "Hi" }] }],
    });
    expect(await generated.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: "Hello" }] } }] });
  });
});
