import { expect, it } from "vitest";
import { inChatWords } from "../../../src/formats/openai/mixed-chat.ts";

const CHAT = {
  model: "m",
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "a" },
        { type: "input_audio", input_audio: { data: "", format: "wav" } },
      ],
    },
    { role: "assistant", content: null },
  ],
  tools: [
    { type: "function", function: { name: "f" } },
    { type: "custom", custom: { name: "c" } },
    { name: "claude", input_schema: {} },
  ],
  tool_choice: "auto",
};

it("what is chat's already stays the same", () => {
  expect(inChatWords(CHAT)).toBe(CHAT);
  for (const odd of [{}, { messages: 5, tools: "x", tool_choice: null }, { messages: [null], tools: [null] }])
    expect(inChatWords(odd)).toBe(odd);
});

it("tools, choices and parts of the Responses API become chat's", () => {
  const flat = { type: "function", name: "f", parameters: {}, strict: true, cache_control: { type: "ephemeral" } };
  const content = [
    { type: "input_text", text: "see" },
    { type: "input_image", image_url: "https://x.example/a.png", detail: "low" },
  ];
  expect(
    inChatWords({
      ...CHAT,
      tools: [flat, ...CHAT.tools],
      tool_choice: { type: "function", name: "f" },
      messages: [{ role: "user", content }],
    }),
  ).toEqual({
    ...CHAT,
    tools: [
      { type: "function", function: { name: "f", parameters: {}, strict: true }, cache_control: { type: "ephemeral" } },
      ...CHAT.tools,
    ],
    tool_choice: { type: "function", function: { name: "f" } },
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "see" },
          { type: "image_url", image_url: { url: "https://x.example/a.png", detail: "low" } },
        ],
      },
    ],
  });
});
