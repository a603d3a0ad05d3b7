/** Requests of Anthropic's clients for models that are not Claude, and conversations that return to Claude. */
import { describe, expect, it } from "vitest";
import { countableRequest } from "../../../src/formats/anthropic/countable.ts";
import { withoutForeignState } from "../../../src/formats/anthropic/native-request.ts";
import { type PortableOptions, toPortableRequest } from "../../../src/formats/anthropic/portable.ts";
import { type MessagesRequest, messagesRequestSchema } from "../../../src/formats/anthropic/types.ts";
import { UnsupportedParamsError } from "../../../src/formats/errors.ts";

const options: PortableOptions = {
  searches: false,
  mediaInResults: false,
  knowsClaudesParams: false,
  highestEffort: "high",
};
const request = (more: object = {}): MessagesRequest =>
  messagesRequestSchema.parse({ model: "m", max_tokens: 100, messages: [{ role: "user", content: "Hi" }], ...more });
const portable = (more: object, given: Partial<PortableOptions> = {}) =>
  toPortableRequest(request(more), { ...options, ...given });
const conversation = (...messages: object[]) => ({ messages });
const schema = { type: "object", properties: { a: { type: "string" } } };
const long = `mcp__${"x".repeat(90)}`;
const pixel = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };

describe("parameters", () => {
  it("what only Anthropic understands is left out where nothing is lost", () => {
    const hub = portable({
      metadata: { user_id: "u".repeat(80) },
      context_management: { edits: [{ type: "clear_tool_uses_20250919" }] },
      cache_control: { type: "ephemeral" },
      anthropic_beta: ["a"],
      speed: "fast",
      inference_geo: "global",
      container: null,
      mcp_servers: [],
      top_k: 5,
      service_tier: "standard_only",
      thinking: { type: "adaptive", display: "summarized" },
      output_config: { effort: "max" },
    });
    expect(hub).toEqual({
      model: "m",
      max_tokens: 100,
      messages: [{ role: "user", content: "Hi" }],
      user: "u".repeat(64),
      service_tier: "default",
      thinking: { type: "enabled" },
      reasoning_effort: "high",
    });
  });

  it.each([
    [{ output_config: { effort: "xhigh" } }, "xhigh" as const, "xhigh"],
    [{ output_config: { effort: "max" } }, "xhigh" as const, "xhigh"],
    [{ output_config: { effort: "low" } }, "high" as const, "low"],
    [{ output_config: { effort: "max" } }, undefined, "max"],
  ])("%j where %s is the highest effort: %s", (more, highestEffort, effort) => {
    expect(portable(more, { highestEffort }).reasoning_effort).toBe(effort);
  });

  it("models that know Claude's parameters get them", () => {
    const given = { thinking: { type: "adaptive" }, top_k: 5 };
    expect(portable(given, { knowsClaudesParams: true })).toMatchObject(given);
  });

  it("the answer is no longer than the model can make it", () => {
    expect(portable({ max_tokens: 64_000 }, { maxOutputTokens: 16_384 }).max_tokens).toBe(16_384);
    expect(portable({ max_tokens: 10 }, { maxOutputTokens: 16_384 }).max_tokens).toBe(10);
  });

  it.each([
    ["mcp_servers", { mcp_servers: [{ type: "url", url: "https://a.example", name: "a" }] }],
    ["container", { container: { skills: [] } }],
    ["inference_geo", { inference_geo: "us" }],
    ["tools[0]", { tools: [{ type: "code_execution_20250825", name: "code_execution" }] }],
    ["tools[0]", { tools: [{ type: "web_search_20250305", name: "web_search" }] }],
  ])("%s changes what is answered, and is refused", (param, more) => {
    expect(() => portable(more)).toThrow(
      expect.objectContaining({ name: UnsupportedParamsError.name, param, status: 400 }),
    );
    expect(() => portable(more, { dropParams: true })).not.toThrow();
  });

  it("a format is strict where OpenAI's rules allow it", () => {
    const format = (schema: object) =>
      portable({ output_config: { format: { type: "json_schema", schema } } }).response_format?.json_schema?.strict;
    expect(format({ ...schema, required: ["a"], additionalProperties: false })).toBe(true);
    expect(format({ ...schema, additionalProperties: false })).toBe(false);
    expect(format({ type: "array", items: schema })).toBe(false);
  });
});

