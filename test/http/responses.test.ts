/** `/v1/responses`, by the `openai` package and by hand, against the running gateway. */
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readStream } from "../formats/openai/responses/stream-rules.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerResponses, STREAM, WHOLE } from "./responses-upstream.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  upstream = await startUpstream(answerResponses);
  const model = (name: string, litellm: string, extra: object = {}) => ({
    model_name: name,
    litellm_params: { model: litellm, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...extra },
  });
  const native = ["broken", "cut", "fails-at-once", "fails-later", "drips", "limited", "flaky", "down"];
  gateway = await startGateway({
    model_list: [
      model("gpt", "openai/gpt-5-mini"),
      model("searching", "openai/gpt-5-searching", {
        input_cost_per_token: 0.000_001,
        output_cost_per_token: 0.000_002,
        cache_read_input_token_cost: 0.000_000_5,
        search_context_cost_per_query: { search_context_size_medium: 0.01 },
      }),
      ...native.map((name) => model(name, `openai/${name}`)),
      model("grok", "xai/grok-4"),
      model("claude", "anthropic/claude-sonnet-4-5", { api_base: upstream.url }),
      model("overloads", "anthropic/claude-overloads", { api_base: upstream.url }),
      model("gemini", "gemini/gemini-3-pro-preview", { api_base: upstream.url }),
      model("chat", "custom_openai/some-model"),
      model("cut-chat", "custom_openai/cut-chat"),
      model("speechless", "custom_openai/speechless"),
      model("silent-chat", "openai/gpt-5-mini", { use_chat_completions_api: true }),
      model("codex", "openai/gpt-5-codex"),
      model("bridged", "openai/responses/gpt-4o"),
      model("mocked", "openai/gpt-5-mini", { mock_response: "mocked" }),
    ],
    router_settings: {
      num_retries: 1,
      fallbacks: [{ down: ["claude"] }, { "fails-at-once": ["claude"] }],
      disable_cooldowns: true,
    },
  });
  client = sdkFor(gateway, MASTER_KEY);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

/** A stream as it came, and the rules it broke. */
async function streamed(body: object) {
  const response = await gateway.call("/v1/responses", { ...body, stream: true });
  const text = await response.text();
  expect([response.status, text.slice(0, 6)]).toEqual([200, "event:"]);
  return { ...readStream(text), text, id: response.headers.get("x-litellm-call-id") };
}

const typesOf = (events: { [field: string]: unknown }[]) =>
  events.map(({ type }) => String(type).replace(/^response\./, ""));
const lastBody = () => upstream.received.at(-1)?.body ?? {};

const callsIn = (output: OpenAI.Responses.ResponseOutputItem[]) =>
  output.filter((item): item is OpenAI.Responses.ResponseFunctionToolCall => item.type === "function_call");

const weather = {
  type: "function" as const,
  name: "get_weather",
  description: "The weather in a city.",
  parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  strict: false,
};

