import { describe, expect, it } from "vitest";
import { forNative } from "../../../../src/formats/openai/responses/for-native.ts";
import { toResponsesRequest } from "../../../../src/formats/openai/responses/from-chat-request.ts";
import { inputItemsOf } from "../../../../src/formats/openai/responses/input-items.ts";
import { seal, unseal } from "../../../../src/formats/openai/responses/sealed.ts";
import { toChatRequest } from "../../../../src/formats/openai/responses/to-chat-request.ts";
import type { ResponsesRequest } from "../../../../src/formats/openai/responses/types.ts";

const model = "m";
const messagesOf = (input: ResponsesRequest["input"]) => toChatRequest({ model, input }).messages;
const functionTool = { type: "function", name: "f", parameters: { type: "object" } };

describe("toChatRequest", () => {
  it("translates the parameters chat has by other names", () => {
    const request = toChatRequest({
      ...{ model, input: "Hi", instructions: "Be kind.", max_output_tokens: 9, top_logprobs: 2, truncation: "auto" },
      reasoning: { effort: "high", summary: "auto" },
      text: { verbosity: "low", format: { type: "json_schema", name: "n", schema: { type: "object" }, strict: true } },
      ...{ store: true, include: ["reasoning.encrypted_content"], top_k: 5, metadata: { a: "b" } },
    });
    expect(request).toEqual({
      ...{
        model,
        max_tokens: 9,
        reasoning_effort: "high",
        verbosity: "low",
        top_logprobs: 2,
        logprobs: true,
        top_k: 5,
      },
      metadata: { a: "b" },
      response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object" }, strict: true } },
      messages: [
        { role: "system", content: "Be kind." },
        { role: "user", content: "Hi" },
      ],
    });
  });

  it("makes one message of what the assistant thought, said and called in a turn", () => {
    const thinking = [{ type: "thinking", thinking: "Hm.", signature: "s" }];
    const messages = messagesOf([
      { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
      {
        type: "reasoning",
        id: "rs",
        summary: [{ type: "summary_text", text: "Hm." }],
        encrypted_content: seal({ thinking }),
      },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Wait.", annotations: [] }] },
      { type: "function_call", call_id: "c1", name: "f", arguments: '{"a":1}' },
      { type: "function_call", call_id: "c2", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "one" },
      { type: "function_call_output", call_id: "c2", output: [{ type: "input_text", text: "two" }] },
    ]);
    const call = (id: string, args: string) => ({ id, type: "function", function: { name: "f", arguments: args } });
    expect(messages).toEqual([
      { role: "user", content: "Hi" },
      {
        ...{ role: "assistant", content: "Wait.", reasoning_content: "Hm.", thinking_blocks: thinking },
        tool_calls: [call("c1", '{"a":1}'), call("c2", "{}")],
      },
      { role: "tool", tool_call_id: "c1", content: "one" },
      { role: "tool", tool_call_id: "c2", content: "two" },
    ]);
  });

  it("puts a result that comes late behind its call", () => {
    const messages = messagesOf([
      { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
      { type: "function_call", call_id: "c2", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "c1", output: "one" },
      { role: "user", content: "Hurry." },
      { type: "function_call_output", call_id: "c2", output: "two" },
      { type: "function_call_output", call_id: "unknown", output: "none" },
    ]);
    expect(messages.map(({ role, content }) => [role, content])).toEqual([
      ["assistant", null],
      ["tool", "one"],
      ["tool", "two"],
      ["user", "Hurry."],
      ["tool", "none"],
    ]);
  });

  it("reads images, files and audio", () => {
    const audio = { type: "input_audio", input_audio: { data: "AA", format: "wav" } };
    const [message] = messagesOf([
      {
        role: "user",
        content: [
          { type: "input_image", image_url: "https://a/b.png", detail: "original" },
          { type: "input_image", file_id: "file-1" },
          { type: "input_file", filename: "a.pdf", file_data: "data:application/pdf;base64,AA" },
          { type: "input_file", file_url: "https://a/b.pdf" },
          audio,
        ],
      },
    ]);
    expect(message?.content).toEqual([
      { type: "image_url", image_url: { url: "https://a/b.png", detail: "high" } },
      { type: "file", file: { file_id: "file-1", format: "image/*" } },
      { type: "file", file: { file_data: "data:application/pdf;base64,AA", filename: "a.pdf" } },
      { type: "file", file: { file_id: "https://a/b.pdf" } },
      audio,
    ]);
  });

  it("gives images the model made back to it", () => {
    const [message] = messagesOf([
      { type: "image_generation_call", id: "ig", status: "completed", result: "AA", output_format: "webp" },
    ]);
    expect(message?.["images"]).toEqual([{ type: "image_url", image_url: { url: "data:image/webp;base64,AA" } }]);
  });

  it("leaves out notes of tools that ran at OpenAI, and reads the reasoning of others as text", () => {
    const messages = messagesOf([
      { role: "user", content: "Hi" },
      { type: "web_search_call", id: "ws", status: "completed", action: { type: "search" } },
      { type: "reasoning", id: "rs", summary: [{ type: "summary_text", text: "So." }], encrypted_content: "gAAAA" },
      { role: "assistant", content: "Yes." },
    ]);
    expect(messages).toEqual([
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Yes.", reasoning_content: "So." },
    ]);
  });

  it("puts a signature that came late to the thinking it belongs to", () => {
    const item = (thinking: object[], summary: object[] = []) => ({
      ...{ type: "reasoning", id: "rs", summary },
      encrypted_content: seal({ thinking: thinking as never }),
    });
    const messages = messagesOf([
      item([{ type: "thinking", thinking: "Hm." }]),
      { role: "assistant", content: "Yes." },
      item([{ type: "thinking", thinking: "", signature: "late" }]),
    ]);
    expect(messages[0]?.thinking_blocks).toEqual([{ type: "thinking", thinking: "Hm.", signature: "late" }]);
  });

  it("leaves out what Codex tells OpenAI of itself, and lets a provider's own parameters through", () => {
    const client_metadata = { "x-codex-turn-metadata": "{}" };
    const request = toChatRequest({ model, input: "Hi", client_metadata, top_k: 5 });
    expect(request).toEqual({ model, messages: [{ role: "user", content: "Hi" }], top_k: 5 });
  });

  it("offers what a client runs itself as functions", () => {
    const request = toChatRequest({
      ...{ model, input: "Hi" },
      tools: [
        functionTool,
        {
          type: "custom",
          name: "patch",
          description: "Patches.",
          format: { type: "grammar", syntax: "lark", definition: "start: X" },
        },
        { type: "local_shell" },
        { type: "namespace", name: "files", tools: [{ type: "function", name: "read", parameters: {} }] },
        { type: "web_search", external_web_access: false },
        { type: "tool_search" },
      ],
      tool_choice: { type: "allowed_tools", mode: "required", tools: [{ type: "custom", name: "patch" }] },
    });
    expect(request.tools?.map(({ function: definition }) => definition?.name)).toEqual([
      "f",
      "patch",
      "local_shell",
      "files__read",
    ]);
    expect(request.tools?.[1]?.function?.description).toContain("start: X");
    expect(request.tool_choice).toEqual({
      type: "allowed_tools",
      allowed_tools: { mode: "required", tools: [{ type: "function", function: { name: "patch" } }] },
    });
    expect(request.web_search_options).toBeUndefined();
  });

  it("asks for a search of the web where the model can", () => {
    const tools = [
      { type: "web_search", search_context_size: "low", user_location: { type: "approximate", city: "Rome" } },
    ];
    expect(toChatRequest({ model, input: "Hi", tools }, { searches: true }).web_search_options).toEqual({
      search_context_size: "low",
      user_location: { type: "approximate", approximate: { city: "Rome" } },
    });
    expect(toChatRequest({ model, input: "Hi", tools })).not.toHaveProperty("web_search_options");
  });

  it("refuses tools that run at OpenAI, or leaves them out", () => {
    const request = { model, input: "Hi", tools: [{ type: "code_interpreter", container: { type: "auto" } }] };
    expect(() => toChatRequest(request)).toThrow(/drop_params/);
    expect(toChatRequest(request, { dropParams: true }).tools).toBeUndefined();
    expect(toChatRequest(request, { hosted: new Set(["code_interpreter"]) }).tools).toHaveLength(1);
  });
});

describe("what is sealed", () => {
  it("goes to nobody but its maker", () => {
    const thinking = [{ type: "thinking", thinking: "Hm.", signature: "s" }];
    const summary = [{ type: "summary_text", text: "Hm." }];
    const input = [
      { type: "reasoning", id: "rs", summary, encrypted_content: seal({ by: "gemini", thinking }) },
      { role: "assistant", content: "Yes." },
    ];
    const said = { role: "assistant", content: "Yes.", reasoning_content: "Hm." };
    expect(toChatRequest({ model, input }, { by: "anthropic" }).messages).toEqual([said]);
    expect(toChatRequest({ model, input }, { by: "gemini" }).messages).toEqual([
      { ...said, thinking_blocks: thinking },
    ]);
  });

  it("comes back as it was", () => {
    const content = {
      thinking: [{ type: "thinking", thinking: "ü", signature: "s" }],
      fields: { thought_signatures: ["x"] },
      calls: { c: { a: 1 } },
    };
    expect(unseal(seal(content))).toEqual(content);
  });

  it.each(["gAAAA", "sluice1:", "sluice1:%%%", "sluice1:bnVsbA==", "sluice1:W10=", 7, null, undefined])(
    "is nothing where it is %s",
    (text) => {
      expect(unseal(text)).toBeUndefined();
    },
  );

  it("holds no field but those that providers read", () => {
    const fields = { thought_signatures: ["x"], anything: 1 };
    expect(unseal(seal({ fields }))?.fields).toEqual({ thought_signatures: ["x"] });
  });

  it("is not sent to those who could make nothing of it", () => {
    const request = {
      model,
      input: [
        { type: "reasoning", summary: [], encrypted_content: seal({}) },
        { role: "user", content: "Hi" },
      ],
    };
    expect(forNative(request).input).toEqual([{ role: "user", content: "Hi" }]);
    const own = { model, input: [{ type: "reasoning", summary: [], encrypted_content: "gAAAA" }] };
    expect(forNative(own)).toBe(own);
  });
});

it("inputItemsOf names the type of each item", () => {
  expect(inputItemsOf({ input: "Hi" })).toEqual([
    { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
  ]);
  expect(inputItemsOf({ input: [{ role: "user", content: "Hi" }, { id: "msg_1" }] })).toEqual([
    { type: "message", role: "user", content: "Hi" },
    { type: "item_reference", id: "msg_1" },
  ]);
  expect(inputItemsOf({})).toEqual([]);
});

describe("toResponsesRequest", () => {
  it("says a chat, and keeps nothing upstream", () => {
    const reasoning = { id: "rs_1", type: "reasoning", summary: [], encrypted_content: "gAAAA" };
    const request = toResponsesRequest(
      {
        ...{ model, max_completion_tokens: 5, reasoning_effort: "low", logprobs: true, user: "u" },
        messages: [
          { role: "system", content: "S" },
          { role: "user", content: [{ type: "image_url", image_url: { url: "https://a/b.png" } }] },
          {
            ...{ role: "assistant", content: "A" },
            tool_calls: [{ id: "c", type: "function", function: { name: "f", arguments: "{}" } }],
            provider_specific_fields: { reasoning_items: [reasoning] },
          },
          { role: "tool", tool_call_id: "c", content: "R" },
        ],
        tools: [
          { type: "function", function: { name: "f", parameters: { type: "object" } } },
          {
            type: "custom",
            custom: { name: "g", format: { type: "grammar", grammar: { syntax: "lark", definition: "x" } } },
          },
        ],
        tool_choice: { type: "function", function: { name: "f" } },
        response_format: { type: "json_schema", json_schema: { name: "n", schema: {} } },
      },
      { reasons: true },
    );
    expect(request).toEqual({
      ...{ model, max_output_tokens: 5, user: "u", store: false },
      reasoning: { effort: "low", summary: "auto" },
      include: ["reasoning.encrypted_content", "message.output_text.logprobs"],
      text: { format: { type: "json_schema", name: "n", schema: {} } },
      tools: [
        { type: "function", name: "f", parameters: { type: "object" }, strict: false },
        { type: "custom", name: "g", format: { type: "grammar", syntax: "lark", definition: "x" } },
      ],
      tool_choice: { type: "function", name: "f" },
      input: [
        { type: "message", role: "system", content: [{ type: "input_text", text: "S" }] },
        {
          type: "message",
          role: "user",
          content: [{ type: "input_image", image_url: "https://a/b.png", detail: "auto" }],
        },
        reasoning,
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "A", annotations: [] }] },
        { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "c", output: "R" },
      ],
    });
  });
});
