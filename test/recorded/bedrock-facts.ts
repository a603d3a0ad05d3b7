/** What the recorded answers of InvokeModel say, and what a client asks for to get them. */
import { toHubRequest as fromAnthropic } from "../../src/formats/anthropic/to-hub-request.ts";
import type { MessagesRequest } from "../../src/formats/anthropic/types.ts";
import { type BedrockExchange, payloadsOf } from "./bedrock-exchanges.ts";
import * as anthropic from "./extract/anthropic.ts";
import * as openai from "./extract/openai.ts";
import type { AnswerFacts, ChoiceFacts, Expectation } from "./facts.ts";
import { emptyChoice } from "./facts.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";

export type Family = "claude" | "nova" | "openai" | "command-r" | "text" | "claude-text";

export function familyOf({ model, request, bytes, streaming, status }: BedrockExchange): Family {
  if (/claude/.test(model) || request?.["anthropic_version"] !== undefined)
    return status < 400 && saysCompletion({ bytes, streaming }) ? "claude-text" : "claude";
  if (/nova/.test(model)) return "nova";
  if (/command-r/.test(model)) return "command-r";
  if (/^openai\.|jamba|pixtral/.test(model)) return "openai";
  return "text";
}

function saysCompletion({ bytes, streaming }: Pick<BedrockExchange, "bytes" | "streaming">): boolean {
  const text = streaming ? (payloadsOf({ bytes } as BedrockExchange).payloads[0] ?? "") : bytes.toString();
  return /"completion" ?:/.test(text);
}

/** Recorded names of the parameters, by OpenAI's. */
const NAMES: Readonly<Record<string, string>> = {
  max_gen_len: "max_tokens",
  maxTokenCount: "max_tokens",
  maxTokens: "max_tokens",
  topP: "top_p",
  p: "top_p",
  stopSequences: "stop",
  stop_sequences: "stop",
  num_generations: "n",
};

/** The recorded request in OpenAI's format. */
export function hubRequest(exchange: BedrockExchange): Json {
  const { request } = exchange;
  if (request === undefined) return { messages: [{ role: "user", content: "Hello" }] };
  switch (familyOf(exchange)) {
    case "claude": {
      const { anthropic_version: _, ...body } = request;
      return { ...fromAnthropic({ ...body, model: exchange.model } as unknown as MessagesRequest) }; // Bedrock took it
    }
    case "nova":
      return novaRequest(request);
    case "openai": {
      const { model: _, stream: _stream, stream_options: _options, ...body } = request;
      return body;
    }
    case "command-r": {
      const { message, ...rest } = request;
      return { messages: [{ role: "user", content: message }], ...renamed(rest) };
    }
    default: {
      const { prompt, inputText, textGenerationConfig, stream: _, ...rest } = request;
      const messages = [{ role: "user", content: prompt ?? inputText }];
      return { messages, ...renamed({ ...rest, ...recordOf(textGenerationConfig) }) };
    }
  }
}

function renamed(params: Json): Json {
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [NAMES[name] ?? name, value]));
}

function novaRequest({ system, messages, inferenceConfig, toolConfig }: Json): Json {
  const { topK, top_p, max_new_tokens, ...inference } = recordOf(inferenceConfig);
  const tools = recordsOf(recordOf(toolConfig)["tools"]).map(({ toolSpec }) => {
    const { name, description, inputSchema } = recordOf(toolSpec);
    return { type: "function", function: { name, description, parameters: recordOf(inputSchema)["json"] } };
  });
  const turns = recordsOf(messages).flatMap(({ role, content }) => novaTurn(textOf(role), recordsOf(content)));
  return {
    messages: [...recordsOf(system).map(({ text }) => ({ role: "system", content: text })), ...turns],
    ...renamed({
      ...inference,
      ...(max_new_tokens !== undefined && { maxTokens: max_new_tokens }),
      ...(top_p !== undefined && { topP: top_p }),
    }),
    ...(topK !== undefined && { top_k: topK }),
    ...(tools.length > 0 && { tools }),
  };
}

