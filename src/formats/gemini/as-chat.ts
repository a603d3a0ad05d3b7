/**
 * Requests and answers of `generateContent` with what they are as chat. What reads them (token counts, usage, prices) is
 * then the same for both. It stands under a symbol: no JSON holds one, so no client can bring it and none gets it.
 */
import type { ChatChunk, ChatCompletion, ChatRequest } from "../openai/chat.ts";
import type { JsonObject } from "./json.ts";

export const AS_CHAT: unique symbol = Symbol("as chat");

/** A request: the body of the API, with the model and `stream` of the URL. */
export interface GenerateContentCall {
  model: string;
  stream?: boolean | null;
  /** Settled for a provider that is asked by chat. */
  [AS_CHAT]?: ChatRequest;
  [field: string]: unknown;
}

/** A `GenerateContentResponse`. */
export interface GeneratedContent extends JsonObject {
  [AS_CHAT]: ChatCompletion;
}

/** A response of a stream; with no field of its own where it tells the gateway alone something. */
export interface GeneratedChunk extends JsonObject {
  [AS_CHAT]: readonly ChatChunk[];
}
