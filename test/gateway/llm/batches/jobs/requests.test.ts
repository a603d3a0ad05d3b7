/** A line of a job says what a call would have said, and its answer is what the call's would have been. */
import { describe, expect, it } from "vitest";
import {
  lineId,
  numberOf,
  type Translation,
  toAnswer,
  toLine,
} from "../../../../../src/gateway/llm/batches/jobs/requests.ts";
import { operationFor } from "../../../../../src/gateway/llm/batches/operations.ts";
import { attempt } from "../../../../../src/operations/attempt.ts";
import type { BatchJobs } from "../../../../../src/providers/batch-jobs.ts";
import { findProvider } from "../../../../../src/providers/registry.ts";
import { loadDeployments } from "../../../../../src/router/load.ts";
import { registeredProviders } from "../../../../../src/router/lookup.ts";
import { specOf } from "../../../../batches/specs.ts";

const AWS = {
  aws_access_key_id: "AKIDTEST",
  aws_secret_access_key: "secret",
  s3_bucket_name: "acme-files",
  aws_batch_role_arn: "arn:aws:iam::1:role/r",
};
const GOOGLE = {
  vertex_project: "acme",
  vertex_credentials: '{"type":"service_account"}',
  gcs_bucket_name: "files",
  headers: { authorization: "Bearer own" },
};
const settings = { timeout: 60 };

function translationOf(model: string, params: object, endpoint = "/v1/chat/completions"): Translation {
  const item = { model_name: "m", litellm_params: { model, ...params } };
  const [deployment] = loadDeployments({ model_list: [item] }, {}, registeredProviders).deployments;
  const operation = operationFor(endpoint);
  if (deployment === undefined || operation === undefined) throw new Error("there is no such deployment");
  const jobs = findProvider(deployment.target.provider)?.batchJobs as BatchJobs; // both have them
  const caller = {
    mayMock: false,
    tags: [],
    enforcedParams: [],
    namesCustomer: true,
    modelFor: (name: string) => name,
    refuseModel: () => undefined,
  } as unknown as Translation["caller"]; // all that is read of it
  const calls = { settings } as unknown as Translation["calls"]; // likewise
  return { spec: specOf({ endpoint }), operation, deployment, jobs, calls, caller };
}

/** The body of the call that such a request would be, whose answer this is. */
async function called({ operation, deployment }: Translation, body: Record<string, unknown>, answer: object) {
  let sent: Record<string, unknown> = {};
  const fetch: typeof globalThis.fetch = async (_, init) => {
    sent = JSON.parse(String(init?.body));
    return Response.json(answer);
  };
  const request = operation.request.parse(body);
  const ports = { fetch, now: Date.now, id: "1" };
  const options = { extraHeaders: {}, tags: [], mock: {} };
  const asked = await attempt(operation, request, deployment, options, settings, ports);
  if (asked.answer.kind !== "complete") throw new Error("no answer");
  return { sent, told: JSON.parse(String(operation.encodeWhole(asked.answer.body, request))) };
}

const CHATS: Record<string, Record<string, unknown>> = {
  plain: {
    messages: [
      { role: "system", content: "short" },
      { role: "user", content: "hi" },
    ],
    max_tokens: 9,
  },
  picture: {
    messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: "data:image/png;base64,aGk=" } }] }],
    max_tokens: 9,
  },
  tools: {
    messages: [{ role: "user", content: "weather?" }],
    max_tokens: 9,
    tools: [{ type: "function", function: { name: "look", parameters: { type: "object", properties: {} } } }],
    tool_choice: "required",
  },
  schema: {
    messages: [{ role: "user", content: "json" }],
    max_tokens: 9,
    response_format: {
      type: "json_schema",
      json_schema: { name: "out", schema: { type: "object", properties: { a: { type: "number" } } } },
    },
  },
};

