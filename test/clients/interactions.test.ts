/** Google's Interactions API by Google's own client and by Vercel's: of Google natively, of others by chat. */
import { createGoogle } from "@ai-sdk/google";
import { GoogleGenAI, type Interactions } from "@google/genai";
import { generateText, jsonSchema, streamText, tool } from "ai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import { InteractionsKeeper } from "../http/interactions-keeper.ts";
import { startUpstream } from "../http/upstream.ts";
import { ANSWER, type ClientBench, FINAL, MASTER_KEY, startBench, TOOL_ARGUMENTS, TOOL_RESULT } from "./gateway.ts";

let bench: ClientBench;
let upstream: Awaited<ReturnType<typeof startUpstream>>;
let google: TestGateway;

beforeAll(async () => {
  bench = await startBench();
  const keeper = new InteractionsKeeper();
  upstream = await startUpstream((request, response) => void keeper.answer(request, response));
  const litellm_params = { model: "gemini/*", api_key: "k", api_base: upstream.url };
  google = await startGateway({ model_list: [{ model_name: "gemini/*", litellm_params }] });
}, 60_000);

afterAll(async () => {
  await bench?.stop();
  await google?.stop();
  await upstream?.close();
});

const clientOf = ({ url }: { url: string }) => new GoogleGenAI({ apiKey: MASTER_KEY, httpOptions: { baseUrl: url } });

const tools: Interactions.Tool[] = [
  {
    type: "function",
    name: "get_weather",
    description: "The weather in a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
];

describe.each(["openai", "anthropic"])("Google's client before %s", (model) => {
  const client = () => clientOf(bench.gateway);

  it("creates, reads, goes on from and deletes", async () => {
    const made = await client().interactions.create({ model, input: "Hello" });
    expect(made.status).toBe("completed");
    expect(made.output_text).toBe(ANSWER);
    expect(made.usage?.total_tokens).toBeGreaterThan(0);
    const read = await client().interactions.get(made.id);
    expect(read.steps.map(({ type }) => type)).toEqual(["user_input", "model_output"]);
    const next = await client().interactions.create({ model, input: "More", previous_interaction_id: made.id });
    expect(next.previous_interaction_id).toBe(made.id);
    await client().interactions.delete(made.id);
    await expect(client().interactions.get(made.id)).rejects.toThrow(/not found/i);
  });

  it("streams", async () => {
    let text = "";
    const types: string[] = [];
    for await (const event of await client().interactions.create({ model, input: "Hello", stream: true })) {
      types.push(event.event_type);
      if (event.event_type === "step.delta" && event.delta.type === "text") text += event.delta.text;
    }
    expect(text).toBe(ANSWER);
    expect([types[0], types.at(-1)]).toEqual(["interaction.created", "interaction.completed"]);
  });

  it("calls a function, and goes on with its result", async () => {
    const asked = await client().interactions.create({ model, tools, input: "What is the weather in Paris?" });
    expect(asked.status).toBe("requires_action");
    const call = asked.steps.find((step) => step.type === "function_call");
    expect(call?.arguments).toEqual(TOOL_ARGUMENTS);
    const result: Interactions.Step = {
      type: "function_result",
      call_id: call?.id ?? "",
      name: "get_weather",
      result: TOOL_RESULT,
    };
    const kept = { model, tools, previous_interaction_id: asked.id, input: [result] };
    expect((await client().interactions.create(kept)).output_text).toBe(FINAL);
    const question: Interactions.Step = {
      type: "user_input",
      content: [{ type: "text", text: "What is the weather in Paris?" }],
    };
    const sent = { model, tools, store: false, input: [question, ...asked.steps, result] };
    expect((await client().interactions.create(sent)).output_text).toBe(FINAL);
  });

  it("hears of what it did wrong", async () => {
    const wrong = client().interactions.create({ model, input: "Hi", background: true });
    await expect(wrong).rejects.toMatchObject({ status: 400 });
  });
});

describe("Google's client before Google", () => {
  it("creates, streams, goes on, reads again and deletes", async () => {
    const client = clientOf(google);
    const model = "gemini/gemini-3-flash-preview";
    const made = await client.interactions.create({ model, input: "Hello" });
    expect(made.output_text).toBe("Hello");
    let text = "";
    const asked = { model, input: "More", previous_interaction_id: made.id, stream: true as const };
    for await (const event of await client.interactions.create(asked))
      if (event.event_type === "step.delta" && event.delta.type === "text") text += event.delta.text;
    expect(text).toBe("Hello");
    expect(upstream.received.at(-1)?.body["previous_interaction_id"]).toMatch(/^v1_theirs/);
    const types: string[] = [];
    for await (const event of await client.interactions.get(made.id, { stream: true })) types.push(event.event_type);
    expect(types).toEqual(["interaction.completed"]);
    await client.interactions.delete(made.id);
  });
});

describe.each(["openai", "anthropic"])("Vercel's client before %s", (name) => {
  const model = () => createGoogle({ apiKey: MASTER_KEY, baseURL: `${bench.gateway.url}/v1beta` }).interactions(name);

  it("generates and streams", async () => {
    const { text, usage } = await generateText({ model: model(), prompt: "Hello" });
    expect(text).toBe(ANSWER);
    expect(usage.totalTokens).toBeGreaterThan(0);
    const stream = streamText({ model: model(), prompt: "Hello" });
    expect(await stream.text).toBe(ANSWER);
    expect(await stream.finishReason).toBe("stop");
  });

  it("calls a function, and goes on with its result", async () => {
    const { steps, text } = await generateText({
      model: model(),
      prompt: "What is the weather in Paris?",
      tools: {
        get_weather: tool({
          description: "The weather in a city",
          inputSchema: jsonSchema<{ city: string }>({
            type: "object",
            properties: { city: { type: "string" } },
            required: ["city"],
          }),
          execute: async () => TOOL_RESULT,
        }),
      },
      stopWhen: ({ steps }) => steps.length === 2,
    });
    expect(steps[0]?.toolCalls[0]?.input).toEqual(TOOL_ARGUMENTS);
    expect(text).toBe(FINAL);
  });
});
