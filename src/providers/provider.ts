/**
 * What a provider is: a set of adapters, one for each operation it can do. An adapter is pure:
 * a request in the gateway's format becomes an HTTP request, an HTTP response becomes an answer in the
 * gateway's format, events become chunks. It fetches nothing and keeps nothing.
 */

import type { SignInPorts, UnsignedRequest } from "../credentials/authorize.ts";
import type { Secret } from "../credentials/secret.ts";
import type {
  CountTokensRequest,
  CountTokensResponse,
  Message,
  MessagesRequest,
  StreamEvent,
} from "../formats/anthropic/types.ts";
import type { RerankRequest, RerankResponse } from "../formats/cohere/rerank.ts";
import type { SluiceError } from "../formats/errors.ts";
import type { GenerateContentCall, GeneratedChunk, GeneratedContent } from "../formats/gemini/as-chat.ts";
import type { CountAnswer, CountCall } from "../formats/gemini/count-tokens.ts";
import type { EmbedAnswer, EmbedCall } from "../formats/gemini/embed.ts";
import type { Interaction, InteractionEvent, InteractionRequest } from "../formats/gemini/interactions/types.ts";
import type { OcrRequest, OcrResponse } from "../formats/mistral/ocr.ts";
import type { ChatChunk, ChatCompletion, ChatRequest } from "../formats/openai/chat.ts";
import type { CompletionRequest, TextCompletion } from "../formats/openai/completions.ts";
import type { EmbeddingRequest, EmbeddingResponse } from "../formats/openai/embeddings.ts";
import type {
  ImageEditRequest,
  ImageEvent,
  ImageGenerationRequest,
  ImageResponse,
  ImageVariationRequest,
} from "../formats/openai/images.ts";
import type { ModerationRequest, ModerationResponse } from "../formats/openai/moderations.ts";
import type { SecretKind, SecretRequest, SecretResponse } from "../formats/openai/realtime-secrets.ts";
import type { ResponseEvent, ResponseObject, ResponsesRequest } from "../formats/openai/responses/types.ts";
import type { SpeechAudio, SpeechEvent, SpeechRequest } from "../formats/openai/speech.ts";
import type { Transcription, TranscriptionEvent, TranscriptionRequest } from "../formats/openai/transcriptions.ts";
import type { DeletedVideo, Video, VideoReference, VideoRequest } from "../formats/openai/videos.ts";
import type { SearchRequest, SearchResponse } from "../formats/perplexity/search.ts";
import type { ServerEvent } from "../formats/sse.ts";
import type { ModelInfo } from "../models/catalogue.ts";
import type { BatchJobs } from "./batch-jobs.ts";
import type { NextRequest, Pointer } from "./follow.ts";
import type { RealtimeAdapter } from "./realtime.ts";

/** A wire format. Where client and upstream speak the same one, nothing is translated. */
export type Wire =
  | "openai"
  | "openai-responses"
  | "anthropic"
  | "gemini"
  | "gemini-interactions"
  | "cohere"
  | "mistral"
  | "native";

/** Where and how a model is reached: the settled `litellm_params` of one deployment. */
export interface Target {
  /** Provider slug, e.g. `anthropic`. */
  provider: string;
  /** The model as the provider names it, without the provider's prefix. */
  model: string;
  apiKey?: Secret;
  /** Base URL that replaces the provider's own; no trailing slash. */
  apiBase?: string;
  apiVersion?: string;
  organization?: string;
  /** Sent upstream as they are (`extra_headers`, `headers`). Names in lower case. */
  headers?: Record<string, string>;
  /** Everything else in `litellm_params` that belongs to the provider (`vertex_project`, `aws_region_name`, ...). */
  params?: Record<string, unknown>;
  /**
   * The one of OpenAI's two APIs it is asked by, whichever the client speaks (LiteLLM's `openai/responses/<model>`, and its
   * `use_chat_completions_api`). Unless said, the client's where the provider has it.
   */
  api?: "chat" | "responses";
  /** The model behind a name that is the deployment's own (`base_model`). */
  baseModel?: string;
  /** What the catalogue and the deployment's `model_info` know of the model. */
  info?: ModelInfo;
  /** May the adapter repair a request the provider would refuse (`modify_params`)? */
  modifyParams?: boolean;
  /** Leave out what the provider lacks instead of refusing (`drop_params`). */
  dropParams?: boolean;
  /** OpenAI parameters to send although the provider is not known to take them (`allowed_openai_params`). */
  allowedParams?: readonly string[];
}

