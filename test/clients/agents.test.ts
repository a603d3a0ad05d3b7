import { Agent, OpenAIProvider, Runner, tool } from "@openai/agents";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type ClientBench, FINAL, MASTER_KEY, MODELS, startBench, TOOL_RESULT } from "./gateway.ts";

let bench: ClientBench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench?.stop());

const weather = tool({
  name: "get_weather",
  description: "The weather in a city",
  parameters: z.object({ city: z.string() }),
  execute: async () => TOOL_RESULT,
});

describe.each(MODELS)("OpenAI Agents before %s", (model) => {
  const runner = (useResponses: boolean) =>
    new Runner({
      modelProvider: new OpenAIProvider({ apiKey: MASTER_KEY, baseURL: bench.openaiUrl, useResponses }),
      tracingDisabled: true,
    });
  const agent = new Agent({ name: "Forecaster", instructions: "Use the tool.", model, tools: [weather] });
  const question = "What is the weather in Paris?";

  it.each([true, false])("runs a loop with a tool (Responses: %s)", async (useResponses) => {
    const result = await runner(useResponses).run(agent, question);
    expect(result.finalOutput).toBe(FINAL);
  });

  it.each([true, false])("streams a loop with a tool (Responses: %s)", async (useResponses) => {
    const result = await runner(useResponses).run(agent, question, { stream: true });
    let text = "";
    for await (const part of result.toTextStream()) text += part;
    await result.completed;
    expect(text).toContain(FINAL);
    expect(result.finalOutput).toBe(FINAL);
  });
});