describe("a provider that speaks the format", () => {
  it("passes request and answer untouched, and counts", async () => {
    const body = {
      model: "gpt",
      input: "Hi",
      strange: { a: [1] },
      store: false,
      metadata: { who: "me" },
      max_output_tokens: 50,
    };
    const response = await gateway.call("/v1/responses", body, { "openai-beta": "responses=experimental" });
    expect(await response.text()).toBe(WHOLE);
    const sent = upstream.received.at(-1);
    expect(sent?.path).toBe("/v1/responses");
    expect(sent?.body).toEqual({ ...body, model: "gpt-5-mini" });
    expect(sent?.headers["openai-beta"]).toBe("responses=experimental");
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record["usage"]).toMatchObject({
      prompt_tokens: 20,
      completion_tokens: 10,
      prompt_tokens_details: { cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 4 },
    });
    expect(record).toMatchObject({ operation: "responses", outcome: "success", estimated: false });
    expect(record["cost"]).toBeGreaterThan(0);
  });

  it("is served under each of its paths", async () => {
    for (const path of ["/v1/responses", "/responses", "/openai/v1/responses"])
      expect((await gateway.call(path, { model: "gpt", input: "Hi" })).status).toBe(200);
  });

  it("relays a stream byte for byte, obfuscation and all", async () => {
    const response = await gateway.call("/v1/responses", {
      ...{ model: "gpt", input: "Hi", stream: true, store: false },
      stream_options: { include_obfuscation: true },
    });
    expect(await response.text()).toBe(STREAM);
    expect(lastBody()["stream_options"]).toEqual({ include_obfuscation: true });
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect(record["usage"]).toMatchObject({ prompt_tokens: 20, completion_tokens: 10 });
  });

  it("is read by the SDK", async () => {
    const response = await client.responses.create({ model: "gpt", input: "Hi" });
    expect(response.output_text).toBe("Hello there");
    const stream = client.responses.stream({ model: "gpt", input: "Hi" });
    const deltas: string[] = [];
    stream.on("response.output_text.delta", ({ delta }) => deltas.push(delta));
    expect((await stream.finalResponse()).output_text).toBe("Hello there");
    expect(deltas).toEqual(["Hello there"]);
  });

  it("charges searches: those that searched", async () => {
    const response = await gateway.call("/v1/responses", {
      model: "searching",
      input: "Hi",
      tools: [{ type: "web_search" }],
    });
    const record = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    // 12 × 1 + 8 × 0.5 + 10 × 2 µ$ and two searches of a cent, in nano-dollars
    expect(record["cost"]).toBe(36_000 + 20_000_000);
  });

  it("goes by the Responses API where a compatible provider has one, and by chat where it is told to", async () => {
    expect((await gateway.call("/v1/responses", { model: "grok", input: "Hi" })).status).toBe(200);
    expect(upstream.received.at(-1)?.path).toBe("/v1/responses");
    const answer = await client.responses.create({ model: "silent-chat", input: "abc" });
    expect(upstream.received.at(-1)?.path).toBe("/v1/chat/completions");
    expect(answer.output_text).toBe("cba");
  });

  it("does not send what only another provider could read", async () => {
    const sealed = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "sluice1:e30=" };
    const own = { type: "reasoning", id: "rs_2", summary: [], encrypted_content: "gAAAA" };
    const call = { type: "function_call", call_id: "call_1__thought__abc", name: "f", arguments: "{}" };
    await gateway.call("/v1/responses", {
      model: "gpt",
      input: [sealed, own, call],
      metadata: { tags: ["a"], kept: "b" },
    });
    expect(lastBody()["input"]).toEqual([own, { ...call, call_id: "call_1" }]);
    expect(lastBody()["metadata"]).toEqual({ kept: "b" });
  });
});

