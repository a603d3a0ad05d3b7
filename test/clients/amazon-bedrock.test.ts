/** Vercel's client for Amazon Bedrock, pointed at the gateway in its place. It signs with the gateway's key, or sends it. */
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock";
import { createBedrockAnthropic } from "@ai-sdk/amazon-bedrock/anthropic";
import { embed, generateText, type LanguageModel, streamText, tool } from "ai";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { event, exception, textAnswer, textStream } from "../formats/bedrock/answers.ts";
import { answerBedrock } from "../http/bedrock-upstream.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "../http/gateway.ts";
import { json, type Received, startUpstream } from "../http/upstream.ts";

const MODEL = "us.amazon.nova-lite-v1:0";
const CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";

let gateway: TestGateway;
let upstream: Awaited<ReturnType<typeof startUpstream>>;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  const place = {
    aws_access_key_id: "AKIDEXAMPLE",
    aws_secret_access_key: "secret",
    aws_region_name: "eu-west-3",
    aws_bedrock_runtime_endpoint: upstream.url,
  };
  const at = (name: string, model: string) => ({
    model_name: name,
    litellm_params: { model: `bedrock/${model}`, ...place },
  });
  gateway = await startGateway({
    model_list: [
      at("nova", MODEL),
      at("throttled", "throttled"),
      at("midway", "midway"),
      at("claude", CLAUDE),
      at("amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v2:0"),
    ],
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

/** Says Hello, and calls a tool where it is offered one. */
function answer(request: Received, response: Parameters<typeof json>[0]): void | Promise<void> {
  const { path, body } = request;
  if (!/\/converse(?:-stream)?$/.test(path)) return answerBedrock(request, response);
  if (path.includes("throttled"))
    return json(response, 429, { message: "Slow down" }, { "x-amzn-errortype": "ThrottlingException:http://x/" });
  if (path.endsWith("/converse")) return json(response, 200, textAnswer("Hello"));
  response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
  const begun = textStream("Hel", "lo");
  if (path.includes("midway"))
    response.end(Buffer.concat([...begun.slice(0, 3), exception("modelStreamErrorException", "It broke.")]));
  else if (body["toolConfig"] !== undefined)
    response.end(
      Buffer.concat([
        event("messageStart", { role: "assistant" }),
        event("contentBlockStart", { contentBlockIndex: 0, start: { toolUse: { toolUseId: "t-1", name: "weather" } } }),
        event("contentBlockDelta", { contentBlockIndex: 0, delta: { toolUse: { input: '{"city":"Paris"}' } } }),
        event("contentBlockStop", { contentBlockIndex: 0 }),
        event("messageStop", { stopReason: "tool_use" }),
        event("metadata", { usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 }, metrics: { latencyMs: 1 } }),
      ]),
    );
  else response.end(Buffer.concat(begun));
}

const signing = () => ({ region: "us-east-1", accessKeyId: MASTER_KEY, secretAccessKey: "any" });
const sending = () => ({ region: "us-east-1", apiKey: MASTER_KEY });
const bedrock = (who: object = signing()) => createAmazonBedrock({ ...who, baseURL: `${gateway.url}/bedrock` });
const last = () => upstream.received.at(-1) as Received;

it.each([signing, sending])("asks in Converse's format (%o)", async (who) => {
  const model = bedrock(who())("nova");
  const whole = await generateText({ model, prompt: "Hi", maxRetries: 0 });
  expect([whole.text, whole.usage.totalTokens]).toEqual(["Hello", 15]);
  const streamed = streamText({ model, prompt: "Hi", maxRetries: 0 });
  expect(await streamed.text).toBe("Hello");
  expect((await streamed.usage).totalTokens).toBe(15);
  expect(last().path).toBe(`/model/${encodeURIComponent(MODEL)}/converse-stream`);
  expect(last().headers["authorization"]).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d+\/eu-west-3\//);
});

it("calls a tool while it streams", async () => {
  const asked: unknown[] = [];
  const weather = tool({
    inputSchema: z.object({ city: z.string() }),
    execute: async (given) => {
      asked.push(given);
      return "21 degrees";
    },
  });
  const model = bedrock()("nova");
  const { toolCalls } = streamText({ model, prompt: "Weather?", tools: { weather }, maxRetries: 0 });
  expect(await toolCalls).toMatchObject([{ toolName: "weather", input: { city: "Paris" } }]);
  expect(asked).toEqual([{ city: "Paris" }]);
});

it("tells errors apart, also within a stream", async () => {
  const failure: unknown = await generateText({ model: bedrock()("throttled"), prompt: "Hi", maxRetries: 0 }).catch(
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ statusCode: 429, message: "Slow down" });
  const errors: unknown[] = [];
  const { textStream: text } = streamText({
    model: bedrock()("midway"),
    prompt: "Hi",
    maxRetries: 0,
    onError: ({ error }) => void errors.push(error),
  });
  let said = "";
  for await (const piece of text) said += piece;
  expect([said, errors.length]).toEqual(["Hello", 1]);
});

it("embeds", async () => {
  const model = bedrock().embeddingModel("amazon.titan-embed-text-v2:0");
  const { embedding, usage } = await embed({ model, value: "four", maxRetries: 0 });
  expect([embedding, usage.tokens]).toEqual([[4, 0.5], 4]);
});

it("asks Claude by InvokeModel", async () => {
  const claude = createBedrockAnthropic({ ...signing(), baseURL: `${gateway.url}/bedrock` });
  const model: LanguageModel = claude("claude");
  const whole = await generateText({ model, prompt: "Hi", maxOutputTokens: 9, maxRetries: 0 });
  expect(whole.text).not.toBe("");
  const streamed = streamText({ model, prompt: "Hi", maxOutputTokens: 9, maxRetries: 0 });
  expect(await streamed.text).not.toBe("");
  expect(last().path).toBe(`/model/${encodeURIComponent(CLAUDE)}/invoke-with-response-stream`);
});