function novaTurn(role: string, blocks: Json[]): Json[] {
  const results = blocks.flatMap(({ toolResult }) => (isRecord(toolResult) ? [toolResult] : []));
  const calls = blocks.flatMap(({ toolUse }) => (isRecord(toolUse) ? [toolUse] : []));
  const text = blocks.map((block) => textOf(block["text"] ?? block["inputText"])).join("");
  const image = blocks.flatMap(({ image: one }) => (isRecord(one) ? [one] : []));
  const parts = image.map(({ format, source }) => ({
    type: "image_url",
    image_url: { url: `data:image/${textOf(format)};base64,${textOf(recordOf(source)["bytes"])}` },
  }));
  if (results.length > 0)
    return results.map(({ toolUseId, content }) => ({
      role: "tool",
      tool_call_id: toolUseId,
      content: recordsOf(content)
        .map((part) => textOf(part["text"]) || JSON.stringify(part["json"]))
        .join(""),
    }));
  return [
    {
      role,
      content: parts.length > 0 ? [{ type: "text", text }, ...parts] : text,
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ toolUseId, name, input }) => ({
          id: toolUseId,
          type: "function",
          function: { name, arguments: JSON.stringify(input) },
        })),
      }),
    },
  ];
}

/** What a client of OpenAI's format is told. */
export function expectedOf(exchange: BedrockExchange): Expectation {
  const { status, bytes, streaming } = exchange;
  if (status >= 400)
    return { kind: "error", error: { status, message: textOf(recordOf(parseLoose(bytes.toString()))["message"]) } };
  const { payloads, exception } = streaming
    ? payloadsOf(exchange)
    : { payloads: [bytes.toString()], exception: undefined };
  const family = familyOf(exchange);
  const answer =
    family === "claude" || family === "openai"
      ? ofEvents(family, payloads, streaming)
      : family === "nova"
        ? ofNova(
            payloads.map((text) => recordOf(parseLoose(text))),
            streaming,
          )
        : ofTexts(
            payloads.map((text) => recordOf(parseLoose(text))),
            exchange,
          );
  if (exception !== undefined) return { kind: "broken", answer, message: exception };
  return answer.choices.length === 0 || answer.choices.some(({ finish }) => finish === "none")
    ? { kind: "broken", answer, message: "" }
    : { kind: "answer", answer };
}

function ofEvents(family: "claude" | "openai", payloads: string[], streaming: boolean): AnswerFacts {
  const text = streaming ? payloads.map((one) => `data: ${one}\n\n`).join("") : (payloads[0] ?? "");
  const found = family === "claude" ? anthropic.expectationOf(text) : openai.expectationOf(text);
  if (found.kind === "error") throw new Error(found.error.message);
  const metrics = metricsIn(payloads.map((one) => recordOf(parseLoose(one))));
  const answer = { ...found.answer, usage: found.answer.usage ?? metrics };
  for (const choice of answer.choices) takeReasoning(choice);
  return answer;
}

function takeReasoning(choice: ChoiceFacts): void {
  for (const [, reasoning] of choice.text.matchAll(/<reasoning>([\s\S]*?)<\/reasoning>/g))
    choice.reasoning += reasoning;
  choice.text = choice.text.replace(/<reasoning>[\s\S]*?<\/reasoning>/g, "");
}

function metricsIn(bodies: Json[]): AnswerFacts["usage"] {
  const metrics = bodies.map((body) => body["amazon-bedrock-invocationMetrics"]).find(isRecord);
  if (metrics === undefined) return undefined;
  return {
    prompt: countOf(metrics["inputTokenCount"]) ?? 0,
    completion: countOf(metrics["outputTokenCount"]) ?? 0,
    cached: 0,
    reasoning: 0,
  };
}

function finishOf(word: string): ChoiceFacts["finish"] {
  if (word === "") return "none";
  if (/^(?:length|max_tokens)$/i.test(word)) return "length";
  return word === "tool_use" ? "tool_calls" : /guardrail|filter/i.test(word) ? "content_filter" : "stop";
}

