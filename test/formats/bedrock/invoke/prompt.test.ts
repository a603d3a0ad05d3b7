import { expect, test } from "vitest";
import {
  chatMlPrompt,
  deepseekPrompt,
  llama2Prompt,
  llama3Prompt,
  llama4Prompt,
  mistralPrompt,
  namedPrompt,
} from "../../../../src/formats/bedrock/invoke/prompt.ts";
import type { ChatMessage } from "../../../../src/formats/openai/chat.ts";

const TURNS: ChatMessage[] = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Hi" },
  { role: "assistant", content: "Hello" },
  {
    role: "user",
    content: [
      { type: "text", text: "Who " },
      { type: "text", text: "are you?" },
    ],
  },
];

test.each([
  [
    "llama 3",
    llama3Prompt,
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>" +
      "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\nHello<|eot_id|>" +
      "<|start_header_id|>user<|end_header_id|>\n\nWho are you?<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
  ],
  [
    "llama 4",
    llama4Prompt,
    "<|begin_of_text|><|header_start|>system<|header_end|>\n\nBe brief.<|eot|><|header_start|>user<|header_end|>\n\nHi<|eot|>" +
      "<|header_start|>assistant<|header_end|>\n\nHello<|eot|><|header_start|>user<|header_end|>\n\nWho are you?<|eot|>" +
      "<|header_start|>assistant<|header_end|>\n\n",
  ],
  [
    "llama 2",
    llama2Prompt,
    "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello</s><s>[INST] Who are you? [/INST]",
  ],
  ["mistral", mistralPrompt, "<s>[INST] Be brief.\n\nHi [/INST] Hello</s>[INST] Who are you? [/INST]"],
  [
    "chatml",
    chatMlPrompt,
    "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello<|im_end|>\n" +
      "<|im_start|>user\nWho are you?<|im_end|>\n<|im_start|>assistant\n",
  ],
  [
    "deepseek",
    deepseekPrompt,
    "<｜begin▁of▁sentence｜>Be brief.<｜User｜>Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜><｜User｜>Who are you?<｜Assistant｜><think>\n",
  ],
  ["names", namedPrompt("User", "Bot"), "Be brief.\nUser: Hi\nBot: Hello\nUser: Who are you?\nBot:"],
])("%s", (_, prompt, text) => {
  expect(prompt(TURNS)).toBe(text);
});

test("an assistant's turn at the end is gone on from", () => {
  const begun: ChatMessage[] = [
    { role: "user", content: "Count" },
    { role: "assistant", content: "One, " },
  ];
  expect(llama3Prompt(begun)).toMatch(/\n\nOne, $/);
  expect(mistralPrompt(begun)).toBe("<s>[INST] Count [/INST] One, ");
  expect(deepseekPrompt(begun)).toMatch(/<｜Assistant｜>One, $/);
  expect(namedPrompt("User", "Bot")(begun)).toBe("User: Count\nBot: One, ");
});

test("a lone message needs no names, and what a tool said is the user's", () => {
  expect(namedPrompt("User", "Bot")([{ role: "user", content: "Hi" }])).toBe("Hi");
  expect(llama3Prompt([{ role: "tool", content: "42", tool_call_id: "a" }])).toContain("user<|end_header_id|>\n\n42");
});

test("what is more than text is refused, by its place", () => {
  const image: ChatMessage = {
    role: "user",
    content: [{ type: "image_url", image_url: "data:image/png;base64,aGk=" }],
  };
  expect(() => llama3Prompt([{ role: "user", content: "a" }, image])).toThrow(
    /messages\[1\] has a part of type image_url/,
  );
});
