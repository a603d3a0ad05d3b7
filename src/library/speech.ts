import {
  type SpeechAudio,
  type SpeechEvent,
  type SpeechRequest,
  speechRequestSchema,
} from "../formats/openai/speech.ts";
import { speech as operation } from "../operations/speech.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** OpenAI's request, with LiteLLM's options beside it. */
export type SpeechParams = SpeechRequest & LibraryOptions;

export interface SpeechCall<More = unknown> {
  (params: SpeechParams & More & { stream_format: "sse" }, options?: AskOptions): Promise<AsyncIterable<SpeechEvent>>;
  (params: SpeechParams & More & { stream_format?: "audio" | null }, options?: AskOptions): Promise<Response>;
}

export const speechMethod: Method<SpeechRequest, SpeechAudio, SpeechEvent> = {
  operation,
  fields: speechRequestSchema.shape,
  whole: ({ audio, contentType }) => responseOf(audio, contentType),
  bytes: responseOf,
};

/**
 * A text spoken, by any provider that speaks.
 *
 * @example
 * const response = await speech({ model: "openai/gpt-4o-mini-tts", voice: "alloy", input: "Hello" });
 * await writeFile("hello.mp3", await response.bytes());
 * @returns a `Response` whose body is the audio as it comes, and whose content type is the audio's; with
 * `stream_format: "sse"` an iterable of OpenAI's events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export const speech = direct<SpeechCall>(speechMethod);

function responseOf(body: BodyInit, type: string): Response {
  return new Response(body, { headers: { "content-type": type } });
}
