import { describe, expect, test } from "vitest";
import { commandRBody } from "../../../../src/formats/bedrock/invoke/command-r.ts";
import { finishReason, textsIn, usageIn } from "../../../../src/formats/bedrock/invoke/text-answer.ts";
import * as models from "../../../../src/formats/bedrock/invoke/text-models.ts";
import type { ChatRequest } from "../../../../src/formats/openai/chat.ts";

const request: ChatRequest = {
  model: "m",
  messages: [{ role: "user", content: "Hi" }],
  max_completion_tokens: 10,
  temperature: 0.5,
  top_p: 0.9,
  stop: "|",
  stream: true,
  stream_options: { include_usage: true },
};

describe("requests", () => {
  test("Llama", () => {
    const { stop: _, ...rest } = request;
    expect(models.textBody(rest, models.llama3)).toEqual({
      prompt: expect.stringContaining("Hi"),
      max_gen_len: 10,
      temperature: 0.5,
      top_p: 0.9,
    });
  });

  test("Titan has its parameters in an object of their own", () => {
    expect(models.textBody(request, models.titan)).toEqual({
      inputText: "Hi",
      textGenerationConfig: { maxTokenCount: 10, temperature: 0.5, topP: 0.9, stopSequences: ["|"] },
    });
    expect(models.textBody({ model: "m", messages: request.messages }, models.titan)).toEqual({ inputText: "Hi" });
  });

  test("Command is told that it is to stream", () => {
    expect(models.textBody({ ...request, n: 2, k: 3 }, models.command)).toEqual({
      prompt: "Hi",
      max_tokens: 10,
      temperature: 0.5,
      p: 0.9,
      k: 3,
      stop_sequences: ["|"],
      num_generations: 2,
      stream: true,
    });
  });

  test("Mistral, Jurassic and imported Qwen", () => {
    expect(models.textBody(request, models.mistral)).toMatchObject({ prompt: "<s>[INST] Hi [/INST]", stop: ["|"] });
    expect(models.textBody(request, models.jurassic)).toMatchObject({ maxTokens: 10, topP: 0.9, stopSequences: ["|"] });
    expect(models.textBody(request, models.importedQwen)).toMatchObject({ max_tokens: 10, stop: ["|"] });
  });

  test("Command R has a conversation", () => {
    const messages: ChatRequest["messages"] = [
      { role: "system", content: "Be brief." },
      { role: "user", content: "Hi" },
      { role: "assistant", content: "Hello" },
      { role: "user", content: "Who?" },
    ];
    expect(commandRBody({ ...request, messages })).toEqual({
      message: "Who?",
      chat_history: [
        { role: "USER", message: "Hi" },
        { role: "CHATBOT", message: "Hello" },
      ],
      preamble: "Be brief.",
      max_tokens: 10,
      temperature: 0.5,
      p: 0.9,
      stop_sequences: ["|"],
    });
  });
});

describe("answers", () => {
  test.each([
    [{ generation: "a", stop_reason: "length" }, [{ text: "a", finish: "length" }]],
    [{ outputs: [{ text: "a", stop_reason: "stop" }] }, [{ text: "a", finish: "stop" }]],
    [{ results: [{ outputText: "a", completionReason: "FINISH" }] }, [{ text: "a", finish: "FINISH" }]],
    [{ outputText: "a", index: 0 }, [{ text: "a", finish: undefined }]],
    [
      {
        generations: [
          { text: "a", finish_reason: "COMPLETE" },
          { text: "b", finish_reason: "MAX_TOKENS" },
        ],
      },
      [
        { text: "a", finish: "COMPLETE" },
        { text: "b", finish: "MAX_TOKENS" },
      ],
    ],
    [{ choices: [{ text: "a", stop_reason: "stop" }] }, [{ text: "a", finish: "stop" }]],
    [
      { completions: [{ data: { text: "a" }, finishReason: { reason: "endoftext" } }] },
      [{ text: "a", finish: "endoftext" }],
    ],
    [{ text: "a", is_finished: false }, [{ text: "a", finish: undefined }]],
    [{ is_finished: true, response: { finish_reason: "COMPLETE" } }, [{ text: "", finish: "COMPLETE" }]],
    [{ message: "no" }, undefined],
  ])("%j", (body, texts) => {
    expect(textsIn(body)).toEqual(texts);
  });

  test("tokens, wherever they are counted", () => {
    const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };
    expect(usageIn({ prompt_token_count: 3, generation_token_count: 5 })).toEqual(usage);
    expect(usageIn({ inputTextTokenCount: 3, results: [{ tokenCount: 2 }, { tokenCount: 3 }] })).toEqual(usage);
    expect(usageIn({ inputTextTokenCount: 3, totalOutputTextTokenCount: 5 })).toEqual(usage);
    expect(usageIn({ meta: { billed_units: { input_tokens: 3, output_tokens: 5 } } })).toEqual(usage);
    expect(usageIn({ generation: "a" })).toBeUndefined();
  });

  test("why they ended", () => {
    expect(["FINISH", "COMPLETE", "endoftext", "stop_sequence"].map(finishReason)).toEqual(Array(4).fill("stop"));
    expect(["LENGTH", "MAX_TOKENS", "max_tokens", "length"].map(finishReason)).toEqual(Array(4).fill("length"));
    expect(["CONTENT_FILTERED", "ERROR_TOXIC"].map(finishReason)).toEqual(Array(2).fill("content_filter"));
  });
});
