/** Streams that break off after the client has read a part of them (`mid_stream_fallback`). */
import type { ServerResponse } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { type Received, startUpstream, until } from "./upstream.ts";

const messages = [{ role: "user" as const, content: "Count to ten." }];
const usage = { prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 };

function write(response: ServerResponse, delta: object, finish_reason: string | null = null, more: object = {}) {
  const choices = [{ index: 0, delta, finish_reason }];
  const chunk = { id: "chatcmpl-up", object: "chat.completion.chunk", created: 1, model: "m", choices, ...more };
  response.write(`data: ${JSON.stringify(chunk)}\n\n`);
}

/** What the deployments do, by the model they are asked for. */
const behaviours: Record<string, (response: ServerResponse, request: Received) => void> = {
  "breaks-in-text"(response) {
    write(response, { role: "assistant", content: "one two three " });
    setTimeout(() => response.destroy(), 50);
  },
  "breaks-in-tool"(response) {
    const call = { index: 0, id: "call_1", type: "function", function: { name: "f", arguments: '{"a":' } };
    write(response, { role: "assistant", tool_calls: [call] });
    setTimeout(() => response.destroy(), 50);
  },
  "claude-breaks"(response) {
    // its beginning: the text is open, and nothing ends it
    response.write(sse(events("anthropic", "one two three ").slice(0, 3)));
    setTimeout(() => response.destroy(), 50);
  },
  "breaks-again"(response) {
    write(response, { role: "assistant", content: `two three four and ${"then another word ".repeat(30)}` });
    setTimeout(() => response.destroy(), 50);
  },
  "goes-silent"(response) {
    write(response, { role: "assistant", content: "one two three " });
  },
  continues(response) {
    // repeats the end of what was said, as models do that are asked by a user's turn
    write(response, { role: "assistant", content: "two three " });
    write(response, { content: "four five" });
    write(response, {}, "stop");
    write(response, {}, null, { choices: [], usage });
    response.end("data: [DONE]\n\n");
  },
};

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    behaviours[String(request.body["model"])]?.(response, request);
  });
  const params = { api_base: upstream.url, api_key: "k", use_chat_completions_api: true };
  const pair = (name: string, more: object = {}) => [
    { model_name: name, litellm_params: { model: `openai/${name}`, order: 1, ...params, ...more } },
    { model_name: name, litellm_params: { model: "openai/continues", order: 2, ...params } },
  ];
  gateway = await startGateway({
    model_list: [
      ...pair("breaks-in-text"),
      ...pair("breaks-in-tool"),
      { model_name: "breaks-twice", litellm_params: { model: "openai/breaks-in-text", order: 1, ...params } },
      { model_name: "breaks-twice", litellm_params: { model: "openai/breaks-again", order: 2, ...params } },
      ...pair("goes-silent", { stream_timeout: 0.5 }),
      ...pair("claude-breaks", { model: "anthropic/claude-breaks" }),
    ],
    router_settings: { num_retries: 0, mid_stream_fallback: "continue" },
  });
  client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: MASTER_KEY, maxRetries: 0 });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