describe("what goes wrong", () => {
  it("is an ordinary error before the stream begins", async () => {
    const failure = await failureOf(client.responses.create({ model: "limited", input: "Hi", stream: true }));
    expect(failure.status).toBe(429);
    expect(failure.message).toContain("try again in 11.054s");
  });

  it("falls back where a stream fails before its first content", async () => {
    const { broken, response, events } = await streamed({ model: "fails-at-once", input: "Hi" });
    expect(broken).toEqual([]);
    expect(response["model"]).toBe("claude-sonnet-4-5");
    expect(typesOf(events).at(-1)).toBe("completed");
  });

  it("retries, and falls back to a provider of another format", async () => {
    expect((await client.responses.create({ model: "flaky", input: "Hi" })).output_text).toBe("Hello there");
    expect((await client.responses.create({ model: "down", input: "Hi" })).output_text).toBe("It is sunny.");
  });

  it("ends a native stream that breaks off with response.failed, numbered on", async () => {
    const { events, response, broken, id } = await streamed({ model: "cut", input: "Hi" });
    expect(broken).toEqual([]);
    expect(typesOf(events).at(-1)).toBe("failed");
    expect(response).toMatchObject({ status: "failed", error: { code: "server_error" } });
    const [created] = events as { response?: { id: string } }[];
    expect(response["id"]).toBe(created?.response?.id);
    expect(response["id"]).not.toBe("resp_up");
    expect(await recordOf(gateway, id)).toMatchObject({ outcome: "failure", estimated: true });
  });

  it.each(["/v1/responses", "/v1/chat/completions", "/v1/messages"])(
    "is an error of %s where the stream ends before it begins",
    async (path) => {
      const said = { input: "Hi", messages: [{ role: "user", content: "Hi" }], max_tokens: 9 };
      const response = await gateway.call(path, { model: "speechless", stream: true, ...said });
      expect([response.status, await response.text()]).toEqual([500, expect.stringContaining("before it began")]);
    },
  );

  it("passes the upstream's own failure on", async () => {
    const { response, id } = await streamed({ model: "fails-later", input: "Hi" });
    expect(response).toMatchObject({ status: "failed", error: { code: "server_error", message: "It broke." } });
    expect(await recordOf(gateway, id)).toMatchObject({ outcome: "failure" });
  });

  it("ends a translated stream that fails with response.failed", async () => {
    for (const model of ["overloads", "cut-chat"]) {
      const { events, response, broken } = await streamed({ model, input: "Hi" });
      expect(broken).toEqual([]);
      expect(typesOf(events).at(-1)).toBe("failed");
      expect(response["error"]).toMatchObject({ code: "server_error" });
    }
  });

  it("refuses an answer that is none", async () => {
    const failure = await failureOf(client.responses.create({ model: "broken", input: "Hi" }));
    expect(failure.status).toBe(500);
    expect(failure.message).toContain("this is no response");
  });

  it("stops the upstream when the client leaves, and settles what was delivered", async () => {
    const stream = await client.responses.create({ model: "drips", input: "Hi", stream: true });
    for await (const event of stream)
      if (event.type === "response.output_text.delta" && event.sequence_number > 5) break;
    await until(() => upstream.received.at(-1)?.aborted === true);
    const record = () => gateway.records().find(({ modelGroup }) => modelGroup === "drips");
    await until(() => record() !== undefined);
    expect(record()).toMatchObject({ outcome: "aborted", estimated: true });
    expect((record()!["usage"] as { completion_tokens: number }).completion_tokens).toBeGreaterThan(2);
  });

  it.each([
    ["input of a wrong type", { input: 5 }, "input"],
    ["a wrong limit", { input: "Hi", max_output_tokens: "many" }, "max_output_tokens"],
    ["an item that is no object", { input: ["Hi"] }, "input[0]"],
    ["a reference that nobody can resolve", { input: [{ type: "item_reference", id: "msg_x" }] }, "input[0]"],
    ["a former response that nobody knows", { input: "Hi", previous_response_id: "resp_x" }, "previous_response_id"],
    ["a role that is none", { input: [{ role: "tester", content: "Hi" }] }, "input[0].role"],
    ["a result that is none", { input: [{ type: "function_call_output", call_id: "c" }] }, "input[0].output"],
    [
      "a part that says nothing",
      { input: [{ role: "user", content: [{ type: "input_image" }] }] },
      "input[0].content[0]",
    ],
    [
      "a tool that runs at OpenAI",
      { input: "Hi", tools: [{ type: "file_search", vector_store_ids: ["v"] }] },
      "tools[0]",
    ],
    ["a screen", { input: [{ type: "computer_call", call_id: "c", action: {} }] }, "input[0]"],
    ["no input", {}, "input"],
  ])("answers 400 to %s", async (_, body, param) => {
    const response = await gateway.call("/v1/responses", { model: "chat", ...body });
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect([response.status, error["param"]]).toEqual([400, param]);
  });
});

