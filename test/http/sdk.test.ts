/** Answers to the `openai` package, unmodified, through the running gateway, over every format an upstream may speak. */
import OpenAI from "openai";
import { zodFunction, zodResponseFormat } from "openai/helpers/zod";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Aimock, deployments, FORMATS, startAimock } from "./aimock.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, recordOf, sdkFor, user } from "./sdk.ts";
import type { Received } from "./upstream.ts";

type Json = Record<string, unknown>;

const USAGE = { prompt_tokens: 11, completion_tokens: 7 };
const TEXT = 'Grüße aus "Köln" 😀👩‍👩‍👧 — 你好\n\tend';

let aimock: Aimock;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  aimock = await startAimock();
  addFixtures();
  gateway = await startGateway({
    model_list: [
      ...deployments(aimock.url),
      {
        model_name: "claude-by-tool", // has no structured output of its own
        litellm_params: { model: "anthropic/claude-3-5-haiku-20241022", api_base: aimock.url, api_key: "k" },
      },
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
  client = sdkFor(gateway, MASTER_KEY);
});

afterAll(async () => {
  await gateway?.stop();
  await aimock?.close();
});

/** What the model says, by the user's words. */
function addFixtures(): void {
  const { mock } = aimock;
  mock.onMessage("say it", { content: TEXT, usage: USAGE }, { chunkSize: 1 }); // cuts emoji in half
  mock.onMessage("say nothing", { content: "", usage: USAGE });
  mock.onMessage("cut it short", { content: "One two", finishReason: "length", usage: USAGE });
  const call = (city: string, id: string) => ({ name: "weather", arguments: JSON.stringify({ city }), id });
  mock.on({ userMessage: "Paris and Rome", hasToolResult: true }, { content: "Paris 21°, Rome 29°.", usage: USAGE });
  mock.onMessage("Paris and Rome", {
    toolCalls: [call("Paris 😀", "call_paris"), call("Rome", "call_rome")],
    usage: USAGE,
  });
  mock.on({ userMessage: "one after the other", turnIndex: 2 }, { content: "It is 21° at noon.", usage: USAGE });
  mock.on(
    { userMessage: "one after the other", turnIndex: 1 },
    { content: "Now the weather.", toolCalls: [call("Paris", "call_2")], usage: USAGE },
  );
  mock.on(
    { userMessage: "one after the other", turnIndex: 0 },
    { toolCalls: [{ name: "clock", arguments: "{}", id: "call_1" }], usage: USAGE },
  );
  const person = { name: "Zoë", age: 41, tags: ["a", "😀"] };
  mock.on(
    { userMessage: "a person", model: "claude-3-5-haiku-20241022" },
    { toolCalls: [{ name: "json_tool_call", arguments: JSON.stringify(person) }], usage: USAGE },
  );
  mock.onMessage("a person", { content: JSON.stringify(person), usage: USAGE });
  mock.onMessage("what is on it", { content: "A cat.", usage: USAGE });
}

/** What the gateway sent for the conversation that has these words in it; the last request is the last of them. */
function sent(words: string): Received[] {
  return aimock.received.filter(({ body }) => JSON.stringify(body).includes(words));
}

const weather = zodFunction({
  name: "weather",
  description: "The weather of a city",
  parameters: z.object({ city: z.string() }),
  function: ({ city }) => `${city.startsWith("Paris") ? 21 : 29} degrees in ${city}`,
});
const clock = zodFunction({ name: "clock", parameters: z.object({}), function: () => "noon" });
const Person = z.object({ name: z.string(), age: z.number(), tags: z.array(z.string()) });

describe.each(FORMATS)("$name", ({ name, model }) => {
  const speaksOpenai = name !== "anthropic" && name !== "gemini";

  it("answers", async () => {
    const { data, response } = await client.chat.completions
      .create({ model: name, messages: user(`say it to ${name}`) })
      .withResponse();
    expect(data).toMatchObject({
      object: "chat.completion",
      choices: [{ index: 0, message: { role: "assistant", content: TEXT }, finish_reason: "stop" }],
      usage: { ...USAGE, total_tokens: 18 },
    });
    expect(data.id).toBeTruthy();
    expect(data.created).toBeGreaterThan(1e9);
    const [request] = sent(`say it to ${name}`);
    const key = { anthropic: "x-api-key", gemini: "x-goog-api-key" }[name as string] ?? "authorization";
    expect(request?.headers[key]).toBe(`${key === "authorization" ? "Bearer " : ""}key-of-${name}`);
    expect(JSON.stringify(request)).not.toContain(MASTER_KEY);
    const { provider, outcome, usage, estimated } = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect({ provider, outcome, estimated }).toEqual({
      provider: model.split("/")[0],
      outcome: "success",
      estimated: false,
    });
    expect(usage).toMatchObject(USAGE);
  });

  it.each([true, false])("streams, a character at a time, usage asked for: %s", async (include_usage) => {
    const { data: stream, response } = await client.chat.completions
      .create({
        model: name,
        messages: user(`say it to ${name}`),
        stream: true,
        ...(include_usage && { stream_options: { include_usage } }),
      })
      .withResponse();
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    const choices = chunks.flatMap((chunk) => chunk.choices);
    expect(choices.map(({ delta }) => delta.content ?? "").join("")).toBe(TEXT);
    expect(choices.filter(({ delta }) => delta.role !== undefined)[0]?.delta.role).toBe("assistant");
    expect(choices.map(({ finish_reason }) => finish_reason).filter(Boolean)).toEqual(["stop"]);
    expect(new Set(chunks.map(({ id }) => id)).size).toBe(1);
    const told = chunks.filter(({ usage }) => usage);
    if (include_usage) expect(told.at(-1)?.usage).toMatchObject({ ...USAGE, total_tokens: 18 });
    else expect(told).toEqual([]);
    const { outcome, usage, estimated } = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect({ outcome, estimated }).toEqual({ outcome: "success", estimated: false });
    expect(usage).toMatchObject(USAGE);
  });

  it("streams through the SDK's helper", async () => {
    const runner = client.chat.completions.stream({
      model: name,
      messages: user(`say it to ${name}`),
      stream_options: { include_usage: true },
    });
    let text = "";
    runner.on("content", (delta) => {
      text += delta;
    });
    expect(await runner.finalContent()).toBe(TEXT);
    expect(text).toBe(TEXT);
    expect(await runner.totalUsage()).toMatchObject(USAGE);
  });

  it("says nothing, and says why it stopped", async () => {
    const empty = await client.chat.completions.create({ model: name, messages: user("say nothing") });
    expect(empty.choices[0]).toMatchObject({ finish_reason: "stop" });
    expect(empty.choices[0]?.message.content ?? "").toBe("");
    const streamed = await client.chat.completions
      .stream({ model: name, messages: user("say nothing") })
      .finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({ finish_reason: "stop" });
    const cut = await client.chat.completions.create({ model: name, messages: user("cut it short") });
    expect(cut.choices[0]).toMatchObject({ message: { content: "One two" }, finish_reason: "length" });
    const cutStream = await client.chat.completions
      .stream({ model: name, messages: user("cut it short") })
      .finalChatCompletion();
    expect(cutStream.choices[0]).toMatchObject({ message: { content: "One two" }, finish_reason: "length" });
  });

  it("sends the conversation, its system prompt and its settings", async () => {
    const words = `say it with settings to ${name}`;
    await client.chat.completions.create({
      model: name,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "Hello" },
        { role: "assistant", content: "Hi" },
        { role: "user", content: [{ type: "text", text: words }] },
      ],
      stop: ["END", "###"],
      max_tokens: 99,
      temperature: 0.5,
      top_p: 0.9,
    });
    const body = sent(words)[0]!.body;
    if (name === "anthropic") {
      expect(body).toMatchObject({ stop_sequences: ["END", "###"], max_tokens: 99, temperature: 0.5, top_p: 0.9 });
      expect(JSON.stringify(body["system"])).toContain("Be brief.");
      expect((body["messages"] as Json[]).map(({ role }) => role)).toEqual(["user", "assistant", "user"]);
    } else if (name === "gemini") {
      expect(body).toMatchObject({
        generationConfig: { stopSequences: ["END", "###"], maxOutputTokens: 99, temperature: 0.5, topP: 0.9 },
        contents: [
          { role: "user", parts: [{ text: "Hello" }] },
          { role: "model", parts: [{ text: "Hi" }] },
          { role: "user", parts: [{ text: words }] },
        ],
      });
      expect(JSON.stringify(body["systemInstruction"] ?? body["system_instruction"])).toContain("Be brief.");
    } else {
      expect(body).toMatchObject({ stop: ["END", "###"], temperature: 0.5, top_p: 0.9 });
      expect(body["max_tokens"] ?? body["max_completion_tokens"]).toBe(99);
      expect((body["messages"] as Json[]).map(({ role }) => role)).toEqual(["system", "user", "assistant", "user"]);
    }
  });

  it("n: asks for as many answers, or says that it cannot", async () => {
    const words = `say it twice to ${name}`;
    const asked = client.chat.completions.create({ model: name, messages: user(words), n: 2 });
    if (name === "anthropic") {
      const failure = await failureOf(asked);
      expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
      expect(failure.message).toContain("UnsupportedParamsError");
      expect(sent(words)).toEqual([]);
      return;
    }
    await asked;
    expect(sent(words)[0]?.body).toMatchObject(
      name === "gemini" ? { generationConfig: { candidateCount: 2 } } : { n: 2 },
    );
  });

  it.each([false, true])("runs tools, two at once (stream: %s)", async (stream) => {
    const words = `Paris and Rome, ${stream ? "streamed" : "whole"}, ${name}`;
    const params = { model: name, messages: user(words), tools: [weather] };
    const runner = stream
      ? client.chat.completions.runTools({ ...params, stream: true })
      : client.chat.completions.runTools(params);
    expect(await runner.finalContent()).toBe("Paris 21°, Rome 29°.");
    const calls = runner.messages.flatMap((message) =>
      message.role === "assistant" && message.tool_calls ? message.tool_calls : [],
    );
    expect(calls).toMatchObject([
      { type: "function", function: { name: "weather", arguments: expect.stringContaining("Paris 😀") } },
      { type: "function", function: { name: "weather", arguments: expect.stringContaining("Rome") } },
    ]);
    expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
    if (name !== "gemini") expect(calls.map(({ id }) => id)).toEqual(["call_paris", "call_rome"]);
    // Each call goes back with its result, in the format's own way.
    const [first = {}, second = {}] = sent(words).map(({ body }) => body);
    if (name === "anthropic") {
      expect(first).toMatchObject({ tools: [{ name: "weather", input_schema: { required: ["city"] } }] });
      expect((second["messages"] as Json[]).slice(1)).toMatchObject([
        {
          role: "assistant",
          content: [
            { type: "tool_use", id: "call_paris", name: "weather", input: { city: "Paris 😀" } },
            { type: "tool_use", id: "call_rome", name: "weather", input: { city: "Rome" } },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_paris" },
            { type: "tool_result", tool_use_id: "call_rome" },
          ],
        },
      ]);
    } else if (name === "gemini") {
      expect(first).toMatchObject({ tools: [{ functionDeclarations: [{ name: "weather" }] }] });
      expect((second["contents"] as Json[]).slice(1)).toMatchObject([
        {
          role: "model",
          parts: [
            { functionCall: { name: "weather", args: { city: "Paris 😀" } } },
            { functionCall: { name: "weather", args: { city: "Rome" } } },
          ],
        },
        { role: "user", parts: [{ functionResponse: { name: "weather" } }, { functionResponse: { name: "weather" } }] },
      ]);
    } else {
      expect(first).toMatchObject({ tools: [{ type: "function", function: { name: "weather" } }] });
      expect((second["messages"] as Json[]).slice(1)).toMatchObject([
        { role: "assistant", tool_calls: [{ id: "call_paris" }, { id: "call_rome" }] },
        { role: "tool", tool_call_id: "call_paris", content: "21 degrees in Paris 😀" },
        { role: "tool", tool_call_id: "call_rome", content: "29 degrees in Rome" },
      ]);
    }
    expect(JSON.stringify(second)).toMatch(/21 degrees in Paris 😀.*29 degrees in Rome/);
  });

  it.each([false, true])("runs tools one after the other, with words between (stream: %s)", async (stream) => {
    const words = `one after the other, ${stream ? "streamed" : "whole"}, ${name}`;
    const params = { model: name, messages: user(words), tools: [weather, clock] };
    const runner = stream
      ? client.chat.completions.runTools({ ...params, stream: true })
      : client.chat.completions.runTools(params);
    expect(await runner.finalContent()).toBe("It is 21° at noon.");
    const results = runner.messages.filter(({ role }) => role === "tool");
    expect(results.map(({ content }) => content)).toEqual(["noon", "21 degrees in Paris"]);
    const spoken = runner.messages.filter(({ role }) => role === "assistant");
    expect(spoken[1]).toMatchObject({ content: "Now the weather.", tool_calls: [{ function: { name: "weather" } }] });
    expect(sent(words)).toHaveLength(3);
  });

  it("makes a tool the choice", async () => {
    const words = `Paris and Rome by force, ${name}`;
    const answer = await client.chat.completions.create({
      model: name,
      messages: user(words),
      tools: [weather, clock],
      tool_choice: { type: "function", function: { name: "weather" } },
      ...(name !== "gemini" && { parallel_tool_calls: false }), // Gemini cannot be told
    });
    expect(answer.choices[0]?.finish_reason).toBe("tool_calls");
    const body = sent(words)[0]!.body;
    if (name === "anthropic")
      expect(body["tool_choice"]).toEqual({ type: "tool", name: "weather", disable_parallel_tool_use: true });
    else if (name === "gemini")
      expect(body["toolConfig"]).toMatchObject({
        functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["weather"] },
      });
    else
      expect(body).toMatchObject({
        tool_choice: { type: "function", function: { name: "weather" } },
        parallel_tool_calls: false,
      });
  });

  it("gives structured output", async () => {
    const words = `a person, for ${name}`;
    const params = { model: name, messages: user(words), response_format: zodResponseFormat(Person, "person") };
    const parsed = await client.chat.completions.parse(params);
    expect(parsed.choices[0]?.message.parsed).toEqual({ name: "Zoë", age: 41, tags: ["a", "😀"] });
    const streamed = await client.chat.completions.stream(params).finalChatCompletion();
    expect(streamed.choices[0]?.message.parsed).toEqual({ name: "Zoë", age: 41, tags: ["a", "😀"] });
    const body = sent(words)[0]!.body;
    if (speaksOpenai)
      expect(body["response_format"]).toMatchObject({ type: "json_schema", json_schema: { name: "person" } });
    else expect(JSON.stringify(body)).toMatch(/"age":\{[^}]*"type":"number"/i);
  });

  it("takes images, as data and as a link", async () => {
    const words = `what is on it, ${name}`;
    const data = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    const answer = await client.chat.completions.create({
      model: name,
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: `data:image/png;base64,${data}`, detail: "low" } },
            { type: "image_url", image_url: { url: "https://example.com/cat.jpg" } },
            { type: "text", text: words },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toBe("A cat.");
    const body = sent(words)[0]!.body;
    if (name === "anthropic")
      expect(body["messages"]).toMatchObject([
        {
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data } },
            { type: "image", source: { type: "url", url: "https://example.com/cat.jpg" } },
            { type: "text", text: words },
          ],
        },
      ]);
    else if (name === "gemini")
      expect(body["contents"]).toMatchObject([
        {
          parts: [
            { inlineData: { mimeType: "image/png", data } },
            { fileData: { fileUri: "https://example.com/cat.jpg" } },
            { text: words },
          ],
        },
      ]);
    else
      expect(body["messages"]).toMatchObject([
        {
          content: [
            { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } },
            { type: "image_url", image_url: { url: "https://example.com/cat.jpg" } },
            { type: "text", text: words },
          ],
        },
      ]);
  });
});

