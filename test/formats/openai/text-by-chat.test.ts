import { describe, expect, it } from "vitest";
import type { ChatChunk, Delta } from "../../../src/formats/openai/chat.ts";
import { ChatToTextStream, toChatRequest, toTextCompletion } from "../../../src/formats/openai/text-by-chat.ts";

const head = { id: "chatcmpl-1", created: 1, model: "m" };

describe("text completions by chat", () => {
  it("the prompt is the user's message; what chat has no name for stays behind", () => {
    const request = {
      model: "m",
      prompt: ["Once"],
      suffix: "end",
      best_of: 1,
      echo: true,
      logprobs: 0,
      top_k: 4,
      n: 2,
    };
    expect(toChatRequest(request)).toEqual({
      model: "m",
      messages: [{ role: "user", content: "Once" }],
      logprobs: true,
      top_k: 4,
      n: 2,
    });
  });

  it("an answer without text is an empty one", () => {
    const completion = {
      ...head,
      object: "chat.completion" as const,
      choices: [{ index: 0, message: { role: "assistant" as const, content: null }, finish_reason: "length" }],
    };
    expect(toTextCompletion(completion, { model: "m", prompt: "a" })).toEqual({
      id: "cmpl-1",
      object: "text_completion",
      created: 1,
      model: "m",
      choices: [{ index: 0, text: "", logprobs: null, finish_reason: "length" }],
    });
  });

  it("chunks: no role, no reasoning; the prompt first where it is echoed; offsets go on", () => {
    const stream = new ChatToTextStream({ model: "m", prompt: "abc", echo: true, logprobs: 1, stream: true });
    const chunk = (delta: Delta, more: object = {}): ChatChunk => ({
      ...head,
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta, finish_reason: null, ...more }],
    });
    const token = (text: string) => ({ logprobs: { content: [{ token: text, logprob: -1, top_logprobs: [] }] } });
    const said = [
      chunk({ role: "assistant", content: "" }),
      chunk({ reasoning_content: "hm" }),
      chunk({ content: "de" }, token("de")),
      chunk({ content: "f" }, token("f")),
      chunk({}, { finish_reason: "stop" }),
    ].flatMap((one) => stream.chunk(one));
    expect(said.map(({ choices }) => choices[0])).toEqual([
      expect.objectContaining({ text: "abcde", logprobs: expect.objectContaining({ text_offset: [3] }) }),
      expect.objectContaining({ text: "f", logprobs: expect.objectContaining({ text_offset: [5] }) }),
      { index: 0, text: "", logprobs: null, finish_reason: "stop" },
    ]);
  });
});
