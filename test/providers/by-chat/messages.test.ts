/** The Messages API by chat: what each kind of provider is asked for. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { type MessagesRequest, messagesRequestSchema } from "../../../src/formats/anthropic/types.ts";
import { UnsupportedParamsError } from "../../../src/formats/errors.ts";
import { findModel } from "../../../src/models/catalogue.ts";
import { countTokens, messages as native } from "../../../src/providers/anthropic/messages.ts";
import { messagesByChat } from "../../../src/providers/by-chat/messages.ts";
import { countTokensHere } from "../../../src/providers/count-tokens-here.ts";
import type { Exchange, Target, UpstreamRequest } from "../../../src/providers/provider.ts";
import { findProvider } from "../../../src/providers/registry.ts";

const request = (more: object = {}): MessagesRequest =>
  messagesRequestSchema.parse({ model: "m", max_tokens: 50, messages: [{ role: "user", content: "Hi" }], ...more });

function target(provider: string, model: string, more: Partial<Target> = {}): Target {
  const info = findModel(model, provider);
  return { provider, model, apiKey: new Secret("k"), ...(info && { info }), ...more };
}

function adapterOf(provider: string) {
  const chat = findProvider(provider)?.chat;
  if (chat === undefined) throw new Error(`no chat: ${provider}`);
  return messagesByChat(chat);
}

function bodyOf({ body }: UpstreamRequest): Record<string, unknown> {
  if (body === undefined || !("json" in body)) throw new Error("no JSON");
  return body.json;
}

const asked = (provider: string, model: string, more: object = {}, extra: Partial<Target> = {}) =>
  bodyOf(adapterOf(provider).request(request(more), target(provider, model, extra)));

const thinks = {
  thinking: { type: "adaptive" },
  output_config: { effort: "max" },
  temperature: 0.2,
  metadata: { user_id: "u" },
};

describe("what Claude Code says to any model", () => {
  it("a model that reasons gets the effort, and no temperature where that is fixed", () => {
    expect(asked("openai", "gpt-5", thinks)).toEqual({
      model: "gpt-5",
      max_completion_tokens: 50,
      messages: [{ role: "user", content: "Hi" }],
      reasoning_effort: "high",
      user: "u",
    });
    expect(asked("openai", "gpt-5.2", thinks)).toMatchObject({ reasoning_effort: "xhigh" });
  });

  it("a model that does not reason is asked all the same", () => {
    expect(asked("openai", "gpt-4o", thinks)).toEqual({
      model: "gpt-4o",
      max_tokens: 50,
      messages: [{ role: "user", content: "Hi" }],
      temperature: 0.2,
      user: "u",
    });
  });

  it("Gemini gets thinking and top_k in its own words", () => {
    expect(asked("gemini", "gemini-2.5-flash", { ...thinks, top_k: 7 })["generationConfig"]).toEqual({
      maxOutputTokens: 50,
      temperature: 0.2,
      topK: 7,
      thinkingConfig: { thinkingBudget: 24_576, includeThoughts: true },
    });
  });

  it("what the admin says a model takes is sent", () => {
    const allowedParams = ["reasoning_effort"];
    expect(asked("openai", "gpt-4o", thinks, { allowedParams })).toMatchObject({ reasoning_effort: "high" });
  });

  it("a model without stop sequences refuses them, unless they may be dropped", () => {
    const stop = { stop_sequences: ["END"] };
    expect(() => asked("openai", "o3", stop)).toThrow(UnsupportedParamsError);
    expect(asked("openai", "o3", stop, { dropParams: true })).not.toHaveProperty("stop");
    expect(asked("openai", "gpt-4o", stop)).toMatchObject({ stop: ["END"] });
  });

  it("a search is asked of those that search", () => {
    const search = { tools: [{ type: "web_search_20250305", name: "web_search" }] };
    expect(asked("openai", "gpt-4o-search-preview", search)).toMatchObject({ web_search_options: {} });
    expect(asked("gemini", "gemini-2.5-flash", search)).toMatchObject({ tools: [{ googleSearch: {} }] });
    expect(() => asked("openai", "gpt-4o", search)).toThrow(/web search/);
  });

  it("the ids of Gemini's calls keep their signatures for Gemini alone", () => {
    const history = {
      messages: [
        { role: "user", content: "Hi" },
        { role: "assistant", content: [{ type: "tool_use", id: "call_1__thought__c2ln", name: "f", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "call_1__thought__c2ln", content: "1" }] },
      ],
    };
    expect(JSON.stringify(asked("openai", "gpt-4o", history))).not.toContain("__thought__");
    expect(JSON.stringify(asked("gemini", "gemini-3-pro-preview", history))).toContain('"thoughtSignature":"c2ln"');
  });
});

describe("answers", () => {
  const exchange = (more: object): Exchange<MessagesRequest> => ({
    request: request(more),
    target: target("openai", "gpt-4o"),
    headers: {},
    now: 1,
    id: "msg_made",
  });
  const long = `mcp__${"x".repeat(90)}`;

  it("tools have the names the client knows", () => {
    const tools = [{ name: long, input_schema: { type: "object", properties: {} } }];
    const adapter = adapterOf("openai");
    const sent = bodyOf(adapter.request(request({ tools }), target("openai", "gpt-4o")));
    const { name } = (sent["tools"] as { function: { name: string } }[])[0]?.function ?? { name: "" };
    const tool_calls = [{ id: "a", type: "function", function: { name, arguments: "{}" } }];
    const body = { choices: [{ index: 0, message: { content: null, tool_calls }, finish_reason: "tool_calls" }] };
    expect(adapter.response(body, exchange({ tools }))).toMatchObject({
      id: "msg_made",
      content: [{ type: "tool_use", name: long }],
      stop_reason: "tool_use",
    });
  });

  it("a stream that is cut off has no end", () => {
    const decoder = adapterOf("openai").stream(exchange({}));
    const chunk = { choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: null }] };
    expect(decoder.event({ data: JSON.stringify(chunk) }).map(({ type }) => type)).toEqual([
      "message_start",
      "content_block_start",
      "content_block_delta",
    ]);
    expect(() => decoder.end()).toThrow(/broke off/);
  });
});

describe("Anthropic's own", () => {
  const claude = (more: Partial<Target> = {}) => target("anthropic", "claude-sonnet-4-5", more);

  it("body and order are the client's, the model is the deployment's", () => {
    const json =
      '{"max_tokens":5,"unknown":{"a":null},"model":"public","messages":[{"role":"user","content":[{"type":"text","text":"Hi","cache_control":{"type":"ephemeral"}}]}],"system":[]}';
    const sent = native.request(JSON.parse(json), claude());
    expect(JSON.stringify(bodyOf(sent))).toBe(json.replace('"public"', '"claude-sonnet-4-5"'));
    expect([sent.url, sent.headers]).toEqual([
      "https://api.anthropic.com/v1/messages",
      { "content-type": "application/json", "anthropic-version": "2023-06-01", "x-api-key": "k" },
    ]);
  });

  it("betas of the client go on word for word; a token brings its own", () => {
    const headers = { "anthropic-beta": "a-2025-01-01, b-2025-01-01", "anthropic-version": "2099-01-01" };
    expect(native.request(request(), claude({ headers })).headers).toMatchObject(headers);
    const apiKey = new Secret("sk-ant-oat01-x");
    expect(native.request(request(), claude({ headers, apiKey })).headers["anthropic-beta"]).toBe(
      "a-2025-01-01,b-2025-01-01,oauth-2025-04-20",
    );
  });

  it("tokens are counted there, and here for others", async () => {
    const { max_tokens: _, ...counted } = request();
    expect(countTokens.request(counted, claude()).url).toBe("https://api.anthropic.com/v1/messages/count_tokens");
    const count = await countTokensHere.answer?.(counted, target("openai", "gpt-4o"));
    expect(count?.input_tokens).toBe(8);
    expect(() => countTokens.response({}, { request: counted, target: claude(), headers: {}, now: 1, id: "" })).toThrow(
      /no count/,
    );
  });
});

describe("results of tools at Bedrock, by Converse", () => {
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };
  const result = {
    type: "tool_result",
    tool_use_id: "t",
    is_error: true,
    content: [{ type: "text", text: "bad" }, image],
  };
  const messages = [
    { role: "user", content: "Hi" },
    { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
    { role: "user", content: [result] },
  ];
  const tools = [{ name: "f", input_schema: { type: "object" } }];
  const sent = (model: string) => {
    const { messages: turns } = asked("bedrock", model, { messages, tools }) as { messages: { content: unknown }[] };
    return turns.at(-1)?.content;
  };
  const media = { image: { format: "png", source: { bytes: "AAAA" } } };

  it.each(["us.amazon.nova-lite-v1:0", "converse/us.anthropic.claude-sonnet-4-5-20250929-v1:0"])(
    "are whole for %s",
    (model) => {
      const content = [{ text: "bad" }, media];
      expect(sent(model)).toEqual([{ toolResult: { toolUseId: "t", content, status: "error" } }]);
    },
  );

  it("are text for models that take no more", () => {
    const content = [{ text: "Error: bad" }];
    expect(sent("us.meta.llama3-3-70b-instruct-v1:0")).toEqual([{ toolResult: { toolUseId: "t", content } }, media]);
  });
});

describe("Claude by Converse", () => {
  const CLAUDE = "converse/us.anthropic.claude-opus-4-6-v1";
  const own = [
    { type: "computer_20251124", name: "computer", display_width_px: 800, display_height_px: 600 },
    { type: "bash_20250124", name: "bash", cache_control: { type: "ephemeral" } },
    { type: "text_editor_20250728", name: "str_replace_based_edit_tool" },
    { type: "memory_20250818", name: "memory" },
  ];
  const city = { name: "city", input_schema: { type: "object", properties: {} } };

  it("keeps the tools it knows by type, which the client runs, and how it is to think", () => {
    const body = asked("bedrock", CLAUDE, {
      tools: [...own, city],
      tool_choice: { type: "tool", name: "bash" },
      thinking: { type: "adaptive" },
      output_config: { effort: "max" },
    });
    expect(body["additionalModelRequestFields"]).toEqual({
      tools: own,
      tool_choice: { type: "tool", name: "bash" },
      thinking: { type: "adaptive" },
      output_config: { effort: "max" },
      anthropic_beta: ["computer-use-2025-11-24", "context-management-2025-06-27"],
    });
    expect(body["toolConfig"]).toEqual({
      tools: [{ toolSpec: { name: "city", inputSchema: { json: { type: "object", properties: {} } } } }],
    });
  });

  it.each([
    { type: "web_search_20250305", name: "web_search" },
    { type: "web_fetch_20250910", name: "web_fetch" },
    { type: "code_execution_20250825", name: "code_execution" },
    { type: "advisor_20260301", name: "advisor", model: "claude-opus-4-6" },
    { type: "mcp_toolset", mcp_server_name: "x" },
  ])("refuses a tool that Anthropic runs, unless it may be dropped: $type", (tool) => {
    expect(() => asked("bedrock", CLAUDE, { tools: [city, tool] })).toThrow(
      expect.objectContaining({
        name: "UnsupportedParamsError",
        status: 400,
        param: "tools[1]",
        message: expect.stringContaining(tool.type),
      }),
    );
    const body = asked("bedrock", CLAUDE, { tools: [city, tool] }, { dropParams: true });
    expect(JSON.stringify(body)).not.toContain(tool.type);
    expect(body["toolConfig"]).toBeDefined();
  });

  it("and no other model has them", () => {
    expect(() => asked("bedrock", "converse/us.amazon.nova-lite-v1:0", { tools: [own[1]] })).toThrow(/bash_20250124/);
  });
});
