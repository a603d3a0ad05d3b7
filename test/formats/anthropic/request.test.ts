import { describe, expect, it } from "vitest";
import { type RequestOptions, toMessagesBody } from "../../../src/formats/anthropic/request.ts";
import type { ChatMessage, ChatRequest } from "../../../src/formats/openai/chat.ts";

const hello: ChatMessage = { role: "user", content: "Hello" };
const helloTurn = { role: "user", content: [{ type: "text", text: "Hello" }] };

function body(request: Partial<ChatRequest>, options: Partial<RequestOptions> = {}) {
  return toMessagesBody({ model: "m", messages: [hello], ...request }, { model: "claude-sonnet-4-5", ...options }).body;
}

describe("the body", () => {
  it("says model, limit and messages", () => {
    expect(body({})).toEqual({ model: "claude-sonnet-4-5", max_tokens: 4096, messages: [helloTurn] });
  });

  it("takes the limit of the client, then of the model", () => {
    expect(body({ max_tokens: 5 })["max_tokens"]).toBe(5);
    expect(body({ max_tokens: 5, max_completion_tokens: 6 })["max_tokens"]).toBe(6);
    expect(body({}, { maxOutputTokens: 64_000 })["max_tokens"]).toBe(64_000);
  });

  it("passes what is Anthropic's own unchanged", () => {
    const native = {
      top_k: 5,
      container: "container_1",
      context_management: { edits: [{ type: "clear_tool_uses_20250919" }] },
      mcp_servers: [{ type: "url", url: "https://mcp.example", name: "docs" }],
      inference_geo: "us",
      speed: "fast",
      cache_control: { type: "ephemeral" },
      output_config: { effort: "low" },
    };
    expect(body(native)).toMatchObject(native);
  });

  it("takes beta features by name out of the body", () => {
    const { body, betas } = toMessagesBody(
      { model: "m", messages: [hello], anthropic_beta: ["context-1m-2025-08-07"] },
      { model: "claude-sonnet-4-5" },
    );
    expect(betas).toEqual(["context-1m-2025-08-07"]);
    expect(body).not.toHaveProperty("anthropic_beta");
  });

  it("leaves out stop sequences of white space, and what only OpenAI has", () => {
    const sent = body({ stop: ["END", "\n"], stream: true, stream_options: { include_usage: true } });
    expect(sent["stop_sequences"]).toEqual(["END"]);
    expect(sent["stream"]).toBe(true);
    expect(sent).not.toHaveProperty("stream_options");
    expect(body({ stop: " " })).not.toHaveProperty("stop_sequences");
  });

  it.each([
    [{ user: "user-17" }, { user_id: "user-17" }],
    [{ user: "jane@example.com" }, undefined],
    [{ user: "+49 170 1234567" }, undefined],
    [{ metadata: { user_id: "u", trace: "t" }, user: "other" }, { user_id: "u" }],
  ])("metadata of %j", (request, metadata) => {
    expect(body(request)["metadata"]).toEqual(metadata);
  });

  it("adds a tool where messages call some and none are given, if it may repair", () => {
    const messages: ChatMessage[] = [
      hello,
      { role: "assistant", tool_calls: [{ id: "c1", function: { name: "f", arguments: "{}" } }] },
      { role: "tool", tool_call_id: "c1", content: "1" },
    ];
    expect(body({ messages })).not.toHaveProperty("tools");
    expect(body({ messages }, { modifyParams: true })["tools"]).toHaveLength(1);
  });
});