function ofNova(bodies: Json[], streaming: boolean): AnswerFacts {
  const choice = emptyChoice();
  if (!streaming) {
    const [body = {}] = bodies;
    for (const { text, toolUse } of recordsOf(recordOf(recordOf(body["output"])["message"])["content"])) {
      choice.text += textOf(text);
      if (isRecord(toolUse)) choice.toolCalls.push({ name: textOf(toolUse["name"]), args: toolUse["input"] });
    }
    choice.finish = finishOf(textOf(body["stopReason"]));
    return { choices: [choice], usage: novaUsage(body["usage"]) };
  }
  let usage: AnswerFacts["usage"];
  for (const { contentBlockStart, contentBlockDelta, messageStop, metadata } of bodies) {
    const begun = recordOf(recordOf(contentBlockStart)["start"])["toolUse"];
    if (isRecord(begun)) choice.toolCalls.push({ name: textOf(begun["name"]), args: "" });
    const delta = recordOf(recordOf(contentBlockDelta)["delta"]);
    choice.text += textOf(delta["text"]);
    const call = choice.toolCalls.at(-1);
    if (isRecord(delta["toolUse"]) && call) call.args = `${call.args}${textOf(delta["toolUse"]["input"])}`;
    if (isRecord(messageStop)) choice.finish = finishOf(textOf(messageStop["stopReason"]));
    if (isRecord(metadata)) usage = novaUsage(metadata["usage"]);
  }
  for (const call of choice.toolCalls) call.args = parseLoose(textOf(call.args));
  return { choices: [choice], usage };
}

function novaUsage(value: unknown): AnswerFacts["usage"] {
  if (!isRecord(value)) return undefined;
  return {
    prompt: countOf(value["inputTokens"]) ?? 0,
    completion: countOf(value["outputTokens"]) ?? 0,
    cached: 0,
    reasoning: 0,
  };
}

/** Texts and why they ended, wherever the maker has them. */
function ofTexts(bodies: Json[], { headers, streaming }: BedrockExchange): AnswerFacts {
  const choices: ChoiceFacts[] = [];
  let isGuarded = false;
  let isOver = false;
  for (const body of bodies) {
    isGuarded ||= body["amazon-bedrock-guardrailAction"] === "INTERVENED";
    isOver ||= "amazon-bedrock-invocationMetrics" in body;
    const list = [body["outputs"], body["results"], body["generations"], body["completions"]].find(Array.isArray);
    for (const [index, item] of recordsOf(list ?? [body]).entries()) {
      const choice = choices[index] ?? emptyChoice();
      choices[index] = choice;
      choice.text += textOf(item["text"] ?? item["outputText"] ?? item["generation"] ?? recordOf(item["data"])["text"]);
      const word =
        item["stop_reason"] ??
        item["completionReason"] ??
        item["finish_reason"] ??
        recordOf(item["finishReason"])["reason"] ??
        recordOf(item["response"])["finish_reason"];
      if (textOf(word)) choice.finish = finishOf(textOf(word));
    }
  }
  for (const choice of choices) {
    if (isOver && choice.finish === "none") choice.finish = "stop";
    if (isGuarded) choice.finish = "content_filter";
  }
  return { choices, usage: streaming ? metricsIn(bodies) : textUsage(bodies[0] ?? {}, headers) };
}

function textUsage(body: Json, headers: Record<string, string>): AnswerFacts["usage"] {
  const inHeaders = [headers["x-amzn-bedrock-input-token-count"], headers["x-amzn-bedrock-output-token-count"]].map(
    Number,
  );
  const results = recordsOf(body["results"]);
  const counts: unknown[] = inHeaders.every((count) => count > 0)
    ? inHeaders
    : [
        body["prompt_token_count"] ??
          body["inputTextTokenCount"] ??
          (recordOf(body["prompt"])["tokens"] as unknown[] | undefined)?.length,
        body["generation_token_count"] ??
          (results.length > 0
            ? results.reduce((sum, { tokenCount }) => sum + (countOf(tokenCount) ?? 0), 0)
            : undefined) ??
          (recordOf(recordsOf(body["completions"])[0]?.["data"])["tokens"] as unknown[] | undefined)?.length,
      ];
  const [prompt, completion] = counts;
  if (typeof prompt !== "number" || typeof completion !== "number") return undefined;
  return { prompt, completion, cached: 0, reasoning: 0 };
}
