import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { embedMany, generateText, isStepCount, type LanguageModel, Output, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  ANSWER,
  type ClientBench,
  FINAL,
  MASTER_KEY,
  MODELS,
  startBench,
  TOOL_ARGUMENTS,
  TOOL_RESULT,
} from "./gateway.ts";

let bench: ClientBench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench?.stop());

/** The SDK's providers, each speaking its own API to the gateway. */
const DIALECTS: Record<string, (model: string) => LanguageModel> = {
  responses: (model) => createOpenAI({ baseURL: bench.openaiUrl, apiKey: MASTER_KEY })(model),
  chat: (model) => createOpenAI({ baseURL: bench.openaiUrl, apiKey: MASTER_KEY }).chat(model),
  messages: (model) => createAnthropic({ baseURL: bench.openaiUrl, apiKey: MASTER_KEY })(model),
  generateContent: (model) =>
    createGoogleGenerativeAI({ baseURL: `${bench.gateway.url}/v1beta`, apiKey: MASTER_KEY })(model),
};

const CASES = Object.keys(DIALECTS).flatMap((dialect) => MODELS.map((model) => ({ dialect, model })));

const tools = {
  get_weather: tool({
    description: "The weather in a city",
    inputSchema: z.object({ city: z.string() }),
    execute: async (given) => {
      expect(given).toEqual(TOOL_ARGUMENTS);
      return TOOL_RESULT;
    },
  }),
};

describe.each(CASES)("$dialect before $model", ({ dialect, model }) => {
  const modelOf = () => DIALECTS[dialect]?.(model) as LanguageModel;

  it("generates text", async () => {
    const { text, usage, finishReason } = await generateText({ model: modelOf(), prompt: "Hello" });
    expect(text).toBe(ANSWER);
    expect(finishReason).toBe("stop");
    expect(usage.inputTokens).toBeGreaterThan(0);
    expect(usage.outputTokens).toBeGreaterThan(0);
  });

  it("streams text", async () => {
    const errors: unknown[] = [];
    const result = streamText({ model: modelOf(), prompt: "Hello", onError: ({ error }) => void errors.push(error) });
    let text = "";
    for await (const part of result.textStream) text += part;
    expect(errors).toEqual([]);
    expect(text).toBe(ANSWER);
    expect(await result.finishReason).toBe("stop");
    expect((await result.usage).outputTokens).toBeGreaterThan(0);
  });

  // Bytes pass untouched there, and aimock ends a function call with a reason that Google's API does not have.
  const isUntouched = dialect === "generateContent" && model === "gemini";

  it.skipIf(isUntouched).each([false, true])("goes through a tool loop (streamed: %s)", async (isStreamed) => {
    const prompt = "What is the weather in Paris?";
    const options = { model: modelOf(), prompt, tools, stopWhen: isStepCount(3) };
    const result = isStreamed ? streamText(options) : await generateText(options);
    expect(await result.text).toBe(FINAL);
    const steps = await result.steps;
    expect(steps).toHaveLength(2);
    expect(steps[0]?.toolCalls[0]).toMatchObject({ toolName: "get_weather", input: TOOL_ARGUMENTS });
  });

  it("gives structured output", async () => {
    const schema = z.object({ city: z.string() });
    const { output } = await generateText({
      model: modelOf(),
      prompt: "Paris as JSON",
      output: Output.object({ schema }),
    });
    expect(output).toEqual(TOOL_ARGUMENTS);
  });

  it("sees an error as its own", async () => {
    const model = DIALECTS[dialect]?.("nobody-serves-this") as LanguageModel;
    await expect(generateText({ model, prompt: "Hello", maxRetries: 0 })).rejects.toMatchObject({
      statusCode: 400,
      message: expect.stringContaining("nobody-serves-this"),
    });
  });
});

describe("embeddings", () => {
  it("of many texts", async () => {
    const model = createOpenAI({ baseURL: bench.openaiUrl, apiKey: MASTER_KEY }).embedding("vectors");
    const { embeddings } = await embedMany({ model, values: ["one", "two"] });
    expect(embeddings).toHaveLength(2);
    expect(embeddings[0]).toHaveLength(3);
  });
});
