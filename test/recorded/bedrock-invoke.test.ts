/**
 * Every recorded exchange of InvokeModel: by `bedrock/invoke/<model>` for a client of OpenAI's, and of Claude for a client of
 * Anthropic's, whose body and answer are those of the recording. `RECORDED_ONLY` chooses as in `recorded.test.ts`.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startGateway, type TestGateway } from "../http/gateway.ts";
import {
  AWS_KEYS,
  type BedrockExchange,
  type BedrockReplay,
  loadBedrock,
  pathOf,
  payloadsOf,
  replayBedrock,
} from "./bedrock-exchanges.ts";
import { expectedOf, familyOf, hubRequest } from "./bedrock-facts.ts";
import { ask } from "./client.ts";
import { compareError } from "./compare-answer.ts";
import { type Difference, diffJson, showDifference } from "./difference.ts";
import type { AnswerFacts } from "./facts.ts";
import { isRecord, type Json, parseLoose, recordOf, textOf } from "./json.ts";
import { RULES } from "./normalise/anthropic.ts";

/**
 * But for answers of Claude's API before messages (`completion`): the gateway asks all its models by messages, which
 * Bedrock takes for the oldest of them, too (recorded as `global.anthropic.claude-v2`).
 */
const exchanges = loadBedrock("bedrock/invoke").filter((exchange) => familyOf(exchange) !== "claude-text");

describe.skipIf(exchanges.length === 0)("recorded InvokeModel", () => {
  let replay: BedrockReplay;
  let gateway: TestGateway;
  let client: { url: string; key: string };

  beforeAll(async () => {
    replay = await replayBedrock(exchanges);
    gateway = await startGateway({
      model_list: exchanges.map(({ id, model }) => ({
        model_name: id,
        litellm_params: {
          model: `bedrock/invoke/${known(model)}`,
          aws_bedrock_runtime_endpoint: `${replay.url}/${id}`,
          max_retries: 0,
          ...AWS_KEYS,
        },
      })),
      litellm_settings: { num_retries: 0, drop_params: true },
      router_settings: { disable_cooldowns: true },
    });
    client = { url: gateway.url, key: gateway.key };
  }, 120_000);

  afterAll(async () => {
    await gateway?.stop();
    await replay?.close();
  });

  test.each([...Map.groupBy(exchanges, familyOf)])(
    "%s, by chat",
    async (_, members) => {
      const failed: string[] = [];
      for (const exchange of members) {
        const differences = await byChat(exchange);
        if (differences.length > 0)
          failed.push(`${exchange.id} ${exchange.model}\n${differences.map(showDifference).join("\n")}`);
      }
      expect(failed.length, failed.join("\n\n")).toBe(0);
    },
    120_000,
  );

  test("claude, by messages", async () => {
    const failed: string[] = [];
    for (const exchange of exchanges.filter((one) => familyOf(one) === "claude" && /claude/.test(one.model))) {
      const differences = await natively(exchange);
      if (differences.length > 0)
        failed.push(`${exchange.id} ${exchange.model}\n${differences.map(showDifference).join("\n")}`);
    }
    expect(failed.length, failed.join("\n\n")).toBe(0);
  }, 120_000);

  async function byChat(exchange: BedrockExchange): Promise<Difference[]> {
    const body = { ...hubRequest(exchange), model: exchange.id, ...(exchange.streaming && { stream: true }) };
    const got = await ask(client, body, { stream: exchange.streaming, askForUsage: false });
    const sent = replay.last.get(exchange.id);
    if (sent === undefined) return [changed("", "a request", `${got.status} ${got.error}`)];
    const expected = expectedOf(exchange);
    const request = exchange.request === undefined ? [] : compareRequest(exchange, sent.body);
    const path = pathOf(sent) === exchange.path ? [] : [changed("path", exchange.path, pathOf(sent))];
    if (expected.kind === "error")
      return [...path, ...request, ...compareError({ ...expected.error, status: statusHere(expected.error) }, got)];
    if (expected.kind === "broken")
      return [...path, ...request, ...(got.error === undefined ? [changed("error", expected.message, undefined)] : [])];
    if (got.answer === undefined) return [changed("status", 200, `${got.status} ${got.error}`)];
    const broken = got.broken.map((rule) => changed("rule", "kept", rule));
    const hidden = exchange.streaming ? { usage: undefined } : {};
    return [
      ...path,
      ...request,
      ...broken,
      ...diffJson("answer", plain({ ...expected.answer, ...hidden }), plain(got.answer)),
    ];
  }

  async function natively(exchange: BedrockExchange): Promise<Difference[]> {
    const { request, bytes, streaming, status, id } = exchange;
    const { anthropic_version: version, ...body } = request ?? {
      max_tokens: 100,
      messages: [{ role: "user", content: "Hello" }],
    };
    const response = await gateway.call("/v1/messages", { ...body, model: id, ...(streaming && { stream: true }) });
    const text = await response.text();
    const sent = replay.last.get(id);
    if (sent === undefined) return [changed("", "a request", `${response.status} ${text}`)];
    const meant = request === undefined ? [] : diffJson("request", { anthropic_version: version, ...body }, sent.body);
    if (status >= 400) {
      const message = textOf(recordOf(recordOf(parseLoose(text))["error"])["message"]);
      const said = { status, message: textOf(recordOf(parseLoose(bytes.toString()))["message"]) };
      return [
        ...meant,
        ...compareError({ ...said, status: statusHere(said) }, { status: response.status, error: message }),
      ];
    }
    if (!streaming)
      return [
        ...meant,
        ...(text === bytes.toString() ? [] : [changed("body", bytes.toString().slice(0, 300), text.slice(0, 300))]),
      ];
    // What Bedrock adds to the last event is no client's affair.
    const events = payloadsOf(exchange).payloads.map((one) => {
      const { "amazon-bedrock-invocationMetrics": _, ...event } = recordOf(parseLoose(one));
      return event;
    });
    const framed = events.map((event) => `event: ${event["type"]}\ndata: ${JSON.stringify(event)}\n\n`).join("");
    const isWhole = events.at(-1)?.["type"] === "message_stop";
    const isSame = isWhole ? text === framed : text.startsWith(framed) && text.includes("event: error\n");
    return [...meant, ...(isSame ? [] : [changed("body", framed.slice(-400), text.slice(-400))])];
  }
});