export interface UpstreamRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: string;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** JSON is serialised by the caller; forms, bytes and streams are sent as they are. */
  body?: JsonBody | FormData | Uint8Array | ReadableStream<Uint8Array>;
}

/** A JSON body before serialisation. */
export interface JsonBody {
  json: Record<string, unknown>;
}

/** A request in the provider's own API as its client made it: for whatever the gateway does not translate. */
export interface NativeCall {
  method: UpstreamRequest["method"];
  /** Path and query, version included: `/v1/files?limit=10`. */
  path: string;
  /** What the client sent, as far as it may be passed on; names in lower case, without credentials. */
  headers: Record<string, string>;
  body?: UpstreamRequest["body"];
}

/** What an adapter may look at while it translates an answer. */
export interface Exchange<Request> {
  request: Request;
  target: Target;
  /** Headers of the upstream's answer, names in lower case. */
  headers: Record<string, string>;
  /** Unix seconds; the `created` of answers whose upstream tells none. */
  now: number;
  /** Fallback for answers without an id, e.g. `chatcmpl-…`. */
  id: string;
}

/** Translates the events of one stream. Made anew for each stream. */
export interface StreamDecoder<Chunk> {
  /** @throws SluiceError where the event is an error */
  event(event: ServerEvent): Chunk[];
  /**
   * The upstream closed the stream: whatever is still owed.
   * @throws SluiceError where it was cut off before its end
   */
  end(): Chunk[];
}

/** An answer of the upstream with a status of 400 and above, or an error event in a stream. */
export interface UpstreamFailure {
  status: number;
  /** The body as text, whole. */
  body: string;
  headers: Record<string, string>;
  target: Target;
}

export interface Adapter<Request, Response, Chunk> {
  wire: Wire;
  /** Answers are translated even for a client that speaks this wire: the provider's dialect differs. */
  rewritesAnswers?: boolean;
  /**
   * The OpenAI parameters this model takes, or `"all"`. A known OpenAI parameter outside it is refused with
   * `UnsupportedParamsError` or dropped; parameters OpenAI does not have pass through.
   */
  supportedParams(target: Target): ReadonlySet<string> | "all";
  /**
   * How many inputs (texts, prompts) one request may have, or images it may ask for; more are asked for in several. Unless
   * said, any number.
   */
  mostInputs?: number | ((target: Target) => number | undefined);
  /** Takes texts as tokens, too. Unless said, they are made text before. */
  takesTokens?: boolean;
  /**
   * Which pictures it takes among the texts to embed, or to rank: `parts` in whichever way they are written (`embedding-parts.ts`), `urls`
   * as data URLs in place of texts. Unless said, none.
   */
  pictures?: "parts" | "urls";
  /** Takes images and audio as the files they are. Unless said, they are made base64 before. */
  takesFiles?: boolean;
  /**
   * What an answer to this request is: JSON, unless said. Text comes to `response` as a string. Bytes (audio, files) go to
   * the client as they come, and `response` is not asked; `any` is JSON where the upstream's content type says so, else bytes.
   * `media` is the same, and a failure where there is nothing, or a page in place of it.
   */
  answers?(request: Request, target: Target): "json" | "text" | "bytes" | "any" | "media";
  /** Answers by itself; then nobody is asked. */
  answer?(request: Request, target: Target): Promise<Response>;
  /** @throws SluiceError where the request cannot be said in the provider's format */
  request(request: Request, target: Target): UpstreamRequest;
  /** A last look at a JSON body, with `extra_body` in it. */
  finish?(body: Record<string, unknown>, target: Target): Record<string, unknown>;
  /** @throws SluiceError where the body is no answer */
  response(body: unknown, exchange: Exchange<Request>): Response;
  stream(exchange: Exchange<Request>): StreamDecoder<Chunk>;
  error(failure: UpstreamFailure): SluiceError;
  /**
   * Where the upstream's answer (a redirect, an operation that is done) only says where the answer is: what to ask next, or
   * the answer itself where it came along. Unless said, redirects are not followed. Credentials are bound to their host.
   * @throws SluiceError where there is no answer yet
   */
  next?(pointer: Pointer, request: Request, target: Target): NextRequest | globalThis.Response | undefined;
}

/** An adapter of an operation whose answers come whole. */
export type WholeAdapter<Request, Response> = Omit<Adapter<Request, Response, never>, "stream">;

