import { describe, expect, it } from "vitest";
import { type ConverseOptions, toConverseBody } from "../../../src/formats/bedrock/request.ts";
import type { ChatRequest } from "../../../src/formats/openai/chat.ts";

const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const OLD_CLAUDE = "anthropic.claude-3-5-sonnet-20240620-v1:0";
const NOVA = "us.amazon.nova-2-lite-v1:0";
const LLAMA = "us.meta.llama3-3-70b-instruct-v1:0";

type Fields = Partial<ChatRequest> & Record<string, unknown>;

function body(fields: Fields, model = CLAUDE, options: Partial<ConverseOptions> = {}): Record<string, unknown> {
  const request = { model: "x", messages: [{ role: "user", content: "Hi" }], ...fields } as ChatRequest;
  return toConverseBody(request, { model, ...options });
}

const SCHEMA = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const TOOL = { type: "function", function: { name: "weather", description: "Of a city", parameters: SCHEMA } };
const SPEC = { toolSpec: { name: "weather", description: "Of a city", inputSchema: { json: SCHEMA } } };
const CALL = { id: "call_1", type: "function", function: { name: "weather", arguments: '{"city":"Bonn"}' } };

describe("messages", () => {
  it("put the system ahead, and neighbours of one role into one turn", () => {
    const { system, messages } = body({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "One" },
        { role: "developer", content: [{ type: "text", text: "Be kind." }] },
        { role: "user", content: [{ type: "text", text: "Two" }] },
      ],
    });
    expect(system).toEqual([{ text: "Be brief." }, { text: "Be kind." }]);
    expect(messages).toEqual([{ role: "user", content: [{ text: "One" }, { text: "Two" }] }]);
  });

  it("put parallel results into one turn, ahead of what else is said in it", () => {
    const second = { ...CALL, id: "call_2" };
    const { messages } = body({
      tools: [TOOL],
      messages: [
        { role: "user", content: "Weather?" },
        { role: "assistant", content: null, tool_calls: [CALL, second] },
        { role: "user", content: "Hurry" },
        { role: "tool", tool_call_id: "call_1", content: "sun", cache_control: { type: "ephemeral" } },
        { role: "tool", tool_call_id: "call_2", content: "", is_error: true },
      ],
    });
    expect(messages).toEqual([
      { role: "user", content: [{ text: "Weather?" }] },
      {
        role: "assistant",
        content: [
          { toolUse: { toolUseId: "call_1", name: "weather", input: { city: "Bonn" } } },
          { toolUse: { toolUseId: "call_2", name: "weather", input: { city: "Bonn" } } },
        ],
      },
      {
        role: "user",
        content: [
          { toolResult: { toolUseId: "call_1", content: [{ text: "sun" }] } },
          { cachePoint: { type: "default" } },
          { toolResult: { toolUseId: "call_2", content: [{ text: "(no output)" }], status: "error" } },
          { text: "Hurry" },
        ],
      },
    ]);
  });

  it("bring reasoning back with its signature, and only with it", () => {
    const { messages } = body({
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: "Hello ",
          thinking_blocks: [
            { type: "thinking", thinking: "Greet.", signature: "sig" },
            { type: "redacted_thinking", data: "b64" },
            { type: "thinking", thinking: "of another provider's" },
          ],
        },
      ],
    });
    expect(messages).toEqual([
      { role: "user", content: [{ text: "Hi" }] },
      {
        role: "assistant",
        content: [
          { reasoningContent: { reasoningText: { text: "Greet.", signature: "sig" } } },
          { reasoningContent: { redactedContent: "b64" } },
          { text: "Hello" }, // a prefill may not end in white space
        ],
      },
    ]);
  });

  it("bring back the very blocks an answer had, unless the client changed what they say", () => {
    const kept = [
      { citationsContent: { content: [{ text: "Ruby " }], citations: [{ title: "facts" }] } },
      { text: "is old" },
      { toolUse: { toolUseId: "s1", name: "nova_code_interpreter", input: {}, type: "server_tool_use" } },
    ];
    const answer = (content: string) => ({
      role: "assistant" as const,
      content,
      provider_specific_fields: { content_blocks: kept },
    });
    const user = { role: "user" as const, content: "Hi" };
    expect(body({ messages: [user, answer("Ruby is old"), user] })).toMatchObject({
      messages: [{}, { content: kept }, {}],
    });
    expect(body({ messages: [user, answer("Ruby is new"), user] })).toMatchObject({
      messages: [{}, { content: [{ text: "Ruby is new" }] }, {}],
    });
  });

  it("say cache markers as points after what is cached", () => {
    const hour = { type: "ephemeral", ttl: "1h" };
    const sent = body({
      messages: [
        { role: "system", content: [{ type: "text", text: "Long", cache_control: hour }] },
        { role: "user", content: [{ type: "text", text: "A", cache_control: { type: "ephemeral", ttl: "5m" } }] },
      ],
      tools: [{ ...TOOL, cache_control: { type: "ephemeral" } }],
    });
    expect(sent).toMatchObject({
      system: [{ text: "Long" }, { cachePoint: { type: "default", ttl: "1h" } }],
      messages: [{ content: [{ text: "A" }, { cachePoint: { type: "default" } }] }],
      toolConfig: { tools: [SPEC, { cachePoint: { type: "default" } }] },
    });
  });

  it("keep a point away from a document, and put that of blank text after what stands before it", () => {
    const document = { type: "file" as const, file: { file_data: "data:application/pdf;base64,AA" } };
    const cached = { cache_control: { type: "ephemeral" } };
    const points = [{ document: { name: "document" } }, { text: "\n" }, { cachePoint: { type: "default" } }];
    expect(body({ messages: [{ role: "user", content: [{ ...document, ...cached }] }] })).toMatchObject({
      messages: [{ content: points }],
    });
    expect(
      body({ messages: [{ role: "user", content: [document, { type: "text", text: " ", ...cached }], ...cached }] }),
    ).toMatchObject({ messages: [{ content: points }] });
  });

  it("leave markers out for models that cache nothing, and after tools for Nova", () => {
    const marked: Fields = {
      messages: [{ role: "user", content: "A", cache_control: { type: "ephemeral" } }],
      tools: [{ ...TOOL, cache_control: { type: "ephemeral" } }],
    };
    expect(JSON.stringify(body(marked, LLAMA))).not.toContain("cachePoint");
    expect(body(marked, NOVA)).toMatchObject({
      messages: [{ content: [{ text: "A" }, { cachePoint: {} }] }],
      toolConfig: { tools: [SPEC] },
    });
    expect(JSON.stringify(body(marked, LLAMA, { caches: true }))).toContain("cachePoint");
  });

  it("name Bedrock's formats, and number documents of one name", () => {
    const file = (data: string, filename?: string) => ({ type: "file" as const, file: { file_data: data, filename } });
    const { messages } = body({
      messages: [
        {
          role: "user",
          content: [
            { type: "image_url", image_url: { url: "data:image/jpg;base64,AAAA" } },
            { type: "image_url", image_url: "s3://bucket/a.webp" },
            file("data:application/pdf;base64,BBBB", "My_report, 2nd.pdf"),
            file("data:application/pdf;base64,CCCC", "My_report, 2nd.pdf"),
            file("JVBERiCCC"),
            file("data:text/csv;base64,RERE"),
            { type: "input_audio", input_audio: { data: "EEEE", format: "wav" } },
            { type: "video_url", video_url: { url: "data:video/quicktime;base64,FFFF" } } as never, // a type the hub has no word for
            { type: "guarded_text", text: "guard me" } as never,
          ],
        },
      ],
    });
    expect(messages).toEqual([
      {
        role: "user",
        content: [
          { image: { format: "jpeg", source: { bytes: "AAAA" } } },
          { image: { format: "webp", source: { s3Location: { uri: "s3://bucket/a.webp" } } } },
          { document: { format: "pdf", name: "My report 2nd", source: { bytes: "BBBB" } } },
          { document: { format: "pdf", name: "My report 2nd (2)", source: { bytes: "CCCC" } } },
          { document: { format: "pdf", name: "document", source: { bytes: "JVBERiCCC" } } },
          { document: { format: "csv", name: "document (2)", source: { bytes: "RERE" } } },
          { audio: { format: "wav", source: { bytes: "EEEE" } } },
          { video: { format: "mov", source: { bytes: "FFFF" } } },
          { guardContent: { text: { text: "guard me" } } },
        ],
      },
    ]);
  });

  it.each([
    ["a web address", { type: "image_url", image_url: { url: "https://example.com/a.png" } }, /fetches none/],
    ["a file without content", { type: "file", file: {} }, /needs file_data/],
    ["a type nobody knows", { type: "hologram" }, /hologram/],
    ["a file of a kind Bedrock lacks", { type: "file", file: { file_data: "data:font/woff;base64,AA" } }, /font\/woff/],
  ])("refuse %s", (_, part, words) => {
    expect(() => body({ messages: [{ role: "user", content: [part as never] }] })).toThrow(words);
  });

  it("have a name of its own for each document, also in results", () => {
    const file = { type: "file" as const, file: { file_data: "data:application/pdf;base64,AA==", filename: "a.pdf" } };
    const messages: ChatRequest["messages"] = [
      { role: "user", content: [file] },
      { role: "assistant", content: null, tool_calls: [CALL] },
      { role: "tool", tool_call_id: CALL.id, content: [file] },
    ];
    expect(JSON.stringify(body({ messages })).match(/"name":"a[^"]*"/g)).toEqual(['"name":"a"', '"name":"a (2)"']);
  });

  it("keep reasoning from models that have none of their own", () => {
    const thinking_blocks = [{ type: "thinking" as const, thinking: "Hm", signature: "sig" }];
    const messages: ChatRequest["messages"] = [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello", thinking_blocks },
      { role: "user", content: "So?" },
    ];
    const imported = "arn:aws:bedrock:us-east-1:1:imported-model/abc";
    for (const model of [CLAUDE, imported])
      expect(JSON.stringify(body({ messages }, model))).toContain("reasoningContent");
    for (const model of [LLAMA, "us.amazon.nova-lite-v1:0"])
      expect(body({ messages }, model)["messages"]).toMatchObject([{}, { content: [{ text: "Hello" }] }, {}]);
  });

  it.each(["[1]", '{"city": "Pa'])("wrap arguments that are no object (%s): the model wrote them so", (args) => {
    const { messages } = body({
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: null, tool_calls: [{ ...CALL, function: { name: "weather", arguments: args } }] },
      ],
    });
    expect(messages).toMatchObject([{}, { content: [{ toolUse: { input: { INVALID_JSON: args } } }] }]);
  });

  it("refuse a conversation without a user", () => {
    expect(() => body({ messages: [{ role: "system", content: "S" }] })).toThrow(/needs a message of a user/);
  });
});