/** Names of no model, recorded for the error, are asked for as Claude. */
function known(model: string): string {
  return /^[\w-]+$/.test(model) ? `anthropic/${model}` : model;
}

/** A token of AWS's that has ended is a bad credential. */
function statusHere({ status, message }: { status: number; message: string }): number {
  return /security token|Signature expired/.test(message) && status === 403 ? 401 : status;
}

function compareRequest(exchange: BedrockExchange, sent: unknown): Difference[] {
  const request = exchange.request ?? {};
  const got = recordOf(sent);
  const family = familyOf(exchange);
  switch (family) {
    case "claude": {
      const normal = (body: Json) => RULES.reduce((one, rule) => rule(one), body);
      return diffJson("request", normal(request), normal(got));
    }
    case "openai": {
      const { model: _, stream: _stream, stream_options: _options, ...meant } = request;
      return diffJson("request", meant, got);
    }
    case "nova":
      return diffJson("request", novaNormal(request), novaNormal(got));
    default: {
      // The prompt stands within the model's marks.
      const fields = ["prompt", "inputText", "message"];
      const field = fields.find((name) => name in request) ?? "";
      const isWithin = textOf(got[field]).includes(textOf(request[field]).trim());
      const rest = (body: Json) =>
        plainTexts(Object.fromEntries(Object.entries(body).filter(([name]) => name !== field)));
      return [
        ...(isWithin ? [] : [changed(field, request[field], got[field])]),
        ...diffJson("request", rest(request), rest(got)),
      ];
    }
  }
}

/** Streams of Command are asked for in the body, too, and a list of nothing stops nothing. */
function plainTexts({ stream: _, ...body }: Json): Json {
  const { stop_sequences: stop, ...rest } = body;
  const config = recordOf(body["textGenerationConfig"]);
  const { stopSequences, ...params } = config;
  const kept = Array.isArray(stopSequences) && stopSequences.length === 0 ? params : config;
  return {
    ...rest,
    ...(Array.isArray(stop) && stop.length > 0 && { stop_sequences: stop }),
    ...("textGenerationConfig" in body && { textGenerationConfig: kept }),
  };
}

/** The same said in two ways. */
function novaNormal(body: Json): Json {
  const { max_new_tokens: old, top_p: top, ...inference } = recordOf(body["inferenceConfig"]);
  const settled = {
    ...inference,
    ...(old !== undefined && { maxTokens: old }),
    ...(top !== undefined && { topP: top }),
  };
  const text = JSON.stringify({ ...body, schemaVersion: "messages-v1", inferenceConfig: settled });
  // What a tool said as JSON is text in OpenAI's format.
  return recordOf(
    JSON.parse(text.replaceAll('"inputText":', '"text":'), (_, value: unknown) =>
      isRecord(value) && isRecord(value["json"]) && Object.keys(value).length === 1 && !("type" in value["json"])
        ? { text: JSON.stringify(value["json"]) }
        : value,
    ),
  );
}

/** Where nobody counted, nothing was counted. */
function plain({ choices, usage }: AnswerFacts) {
  return { choices, usage: usage !== undefined && usage.prompt + usage.completion > 0 ? usage : null };
}

function changed(path: string, was: unknown, got: unknown): Difference {
  return { side: isRecord(was) ? "request" : "answer", kind: "changed", path, recorded: was, got };
}