export type EmbeddingAdapter = WholeAdapter<EmbeddingRequest, EmbeddingResponse>;
export type SecretAdapter = WholeAdapter<SecretRequest, SecretResponse>;
export type ModerationAdapter = WholeAdapter<ModerationRequest, ModerationResponse>;
export type OcrAdapter = WholeAdapter<OcrRequest, OcrResponse>;
/** Web search. */
export interface SearchAdapter extends WholeAdapter<SearchRequest, SearchResponse> {
  /** The provider's row of prices for this search (`search-advanced`); `search`, unless said. */
  priceRow?(request: SearchRequest): string;
}
export type RerankAdapter = WholeAdapter<RerankRequest, RerankResponse>;
export interface ChatAdapter extends Adapter<ChatRequest, ChatCompletion, ChatChunk> {
  /**
   * Tokens of output it may ask for above what the request allows, for the model to think in. Unless said, those of Claude
   * where its wire is Anthropic's, and none elsewhere.
   */
  roomFor?(request: ChatRequest, target: Target): number;
  /**
   * Does the model take in results of tools what Claude takes there: images, files, and that a tool failed? Then nothing of
   * a result in a request of Anthropic's is put elsewhere.
   */
  takesWholeResults?(target: Target): boolean;
  /**
   * Where Claude is asked in a format that is not its own: which of the tools that it knows by their type, and the client
   * runs, can be said there. `undefined` for other models.
   */
  claudesTools?(target: Target): ((type: string) => boolean) | undefined;
  /** Can the model not be told to call one tool at a time? `parallel_tool_calls: false` is refused then. */
  refusesSerialCalls?(target: Target): boolean;
}

/** Anthropic's Messages API: the client's format on both sides. */
export type MessagesAdapter = Adapter<MessagesRequest, Message, StreamEvent>;
export type CountTokensAdapter = WholeAdapter<CountTokensRequest, CountTokensResponse>;

/** Google's `generateContent`: the client's format on both sides. */
export type GenerateContentAdapter = Adapter<GenerateContentCall, GeneratedContent, GeneratedChunk>;
export type CountContentAdapter = WholeAdapter<CountCall, CountAnswer>;
export type EmbedContentAdapter = WholeAdapter<EmbedCall, EmbedAnswer>;

/** Google's Interactions API: the client's format on both sides. */
export type InteractionsAdapter = Adapter<InteractionRequest, Interaction, InteractionEvent>;

/** OpenAI's Responses API: the client's format on both sides. */
export type ResponsesAdapter = Adapter<ResponsesRequest, ResponseObject, ResponseEvent>;

/** A provider's own Responses API. */
export interface NativeResponses extends ResponsesAdapter {
  /** Does this model have it? The others are asked by chat. Unless said, all have. */
  serves?(target: Target): boolean;
}

export type CompletionAdapter = Adapter<CompletionRequest, TextCompletion, TextCompletion>;

/** A provider's own text completions. */
export interface NativeCompletions extends CompletionAdapter {
  /** Does this model have them? The others complete texts by chat. Unless said, all have. */
  serves?(target: Target): boolean;
}

/** Images, by what they are asked for with. */
export interface ImageAdapter<Request> extends Adapter<Request, ImageResponse, ImageEvent> {
  /** Does this model take such requests? Unless said, all do. */
  serves?(target: Target): boolean;
}

/** Audio from text. One that answers with bytes is asked for its `response` only where the upstream answered with JSON. */
export type SpeechAdapter = Adapter<SpeechRequest, SpeechAudio, SpeechEvent>;

/** Text from audio, in its own language or in English. */
export type TranscriptionAdapter = Adapter<TranscriptionRequest, Transcription, TranscriptionEvent>;

/** OpenAI's videos, of a provider whose own API has them otherwise: an adapter for each thing that it can do. */
export interface VideoAdapters {
  /** Length of a video where the request says none. */
  usualSeconds: number;
  create: WholeAdapter<VideoRequest, Video>;
  retrieve?: WholeAdapter<VideoReference, Video>;
  content?: WholeAdapter<VideoReference, unknown>;
  delete?: WholeAdapter<VideoReference, DeletedVideo>;
}

/**
 * Headers that prove who asks, over those the adapter made.
 * @throws AuthenticationError where the credentials are none
 */
