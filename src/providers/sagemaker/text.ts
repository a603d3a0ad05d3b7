/**
 * Chat with containers of Hugging Face's text generation inference, and others with its format (`sagemaker/<endpoint>`).
 * Source: text-generation-inference, "Messages API" and "generate"; the containers of SageMaker JumpStart.
 */
import {
  llama2Prompt,
  llama3Prompt,
  mistralPrompt,
  namedPrompt,
  type Prompt,
} from "../../formats/bedrock/invoke/prompt.ts";
import { APIConnectionError, APIResponseValidationError } from "../../formats/errors.ts";
import { asRecord, isRecord, type JsonObject, parsedJson, recordsIn } from "../../formats/json.ts";
import type { ChatChunk, ChatRequest } from "../../formats/openai/chat.ts";
import { PROMPT_FIELDS } from "../../formats/openai/params.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target } from "../provider.ts";
import { invocation } from "./endpoint.ts";
import { LABEL, sagemakerError } from "./errors.ts";
import { ofParts } from "./stream.ts";

const NAMES: Readonly<Record<string, string>> = {
  max_tokens: "max_new_tokens",
  temperature: "temperature",
  top_p: "top_p",
  stop: "stop",
  seed: "seed",
};
const SUPPORTED: ReadonlySet<string> = new Set([...Object.keys(NAMES), "max_completion_tokens", "stream_options"]);

/** An endpoint's name is free: it may tell the model. */
const PROMPTS: readonly (readonly [name: RegExp, prompt: Prompt])[] = [
  [/llama-?2/i, llama2Prompt],
  [/llama/i, llama3Prompt],
  [/mistral|mixtral/i, mistralPrompt],
];
const PLAIN = namedPrompt("User", "Assistant");

function promptOf({ model }: Target): Prompt {
  return PROMPTS.find(([name]) => name.test(model))?.[1] ?? PLAIN;
}

export const text: ChatAdapter = {
  wire: "native",
  supportedParams: () => SUPPORTED,

  request(request, target) {
    const asked: JsonObject = { ...request, max_tokens: request.max_completion_tokens ?? request.max_tokens };
    const parameters = Object.entries(asked).flatMap(([name, value]) => {
      if (PROMPT_FIELDS.has(name) || value === undefined || value === null) return [];
      return [[NAMES[name] ?? name, name === "stop" && typeof value === "string" ? [value] : value] as const];
    });
    const streams = request.stream === true;
    const body = {
      inputs: promptOf(target)(request.messages),
      parameters: Object.fromEntries(parameters),
      ...(streams && { stream: true }),
    };
    return invocation(target, body, streams);
  },

  response(body, { id, now, target, request }) {
    const said = textIn(body);
    if (said === undefined) throw noText(body, target);
    // Some give the prompt back.
    const prompt = promptOf(target)(request.messages);
    const content = said.startsWith(prompt) ? said.slice(prompt.length) : said;
    return {
      id,
      object: "chat.completion",
      created: now,
      model: target.model,
      choices: [{ index: 0, message: { role: "assistant", content }, finish_reason: finishIn(body) }],
    };
  },

  stream: (exchange) => ofParts(new TokenStream(exchange), exchange),
  error: sagemakerError,
};

/** The first of a list, or the answer itself, by any name containers have for it. */
function textIn(body: unknown): string | undefined {
  const first = Array.isArray(body) ? recordsIn(body)[0] : asRecord(body);
  const { generated_text, generation, completion, outputs } = first ?? {};
  for (const value of [generated_text, generation, asRecord(generation)["content"], completion, outputs])
    if (typeof value === "string") return value;
  return undefined;
}

function finishIn(body: unknown): string {
  const first = Array.isArray(body) ? recordsIn(body)[0] : asRecord(body);
  return finishOf(asRecord(first?.["details"])["finish_reason"]) ?? "stop";
}

function finishOf(reason: unknown): string | undefined {
  return typeof reason === "string" ? (reason === "length" ? "length" : "stop") : undefined;
}

/** An event for each token; the last tells the whole text. */
class TokenStream implements StreamDecoder<ChatChunk> {
  readonly #exchange: Exchange<ChatRequest>;
  #isBegun = false;
  #finish: string | undefined;

  constructor(exchange: Exchange<ChatRequest>) {
    this.#exchange = exchange;
  }

  event({ data }: ServerEvent): ChatChunk[] {
    if (data.trim() === "" || data.trim() === "[DONE]") return [];
    const { target, headers } = this.#exchange;
    const body = parsedJson(data);
    if (!isRecord(body)) throw noText(data, target);
    if (body["error"] !== undefined) throw sagemakerError({ status: 500, body: data, headers, target });
    const token = asRecord(body["token"]);
    if (typeof body["generated_text"] === "string")
      this.#finish = finishOf(asRecord(body["details"])["finish_reason"]) ?? "stop";
    const content = typeof token["text"] === "string" && token["special"] !== true ? token["text"] : "";
    if (content === "") return [];
    const delta = { ...(!this.#isBegun && { role: "assistant" as const }), content };
    this.#isBegun = true;
    return [this.#chunk(delta, null)];
  }

  end(): ChatChunk[] {
    if (this.#finish !== undefined) return [this.#chunk(this.#isBegun ? {} : { role: "assistant" }, this.#finish)];
    const { provider, model } = this.#exchange.target;
    throw new APIConnectionError(`litellm.APIConnectionError: the stream of ${provider} broke off before its end`, {
      provider,
      model,
    });
  }

  #chunk(delta: ChatChunk["choices"][number]["delta"], finish_reason: string | null): ChatChunk {
    const { id, now, target } = this.#exchange;
    return {
      id,
      object: "chat.completion.chunk",
      created: now,
      model: target.model,
      choices: [{ index: 0, delta, finish_reason }],
    };
  }
}

function noText(body: unknown, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${LABEL}Exception - the answer has no text: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}
