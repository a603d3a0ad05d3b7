/** Recorded embeddings, rerank, counts of tokens, and OpenAI's formats of Bedrock and Mantle, through the running gateway. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AwsEventStreamDecoder } from "../../src/formats/aws-event-stream.ts";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import {
  AWS_KEYS,
  type BedrockExchange,
  type BedrockReplay,
  loadBedrock,
  pathOf,
  replayBedrock,
} from "./bedrock-exchanges.ts";
import { ask } from "./client.ts";
import { diffJson, showDifference } from "./difference.ts";
import * as openai from "./extract/openai.ts";
import { eventsOf } from "./extract/sse.ts";
import { countOf, type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";
import { nullIsAbsent } from "./normalise/rules.ts";

const embeddings = loadBedrock("bedrock/embeddings");
const rerank = loadBedrock("bedrock/rerank");
const counts = loadBedrock("bedrock/count_tokens");
const chat = loadBedrock("bedrock/chat");
const mantleChat = loadBedrock("bedrock_mantle/chat");
const mantleResponses = loadBedrock("bedrock_mantle/responses");
// Inline agents and knowledge bases are no models: they are reached by pass-through.
const agents = loadBedrock("bedrock_agent/agents").filter(({ path }) => path.includes("/agentAliases/"));
const all = [embeddings, rerank, counts, chat, mantleChat, mantleResponses, agents].flat();

const named = (exchanges: readonly BedrockExchange[]) => exchanges.map((one) => [one.id, one.model, one] as const);

describe.skipIf(all.length === 0)("recorded Bedrock beside chat", () => {
  let replay: BedrockReplay;
  let gateway: TestGateway;

  beforeAll(async () => {
    replay = await replayBedrock(all);
    const own = (
      exchanges: readonly BedrockExchange[],
      provider: string,
      place: (id: string, path: string) => object,
    ) =>
      exchanges.map(({ id, model, path }) => ({
        model_name: id,
        litellm_params: { model: `${provider}/${model || "cohere.rerank-v3-5:0"}`, ...AWS_KEYS, ...place(id, path) },
      }));
    const runtime = (id: string) => ({ aws_bedrock_runtime_endpoint: `${replay.url}/${id}` });
    const base = (id: string, path: string) => ({
      api_base: `${replay.url}/${id}${path.replace(/\/(?:chat\/completions|responses)$/, "")}`,
    });
    gateway = await startGateway({
      model_list: [
        ...own([...embeddings, ...rerank, ...counts], "bedrock", runtime),
        ...own(chat, "bedrock", base),
        ...agents.map(({ id, path }) => ({
          model_name: id,
          litellm_params: { model: `bedrock/agent/${agentIn(path)}`, ...AWS_KEYS, ...runtime(id) },
        })),
        ...own([...mantleChat, ...mantleResponses], "bedrock_mantle", base),
      ],
      litellm_settings: { num_retries: 0, drop_params: true },
      router_settings: { disable_cooldowns: true },
    });
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
  });

  test.each(named(embeddings))("embeddings %s %s", async (id, _, exchange) => {
    const answer = await gateway.call("/v1/embeddings", { ...embeddingRequest(exchange), model: id });
    const got = recordOf(await answer.json());
    expect(answer.status, JSON.stringify(got)).toBe(200);
    const sent = replay.last.get(id);
    expect(sent && pathOf(sent)).toBe(exchange.path);
    if (exchange.request !== undefined) expect(sent?.body).toEqual(exchange.request);
    expect(recordsOf(got["data"]).map(({ embedding }) => embedding)).toEqual(vectorsIn(exchange));
    const tokens = exchange.headers["x-amzn-bedrock-input-token-count"];
    if (tokens !== undefined) expect(recordOf(got["usage"])["prompt_tokens"]).toBe(Number(tokens));
  });

  test.each(named(rerank))("rerank %s", async (id, _, exchange) => {
    const documents = ["a", "b", "c", "d", "e", "f"];
    const answer = await gateway.call("/v1/rerank", { model: id, query: "q", documents, top_n: 2 });
    const results = recordsOf(recordOf(parseLoose(exchange.bytes.toString()))["results"]);
    expect(recordOf(await answer.json())).toMatchObject({
      results: results.map(({ index, relevanceScore }) => ({ index, relevance_score: relevanceScore })),
      meta: { billed_units: { search_units: 1 } },
    });
    const sent = replay.last.get(id);
    expect(sent && pathOf(sent)).toBe(exchange.path);
  });

  // Recorded of Converse's form; a client of Anthropic's is counted by InvokeModel's.
  test.each(named(counts))("count_tokens %s %s", async (id, _, exchange) => {
    const messages = [{ role: "user", content: "The quick brown fox jumps over the lazydog." }];
    const answer = await gateway.call("/v1/messages/count_tokens", { model: id, messages });
    const { inputTokens } = recordOf(parseLoose(exchange.bytes.toString()));
    expect(await answer.json()).toEqual({ input_tokens: inputTokens });
    const sent = replay.last.get(id);
    expect(sent && pathOf(sent)).toBe(exchange.path);
    const packed = textOf(recordOf(recordOf(sent?.body["input"])["invokeModel"])["body"]);
    expect(JSON.parse(Buffer.from(packed, "base64").toString())).toEqual({
      max_tokens: 1,
      anthropic_version: "bedrock-2023-05-31",
      messages,
    });
  });

  test.each(named([...chat, ...mantleChat]))("chat %s %s", async (id, _, exchange) => {
    const request = exchange.request ?? {};
    const body = { ...request, model: id };
    const options = { stream: exchange.streaming, askForUsage: "stream_options" in request };
    const got = await ask({ url: gateway.url, key: gateway.key }, body, options);
    const sent = replay.last.get(id);
    expect(sent && pathOf(sent)).toBe(exchange.path);
    const { stream: _stream, stream_options: _options, ...meant } = request;
    const { stream: _was, stream_options: _were, ...asked } = recordOf(sent?.body);
    expect(
      diffJson("request", nullIsAbsent(plainCalls(meant)), nullIsAbsent(plainCalls(asked))).map(showDifference),
    ).toEqual([]);
    const expected = openai.expectationOf(exchange.bytes.toString());
    if (expected.kind !== "answer" || got.answer === undefined) throw new Error(`${got.status} ${got.error}`);
    for (const choice of expected.answer.choices) {
      for (const [, said] of choice.text.matchAll(/<reasoning>([\s\S]*?)<\/reasoning>/g)) choice.reasoning += said;
      choice.text = choice.text.replace(/<reasoning>[\s\S]*?<\/reasoning>/g, "");
    }
    const hidden = exchange.streaming && !options.askForUsage;
    const plain = (answer: typeof expected.answer) => ({ ...answer, usage: hidden ? null : (answer.usage ?? null) });
    expect(diffJson("answer", plain(expected.answer), plain(got.answer)).map(showDifference)).toEqual([]);
    expect(got.broken).toEqual([]);
  });

  test.each(named(agents))("agent %s", async (id, _, exchange) => {
    const { inputText, ...rest } = exchange.request ?? {};
    const sessionID = /sessions\/([^/]+)/.exec(exchange.path)?.[1];
    const said = agentEvents(exchange);
    for (const stream of [false, true]) {
      const body = { model: id, messages: [{ role: "user", content: inputText }], sessionID, ...rest, stream };
      const got = await ask({ url: gateway.url, key: gateway.key }, body, { stream, askForUsage: false });
      const sent = replay.last.get(id);
      expect(sent && pathOf(sent)).toBe(exchange.path);
      expect(sent?.body).toEqual(exchange.request);
      expect(got.broken).toEqual([]);
      expect(got.answer?.choices[0], `${got.status} ${got.error}`).toMatchObject({ text: said.text, finish: "stop" });
      if (!stream && said.usage.prompt > 0) expect(got.answer?.usage).toMatchObject(said.usage);
    }
  });

  test.each(named(mantleResponses))("responses %s %s", async (id, _, exchange) => {
    const answer = await gateway.call("/v1/responses", { ...exchange.request, model: id });
    const text = await answer.text();
    const sent = replay.last.get(id);
    expect(sent && pathOf(sent)).toBe(exchange.path);
    expect(sent?.headers["authorization"]).toMatch(/^AWS4-HMAC-SHA256 .*\/us-east-1\/bedrock-mantle\/aws4_request/);
    expect(sent?.body).toEqual(exchange.request);
    // Ids are the gateway's, as it keeps the answer.
    const plain = (value: Json) => JSON.parse(JSON.stringify(value).replace(/"resp_[^":]*/g, '"resp_'));
    if (!exchange.streaming)
      return expect(plain(JSON.parse(text))).toEqual(plain(recordOf(parseLoose(exchange.bytes.toString()))));
    expect(eventsOf(text).map(plain)).toEqual(eventsOf(exchange.bytes.toString()).map(plain));
  });
});