export type Authorize = (
  request: UnsignedRequest,
  target: Target,
  ports: SignInPorts,
) => Promise<Record<string, string>>;

export interface Provider {
  slug: string;
  /** As it stands in error messages before `Exception`: `Anthropic`, `OpenAI`. */
  label: string;
  /** Environment variables that may hold the key, best first. */
  keyVariables: readonly string[];
  /** Environment variables that may hold the base URL, best first. */
  baseVariables: readonly string[];
  /**
   * Environment variables for `Target.params` that are not set, best first: `{ account_id: ["CLOUDFLARE_ACCOUNT_ID"] }`.
   * Whoever settles the target looks them up, as adapters read no environment.
   */
  paramVariables?: Readonly<Record<string, readonly string[]>>;
  /** No key is needed (local servers). */
  keyless?: boolean;
  /** It has no models a client could name: whatever is asked of it is the gateway's account's as a whole. */
  hasNoModels?: true;
  /** Deployments of another provider whose credentials are its own as well. */
  standIns?(target: Pick<Target, "provider" | "apiBase">): boolean;
  /** Deployments there are called as their customer likes: which model one has its answers say. */
  hasOwnNames?: true;
  /**
   * What serves this model, where the models of one provider have APIs of several makers (a cloud's own, Claude, ...).
   * Unless said, all have the provider's.
   */
  forModel?(target: Pick<Target, "provider" | "model" | "baseModel" | "params" | "info">): Provider;
  /**
   * Params that prove who asks, those that belong together in one list. Where a deployment has one of a list, none of the
   * list comes from the environment, and the key of the environment is not used either: they may be of another account.
   */
  signInParams?: readonly (readonly string[])[];
  /** For providers that a key in a header is not enough for: asked before each request, once the body is settled. */
  authorize?: Authorize;
  /** Is all there that it takes to prove who asks? Unless said, where there is a key. */
  hasCredentials?(target: Target): boolean;
  /**
   * Its own API, with the gateway's credentials on the way.
   * @throws BadRequestError where the path would leave the provider, AuthenticationError where there is no key
   */
  native?(call: NativeCall, target: Target): UpstreamRequest;
  /** It keeps files and runs batches of them as OpenAI's API has it (`/v1/files`, `/v1/batches`), reached by `native`. */
  batches?: true;
  /** It runs batches in a way of its own: as jobs over files in a bucket. */
  batchJobs?: BatchJobs;
  /** It runs batches as Anthropic's API has them (`/v1/messages/batches`), reached by `native`. */
  messageBatches?: true;
  chat?: ChatAdapter;
  /** Anthropic's Messages API of its own; a provider without is asked by chat. */
  messages?: MessagesAdapter;
  /** Tokens of a request of that API, as the provider counts them; those of others are counted here. */
  countTokens?: CountTokensAdapter;
  /** Text completions; a provider without completes texts by chat. */
  completions?: NativeCompletions;
  embeddings?: EmbeddingAdapter;
  imageGenerations?: ImageAdapter<ImageGenerationRequest>;
  imageEdits?: ImageAdapter<ImageEditRequest>;
  imageVariations?: ImageAdapter<ImageVariationRequest>;
  moderations?: ModerationAdapter;
  /** Text of documents and pictures. */
  ocr?: OcrAdapter;
  rerank?: RerankAdapter;
  /** Web search. */
  search?: SearchAdapter;
  speech?: SpeechAdapter;
  transcriptions?: TranscriptionAdapter;
  translations?: TranscriptionAdapter;
  /** Videos; a provider without is asked as OpenAI's API has them (`/v1/videos`), by `native`. */
  videos?: VideoAdapters;
  /** OpenAI's Responses API of its own; a provider without is asked by chat. */
  responses?: NativeResponses;
  /** Google's `generateContent` of its own; a provider without is asked by chat. */
  generateContent?: GenerateContentAdapter;
  /** Google's Interactions API of its own; a provider without is asked by chat. */
  interactions?: InteractionsAdapter;
  /** Tokens of a request of `generateContent`, as Google counts them; those of others are counted here. */
  countContent?: CountContentAdapter;
  /** Google's embeddings of its own; a provider without is asked for embeddings. */
  embedContent?: EmbedContentAdapter;
  /** Sessions in real time. */
  realtime?: RealtimeAdapter;
  /** Secrets of the provider's own by which such a session can be opened. */
  realtimeSecrets?(kind: SecretKind): SecretAdapter;
}
