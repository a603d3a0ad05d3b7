import { FunctionCallingConfigMode, GoogleGenAI, type Part, Type } from "@google/genai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

const client = () => new GoogleGenAI({ apiKey: MASTER_KEY, httpOptions: { baseUrl: bench.gateway.url } });

const config = {
  tools: [
    {
      functionDeclarations: [
        {
          name: "get_weather",
          description: "The weather in a city",
          parameters: { type: Type.OBJECT, properties: { city: { type: Type.STRING } }, required: ["city"] },
        },
      ],
    },
  ],
  toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.AUTO } },
};

describe.each(MODELS)("Google's client before %s", (model) => {
  it("generates and streams", async () => {
    const answer = await client().models.generateContent({ model, contents: "Hello" });
    expect(answer.text).toBe(ANSWER);
    expect(answer.usageMetadata?.totalTokenCount).toBeGreaterThan(0);
    let text = "";
    for await (const part of await client().models.generateContentStream({ model, contents: "Hello" }))
      text += part.text ?? "";
    expect(text).toBe(ANSWER);
  });

  it("calls a function in a chat, and goes on with its result", async () => {
    const chat = client().chats.create({ model, config });
    const asked = await chat.sendMessage({ message: "What is the weather in Paris?" });
    expect(asked.functionCalls).toMatchObject([{ name: "get_weather", args: TOOL_ARGUMENTS }]);
    const call = asked.functionCalls?.[0];
    const result: Part = {
      functionResponse: { name: "get_weather", response: { output: TOOL_RESULT }, ...(call?.id && { id: call.id }) },
    };
    expect((await chat.sendMessage({ message: [result] })).text).toBe(FINAL);
  });

  // aimock does not count as Google does.
  it.skipIf(model === "gemini")("counts tokens", async () => {
    const { totalTokens } = await client().models.countTokens({ model, contents: "Hello, how are you?" });
    expect(totalTokens).toBeGreaterThan(0);
  });
});

describe("Google's client", () => {
  it("embeds, lists models, and sees errors as Google's", async () => {
    const { embeddings } = await client().models.embedContent({ model: "vectors", contents: ["one", "two"] });
    expect(embeddings).toHaveLength(2);
    const names: (string | undefined)[] = [];
    for await (const { name } of await client().models.list()) names.push(name);
    expect(names).toContain("models/openai");
    await expect(client().models.generateContent({ model: "nobody-serves-this", contents: "x" })).rejects.toMatchObject(
      {
        name: "ApiError",
        message: expect.stringContaining("nobody-serves-this"),
      },
    );
  });
});