describe("thinking", () => {
  it("turns an effort into a budget and makes room for it", () => {
    const sent = body({ reasoning_effort: "high", max_tokens: 100 });
    expect(sent["thinking"]).toEqual({ type: "enabled", budget_tokens: 4096 });
    expect(sent["max_tokens"]).toBe(4196);
  });

  it.each([
    ["minimal", 1024],
    ["low", 1024],
    ["medium", 2048],
  ])("%s is a budget of %d", (reasoning_effort, budget_tokens) => {
    expect(body({ reasoning_effort })["thinking"]).toEqual({ type: "enabled", budget_tokens });
  });

  it("is adaptive with an effort where the model has that", () => {
    const sent = body({ reasoning_effort: "medium" }, { model: "claude-opus-4-6" });
    expect(sent["thinking"]).toEqual({ type: "adaptive" });
    expect(sent["output_config"]).toEqual({ effort: "medium" });
  });

  it.each([
    ["claude-opus-4-6", "xhigh", "high"],
    ["claude-opus-4-7", "xhigh", "xhigh"],
    ["claude-sonnet-4-6", "minimal", "low"],
    ["us.anthropic.claude-opus-4-6-v1", "max", "max"],
  ])("%s takes %s as %s", (model, reasoning_effort, effort) => {
    expect(body({ reasoning_effort }, { model })["output_config"]).toEqual({ effort });
  });

  it("is switched off only where it is on", () => {
    expect(body({ reasoning_effort: "none" })).not.toHaveProperty("thinking");
    expect(body({ reasoning_effort: "none" }, { model: "claude-sonnet-5" })["thinking"]).toEqual({ type: "disabled" });
    expect(body({ reasoning_effort: "none" }, { model: "claude-fable-5" })).not.toHaveProperty("thinking");
  });

  it("refuses efforts nobody knows", () => {
    expect(() => body({ reasoning_effort: "enormous" })).toThrow(
      expect.objectContaining({ name: "BadRequestError", param: "reasoning_effort" }),
    );
  });

  it("sends two figures of the client as they are", () => {
    const thinking = { type: "enabled", budget_tokens: 9000 };
    expect(body({ thinking, max_tokens: 100 })).toMatchObject({ thinking, max_tokens: 100 });
    expect(body({ thinking })["max_tokens"]).toBe(13_096);
  });

  it("is said as the model takes it, if it may repair", () => {
    const thinking = { type: "enabled", budget_tokens: 2000 };
    const options = { model: "claude-opus-4-7" };
    expect(body({ thinking }, options)["thinking"]).toEqual(thinking);
    const repaired = body({ thinking }, { ...options, modifyParams: true });
    expect(repaired["thinking"]).toEqual({ type: "adaptive" });
    expect(repaired["output_config"]).toEqual({ effort: "medium" });
  });

  it("keeps temperature and a forced tool unless they may be dropped", () => {
    const request: Partial<ChatRequest> = {
      thinking: { type: "enabled", budget_tokens: 1024 },
      temperature: 0.2,
      top_k: 5,
      top_p: 0.5,
      tools: [{ type: "function", function: { name: "f" } }],
      tool_choice: "required",
    };
    expect(body(request)).toMatchObject({ temperature: 0.2, top_p: 0.5, top_k: 5, tool_choice: { type: "any" } });
    const dropped = body(request, { dropParams: true });
    expect(dropped["tool_choice"]).toEqual({ type: "auto" });
    for (const name of ["temperature", "top_p", "top_k"]) expect(dropped).not.toHaveProperty(name);
  });

  it("drops default sampling on models without any", () => {
    const model = "claude-opus-4-7";
    expect(body({ temperature: 1, top_p: 1 }, { model })).toEqual({ model, max_tokens: 4096, messages: [helloTurn] });
    expect(body({ temperature: 0.5 }, { model })["temperature"]).toBe(0.5);
    expect(body({ temperature: 0.5 }, { model, dropParams: true })).not.toHaveProperty("temperature");
  });
});

describe("response_format", () => {
  const schema = {
    type: "object",
    properties: { age: { type: "integer", minimum: 0, description: "In years." } },
    required: ["age"],
  };
  const response_format = { type: "json_schema", json_schema: { name: "person", schema, strict: true } };

  it("is a native format, within what it takes", () => {
    expect(body({ response_format })["output_config"]).toEqual({
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          properties: { age: { type: "integer", description: "In years. (minimum: 0)" } },
          required: ["age"],
          additionalProperties: false,
        },
      },
    });
  });

  it("is a forced tool where the model lacks it", () => {
    const sent = body({ response_format }, { model: "claude-3-5-haiku-20241022" });
    expect(sent).not.toHaveProperty("output_config");
    expect(sent["tools"]).toMatchObject([{ name: "json_tool_call", input_schema: schema }]);
    expect(sent["tool_choice"]).toEqual({ type: "tool", name: "json_tool_call" });
  });

  it("asks for some tool beside others, and forces none while thinking", () => {
    const tools = [{ type: "function", function: { name: "f" } }];
    const model = "claude-3-7-sonnet-20250219";
    expect(body({ response_format, tools }, { model })["tool_choice"]).toEqual({ type: "any" });
    expect(body({ response_format, reasoning_effort: "low" }, { model })).not.toHaveProperty("tool_choice");
  });

  it("json_object is a tool with any input; text is nothing", () => {
    expect(body({ response_format: { type: "json_object" } })["tools"]).toMatchObject([
      { name: "json_tool_call", input_schema: { type: "object" } },
    ]);
    expect(body({ response_format: { type: "text" } })).toEqual(body({}));
  });

  it("json_schema needs a schema", () => {
    expect(() => body({ response_format: { type: "json_schema" } })).toThrow(/json_schema\.schema/);
  });

  it("yields to the native form", () => {
    const output_config = { format: { type: "json_schema", schema } };
    expect(body({ response_format, output_config })["output_config"]).toEqual(output_config);
  });
});