describe("a provider that has chat alone", () => {
  it("answers whole", async () => {
    const response = await client.responses.create({
      model: "chat",
      instructions: "ab",
      input: "cd",
      temperature: 0.5,
    });
    expect(response.output_text).toBe("dc|ba");
    expect(response).toMatchObject({ object: "response", status: "completed", instructions: "ab", temperature: 0.5 });
    expect(response.id).toMatch(/^resp_/);
    expect(response.usage).toMatchObject({ input_tokens: 11, output_tokens: 7, total_tokens: 18 });
    expect(lastBody()).toMatchObject({
      messages: [
        { role: "system", content: "ab" },
        { role: "user", content: "cd" },
      ],
      temperature: 0.5,
    });
  });

  it("is incomplete where the limit cut it", async () => {
    const { response, broken, events } = await streamed({ model: "chat", input: "abcdef", max_output_tokens: 5 });
    expect(broken).toEqual([]);
    expect(typesOf(events).at(-1)).toBe("incomplete");
    expect(response["incomplete_details"]).toEqual({ reason: "max_output_tokens" });
  });

  it("streams, with reasoning as an item of its own", async () => {
    const { events, broken } = await streamed({ model: "chat", input: "abcdef" });
    expect(broken).toEqual([]);
    expect(typesOf(events)).toEqual([
      ...["created", "in_progress"],
      ...["output_item.added", "reasoning_summary_part.added", "reasoning_summary_text.delta"],
      ...["reasoning_summary_text.done", "reasoning_summary_part.done", "output_item.done"],
      ...["output_item.added", "content_part.added", ...Array(2).fill("output_text.delta")],
      ...["output_text.done", "content_part.done", "output_item.done", "completed"],
    ]);
  });

  it("gives structured output that the SDK parses", async () => {
    const schema = { type: "object", properties: { city: { type: "string" }, degrees: { type: "number" } } };
    const format = { type: "json_schema" as const, name: "weather", schema, strict: true };
    const response = await client.responses.parse({ model: "chat", input: "Hi", text: { format } });
    expect(response.output_parsed).toEqual({ city: "Paris", degrees: 21 });
    expect(lastBody()["response_format"]).toEqual({
      type: "json_schema",
      json_schema: { name: "weather", schema, strict: true },
    });
  });

  it("answers from a mock", async () => {
    expect((await client.responses.create({ model: "mocked", input: "Hi" })).output_text).toBe("mocked");
    const stream = client.responses.stream({ model: "mocked", input: "Hi" });
    expect((await stream.finalResponse()).output_text).toBe("mocked");
  });
});

describe("tools in several turns", () => {
  it.each([true, false])("keep Claude's signatures, streamed: %s", async (isStreamed) => {
    const time = { ...weather, name: "get_time" };
    const asked = { model: "claude", input: "Weather?", tools: [weather, time], reasoning: { effort: "low" as const } };
    const first = isStreamed
      ? await client.responses.stream(asked).finalResponse()
      : await client.responses.create(asked);
    expect(first.output.map(({ type }) => type)).toEqual(["reasoning", "message", "function_call", "function_call"]);
    const calls = callsIn(first.output);
    expect(calls.map(({ call_id, name, arguments: args }) => [call_id, name, JSON.parse(args)])).toEqual([
      ["toolu_0", "get_weather", { city: "Paris" }],
      ["toolu_1", "get_time", { city: "Paris" }],
    ]);
    const results = calls.map(({ call_id }) => ({ type: "function_call_output" as const, call_id, output: "sunny" }));
    const input = [
      { role: "user" as const, content: "Weather?" },
      ...first.output,
      ...results,
    ] as OpenAI.Responses.ResponseInput;
    const second = await client.responses.create({ ...asked, input });
    expect(second.output_text).toBe("It is sunny.");
    const messages = lastBody()["messages"] as { role: string; content: unknown }[];
    expect(messages[1]?.content).toEqual([
      { type: "thinking", thinking: "I should look.", signature: "sig-of-claude" },
      { type: "text", text: "Let me see." },
      { type: "tool_use", id: "toolu_0", name: "get_weather", input: { city: "Paris" } },
      { type: "tool_use", id: "toolu_1", name: "get_time", input: { city: "Paris" } },
    ]);
    expect(messages).toHaveLength(3);
  });

  it.each([true, false])("keep Gemini's signatures, streamed: %s", async (isStreamed) => {
    const asked = {
      model: "gemini",
      input: "Weather?",
      tools: [weather],
      include: ["reasoning.encrypted_content" as const],
    };
    const answerTo = (
      body: typeof asked | (Omit<typeof asked, "input"> & { input: OpenAI.Responses.ResponseInput }),
    ) => (isStreamed ? client.responses.stream(body).finalResponse() : client.responses.create(body));
    const first = await answerTo(asked);
    const [call] = callsIn(first.output);
    const result = { type: "function_call_output" as const, call_id: call?.call_id ?? "", output: "rain" };
    const question = { role: "user" as const, content: "Weather?" };
    const input = [question, ...first.output, result] as OpenAI.Responses.ResponseInput;
    const second = await answerTo({ ...asked, input });
    expect(second.output_text).toBe("It rains.");
    expect(JSON.stringify(lastBody()["contents"])).toContain('"thoughtSignature":"c2lnLWNhbGw="');
    const third = [...input, ...second.output, question] as OpenAI.Responses.ResponseInput;
    await answerTo({ ...asked, input: third });
    expect(JSON.stringify(lastBody()["contents"])).toContain('"thoughtSignature":"c2lnLXRleHQ="');
  });
});