describe("modify_params", () => {
  const repaired = (messages: ChatRequest["messages"], options: Partial<ConverseOptions> = {}) =>
    body({ messages }, CLAUDE, { modifyParams: true, ...options })["messages"];

  it("puts a user's turn where one is missing, in the words that are set", () => {
    const turn = (text: string) => ({ role: "user", content: [{ text }] });
    const assistant = { role: "assistant", content: [{ text: "Hello" }] };
    expect(repaired([{ role: "assistant", content: "Hello" }])).toEqual([
      turn("Please continue."),
      assistant,
      turn("Please continue."),
    ]);
    expect(repaired([{ role: "system", content: "S" }], { userContinue: "Go on" })).toEqual([turn("Go on")]);
    expect(
      repaired(
        [
          { role: "user", content: " " },
          { role: "assistant", content: "" },
        ],
        { assistantContinue: "…" },
      ),
    ).toEqual([turn("Please continue."), { role: "assistant", content: [{ text: "…" }] }, turn("Please continue.")]);
  });

  it("answers calls that got no result, and offers a tool where the history has calls", () => {
    const messages = [
      { role: "user" as const, content: "Hi" },
      { role: "assistant" as const, content: null, tool_calls: [CALL] },
    ];
    const sent = body({ messages }, CLAUDE, { modifyParams: true });
    expect(sent["messages"]).toMatchObject([
      {},
      { content: [{ toolUse: {} }] },
      { role: "user", content: [{ toolResult: { toolUseId: "call_1", content: [{ text: "(no result)" }] } }] },
    ]);
    expect(sent["toolConfig"]).toMatchObject({ tools: [{ toolSpec: { name: "unavailable" } }] });
    expect(body({ messages })["toolConfig"]).toBeUndefined();
  });
});