async function read(model: string, extra: object = {}) {
  const stream = await client.chat.completions.create({
    model,
    messages,
    stream: true,
    stream_options: { include_usage: true },
    ...extra,
  });
  const chunks: OpenAI.ChatCompletionChunk[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

describe("a stream that breaks off", () => {
  it.each(["breaks-in-text", "goes-silent"])("goes on at another deployment (%s)", async (model) => {
    const chunks = await read(model);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("one two three four five");
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(chunks.filter(({ choices }) => choices[0]?.delta.role)).toHaveLength(1);
    expect(chunks.filter(({ choices }) => choices[0]?.finish_reason)).toHaveLength(1);

    const asked = upstream.received.at(-1)?.body["messages"];
    expect(asked).toEqual([
      ...messages,
      { role: "assistant", content: "one two three " },
      { role: "user", content: expect.stringContaining("cut off") },
    ]);
    const record = () => gateway.records().find(({ modelGroup }) => modelGroup === model);
    await until(() => record() !== undefined);
    expect(record()).toMatchObject({ outcome: "success", estimated: true });
    const { completion_tokens } = record()!["usage"] as typeof usage;
    expect(completion_tokens).toBeGreaterThan(usage.completion_tokens);
    expect(chunks.at(-1)?.usage?.completion_tokens).toBe(completion_tokens);
    expect(record()?.["attempts"]).toHaveLength(2);
  });

  it("ends with the error within a tool call", async () => {
    await expect(read("breaks-in-tool")).rejects.toThrow(/APIConnectionError/);
  });

  it("ends with the error where fallbacks are off", async () => {
    await expect(read("breaks-in-text", { disable_fallbacks: true })).rejects.toThrow(/APIConnectionError/);
  });
});

describe("a text that breaks off", () => {
  it("goes on where it ended", async () => {
    const stream = await client.completions.create({ model: "breaks-in-text", prompt: "Count to ten.", stream: true });
    const chunks: OpenAI.Completion[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.text ?? "").join("")).toBe("one two three four five");
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    expect(JSON.stringify(upstream.received.at(-1)?.body["messages"])).toContain("Count to ten.one two three ");
  });
});

describe("a response that breaks off", () => {
  const asked = { input: "Count to ten.", store: false, stream: true } as const;

  it.each(["breaks-in-text", "claude-breaks"])("goes on in the same message (%s)", async (model) => {
    const stream = await client.responses.create({ model, ...asked });
    const told: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) told.push(event);
    expect(told.map(({ sequence_number }) => sequence_number)).toEqual(told.map((_, index) => index));
    const text = told.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    expect(text).toBe("one two three four five");
    expect(told.filter(({ type }) => !type.endsWith(".delta")).map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
      "response.output_item.added",
      "response.content_part.added",
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed",
    ]);
    const ids = told.flatMap((event) => ("item_id" in event ? [event.item_id] : []));
    expect(new Set(ids).size).toBe(1);
    const last = told.at(-1) as OpenAI.Responses.ResponseCompletedEvent;
    const first = told[0] as OpenAI.Responses.ResponseCreatedEvent;
    expect(last.response.id).toBe(first.response.id);
    expect(last.response.output).toMatchObject([{ type: "message", id: ids[0], content: [{ text }] }]);
    expect(last.response.usage?.output_tokens).toBeGreaterThan(usage.completion_tokens);
  });

  it("says in one numbering that it broke off again", async () => {
    const stream = await client.responses.create({ model: "breaks-twice", ...asked });
    const told: OpenAI.Responses.ResponseStreamEvent[] = [];
    for await (const event of stream) told.push(event);
    expect(told.map(({ sequence_number }) => sequence_number)).toEqual(told.map((_, index) => index));
    const last = told.at(-1) as OpenAI.Responses.ResponseFailedEvent;
    expect(last.type).toBe("response.failed");
    expect(last.response.id).toBe((told[0] as OpenAI.Responses.ResponseCreatedEvent).response.id);
    const text = told.map((event) => (event.type === "response.output_text.delta" ? event.delta : "")).join("");
    expect(text).toMatch(/^one two three four and/);
    expect(last.response.output).toMatchObject([{ content: [{ text }] }]);
  });

  it("ends with the error where it is kept: what is kept must be what was said", async () => {
    const stream = await client.responses.create({ model: "breaks-in-text", ...asked, store: true });
    const types: string[] = [];
    for await (const { type } of stream) types.push(type);
    expect(types.at(-1)).toBe("response.failed");
  });
});

describe("a message that breaks off", () => {
  const anthropic = () => new Anthropic({ baseURL: gateway.url, apiKey: MASTER_KEY, maxRetries: 0, logLevel: "off" });
  const asked = { max_tokens: 100, messages };

  it.each(["breaks-in-text", "claude-breaks"])("goes on in the same block (%s)", async (model) => {
    const stream = anthropic().messages.stream({ model, ...asked });
    const types: string[] = [];
    stream.on("streamEvent", ({ type }) => types.push(type));
    const message = await stream.finalMessage();
    expect(message.content).toMatchObject([{ type: "text", text: "one two three four five" }]);
    expect(message.stop_reason).toBe("end_turn");
    expect(types.filter((type) => !type.endsWith("_delta"))).toEqual([
      "message_start",
      "content_block_start",
      "content_block_stop",
      "message_stop",
    ]);
    expect(upstream.received.at(-1)?.body["messages"]).toEqual([
      ...messages,
      { role: "assistant", content: "one two three " },
      { role: "user", content: expect.stringContaining("cut off") },
    ]);
    const record = () =>
      gateway.records().findLast(({ modelGroup, operation }) => modelGroup === model && operation === "messages");
    await until(() => record() !== undefined);
    expect(record()).toMatchObject({ outcome: "success", estimated: true });
    const { completion_tokens } = record()!["usage"] as typeof usage;
    expect(message.usage.output_tokens).toBe(completion_tokens);
  });

  it("ends with the error within a tool call, in Anthropic's format", async () => {
    const failure = await anthropic()
      .messages.stream({ model: "breaks-in-tool", ...asked })
      .finalMessage()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ error: { type: "error", error: { type: "api_error" } } });
  });
});
