import type { z } from "zod";
import {
  isTextFormat,
  type Transcription,
  type TranscriptionEvent,
  type TranscriptionRequest,
  transcriptionRequestSchema,
} from "../formats/openai/transcriptions.ts";
import { type TranscriptionOperation, transcriptions, translations } from "../operations/transcriptions.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** OpenAI's request, with LiteLLM's options beside it. `file`: a `File` of audio, with a name. */
export type TranscriptionParams = z.infer<typeof transcriptionRequestSchema> & LibraryOptions;

type Texts = { response_format: "text" | "srt" | "vtt"; stream?: false | null };
type Objects = { response_format?: "json" | "verbose_json" | "diarized_json" | null; stream?: false | null };

export interface TranslationCall<More = unknown> {
  (params: TranscriptionParams & More & Texts, options?: AskOptions): Promise<string>;
  (params: TranscriptionParams & More & Objects, options?: AskOptions): Promise<Transcription>;
}

export interface TranscriptionCall<More = unknown> extends TranslationCall<More> {
  (
    params: TranscriptionParams & More & { stream: true },
    options?: AskOptions,
  ): Promise<AsyncIterable<TranscriptionEvent>>;
}

export const transcriptionMethod = listening(transcriptions);
export const translationMethod = listening(translations);

/**
 * What is said in a file of audio, in the language it is said in.
 *
 * @example
 * const file = new File([await readFile("speech.mp3")], "speech.mp3");
 * const { text } = await transcription({ model: "groq/whisper-large-v3", file });
 * @returns OpenAI's answer: a text for the formats that are one; with `stream: true` an iterable of events
 * @throws the error classes of this library
 */
export const transcription = direct<TranscriptionCall>(transcriptionMethod);

/**
 * The same in English.
 * @throws the error classes of this library
 */
export const translation = direct<TranslationCall>(translationMethod);

function listening(operation: TranscriptionOperation): Method<TranscriptionRequest, Transcription, TranscriptionEvent> {
  return {
    operation,
    fields: transcriptionRequestSchema.shape,
    whole: ({ written, ...body }, { response_format: format }) =>
      isTextFormat(format) ? (written ?? body.text) : body,
  };
}