describe("tools", () => {
  const config = (fields: Fields, model = CLAUDE, options: Partial<ConverseOptions> = {}) =>
    body({ tools: [TOOL], ...fields }, model, options)["toolConfig"];

  it("are said with their choice", () => {
    expect(config({})).toEqual({ tools: [SPEC] });
    expect(config({ tool_choice: "auto" })).toEqual({ tools: [SPEC], toolChoice: { auto: {} } });
    expect(config({ tool_choice: "required" })).toEqual({ tools: [SPEC], toolChoice: { any: {} } });
    expect(config({ tool_choice: { type: "function", function: { name: "weather" } } })).toEqual({
      tools: [SPEC],
      toolChoice: { tool: { name: "weather" } },
    });
    expect(config({ tool_choice: "none" })).toBeUndefined();
  });

  it("stay where the conversation needs them, though none is to be called", () => {
    const messages = [
      { role: "user" as const, content: "Hi" },
      { role: "assistant" as const, content: null, tool_calls: [CALL] },
      { role: "tool" as const, tool_call_id: "call_1", content: "sun" },
    ];
    expect(config({ tool_choice: "none", messages })).toEqual({ tools: [SPEC] });
  });

  it("cannot be forced on every model", () => {
    expect(config({ tool_choice: "auto" }, LLAMA)).toEqual({ tools: [SPEC] });
    expect(() => config({ tool_choice: "required" }, LLAMA)).toThrow(/cannot be made to call/);
    expect(config({ tool_choice: "required" }, LLAMA, { dropParams: true })).toEqual({ tools: [SPEC] });
    const named = { type: "function", function: { name: "weather" } };
    expect(config({ tool_choice: named }, "mistral.mistral-large-2407-v1:0")).toMatchObject({
      toolChoice: { any: {} },
    });
  });

  it("are called one at a time by Claude alone", () => {
    expect(body({ tools: [TOOL], parallel_tool_calls: false })["additionalModelRequestFields"]).toEqual({
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
    });
    expect(config({ parallel_tool_calls: true }, LLAMA)).toEqual({ tools: [SPEC] });
    expect(() => config({ parallel_tool_calls: false }, LLAMA)).toThrow(/only Claude/);
  });

  it("have names Bedrock takes, in calls and choices too", () => {
    const odd = { type: "function", function: { name: "mcp.files/read", parameters: SCHEMA } };
    const { toolConfig, messages } = body({
      tools: [odd],
      tool_choice: { type: "function", function: { name: "mcp.files/read" } },
      messages: [
        { role: "user", content: "Hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ ...CALL, id: "a:b", function: { name: "mcp.files/read", arguments: "" } }],
        },
        { role: "tool", tool_call_id: "a:b", content: "x" },
      ],
    }) as { toolConfig: { tools: [{ toolSpec: { name: string } }]; toolChoice: unknown }; messages: unknown[] };
    const [{ toolSpec }] = toolConfig.tools;
    expect(toolSpec.name).toMatch(/^mcp_files_read_[0-9a-f]{8}$/);
    expect(toolConfig.toolChoice).toEqual({ tool: { name: toolSpec.name } });
    const id = (messages[1] as { content: [{ toolUse: { toolUseId: string; name: string } }] }).content[0].toolUse;
    expect(id.name).toBe(toolSpec.name);
    expect(id.toolUseId).toMatch(/^[\w-]+$/);
    expect(messages[2]).toMatchObject({ content: [{ toolResult: { toolUseId: id.toolUseId } }] });
  });

  it("keep ids of calls that Bedrock gave itself, but for Claude", () => {
    const messages = [
      { role: "user" as const, content: "Hi" },
      { role: "assistant" as const, content: null, tool_calls: [{ ...CALL, id: "functions.weather:0" }] },
    ];
    expect(JSON.stringify(body({ messages }, "moonshot.kimi-k2-thinking"))).toContain('"functions.weather:0"');
    expect(JSON.stringify(body({ messages }))).not.toContain("functions.weather:0");
    const long = [{ ...CALL, id: "x".repeat(65) }];
    expect(
      JSON.stringify(
        body({ messages: [...messages.slice(0, 1), { role: "assistant", content: null, tool_calls: long }] }, LLAMA),
      ),
    ).not.toContain("x".repeat(65));
  });

  it("of Converse's and Claude's own pass, each where it belongs", () => {
    const computer = { type: "computer_20250124", name: "computer", display_width_px: 1 };
    const sent = body({ tools: [TOOL, { systemTool: { name: "nova_grounding" } }, computer] });
    expect(sent["toolConfig"]).toEqual({ tools: [SPEC, { systemTool: { name: "nova_grounding" } }] });
    expect(sent["additionalModelRequestFields"]).toEqual({
      tools: [computer],
      anthropic_beta: ["computer-use-2025-01-24"],
    });
    const { type, name, ...settings } = computer;
    const byLitellm = { type, function: { name, parameters: settings } };
    expect(body({ tools: [byLitellm] })).toMatchObject({ additionalModelRequestFields: { tools: [computer] } });
    expect(body({ tools: [byLitellm] })["toolConfig"]).toBeUndefined();
    expect(body({ web_search_options: {} }, NOVA)["toolConfig"]).toEqual({
      tools: [{ systemTool: { name: "nova_grounding" } }],
    });
    expect(() => config({ tools: [computer] }, LLAMA)).toThrow(/computer_20250124/);
    expect(() => config({ web_search_options: {} })).toThrow(/only Amazon's Nova/);
  });

  it("of Claude's own are chosen beside toolConfig, which does not have them", () => {
    const bash = { type: "bash_20250124", name: "bash" };
    const fields = (request: Fields) => body(request)["additionalModelRequestFields"];
    const named = { type: "function", function: { name: "bash" } };
    expect(fields({ tools: [bash], tool_choice: "required" })).toEqual({ tools: [bash], tool_choice: { type: "any" } });
    expect(fields({ tools: [TOOL, bash], tool_choice: named })).toEqual({
      tools: [bash],
      tool_choice: { type: "tool", name: "bash" },
    });
    expect(config({ tools: [TOOL, bash], tool_choice: named })).toEqual({ tools: [SPEC] });
    expect(fields({ tools: [bash], parallel_tool_calls: false })).toEqual({
      tools: [bash],
      tool_choice: { type: "auto", disable_parallel_tool_use: true },
    });
    expect(body({ tools: [bash], tool_choice: "none" })).not.toHaveProperty("additionalModelRequestFields");
    const allowed = { mode: "auto", tools: [{ type: "function", function: { name: "weather" } }] };
    const choice = { type: "allowed_tools", allowed_tools: allowed };
    expect(body({ tools: [TOOL, bash], tool_choice: choice })).not.toHaveProperty("additionalModelRequestFields");
  });

  it("of Claude's own that were called leave toolConfig with a tool, as calls may not go without", () => {
    const bash = { type: "bash_20250124", name: "bash" };
    const called: Fields["messages"] = [
      { role: "user", content: "Hi" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "t", type: "function", function: { name: "bash", arguments: "{}" } }],
      },
      { role: "tool", tool_call_id: "t", content: "done" },
    ];
    expect(config({ tools: [bash], messages: called })).toMatchObject({
      tools: [{ toolSpec: { name: "unavailable" } }],
    });
    expect(config({ tools: [bash, TOOL], messages: called })).toEqual({ tools: [SPEC] });
  });

  it("keep to those that are allowed", () => {
    const other = { type: "function", function: { name: "other" } };
    const choice = {
      type: "allowed_tools",
      allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "weather" } }] },
    };
    expect(config({ tools: [TOOL, other], tool_choice: choice })).toEqual({ tools: [SPEC], toolChoice: { any: {} } });
  });

  it("are strict where the model holds to it", () => {
    const strict = { type: "function", function: { ...TOOL.function, strict: true } };
    expect(config({ tools: [strict] })).toMatchObject({ tools: [{ toolSpec: { strict: true } }] });
    expect(JSON.stringify(config({ tools: [strict] }, NOVA))).not.toContain("strict");
  });
});