describe("Codex", () => {
  const asked = {
    instructions: "You are Codex.",
    input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Fix it." }] }],
    tools: [
      {
        type: "custom",
        name: "apply_patch",
        description: "Patch files.",
        format: { type: "grammar", syntax: "lark", definition: 'start: "x"' },
      },
      { type: "local_shell" },
      { ...weather, name: "update_plan" },
      { type: "web_search", external_web_access: false },
    ],
    tool_choice: "auto",
    parallel_tool_calls: true,
    reasoning: { effort: "medium", summary: "auto" },
    store: false,
    include: ["reasoning.encrypted_content"],
    prompt_cache_key: "session-1",
    text: { verbosity: "low" },
  };

  it("is served by Claude", async () => {
    const { events, response, broken } = await streamed({ model: "claude", ...asked });
    expect(broken).toEqual([]);
    const output = response["output"] as Record<string, unknown>[];
    expect(output.map(({ type }) => type)).toEqual(["reasoning", "message", "custom_tool_call", "local_shell_call"]);
    expect(output[2]).toMatchObject({
      call_id: "toolu_0",
      name: "apply_patch",
      input: "*** Begin Patch\n*** End Patch",
    });
    expect(output[3]).toMatchObject({ call_id: "toolu_1", action: { type: "exec", command: ["ls", "-l"], env: {} } });
    expect(typesOf(events)).toContain("custom_tool_call_input.delta");
    const results = [
      { type: "custom_tool_call_output", call_id: "toolu_0", output: "done" },
      { type: "local_shell_call_output", call_id: "toolu_1", output: "total 0" },
    ];
    const next = await streamed({ model: "claude", ...asked, input: [...asked.input, ...output, ...results] });
    expect(next.broken).toEqual([]);
    const messages = lastBody()["messages"] as { content: Record<string, unknown>[] }[];
    expect(messages[1]?.content.map(({ type, name, input }) => [type, name, input])).toEqual([
      ["thinking", undefined, undefined],
      ["text", undefined, undefined],
      ["tool_use", "apply_patch", { input: "*** Begin Patch\n*** End Patch" }],
      ["tool_use", "local_shell", expect.objectContaining({ command: ["ls", "-l"] })],
    ]);
    expect(messages[2]?.content.map(({ tool_use_id }) => tool_use_id)).toEqual(["toolu_0", "toolu_1"]);
  });

  it("is served by Gemini, which cannot be told to call one tool at a time", async () => {
    const tools = [weather, { ...weather, name: "get_time" }];
    const { response, broken } = await streamed({ model: "gemini", ...asked, tools, parallel_tool_calls: false });
    expect(broken).toEqual([]);
    const calls = callsIn(response["output"] as OpenAI.Responses.ResponseOutputItem[]);
    expect(calls.map(({ name }) => name)).toEqual(["get_weather"]);
    expect(lastBody()["tools"]).toMatchObject([{ functionDeclarations: [{}, {}] }]);
  });

  it.each(["claude", "gemini", "chat"])("goes on with %s from a call that was cut off", async (model) => {
    const cut = { type: "function_call", call_id: "c1", name: "update_plan", arguments: '{"city": "Pa' };
    const failed = { type: "function_call_output", call_id: "c1", output: "failed to parse the arguments" };
    const { broken } = await streamed({ model, ...asked, input: [...asked.input, cut, failed] });
    expect(broken).toEqual([]);
    expect(JSON.stringify(lastBody())).toContain(String.raw`{\"city\": \"Pa`);
  });

  it("reaches OpenAI as it is", async () => {
    const { text } = await streamed({ model: "gpt", ...asked });
    expect(text).toBe(STREAM);
    expect(lastBody()).toEqual({ ...asked, model: "gpt-5-mini", stream: true });
  });
});

