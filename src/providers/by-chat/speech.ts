/** Speech of providers whose chat models speak (Gemini): raw samples, of which a WAV file can be made. */
import { wavHeader } from "../../formats/audio/wav.ts";
import { fromBase64, toBase64 } from "../../formats/base64.ts";
import {
  APIResponseValidationError,
  ContentPolicyViolationError,
  type SluiceError,
  UnsupportedParamsError,
} from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { ChatChunk, ChatRequest, Usage } from "../../formats/openai/chat.ts";
import type { SpeechAudio, SpeechEvent, SpeechRequest } from "../../formats/openai/speech.ts";
import type { ChatAdapter, Exchange, SpeechAdapter, StreamDecoder, Target } from "../provider.ts";

const PARAMS: ReadonlySet<string> = new Set(["instructions", "response_format", "stream_format", "voice"]);

/** What nobody asked for otherwise gets: a file that plays everywhere. */
const USUAL_FORMAT = "wav";

/** Samples a second, where the provider does not say. */
const USUAL_RATE = 24_000;

export function speechByChat(chat: ChatAdapter): SpeechAdapter {
  const inChat = ({ request, ...rest }: Exchange<SpeechRequest>) => ({ ...rest, request: toChatRequest(request) });
  return {
    wire: chat.wire,
    rewritesAnswers: true,
    supportedParams: () => PARAMS,

    request(request, target) {
      formatFor(request, target);
      return chat.request(toChatRequest(request), target);
    },

    response(body, exchange) {
      const { choices, usage } = chat.response(body, inChat(exchange));
      const audio = audioIn(choices[0]?.message.audio);
      if (audio === undefined) throw silent(choices[0]?.finish_reason, exchange.target);
      return { ...inFormat(audio, formatFor(exchange.request, exchange.target)), ...(usage && { usage }) };
    },

    stream: (exchange) =>
      speechOf(chat.stream(inChat(exchange)), formatFor(exchange.request, exchange.target), exchange.target),

    error: (failure) => chat.error(failure),
  };
}

/** How to speak is said before what to say: the models take both as one text. */
function toChatRequest({
  input,
  voice,
  instructions,
  response_format: _,
  stream_format: _events,
  ...rest
}: SpeechRequest): ChatRequest {
  const content = instructions ? `${instructions.trim().replace(/[.:]$/, "")}: ${input}` : input;
  return {
    ...rest,
    messages: [{ role: "user", content }],
    modalities: ["audio"],
    ...(voice && { audio: { voice, format: "pcm16" } }),
  };
}

/** @throws UnsupportedParamsError where it cannot be made of raw samples */
function formatFor({ response_format: format }: SpeechRequest, { provider, model, dropParams }: Target): string {
  if (format === "pcm" || format === "wav") return format;
  if (format === undefined || format === null || dropParams) return USUAL_FORMAT;
  throw new UnsupportedParamsError(
    `litellm.UnsupportedParamsError: ${provider} speaks in raw samples: response_format can be "wav" or "pcm", not ${JSON.stringify(format)}`,
    { param: "response_format", provider, model },
  );
}

interface Samples {
  bytes: Uint8Array<ArrayBuffer>;
  type: string;
}

function audioIn(audio: unknown): Samples | undefined {
  const bytes = isRecord(audio) && typeof audio["data"] === "string" ? fromBase64(standard(audio["data"])) : undefined;
  if (!isRecord(audio) || bytes === undefined || bytes.length === 0) return undefined;
  return { bytes, type: typeof audio["mime_type"] === "string" ? audio["mime_type"] : "audio/pcm" };
}

/** Google also writes base64's alphabet for addresses. */
function standard(base64: string): string {
  return base64.replaceAll("-", "+").replaceAll("_", "/");
}

/** What is no raw samples stays what it is. */
function inFormat({ bytes, type }: Samples, format: string): SpeechAudio {
  if (!/^audio\/(?:l16|pcm)\b/i.test(type)) return { audio: bytes, contentType: type };
  if (format === "pcm") return { audio: bytes, contentType: "audio/pcm" };
  return { audio: joined(headerFor(type, bytes.length), bytes), contentType: "audio/wav" };
}

function headerFor(type: string, length?: number): Uint8Array<ArrayBuffer> {
  const rate = Number(/rate=(\d+)/i.exec(type)?.[1] ?? USUAL_RATE);
  return wavHeader({ rate: rate > 0 ? rate : USUAL_RATE, channels: 1, bits: 16 }, length);
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function silent(finishReason: string | null | undefined, { provider, model }: Target): SluiceError {
  const isRefused = finishReason === "content_filter";
  const message = `${provider} answered without audio (finish_reason: ${finishReason})`;
  return isRefused
    ? new ContentPolicyViolationError(`litellm.ContentPolicyViolationError: ${message}`, { provider, model })
    : new APIResponseValidationError(`litellm.APIResponseValidationError: ${message}`, { provider, model });
}

/** Chat's pieces of audio as speech's; the first of a WAV file begins with its header. */
function speechOf(chat: StreamDecoder<ChatChunk>, format: string, target: Target): StreamDecoder<SpeechEvent> {
  let hasBegun = false;
  let usage: Usage | undefined;
  let finishReason: string | null | undefined;
  const eventsOf = (chunks: ChatChunk[]): SpeechEvent[] =>
    chunks.flatMap((chunk) => {
      usage = chunk.usage ?? usage;
      finishReason = chunk.choices[0]?.finish_reason ?? finishReason;
      const piece = audioIn(chunk.choices[0]?.delta["audio"]);
      if (piece === undefined) return [];
      const isFirst = !hasBegun;
      hasBegun = true;
      const bytes = isFirst && format === "wav" ? joined(headerFor(piece.type), piece.bytes) : piece.bytes;
      return [{ type: "speech.audio.delta" as const, audio: toBase64(bytes) }];
    });
  return {
    event: (event) => eventsOf(chat.event(event)),
    end() {
      const rest = eventsOf(chat.end());
      if (!hasBegun) throw silent(finishReason, target);
      return [...rest, { type: "speech.audio.done", ...(usage && { usage: toSpeechUsage(usage) }) }];
    },
  };
}

function toSpeechUsage({ prompt_tokens, completion_tokens, total_tokens }: Usage) {
  return { input_tokens: prompt_tokens, output_tokens: completion_tokens, total_tokens };
}