describe("parameters", () => {
  it("have Converse's names, and the model's own go beside them", () => {
    expect(
      body({
        max_completion_tokens: 10,
        temperature: 0.5,
        top_p: 0.9,
        stop: ["END", " "],
        top_k: 5,
        service_tier: "auto",
        user: "u",
        metadata: { a: "b" },
        guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1", trace: "enabled" },
        performanceConfig: { latency: "optimized" },
        requestMetadata: { team: "a" },
        additionalModelResponseFieldPaths: ["/stop_sequence"],
        own_field: 1,
        additionalModelRequestFields: { more: 2 },
      }),
    ).toEqual({
      messages: [{ role: "user", content: [{ text: "Hi" }] }],
      inferenceConfig: { maxTokens: 10, temperature: 0.5, topP: 0.9, stopSequences: ["END"] },
      serviceTier: { type: "default" },
      guardrailConfig: { guardrailIdentifier: "g", guardrailVersion: "1", trace: "enabled" },
      performanceConfig: { latency: "optimized" },
      requestMetadata: { team: "a" },
      additionalModelResponseFieldPaths: ["/stop_sequence"],
      additionalModelRequestFields: { top_k: 5, own_field: 1, more: 2 },
    });
    expect(body({ top_k: 5 }, NOVA)["additionalModelRequestFields"]).toEqual({ inferenceConfig: { topK: 5 } });
  });

  it.each<[string, string, Fields, unknown]>([
    [
      "Claude's budget",
      CLAUDE,
      { thinking: { type: "enabled", budget_tokens: 2000 } },
      { thinking: { type: "enabled", budget_tokens: 2000 } },
    ],
    ["Claude by effort", CLAUDE, { reasoning_effort: "low" }, { thinking: { type: "enabled", budget_tokens: 1024 } }],
    [
      "a newer Claude by effort",
      "us.anthropic.claude-sonnet-4-6",
      { reasoning_effort: "high" },
      { thinking: { type: "adaptive" }, output_config: { effort: "high" } },
    ],
    [
      "Nova 2",
      NOVA,
      { reasoning_effort: "xhigh" },
      { reasoningConfig: { type: "enabled", maxReasoningEffort: "high" } },
    ],
    [
      "Nova 2 by a budget",
      NOVA,
      { thinking: { type: "enabled", budget_tokens: 1024 } },
      { reasoningConfig: { type: "enabled", maxReasoningEffort: "low" } },
    ],
    ["Nova 2 without", NOVA, { reasoning_effort: "none" }, { reasoningConfig: { type: "disabled" } }],
    ["gpt-oss", "openai.gpt-oss-120b-1:0", { reasoning_effort: "minimal" }, { reasoning_effort: "low" }],
    ["Qwen", "qwen.qwen3-32b-v1:0", { reasoning_effort: "high" }, { reasoning_config: "high" }],
    ["DeepSeek", "deepseek.v3.2", { reasoning_effort: "medium" }, { reasoning_config: "medium" }],
    ["DeepSeek without", "deepseek.v3.2", { reasoning_effort: "none" }, undefined],
  ])("ask %s to think in its own way", (_, model, fields, expected) => {
    expect(body(fields, model)["additionalModelRequestFields"]).toEqual(expected);
  });

  it("make room for thinking that the gateway chose, and drop what it forbids where they may", () => {
    expect(body({ reasoning_effort: "low", max_tokens: 100 })["inferenceConfig"]).toEqual({ maxTokens: 1124 });
    const native = {
      thinking: { type: "enabled", budget_tokens: 2000 },
      max_tokens: 100,
      temperature: 0.2,
      top_p: 0.5,
    };
    expect(body(native)["inferenceConfig"]).toEqual({ maxTokens: 100, temperature: 0.2, topP: 0.5 });
    expect(body(native, CLAUDE, { modifyParams: true })["inferenceConfig"]).toEqual({ maxTokens: 2100 });
    expect(
      body({ tools: [TOOL], tool_choice: "required", reasoning_effort: "low" }, CLAUDE, { dropParams: true })[
        "toolConfig"
      ],
    ).toEqual({ tools: [SPEC], toolChoice: { auto: {} } });
    expect(
      body({ reasoning_effort: "high", max_tokens: 5, temperature: 1 }, NOVA, { dropParams: true })["inferenceConfig"],
    ).toBeUndefined();
  });

  it("refuse an effort nobody knows", () => {
    expect(() => body({ reasoning_effort: "extreme" }, NOVA)).toThrow(/reasoning_effort/);
  });
});