describe("tools", () => {
  it("are functions, without the fields that are Anthropic's, under names every model takes", () => {
    const hub = portable({
      tools: [
        {
          name: "f",
          description: "d",
          input_schema: schema,
          strict: true,
          eager_input_streaming: true,
          defer_loading: true,
        },
        { name: long, input_schema: schema, cache_control: { type: "ephemeral" } },
        { type: "custom", name: "bare" },
        { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" },
        { type: "openrouter:web_search", parameters: { max_results: 3 } },
      ],
      tool_choice: { type: "tool", name: long, disable_parallel_tool_use: true },
    });
    const short = hub.tools?.[1]?.function?.name ?? "";
    expect(short).toHaveLength(64);
    expect(hub.tools).toEqual([
      { type: "function", function: { name: "f", description: "d", parameters: schema } },
      { type: "function", function: { name: short, parameters: schema }, cache_control: { type: "ephemeral" } },
      { type: "function", function: { name: "bare", parameters: { type: "object", properties: {} } } },
      { type: "openrouter:web_search", parameters: { max_results: 3 } }, // its provider's own
    ]);
    expect(hub.tool_choice).toEqual({ type: "function", function: { name: short } });
    expect(hub.parallel_tool_calls).toBe(false);
  });

  it("a web search is an option where the model has it; to force it means nothing there", () => {
    const search = {
      type: "web_search_20250305",
      name: "web_search",
      max_uses: 8,
      user_location: { type: "approximate", city: "Rome", country: "IT" },
    };
    const hub = portable({ tools: [search], tool_choice: { type: "tool", name: "web_search" } }, { searches: true });
    expect(hub).toMatchObject({
      web_search_options: { user_location: { type: "approximate", approximate: { city: "Rome", country: "IT" } } },
    });
    expect([hub.tools, hub.tool_choice]).toEqual([undefined, undefined]);
    expect(() => portable({ tools: [{ ...search, allowed_domains: ["a.example"] }] }, { searches: true })).toThrow(
      /allowed_domains/,
    );
  });
});

describe("messages", () => {
  it("Claude Code's note to Anthropic is left out of the system", () => {
    const system = [
      { type: "text", text: "x-anthropic-billing-header: cc_version=2.1.87; cch=00000;" },
      { type: "text", text: "You are helpful.", cache_control: { type: "ephemeral" } },
    ];
    expect(portable({ system }).messages[0]).toEqual({ role: "system", content: [system[1]] });
  });

  it("documents, search results and references are the text in them", () => {
    const content = [
      {
        type: "document",
        title: "T",
        context: "C",
        citations: { enabled: true },
        source: { type: "text", media_type: "text/plain", data: "D" },
      },
      { type: "document", source: { type: "content", content: [{ type: "text", text: "in" }, pixel] } },
      { type: "search_result", title: "S", source: "https://a.example", content: [{ type: "text", text: "found" }] },
      { type: "text", text: "t", citations: [] },
      {
        type: "document",
        source: { type: "base64", media_type: "application/pdf", data: "AAAA" },
        citations: { enabled: true },
      },
    ];
    expect(portable(conversation({ role: "user", content })).messages[0]?.content).toEqual([
      { type: "text", text: "T\nC\nD" },
      { type: "text", text: "in" },
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "text", text: "S\nhttps://a.example\nfound" },
      { type: "text", text: "t" },
      { type: "file", file: { file_data: "data:application/pdf;base64,AAAA" } },
    ]);
  });

  it("a file in Anthropic's container is nowhere else", () => {
    const turn = { role: "user", content: [{ type: "container_upload", file_id: "f" }] };
    expect(() => portable(conversation(turn))).toThrow(/messages\[0\]|Anthropic's own/);
    expect(portable(conversation(turn), { dropParams: true }).messages).toEqual([{ role: "user", content: "" }]);
  });

  const results = conversation(
    { role: "user", content: "Look." },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm.", signature: "s" },
        { type: "text", text: "I " },
        { type: "text", text: "look." },
        { type: "tool_use", id: "a", name: long, input: {} },
        { type: "tool_use", id: "b", name: "g", input: {} },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "see" }, pixel] },
        { type: "tool_result", tool_use_id: "b", content: "no such file", is_error: true },
        { type: "text", text: "And?" },
      ],
    },
  );
  const image = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };

  it("errors are told where images stay in results, too", () => {
    const failed = conversation(
      { role: "assistant", content: [{ type: "tool_use", id: "a", name: "g", input: {} }] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "a", content: [{ type: "text", text: "see" }, pixel], is_error: true },
        ],
      },
    );
    expect(portable(failed, { mediaInResults: true }).messages.at(-1)).toEqual({
      role: "tool",
      tool_call_id: "a",
      content: [{ type: "text", text: "Error:" }, { type: "text", text: "see" }, image],
    });
  });

  it("images in results follow all results of the turn; errors are told", () => {
    const { messages } = portable(results);
    const [, assistant, ...rest] = messages;
    expect(assistant).toMatchObject({ content: "I look.", tool_calls: [{ id: "a" }, { id: "b" }] });
    expect(assistant?.tool_calls?.[0]?.function?.name).toHaveLength(64);
    expect(rest).toEqual([
      { role: "tool", tool_call_id: "a", content: "see" },
      { role: "tool", tool_call_id: "b", content: "Error: no such file" },
      { role: "user", content: [image] },
      { role: "user", content: [{ type: "text", text: "And?" }] },
    ]);
    expect(portable(results, { mediaInResults: true }).messages[2]?.content).toEqual([
      { type: "text", text: "see" },
      image,
    ]);
  });

  it("a result that is an image alone says where it is; a turn of calls or of thinking alone has a content others take", () => {
    const { messages } = portable(
      conversation(
        { role: "assistant", content: [{ type: "tool_use", id: "a", name: "f", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: [pixel] }] },
        { role: "assistant", content: [{ type: "thinking", thinking: "Hm.", signature: "s" }] },
      ),
    );
    expect(messages.map(({ content }) => content)).toEqual([null, "The result is attached below.", [image], ""]);
  });
});

