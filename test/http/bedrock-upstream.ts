/** A Bedrock of the test's own: InvokeModel, CountTokens and rerank, answering and failing by the model's name. */
import type { ServerResponse } from "node:http";
import { AWS_EVENT_STREAM } from "../../src/formats/aws-event-stream.ts";
import { awsMessage } from "../formats/aws-message.ts";
import { EVENTS, MESSAGE } from "./messages-upstream.ts";
import { json, type Received } from "./upstream.ts";

/** A piece of the model's stream, as InvokeModel frames it. */
export function chunk(payload: string): Uint8Array {
  const headers = { ":event-type": "chunk", ":content-type": "application/json", ":message-type": "event" };
  const bytes = Buffer.from(payload).toString("base64");
  return awsMessage(headers, JSON.stringify({ bytes, p: "abcdefgh" }));
}

export function exception(name: string, message: string): Uint8Array {
  const headers = { ":exception-type": name, ":content-type": "application/json", ":message-type": "exception" };
  return awsMessage(headers, JSON.stringify({ message }));
}

/** The data of Anthropic's own stream, as Bedrock has it: no pings, and its own figures in the last. */
const METRICS = { "amazon-bedrock-invocationMetrics": { inputTokenCount: 4200, outputTokenCount: 500 } };
const DATA = EVENTS.map((event) => event.slice(event.indexOf("data: ") + 6).trim()).filter(
  (data) => !data.includes('"ping"'),
);
export const PAYLOADS = DATA.map((data) =>
  data.includes('"message_stop"') ? JSON.stringify({ ...JSON.parse(data), ...METRICS }) : data,
);

/** What a client of Anthropic's gets of them. */
export const CLIENT_EVENTS = DATA.map((data) => {
  const event = JSON.parse(data) as { type: string };
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}).join("");

const FAILURES: Readonly<Record<string, [status: number, name: string, message: string]>> = {
  "anthropic.claude-throttled": [429, "ThrottlingException", "Too many requests, please wait before trying again."],
  "anthropic.claude-unknown": [400, "ValidationException", "The provided model identifier is invalid."],
  "anthropic.claude-forbidden": [
    403,
    "AccessDeniedException",
    "You don't have access to the model with the specified model ID.",
  ],
  "anthropic.claude-broken": [500, "InternalServerException", "The system encountered an unexpected error."],
};

export async function answerBedrock(request: Received, response: ServerResponse): Promise<void> {
  const [, escaped = "", action = ""] = /^\/model\/([^/]+)\/([\w-]+)$/.exec(request.path) ?? [];
  const model = decodeURIComponent(escaped);
  const failure = FAILURES[model];
  if (failure !== undefined) {
    const [status, name, message] = failure;
    return json(response, status, { message }, { "x-amzn-errortype": `${name}:http://internal.amazon.com/` });
  }
  if (action === "count-tokens") return json(response, 200, { inputTokens: 42 });
  if (request.path === "/rerank")
    return json(response, 200, {
      results: [
        { index: 1, relevanceScore: 0.9 },
        { index: 0, relevanceScore: 0.1 },
      ],
    });
  if (/titan-embed/.test(model)) {
    const length = String(request.body["inputText"]).length;
    const tokens = { "x-amzn-bedrock-input-token-count": String(length) };
    return json(response, 200, { embedding: [length, 0.5], inputTextTokenCount: length }, tokens);
  }
  if (/canvas/.test(model)) return json(response, 200, { images: ["aGVsbG8="] });
  if (/stability/.test(model))
    return json(response, 200, { seeds: [1], finish_reasons: ["Filter reason: prompt"], images: [] });
  if (/meta\.llama/.test(model)) {
    const body = { generation: "Hello", prompt_token_count: 5, generation_token_count: 1, stop_reason: "stop" };
    return json(response, 200, body);
  }
  if (action === "invoke") {
    response.writeHead(200, { "content-type": "application/json" });
    return void response.end(JSON.stringify(MESSAGE, null, 1));
  }
  response.writeHead(200, { "content-type": AWS_EVENT_STREAM });
  if (model === "anthropic.claude-throttled-stream") {
    response.write(exception("throttlingException", "Too many tokens a minute."));
    return void response.end();
  }
  const pieces = model === "anthropic.claude-cut" ? PAYLOADS.slice(0, 6) : PAYLOADS;
  for (const [index, payload] of pieces.entries()) {
    const framed = chunk(payload);
    response.write(framed.subarray(0, 7)); // cut anywhere
    await new Promise((next) => setTimeout(next, model === "anthropic.claude-slow" ? 50 : 0));
    response.write(framed.subarray(7));
    if (index === 7 && model === "anthropic.claude-midway") {
      response.write(exception("modelStreamErrorException", "The model stopped unexpectedly."));
      break;
    }
  }
  if (model === "anthropic.claude-cut") response.destroy();
  else response.end();
}
