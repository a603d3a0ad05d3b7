/** Chat with models that complete a text. */

import { chunkOf, isChunk } from "../../../formats/bedrock/invoke/chunk.ts";
import {
  finishReason,
  isIntervened,
  type TextPiece,
  textsIn,
  usageIn,
} from "../../../formats/bedrock/invoke/text-answer.ts";
import { paramsOf, type TextModel, textBody } from "../../../formats/bedrock/invoke/text-models.ts";
import { hasMetrics, usageOfHeaders, usageOfMetrics } from "../../../formats/bedrock/invoke/usage.ts";
import { APIConnectionError, APIResponseValidationError } from "../../../formats/errors.ts";
import { asRecord, isRecord, type JsonObject } from "../../../formats/json.ts";
import type { AssistantMessage, ChatChunk, ChatRequest, Delta, Usage } from "../../../formats/openai/chat.ts";
import { ReasoningSplitter, splitReasoning, type Tags, type Told } from "../../../formats/openai/tagged-reasoning.ts";
import type { ChatAdapter, Exchange, StreamDecoder } from "../../provider.ts";
import { bedrockError, bedrockException } from "../errors.ts";
import { invokeRequest } from "./request.ts";

export function textAdapter(model: TextModel): ChatAdapter {
  return textsAdapter({
    params: paramsOf(model),
    body: (request) => textBody(request, model),
    ...(model.reasonsUntil !== undefined && { tags: { open: "<think>", close: model.reasonsUntil, begun: true } }),
  });
}

export interface Texts {
  /** OpenAI's parameters that it takes. */
  params: readonly string[];
  /** @throws BadRequestError where the conversation cannot be said in it */
  body(request: ChatRequest): JsonObject;
  /** Where the reasoning stands in the text. */
  tags?: Tags;
}

/** Answers are texts, in any of the forms `textsIn` knows. */
export function textsAdapter({ params, body: bodyOf, tags }: Texts): ChatAdapter {
  const supported: ReadonlySet<string> = new Set([...params, "stream_options"]);
  return {
    wire: "native",
    supportedParams: () => supported,
    request: (request, target) => invokeRequest(target, bodyOf(request), request.stream === true),

    response(answer, exchange) {
      const body = asRecord(answer);
      const texts = textsIn(body);
      if (!isRecord(answer) || texts === undefined) throw noText(answer, exchange);
      const usage = usageOfHeaders(exchange.headers) ?? usageIn(body);
      return {
        id: exchange.id,
        object: "chat.completion",
        created: exchange.now,
        model: exchange.target.model,
        choices: texts.map(({ text, finish }, index) => ({
          index,
          message: messageOf(text, tags),
          finish_reason: finishOf(finish, isIntervened(body)),
        })),
        ...(usage && { usage }),
      };
    },

    stream: (exchange) => new TextStream(exchange, tags),
    error: bedrockError,
  };
}

function messageOf(text: string, tags: Tags | undefined): AssistantMessage {
  if (tags === undefined) return { role: "assistant", content: text };
  const { reasoning, content } = splitReasoning(text, tags);
  const reasoned = reasoning.trim();
  return {
    role: "assistant",
    content: reasoned === "" ? content : content.trimStart(),
    ...(reasoned !== "" && { reasoning_content: reasoned }),
  };
}

/** What a guardrail has put there is not the model's. */
function finishOf(word: string | undefined, isGuarded: boolean): string {
  return isGuarded ? "content_filter" : finishReason(word ?? "stop");
}

class TextStream implements StreamDecoder<ChatChunk> {
  readonly #exchange: Exchange<ChatRequest>;
  readonly #splitters = new Map<number, ReasoningSplitter>();
  readonly #tags: Tags | undefined;
  /** Why each text ended; `undefined` while it goes on. */
  readonly #finish = new Map<number, string | undefined>();
  #usage: Usage | undefined;
  /** Llama tells the tokens of the prompt in its first chunk alone. */
  #promptTokens: unknown;
  #isGuarded = false;
  #isOver = false;

  constructor(exchange: Exchange<ChatRequest>, tags: Tags | undefined) {
    this.#exchange = exchange;
    this.#tags = tags;
  }

  event(event: Parameters<StreamDecoder<ChatChunk>["event"]>[0]): ChatChunk[] {
    if (!isChunk(event)) throw bedrockException(event, this.#exchange);
    const body = chunkOf(event);
    this.#isGuarded ||= isIntervened(body);
    this.#isOver ||= hasMetrics(body);
    this.#promptTokens = body["prompt_token_count"] ?? this.#promptTokens;
    this.#usage = usageOfMetrics(body) ?? usageIn({ ...body, prompt_token_count: this.#promptTokens }) ?? this.#usage;
    return (textsIn(body) ?? []).flatMap((piece, index) => this.#chunkOf(piece, index));
  }

  end(): ChatChunk[] {
    const { target } = this.#exchange;
    // Where a guardrail speaks, nobody says why the text ends.
    const isWhole =
      this.#isOver || this.#isGuarded || (this.#finish.size > 0 && ![...this.#finish.values()].includes(undefined));
    if (!isWhole)
      throw new APIConnectionError(
        `litellm.APIConnectionError: the stream of ${target.provider} broke off before its end`,
        { provider: target.provider, model: target.model },
      );
    if (this.#finish.size === 0) this.#finish.set(0, undefined);
    const last = [...this.#finish].map(([index, finish]) => {
      const rest = this.#splitters.get(index)?.end();
      return this.#chunk(index, rest ? deltaOf(rest) : {}, finishOf(finish, this.#isGuarded));
    });
    const usage = this.#usage;
    return usage === undefined ? last : [...last, { ...this.#head(), choices: [], usage }];
  }

  #chunkOf({ text, finish }: TextPiece, index: number): ChatChunk[] {
    const isFirst = !this.#finish.has(index);
    this.#finish.set(index, finish ?? this.#finish.get(index));
    const said = deltaOf(this.#split(text, index));
    const delta: Delta = { ...(isFirst && { role: "assistant" as const }), ...said };
    return Object.keys(delta).length > 0 ? [this.#chunk(index, delta, null)] : [];
  }

  #split(text: string, index: number): Told {
    if (this.#tags === undefined) return { reasoning: "", content: text };
    const splitter = this.#splitters.get(index) ?? new ReasoningSplitter(this.#tags);
    this.#splitters.set(index, splitter);
    return splitter.push(text);
  }

  #chunk(index: number, delta: Delta, finish_reason: string | null): ChatChunk {
    return { ...this.#head(), choices: [{ index, delta, finish_reason }] };
  }

  #head(): Pick<ChatChunk, "id" | "object" | "created" | "model"> {
    const { id, now, target } = this.#exchange;
    return { id, object: "chat.completion.chunk", created: now, model: target.model };
  }
}

function deltaOf({ reasoning, content }: Told): Delta {
  return { ...(reasoning !== "" && { reasoning_content: reasoning }), ...(content !== "" && { content }) };
}

function noText(body: unknown, { target }: Exchange<ChatRequest>): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: BedrockException - the answer has no text: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider: target.provider, model: target.model },
  );
}