describe("chat with a model of the Responses API", () => {
  const messages = [{ role: "user" as const, content: "Hi" }];

  it.each(["codex", "bridged"])("asks %s there, whole and streamed", async (model) => {
    const answer = await client.chat.completions.create({ model, messages, max_tokens: 99, reasoning_effort: "low" });
    expect(answer.choices[0]).toMatchObject({
      finish_reason: "stop",
      message: { role: "assistant", content: "Hello there" },
    });
    expect(answer.usage).toMatchObject({ prompt_tokens: 20, completion_tokens: 10, total_tokens: 30 });
    expect(upstream.received.at(-1)?.path).toBe("/v1/responses");
    expect(lastBody()).toMatchObject({
      ...{ max_output_tokens: 99, store: false, reasoning: { effort: "low" } },
      input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] }],
    });
    const chunks = [];
    const options = { include_usage: true };
    for await (const chunk of await client.chat.completions.create({
      model,
      messages,
      stream: true,
      stream_options: options,
    }))
      chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join("")).toBe("Hello there");
    expect(chunks.at(-1)?.usage).toMatchObject({ prompt_tokens: 20 });
  });

  it("is priced by the model behind the prefix", async () => {
    const response = await gateway.call("/v1/chat/completions", { model: "bridged", messages });
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeGreaterThan(0);
  });

  it("refuses what cannot be said there", async () => {
    const failure = await failureOf(client.chat.completions.create({ model: "codex", messages, n: 2 }));
    expect(failure.status).toBe(400);
  });

  it("answers the other formats by it, too", async () => {
    const message = await gateway.call("/v1/messages", { model: "codex", max_tokens: 50, messages });
    expect(await message.json()).toMatchObject({ content: [{ type: "text", text: "Hello there" }] });
    const text = await client.completions.create({ model: "codex", prompt: "Hi" });
    expect(text.choices[0]?.text).toBe("Hello there");
  });
});

describe("Cursor", () => {
  const input = [
    { role: "system", content: "ab" },
    { role: "user", content: [{ type: "input_text", text: "cd" }] },
  ];

  it.each(["/v1/chat/completions", "/cursor/chat/completions"])("asks %s with input, and reads chat", async (path) => {
    const whole = await gateway.call(path, { model: "chat", input });
    expect(await whole.json()).toMatchObject({
      object: "chat.completion",
      choices: [{ message: { content: "dc|ba" } }],
    });
    const stream = await (await gateway.call(path, { model: "chat", input, stream: true })).text();
    expect(stream).toContain('"object":"chat.completion.chunk"');
    expect(stream.endsWith("data: [DONE]\n\n")).toBe(true);
  });

  it("may send tools of either format", async () => {
    const nested = { type: "function", function: { name: "f", parameters: {} } };
    await gateway.call("/cursor/chat/completions", { model: "chat", input, tools: [nested, weather] });
    const tools = lastBody()["tools"] as { function: { name: string } }[];
    expect(tools.map(({ function: definition }) => definition.name)).toEqual(["f", "get_weather"]);
  });

  it.each(["/v1/chat/completions", "/cursor/chat/completions"])("may mix both in messages to %s", async (path) => {
    const messages = [
      { role: "system", content: "ab" },
      { role: "user", content: [{ type: "input_text", text: "cd" }] },
    ];
    const call = { model: "chat", messages, tools: [weather], tool_choice: { type: "function", name: "get_weather" } };
    const whole = await gateway.call(path, call);
    expect(await whole.json()).toMatchObject({ object: "chat.completion" });
    expect(lastBody()).toMatchObject({
      messages: [messages[0], { role: "user", content: "cd" }],
      tools: [{ type: "function", function: { name: "get_weather" } }],
      tool_choice: { type: "function", function: { name: "get_weather" } },
    });
    const odd = [{ role: "user", content: [{ type: "input_image" }] }];
    const refused = await gateway.call(path, { model: "chat", messages: odd });
    expect([refused.status, await refused.json()]).toMatchObject([400, { error: { param: "messages[0].content[0]" } }]);
    expect((await gateway.call(path, { model: "chat", messages, tools: [{ type: "function" }] })).status).toBe(400);
  });

  it("hears 400 for input that is none", async () => {
    const response = await gateway.call("/cursor/chat/completions", { model: "chat", input: 7 });
    expect(response.status).toBe(400);
  });
});
