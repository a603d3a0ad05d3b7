import { HumanMessage, ToolMessage } from "@langchain/core/messages";
import { tool } from "@langchain/core/tools";
import { AzureChatOpenAI, AzureOpenAIEmbeddings, ChatOpenAI, OpenAIEmbeddings } from "@langchain/openai";
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

const weather = tool(async () => TOOL_RESULT, {
  name: "get_weather",
  description: "The weather in a city",
  schema: z.object({ city: z.string() }),
});

function chat(model: string, useResponsesApi = false): ChatOpenAI {
  return new ChatOpenAI({
    model,
    apiKey: MASTER_KEY,
    useResponsesApi,
    configuration: { baseURL: bench.openaiUrl },
  });
}

describe.each(MODELS)("ChatOpenAI before %s", (model) => {
  it.each([false, true])("invokes and streams (Responses: %s)", async (useResponsesApi) => {
    const client = chat(model, useResponsesApi);
    const said = await client.invoke("Hello");
    expect(said.text).toBe(ANSWER);
    expect(said.usage_metadata?.total_tokens).toBeGreaterThan(0);
    let text = "";
    for await (const chunk of await client.stream("Hello")) text += chunk.text;
    expect(text).toBe(ANSWER);
  });

  it.each([false, true])("calls a tool and goes on with its result (Responses: %s)", async (useResponsesApi) => {
    const client = chat(model, useResponsesApi).bindTools([weather]);
    const question = new HumanMessage("What is the weather in Paris?");
    const called = await client.invoke([question]);
    expect(called.tool_calls).toMatchObject([{ name: "get_weather", args: TOOL_ARGUMENTS }]);
    const id = called.tool_calls?.[0]?.id ?? "";
    const final = await client.invoke([question, called, new ToolMessage(TOOL_RESULT, id)]);
    expect(final.text).toBe(FINAL);
  });

  it("gives structured output", async () => {
    const client = chat(model).withStructuredOutput(z.object({ city: z.string() }), { method: "jsonSchema" });
    expect(await client.invoke("Paris as JSON")).toEqual(TOOL_ARGUMENTS);
  });
});

describe("OpenAIEmbeddings", () => {
  it("embeds documents and queries", async () => {
    const client = new OpenAIEmbeddings({
      model: "vectors",
      apiKey: MASTER_KEY,
      configuration: { baseURL: bench.openaiUrl },
    });
    const [first, second] = await client.embedDocuments(["one", "two"]);
    expect(first).toHaveLength(3);
    expect(second?.[0]).toBeCloseTo(0.1);
    expect(await client.embedQuery("three")).toHaveLength(3);
  });

  it("embeds tokens, as LangChain's Python does", async () => {
    const response = await fetch(`${bench.openaiUrl}/embeddings`, {
      method: "POST",
      headers: { authorization: `Bearer ${MASTER_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "vectors", input: [[9906, 1917], [13347]], encoding_format: "base64" }),
    });
    expect(response.status).toBe(200);
    const { data } = (await response.json()) as { data: { embedding: string }[] };
    expect(data).toHaveLength(2);
    expect(typeof data[0]?.embedding).toBe("string");
  });
});

describe("clients of Azure", () => {
  const azure = () => ({
    azureOpenAIApiKey: MASTER_KEY,
    azureOpenAIApiVersion: "2025-04-01-preview",
    azureOpenAIBasePath: `${bench.gateway.url}/openai/deployments`,
  });

  it.each(MODELS)("chat with %s", async (model) => {
    const client = new AzureChatOpenAI({ ...azure(), azureOpenAIApiDeploymentName: model });
    expect((await client.invoke("Hello")).text).toBe(ANSWER);
    let text = "";
    for await (const chunk of await client.stream("Hello")) text += chunk.text;
    expect(text).toBe(ANSWER);
  });

  it("embed", async () => {
    const client = new AzureOpenAIEmbeddings({ ...azure(), azureOpenAIApiEmbeddingsDeploymentName: "vectors" });
    expect(await client.embedQuery("three")).toHaveLength(3);
  });
});