describe("structured output", () => {
  const format = (more = {}) => ({
    response_format: { type: "json_schema", json_schema: { name: "place", schema: SCHEMA, ...more } },
  });

  it("is native where the model has it", () => {
    const sent = body(format({ description: "A place" }));
    expect(sent["toolConfig"]).toBeUndefined();
    const { textFormat } = sent["outputConfig"] as {
      textFormat: { type: string; structure: { jsonSchema: { schema: string } } };
    };
    const { schema, ...rest } = textFormat.structure.jsonSchema;
    expect(rest).toEqual({ name: "place", description: "A place" });
    expect(JSON.parse(schema)).toEqual({ ...SCHEMA, additionalProperties: false });
    expect(body(format(), OLD_CLAUDE, { structuredOutput: true })["outputConfig"]).toBeDefined();
  });

  it("is a tool elsewhere, forced where that can be", () => {
    expect(body(format(), OLD_CLAUDE)["toolConfig"]).toMatchObject({
      tools: [{ toolSpec: { name: "json_tool_call", inputSchema: { json: SCHEMA } } }],
      toolChoice: { tool: { name: "json_tool_call" } },
    });
    expect(body({ ...format(), tools: [TOOL] }, OLD_CLAUDE)["toolConfig"]).toMatchObject({ toolChoice: { any: {} } });
    expect(body(format(), LLAMA)["toolConfig"]).not.toHaveProperty("toolChoice");
    expect(body({ response_format: { type: "json_object" } })["toolConfig"]).toMatchObject({
      toolChoice: { tool: {} },
    });
    expect(
      body({ ...format(), reasoning_effort: "low" }, "us.anthropic.claude-3-7-sonnet-20250219-v1:0")["toolConfig"],
    ).not.toHaveProperty("toolChoice");
  });

  it("is the client's own where it says so", () => {
    const outputConfig = { textFormat: { type: "json_schema", structure: { jsonSchema: { schema: "{}" } } } };
    expect(body({ ...format(), outputConfig }, OLD_CLAUDE)).toMatchObject({ outputConfig });
  });
});
