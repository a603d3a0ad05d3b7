/**
 * Bedrock's agents as models (`bedrock/agent/<id>/<alias>`). Source: Amazon Bedrock API reference, "InvokeAgent" (Agents for
 * Amazon Bedrock Runtime).
 */
import { payloadOf } from "../../formats/bedrock/invoke/chunk.ts";
import { textOf } from "../../formats/bedrock/invoke/prompt.ts";
import { usageOf } from "../../formats/bedrock/invoke/usage.ts";
import { APIConnectionError, APIResponseValidationError, BadRequestError } from "../../formats/errors.ts";
import { asRecord, type JsonObject, parsedJson, recordsIn } from "../../formats/json.ts";
import type { ChatChunk, ChatCompletion, ChatRequest, Usage } from "../../formats/openai/chat.ts";
import type { ServerEvent } from "../../formats/sse.ts";
import type { ChatAdapter, Exchange, StreamDecoder, Target } from "../provider.ts";
import { agentRuntimeUrl, headers } from "./endpoint.ts";
import { bedrockError, bedrockException, LABEL } from "./errors.ts";
import { bedrockModel } from "./model.ts";

/** An agent chooses its own model and how it is asked. */
const SUPPORTED: ReadonlySet<string> = new Set(["stream_options"]);

/** Of the gateway. */
const NOT_SENT: ReadonlySet<string> = new Set(["model", "messages", "stream", "stream_options", "sessionID", "user"]);

export const agent: ChatAdapter = {
  wire: "native",
  supportedParams: () => SUPPORTED,

  request(request, target) {
    const last = request.messages.length - 1;
    const rest = Object.entries(request).filter(([name, value]) => !NOT_SENT.has(name) && value !== undefined);
    return {
      method: "POST",
      url: agentRuntimeUrl(target, `${agentPath(target)}/sessions/${encodeURIComponent(sessionOf(request))}/text`),
      headers: headers(target),
      body: {
        json: {
          // An agent remembers its session by itself: it is told what is new.
          inputText: textOf(request.messages[last] ?? { role: "user", content: "" }, last),
          enableTrace: true, // tells the tokens
          ...Object.fromEntries(rest),
        },
      },
    };
  },

  /** It streams to everyone: here are its events. */
  response(body, exchange) {
    if (!Array.isArray(body))
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${LABEL}Exception - the answer is none of an agent's: ${JSON.stringify(body)?.slice(0, 500)}`,
        { provider: exchange.target.provider, model: exchange.target.model },
      );
    const answer = new AgentAnswer(exchange);
    for (const event of body as ServerEvent[]) answer.event(event); // `speak` decodes AWS's event streams so
    return answer.completion();
  },

  stream: (exchange) => new AgentAnswer(exchange),
  error: bedrockError,
};

/** @throws BadRequestError where the name is not `<id>/<alias>` */
function agentPath({ model }: Target): string {
  const [id = "", alias = "", ...more] = bedrockModel(model).id.split("/");
  if (/^\w+$/.test(id) && /^\w+$/.test(alias) && more.length === 0) return `/agents/${id}/agentAliases/${alias}`;
  throw new BadRequestError(
    `litellm.BadRequestError: ${JSON.stringify(model)} is no agent: name it as bedrock/agent/<id>/<alias>`,
    { provider: "bedrock", model, param: "model" },
  );
}

/** LiteLLM's name for it; a session of its own where the client names none. */
function sessionOf(request: ChatRequest): string {
  const { sessionID: id } = request;
  return typeof id === "string" && /^[\w.:-]{2,100}$/.test(id) ? id : crypto.randomUUID();
}

class AgentAnswer implements StreamDecoder<ChatChunk> {
  readonly #exchange: Exchange<ChatRequest>;
  #text = "";
  #isBegun = false;
  #usage: Usage | undefined;
  readonly #citations: JsonObject[] = [];
  #returned: JsonObject | undefined;

  constructor(exchange: Exchange<ChatRequest>) {
    this.#exchange = exchange;
  }

  event(event: ServerEvent): ChatChunk[] {
    switch (event.event) {
      case "chunk":
        return this.#say(event);
      case "trace":
        this.#count(asRecord(asRecord(parsedJson(event.data))["trace"]));
        return [];
      case "returnControl": // the client is to act, and to tell the agent by `sessionState`
        this.#returned = asRecord(parsedJson(event.data));
        return [];
      case "files":
        return [];
      default:
        throw bedrockException(event, this.#exchange);
    }
  }

  end(): ChatChunk[] {
    this.#assertWhole();
    const fields = this.#fields();
    const last = { index: 0, delta: fields, finish_reason: "stop" };
    const usage = this.#usage;
    return [this.#chunk([last]), ...(usage === undefined ? [] : [{ ...this.#chunk([]), usage }])];
  }

  completion(): ChatCompletion {
    this.#assertWhole();
    const { id, now, target } = this.#exchange;
    const usage = this.#usage;
    return {
      id,
      object: "chat.completion",
      created: now,
      model: target.model,
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: this.#text, ...this.#fields() },
          finish_reason: "stop",
        },
      ],
      ...(usage && { usage }),
    };
  }

  #say(event: ServerEvent): ChatChunk[] {
    const content = payloadOf(event);
    this.#text += content;
    this.#citations.push(...recordsIn(asRecord(asRecord(parsedJson(event.data))["attribution"])["citations"]));
    const delta = { ...(!this.#isBegun && { role: "assistant" as const }), content };
    this.#isBegun = true;
    return [this.#chunk([{ index: 0, delta, finish_reason: null }])];
  }

  /** Each step of the agent tells the tokens of its model. */
  #count(trace: JsonObject): void {
    for (const step of Object.values(trace)) {
      const { metadata } = asRecord(asRecord(step)["modelInvocationOutput"]);
      const { inputTokens, outputTokens } = asRecord(asRecord(metadata)["usage"]);
      const told = usageOf(inputTokens, outputTokens);
      if (told !== undefined)
        this.#usage = usageOf(
          told.prompt_tokens + (this.#usage?.prompt_tokens ?? 0),
          told.completion_tokens + (this.#usage?.completion_tokens ?? 0),
        );
    }
  }

  #fields(): { provider_specific_fields?: JsonObject } {
    const fields = {
      ...(this.#citations.length > 0 && { citations: this.#citations }),
      ...(this.#returned !== undefined && { return_control: this.#returned }),
    };
    return Object.keys(fields).length > 0 ? { provider_specific_fields: fields } : {};
  }

  #assertWhole(): void {
    if (this.#isBegun || this.#returned !== undefined) return;
    const { provider, model } = this.#exchange.target;
    throw new APIConnectionError(`litellm.APIConnectionError: the stream of ${provider} broke off before its end`, {
      provider,
      model,
    });
  }

  #chunk(choices: ChatChunk["choices"]): ChatChunk {
    const { id, now, target } = this.#exchange;
    return { id, object: "chat.completion.chunk", created: now, model: target.model, choices };
  }
}