const GEMINI = {
  candidates: [{ content: { role: "model", parts: [{ text: '{"a":1}' }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 2, totalTokenCount: 17 },
  modelVersion: "gemini-2.5-flash",
  responseId: "r1",
};
const CLAUDE = {
  id: "msg_1",
  type: "message",
  role: "assistant",
  model: "claude",
  content: [{ type: "tool_use", id: "t", name: "json_tool_call", input: { a: 1 } }],
  stop_reason: "tool_use",
  usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3 },
};
const CONVERSE = {
  output: {
    message: { role: "assistant", content: [{ toolUse: { toolUseId: "t", name: "json_tool_call", input: { a: 1 } } }] },
  },
  stopReason: "tool_use",
  usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
};

const MODELS: [name: string, translation: Translation, field: string, answer: Record<string, unknown>][] = [
  ["Gemini", translationOf("vertex_ai/gemini-2.5-flash", GOOGLE), "request", GEMINI],
  ["Claude on Vertex AI", translationOf("vertex_ai/claude-sonnet-4@20250514", GOOGLE), "request", CLAUDE],
  ["Nova", translationOf("bedrock/us.amazon.nova-lite-v1:0", AWS), "modelInput", CONVERSE],
  [
    "Claude on Bedrock",
    translationOf("bedrock/invoke/anthropic.claude-3-haiku-20240307-v1:0", AWS),
    "modelInput",
    CLAUDE,
  ],
];

describe.each(MODELS)("%s", (_, translation, field, answer) => {
  it.each(Object.entries(CHATS))("%s", async (_, chat) => {
    const body = { ...chat, model: "m" };
    const { sent, told } = await called(translation, body, answer);
    const line = await toLine(translation, 7, body);
    const asked = { ...(line?.json[field] as Record<string, unknown>) };
    expect(JSON.stringify(line?.json)).toContain(lineId(7));
    if (field === "request" && "labels" in asked) delete asked["labels"]; // of the line alone
    expect(asked).toEqual(sent);
    const answered = await toAnswer(translation, 7, body, { id: lineId(7), body: answer });
    expect(answered).toMatchObject({ ok: true, status: 200, usage: told.usage });
    const own = ["id", "created"];
    const rest = (value: Record<string, unknown>) =>
      Object.fromEntries(Object.entries(value).filter(([name]) => !own.includes(name)));
    expect(rest(JSON.parse(answered.text))).toEqual(rest(told));
  });
});

describe("other endpoints", () => {
  const responses = { model: "m", input: "hi", max_output_tokens: 9 };
  const completions = { model: "m", prompt: "hi", max_tokens: 9 };
  const messages = { model: "m", messages: [{ role: "user", content: "hi" }], max_tokens: 9 };
  it.each([
    ["responses at Gemini", "vertex_ai/gemini-2.5-flash", GOOGLE, "/v1/responses", responses, GEMINI, "response"],
    ["responses at Nova", "bedrock/us.amazon.nova-lite-v1:0", AWS, "/v1/responses", responses, CONVERSE, "response"],
    [
      "completions at Gemini",
      "vertex_ai/gemini-2.5-flash",
      GOOGLE,
      "/v1/completions",
      completions,
      GEMINI,
      "text_completion",
    ],
    ["messages at Gemini", "vertex_ai/gemini-2.5-flash", GOOGLE, "/v1/messages", messages, GEMINI, undefined],
  ])("%s", async (_, model, params, endpoint, body, answer, object) => {
    const translation = translationOf(model, params, endpoint);
    expect(await toLine(translation, 1, body)).toBeDefined();
    const answered = await toAnswer(translation, 1, body, { id: lineId(1), body: answer });
    expect(answered).toMatchObject({ ok: true, usage: { prompt_tokens: 10 } });
    expect(JSON.parse(answered.text)).toMatchObject(object === undefined ? { type: "message" } : { object });
  });
});

describe("a line", () => {
  const [, nova] = MODELS[2] ?? [];
  if (nova === undefined) throw new Error("there is none");

  it("that nobody can be asked for is refused as the call would be", async () => {
    await expect(toLine(nova, 1, { model: "m", messages: "none" })).rejects.toMatchObject({ status: 400 });
    await expect(
      toLine(nova, 1, { model: "m", messages: [{ role: "user", content: "hi" }], logit_bias: { 1: 1 } }),
    ).rejects.toMatchObject({ status: 400, name: "UnsupportedParamsError" });
  });

  it("that would be several requests cannot be one", async () => {
    const titan = translationOf("bedrock/amazon.titan-embed-text-v2:0", AWS, "/v1/embeddings");
    expect(await toLine(titan, 1, { model: "m", input: "one" })).toMatchObject({ kind: "InvokeModel" });
    expect(await toLine(titan, 1, { model: "m", input: ["one", "two"] })).toBeUndefined();
    const vectors = translationOf("vertex_ai/text-embedding-005", GOOGLE, "/v1/embeddings");
    expect(await toLine(vectors, 1, { model: "m", input: "one" })).toBeUndefined();
  });

  it("fails in the words of its provider, and an answer that is none is an error too", async () => {
    const body = { ...CHATS["plain"], model: "m" };
    const failed = await toAnswer(nova, 1, body, {
      id: lineId(1),
      status: 400,
      error: '{"message":"prompt is too long"}',
    });
    expect(failed).toMatchObject({ ok: false, status: 400, text: expect.stringContaining("prompt is too long") });
    expect(failed.usage).toBeUndefined();
    const strange = await toAnswer(nova, 1, body, { id: lineId(1), body: { strange: true } });
    expect(strange.ok).toBe(false);
    expect(JSON.parse(strange.text)).toMatchObject({ error: { message: expect.any(String) } });
  });

  it("without usage is counted here", async () => {
    const mistral = translationOf("bedrock/invoke/mistral.mistral-7b-instruct-v0:2", AWS);
    const body = { ...CHATS["plain"], model: "m" };
    const answered = await toAnswer(mistral, 1, body, {
      id: lineId(1),
      body: { outputs: [{ text: "hello there", stop_reason: "stop" }] },
    });
    expect(answered.usage?.prompt_tokens).toBeGreaterThan(0);
    expect(answered.usage?.completion_tokens).toBeGreaterThan(0);
  });

  it("is known by its number", () => {
    expect(lineId(12)).toMatch(/^[a-z0-9]{11}$/);
    expect(numberOf(lineId(12))).toBe(12);
    expect([numberOf("12"), numberOf("lineX"), numberOf("")]).toEqual([undefined, undefined, undefined]);
  });
});

describe("answers of which the request is gone", () => {
  const claude = {
    content: [{ type: "text", text: "six" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 10, output_tokens: 5 },
    role: "assistant",
    type: "message",
    id: "msg_1",
    model: "claude",
  };

  it.each(["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/completions"])(
    "are given and counted for %s",
    async (endpoint) => {
      const translation = translationOf("vertex_ai/claude-sonnet-4-5", GOOGLE, endpoint);
      const answered = await toAnswer(translation, 1, {}, { id: lineId(1), body: claude });
      expect(answered).toMatchObject({ ok: true, usage: { prompt_tokens: 10, completion_tokens: 5 } });
      expect(answered.text).toContain("six");
    },
  );

  it("and embeddings", async () => {
    const translation = translationOf("bedrock/amazon.titan-embed-text-v2:0", AWS, "/v1/embeddings");
    const body = { embedding: [0.5], inputTextTokenCount: 3 };
    expect(await toAnswer(translation, 1, {}, { id: lineId(1), body })).toMatchObject({
      ok: true,
      usage: { prompt_tokens: 3 },
    });
  });

  it("an answer that nobody foresaw is the failure of its line", async () => {
    const translation = translationOf("vertex_ai/gemini-2.5-flash", GOOGLE);
    const body = {};
    Object.defineProperty(body, "candidates", {
      get: () => {
        throw new TypeError("unforeseen");
      },
    });
    const answered = await toAnswer(translation, 1, { ...CHATS["plain"], model: "m" }, { id: lineId(1), body });
    expect(answered).toMatchObject({ ok: false, status: 500 });
    expect(JSON.parse(answered.text)).toMatchObject({ error: { message: expect.stringContaining("cannot be read") } });
  });
});
