/** Which answers of each operation can be given again, and what decides them. */
import { type Message, type MessagesRequest, messageSchema } from "../formats/anthropic/types.ts";
import type { RerankRequest, RerankResponse } from "../formats/cohere/rerank.ts";
import { AS_CHAT, type GenerateContentCall, type GeneratedContent } from "../formats/gemini/as-chat.ts";
import { isRecord, type JsonObject, recordsIn } from "../formats/json.ts";
import type { ChatCompletion, ChatRequest } from "../formats/openai/chat.ts";
import type { CompletionRequest, TextCompletion } from "../formats/openai/completions.ts";
import {
  type EmbeddingRequest,
  type EmbeddingResponse,
  inputsOf,
  joinEmbeddings,
  lengthOf,
  withInputs,
} from "../formats/openai/embeddings.ts";
import type { ResponseObject, ResponsesRequest } from "../formats/openai/responses/types.ts";
import type { Transcription, TranscriptionRequest } from "../formats/openai/transcriptions.ts";
import { areToolsStateless, type Cacheable, fieldsWithout, shares, WHOSE } from "./cacheable.ts";

export const cacheableChat: Cacheable<ChatRequest, ChatCompletion> = {
  decisive: (request) => (request["store"] || isStateful(request) ? undefined : fieldsWithout(request, WHOSE)),
  isLasting: ({ choices }) => areFinished(choices),
  pack: withoutPadding,
  unpack: (stored) =>
    isRecord(stored) && areRecords(stored["choices"]) && stored["choices"].every(({ message }) => isRecord(message))
      ? (stored as unknown as ChatCompletion) // as far as anybody looks into one
      : undefined,
};

export const cacheableText: Cacheable<CompletionRequest, TextCompletion> = {
  decisive: (request) => fieldsWithout(request, WHOSE),
  isLasting: ({ choices }) => areFinished(choices),
  pack: withoutPadding,
  unpack: (stored) =>
    isRecord(stored) && areRecords(stored["choices"]) && stored["choices"].every(({ text }) => typeof text === "string")
      ? (stored as unknown as TextCompletion) // as above
      : undefined,
};

/** Ways to write numbers that can be told in each other: the answer is kept as it came. */
const FORMATS: readonly unknown[] = ["float", "base64"];

export const cacheableEmbeddings: Cacheable<EmbeddingRequest, EmbeddingResponse> = {
  decisive: (request) =>
    fieldsWithout(request, FORMATS.includes(request.encoding_format) ? [...WHOSE, "encoding_format"] : WHOSE),
  isLasting: ({ data }) => data.length > 0,
  unpack: (stored) =>
    isRecord(stored) && areRecords(stored["data"]) && stored["data"].every(({ embedding }) => isVector(embedding))
      ? (stored as unknown as EmbeddingResponse) // as above
      : undefined,
  inputs: {
    each: (request) => inputsOf(request.input).map((input) => withInputs(request, [input])),
    only: (request, places) =>
      withInputs(
        request,
        inputsOf(request.input).filter((_, place) => places.includes(place)),
      ),
    weights: (request) => inputsOf(request.input).map(lengthOf),
    split({ data, usage, ...head }, request) {
      const lengths = inputsOf(request.input).map(lengthOf);
      const inPlace = data.toSorted((one, other) => one.index - other.index);
      if (inPlace.length !== lengths.length || inPlace.some(({ index }, place) => index !== place)) return undefined;
      const [prompt, total] = [shares(usage?.prompt_tokens ?? 0, lengths), shares(usage?.total_tokens ?? 0, lengths)];
      return inPlace.map((item, place) => ({
        ...head,
        data: [{ ...item, index: 0 }],
        ...(usage && { usage: { ...usage, prompt_tokens: prompt[place] ?? 0, total_tokens: total[place] ?? 0 } }),
      }));
    },
    join: (responses, { model }) => joinEmbeddings(responses, model),
  },
};