function agentIn(path: string): string {
  const [, agent, alias] = /\/agents\/([^/]+)\/agentAliases\/([^/]+)/.exec(path) ?? [];
  return `${agent}/${alias}`;
}

function agentEvents({ bytes }: BedrockExchange) {
  let text = "";
  const usage = { prompt: 0, completion: 0 };
  for (const { event, data } of new AwsEventStreamDecoder().push(bytes)) {
    const body = recordOf(parseLoose(data));
    if (event === "chunk") text += Buffer.from(textOf(body["bytes"]), "base64").toString();
    for (const step of Object.values(recordOf(body["trace"]))) {
      const told = recordOf(recordOf(recordOf(recordOf(step)["modelInvocationOutput"])["metadata"])["usage"]);
      usage.prompt += countOf(told["inputTokens"]) ?? 0;
      usage.completion += countOf(told["outputTokens"]) ?? 0;
    }
  }
  return { text, usage };
}

/** A call's place is of streams alone. */
function plainCalls(body: Json): Json {
  return recordOf(
    JSON.parse(JSON.stringify(body), (_, value: unknown) => {
      const { index, ...call } = recordOf(value);
      return typeof index === "number" && "function" in call ? call : value;
    }),
  );
}

function embeddingRequest({ request }: BedrockExchange): Json {
  if (request === undefined) return { input: "Hello" };
  const { inputText, texts, output_dimension, taskType: _, singleEmbeddingParams, ...rest } = request;
  const { text, ...params } = recordOf(singleEmbeddingParams);
  const dimensions = output_dimension ?? rest["dimensions"];
  return {
    ...rest,
    input: texts ?? inputText ?? recordOf(text)["value"],
    ...params,
    ...(text !== undefined && { truncationMode: recordOf(text)["truncationMode"] }),
    ...(dimensions !== undefined && { dimensions }),
  };
}

function vectorsIn({ bytes }: BedrockExchange): unknown[] {
  const { embedding, embeddings: many, data } = recordOf(parseLoose(bytes.toString()));
  if (data !== undefined) return recordsOf(data).map((one) => one["embedding"]);
  if (embedding !== undefined) return [embedding];
  if (Array.isArray(many)) return many.map((one) => recordOf(one)["embedding"] ?? one);
  return recordOf(many)["float"] as unknown[];
}
