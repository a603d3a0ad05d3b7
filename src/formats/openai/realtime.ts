/**
 * Events of OpenAI's Realtime API, as far as the gateway reads them. All others pass as they are.
 * Source: OpenAI API reference, "Realtime client events" and "Realtime server events".
 */
import type { SluiceError } from "../errors.ts";
import { asRecord, isRecord, type JsonObject } from "../json.ts";
import type { Usage } from "./chat.ts";

export interface RealtimeEvent extends JsonObject {
  type: string;
}

/** Between OpenAI's events and the provider's messages. */
export interface RealtimeTranslator {
  /** The session is open. */
  open?(): Translated;
  /** @throws BadRequestError for an event that cannot be said to the provider */
  fromClient(event: RealtimeEvent): Translated;
  /** @throws SluiceError where the message is an error that ends the session */
  fromUpstream(message: string): Translated;
}

/** Of a session in which both sides speak the provider's own messages: what of them counts, in OpenAI's events. */
export interface RealtimeReader {
  /** @throws BadRequestError for a message that may not pass, and ends the session */
  client(message: string): ReadMessage;
  server(message: string): RealtimeEvent[];
  /** The message that ends the response which is being made. */
  readonly stop: string;
}

export interface ReadMessage {
  events: readonly RealtimeEvent[];
  /** What goes on in its place; unless said, it passes as it came. */
  text?: string;
  /** May the provider answer it, now or later? */
  mayBringAnswer: boolean;
  /** The provider begins with an answer as soon as it has it. */
  asksForAnswer?: boolean;
}

export interface Translated {
  toUpstream?: readonly string[];
  toClient?: readonly RealtimeEvent[];
}

/** Does the client ask for the first version of the API, by this header? Its events have other names. */
export function isBeta(header: string | undefined): boolean {
  return /realtime=v1/.test(header ?? "");
}

/** The event a message is; `undefined` for what is no JSON object with a type. */
export function parseEvent(message: string): RealtimeEvent | undefined {
  try {
    const value: unknown = JSON.parse(message);
    return isEvent(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is RealtimeEvent {
  return isRecord(value) && typeof value["type"] === "string";
}

/** The type stands first, or after a few short texts such as the event's id. */
const LEADING_TYPE = /^\s*\{\s*(?:"\w{1,40}"\s*:\s*"[^"\\]{0,200}"\s*,\s*){0,4}"type"\s*:\s*"([\w.]{1,100})"/;

/** The type of an upstream's event. Most are pieces of audio: where it stands in front, the rest is not parsed. */
export function typeOf(message: string): string | undefined {
  return LEADING_TYPE.exec(message)?.[1] ?? parseEvent(message)?.type;
}

/** What the gateway itself tells the client of an error. */
export function errorEvent(error: SluiceError, cause?: RealtimeEvent): RealtimeEvent {
  const causeId = cause?.["event_id"];
  return {
    type: "error",
    event_id: newId("event"),
    error: {
      type: error.type ?? "server_error",
      code: CODES[error.name] ?? error.type,
      message: error.message,
      param: error.param,
      event_id: typeof causeId === "string" ? causeId : null,
    },
  };
}

/** OpenAI's codes for what the gateway calls by LiteLLM's names. */
const CODES: Readonly<Record<string, string>> = {
  BudgetExceededError: "budget_exceeded",
  RateLimitError: "rate_limit_exceeded",
  AuthenticationError: "invalid_api_key",
  NotFoundError: "model_not_found",
};

/** `event_…`, `resp_…`, `item_…`, `sess_…`. */
export function newId(kind: "event" | "resp" | "item" | "sess" | "conv" | "call"): string {
  return `${kind}_${crypto.randomUUID().replaceAll("-", "").slice(0, 21)}`;
}

const count = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

/** Tokens of a response, from the `usage` of its `response.done`; `undefined` where it has none. */
export function usageOfResponse(response: JsonObject): Usage | undefined {
  const { usage } = response;
  if (!isRecord(usage)) return undefined;
  const input = asRecord(usage["input_token_details"]);
  const output = asRecord(usage["output_token_details"]);
  const prompt_tokens = count(usage["input_tokens"]);
  const completion_tokens = count(usage["output_tokens"]);
  return {
    prompt_tokens,
    completion_tokens,
    total_tokens: count(usage["total_tokens"]) || prompt_tokens + completion_tokens,
    prompt_tokens_details: {
      ...numbersOf(input),
      ...(isRecord(input["cached_tokens_details"]) && {
        cached_tokens_details: numbersOf(input["cached_tokens_details"]),
      }),
    },
    completion_tokens_details: numbersOf(output),
  };
}

/** What a transcription of the user's speech used: tokens, or seconds where its model is billed by time. */
export interface TranscriptionUsage {
  usage: Usage;
  seconds?: number;
}

/** `undefined` where the event tells nothing of it. */
export function usageOfTranscription({ usage }: RealtimeEvent): TranscriptionUsage | undefined {
  if (!isRecord(usage)) return undefined;
  if (usage["type"] === "duration") {
    const seconds = count(usage["seconds"]);
    return { usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }, seconds };
  }
  const prompt_tokens = count(usage["input_tokens"]);
  const completion_tokens = count(usage["output_tokens"]);
  const total_tokens = count(usage["total_tokens"]) || prompt_tokens + completion_tokens;
  const prompt_tokens_details = numbersOf(asRecord(usage["input_token_details"]));
  return { usage: { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details } };
}

function numbersOf(details: JsonObject): Record<string, number> {
  return Object.fromEntries(
    Object.entries(details).filter((entry): entry is [string, number] => typeof entry[1] === "number"),
  );
}
