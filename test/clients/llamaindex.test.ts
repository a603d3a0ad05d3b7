import { OpenAI, OpenAIEmbedding } from "@llamaindex/openai";
import { tool } from "llamaindex";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ANSWER, type ClientBench, MASTER_KEY, MODELS, startBench, TOOL_ARGUMENTS } from "./gateway.ts";

let bench: ClientBench;

beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench?.stop());

describe.each(MODELS)("LlamaIndex before %s", (model) => {
  const client = () => new OpenAI({ model, apiKey: MASTER_KEY, baseURL: bench.openaiUrl });
  const messages = [{ role: "user" as const, content: "Hello" }];

  it("chats and streams", async () => {
    const { message } = await client().chat({ messages });
    expect(message.content).toBe(ANSWER);
    let text = "";
    for await (const { delta } of await client().chat({ messages, stream: true })) text += delta;
    expect(text).toBe(ANSWER);
  });

  it("calls tools", async () => {
    const parameters = {
      type: "object" as const,
      properties: { city: { type: "string" as const } },
      required: ["city"],
    };
    const weather = tool(({ city }: { city: string }) => city, {
      name: "get_weather",
      description: "The weather in a city",
      parameters,
    });
    const { message } = await client().chat({
      messages: [{ role: "user", content: "What is the weather in Paris?" }],
      tools: [weather],
    });
    expect(message.options).toMatchObject({
      toolCall: [{ name: "get_weather", input: JSON.stringify(TOOL_ARGUMENTS) }],
    });
  });
});

describe("LlamaIndex's embeddings", () => {
  it("of texts", async () => {
    const client = new OpenAIEmbedding({ model: "vectors", apiKey: MASTER_KEY, baseURL: bench.openaiUrl });
    expect(await client.getTextEmbeddings(["one", "two"])).toHaveLength(2);
  });
});