describe("a conversation that returns to Claude", () => {
  it("goes up as the very same object where it is Claude's own", () => {
    const own = request(
      conversation({
        role: "assistant",
        content: [
          { type: "thinking", thinking: "", signature: "sig" },
          { type: "tool_use", id: "toolu_01", name: "f", input: {} },
        ],
      }),
    );
    expect(withoutForeignState(own)).toBe(own);
  });

  it("loses thinking nobody signed, and ids Anthropic would refuse", () => {
    const mixed = request(
      conversation(
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: "Hm.", signature: "" },
            { type: "tool_use", id: "call_1__thought__a+b/c=", name: "f", input: {} },
            { type: "tool_use", id: "functions.f:0", name: "f", input: {} },
          ],
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "call_1__thought__a+b/c=", content: "1" },
            { type: "tool_result", tool_use_id: "functions.f:0", content: "2" },
          ],
        },
      ),
    );
    const [assistant, user] = withoutForeignState(mixed).messages;
    expect(assistant?.content).toMatchObject([{ id: "call_1" }, { id: "functions_f_0" }]);
    expect(user?.content).toMatchObject([{ tool_use_id: "call_1" }, { tool_use_id: "functions_f_0" }]);
  });
});

it("whatever can be sent can be counted", () => {
  const turn = {
    role: "user",
    content: [
      { type: "container_upload", file_id: "f" },
      { type: "text", text: "a" },
    ],
  };
  expect(countableRequest(request({ ...conversation(turn), mcp_servers: [{ name: "a" }] })).messages).toEqual([
    { role: "user", content: [{ type: "text", text: "a" }] },
  ]);
});