describe("a Claude without structured output", () => {
  it("answers by a tool the client does not see", async () => {
    const params = {
      model: "claude-by-tool",
      messages: user("a person, by tool"),
      response_format: zodResponseFormat(Person, "person"),
    };
    const parsed = await client.chat.completions.parse(params);
    expect(parsed.choices[0]).toMatchObject({ finish_reason: "stop", message: { parsed: { name: "Zoë", age: 41 } } });
    const streamed = await client.chat.completions.stream(params).finalChatCompletion();
    expect(streamed.choices[0]).toMatchObject({ finish_reason: "stop", message: { parsed: { name: "Zoë", age: 41 } } });
  });
});

describe("many at once", () => {
  it("keeps 100 streams apart", async () => {
    aimock.mock.on(
      { userMessage: /^repeat / },
      ({ messages }) => ({ content: `You said: ${messages.at(-1)?.content}`.repeat(4), usage: USAGE }),
      { latency: 1 },
    );
    const ask = async (number: number) => {
      const words = `repeat ${number} ${"x".repeat(number)}`;
      const runner = client.chat.completions.stream({
        model: FORMATS[number % FORMATS.length]!.name,
        messages: user(words),
        stream_options: { include_usage: number % 2 === 0 },
      });
      expect(await runner.finalContent()).toBe(`You said: ${words}`.repeat(4));
    };
    await Promise.all(Array.from({ length: 100 }, (_, number) => ask(number)));
  });
});