export const cacheableRanking: Cacheable<RerankRequest, RerankResponse> = {
  decisive: (request) => fieldsWithout(request, WHOSE),
  isLasting: ({ results }) => Array.isArray(results),
  unpack: (stored) =>
    isRecord(stored) &&
    areRecords(stored["results"]) &&
    stored["results"].every(({ index, relevance_score: score }) => Number.isInteger(index) && typeof score === "number")
      ? (stored as unknown as RerankResponse) // as above
      : undefined,
};

/** Of audio, the file's digest decides. */
export const cacheableTranscription: Cacheable<TranscriptionRequest, Transcription> = {
  decisive: (request) => fieldsWithout(request, WHOSE),
  isLasting: ({ text }) => typeof text === "string",
  unpack: (stored) =>
    isRecord(stored) && typeof stored["text"] === "string" ? { ...stored, text: stored["text"] } : undefined,
};

/** Responses that nobody keeps. They repeat most of their request, so that all of it decides. */
export const cacheableResponse: Cacheable<ResponsesRequest, ResponseObject> = {
  decisive(request) {
    const { store, previous_response_id, conversation, background, prompt, include, input } = request;
    if (store !== false || previous_response_id || conversation || background || prompt) return undefined;
    // What only one account can read says nothing to another deployment.
    if (include?.includes("reasoning.encrypted_content") || recordsIn(input).some(isBound)) return undefined;
    return isStateful(request) ? undefined : fieldsWithout(request, []);
  },
  isLasting: ({ status, output }) => status === "completed" && Array.isArray(output) && !output.some(isBound),
  unpack: (stored) =>
    isRecord(stored) && stored["object"] === "response" && areRecords(stored["output"])
      ? (stored as unknown as ResponseObject) // as above
      : undefined,
};

function isBound(item: Readonly<JsonObject>): boolean {
  return item["type"] === "item_reference" || typeof item["encrypted_content"] === "string";
}

export const cacheableMessage: Cacheable<MessagesRequest, Message> = {
  decisive: (request) => (isStateful(request) ? undefined : fieldsWithout(request, WHOSE)),
  isLasting: ({ stop_reason: reason }) => Boolean(reason) && reason !== "refusal" && reason !== "pause_turn",
  unpack: (stored) => messageSchema.safeParse(stored).data,
};

/** With what it is as chat, which no JSON holds under its own name. */
export const cacheableContent: Cacheable<GenerateContentCall, GeneratedContent> = {
  decisive: (request) => (isStateful(request) ? undefined : fieldsWithout(request, [])),
  isLasting: (content) => cacheableChat.isLasting(content[AS_CHAT]),
  pack: (content) => ({ content, chat: content[AS_CHAT] }),
  unpack(stored) {
    if (!isRecord(stored) || !isRecord(stored["content"])) return undefined;
    const chat = cacheableChat.unpack(stored["chat"]);
    return chat && { ...stored["content"], [AS_CHAT]: chat };
  },
};

/** Does it name what a provider keeps, or use tools that do things? */
function isStateful(request: Readonly<JsonObject>): boolean {
  const { container, mcp_servers: servers, cachedContent, cached_content: cached } = request;
  return Boolean(container || servers || cachedContent || cached) || !areToolsStateless(request["tools"]);
}

/** OpenAI pads chunks, so that nobody who listens can tell tokens by their lengths. */
function withoutPadding<Answer extends object>(answer: Answer): Omit<Answer, "obfuscation"> {
  const { obfuscation: _, ...rest } = answer as Answer & { obfuscation?: unknown }; // answers are open
  return rest;
}

/** What a filter cut, or an error, may come out otherwise the next time. */
function areFinished(choices: readonly { finish_reason?: string | null | undefined }[]): boolean {
  const reasons = choices.map(({ finish_reason: reason }) => reason);
  return reasons.length > 0 && reasons.every((reason) => reason && reason !== "content_filter" && reason !== "error");
}

function areRecords(value: unknown): value is JsonObject[] {
  return Array.isArray(value) && value.every(isRecord);
}

function isVector(value: unknown): boolean {
  return typeof value === "string" || (Array.isArray(value) && value.every((number) => typeof number === "number"));
}
