import { describe, expect, it } from "vitest";
import { toMessagesBody } from "../../../src/formats/anthropic/request.ts";
import { toHubRequest } from "../../../src/formats/anthropic/to-hub-request.ts";
import { type MessagesRequest, messagesRequestSchema } from "../../../src/formats/anthropic/types.ts";
import { chatRequestSchema } from "../../../src/formats/openai/chat.ts";

const text = (value: string) => ({ type: "text", text: value });
const image = { type: "image", source: { type: "base64", media_type: "image/png", data: "AAAA" } };

/** A request with everything that has its own place in the hub. */
const request: MessagesRequest = messagesRequestSchema.parse({
  model: "claude-opus-4-8",
  max_tokens: 100,
  system: [{ ...text("Be brief."), cache_control: { type: "ephemeral" } }],
  messages: [
    {
      role: "user",
      content: [
        text("Look"),
        image,
        { type: "document", source: { type: "text", media_type: "text/plain", data: "ä" }, title: "T", context: "C" },
      ],
    },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "Hm.", signature: "s" },
        text("One."),
        { ...text("Two."), cache_control: { type: "ephemeral" } },
        { type: "tool_use", id: "t1", name: "f", input: { a: 1 } },
      ],
    },
    {
      role: "user",
      content: [
        { type: "tool_result", tool_use_id: "t1", content: [text("1"), image], is_error: false },
        { type: "search_result", source: "https://a.example", title: "A", content: [text("x")] },
      ],
    },
    { role: "system", content: [text("From now on.")] },
    {
      role: "assistant",
      content: [
        { type: "server_tool_use", id: "s1", name: "web_search", input: { query: "q" } },
        { type: "web_search_tool_result", tool_use_id: "s1", content: [] },
        {
          ...text("So."),
          citations: [{ type: "web_search_result_location", url: "https://a.example", encrypted_index: "e" }],
        },
      ],
    },
    { role: "user", content: [text("Thanks")] },
  ],
  tools: [
    {
      name: "f",
      description: "F.",
      input_schema: { type: "object" },
      strict: true,
      cache_control: { type: "ephemeral" },
    },
    { type: "web_search_20250305", name: "web_search" },
  ],
  tool_choice: { type: "tool", name: "f", disable_parallel_tool_use: true },
  stop_sequences: ["END"],
  stream: true,
  top_k: 3,
  metadata: { user_id: "u" },
  service_tier: "standard_only",
  thinking: { type: "adaptive" },
  output_config: { effort: "low", format: { type: "json_schema", schema: { type: "object" } } },
});

describe("a request of the Messages API", () => {
  const hub = toHubRequest(request);

  it("is a request of the hub", () => {
    expect(chatRequestSchema.safeParse(hub).error).toBeUndefined();
    expect(hub.messages.map(({ role }) => role)).toEqual([
      "system",
      "user",
      "assistant",
      "tool",
      "user",
      "system",
      "assistant",
      "user",
    ]);
  });

  it("speaks the hub's words to providers of other formats", () => {
    expect(hub).toMatchObject({
      stop: ["END"],
      user: "u",
      tool_choice: { type: "function", function: { name: "f" } },
      parallel_tool_calls: false,
      reasoning_effort: "low",
      response_format: { type: "json_schema", json_schema: { schema: { type: "object" } } },
    });
    expect(hub.tools?.[0]).toMatchObject({
      type: "function",
      function: { name: "f", description: "F.", parameters: { type: "object" }, strict: true },
    });
    expect(hub.messages[1]?.content).toMatchObject([
      text("Look"),
      { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } },
      { type: "file", file: { file_data: "data:text/plain;base64,w6Q=", filename: "T" } },
    ]);
  });

  it("is the same again in its own format", () => {
    const { body } = toMessagesBody(hub, { model: request.model, systemTurns: true });
    expect(body).toEqual(request);
  });
});

it("strings stay strings", () => {
  const { messages } = toHubRequest({
    model: "claude",
    max_tokens: 1,
    system: "Be brief.",
    messages: [
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Ho" },
    ],
  });
  expect(messages).toEqual([
    { role: "system", content: "Be brief." },
    { role: "user", content: "Hi" },
    { role: "assistant", content: "Ho" },
  ]);
});
