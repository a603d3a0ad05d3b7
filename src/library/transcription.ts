import type { z } from "zod";
import {
  isTextFormat,
  type Transcription,
  type TranscriptionEvent,
  transcriptionRequestSchema,
} from "../formats/openai/transcriptions.ts";
import { type TranscriptionOperation, transcriptions, translations } from "../operations/transcriptions.ts";
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** OpenAI's request, with LiteLLM's options beside it. `file`: a `File` of audio, with a name. */
export type TranscriptionParams = z.infer<typeof transcriptionRequestSchema> & LibraryOptions;

type Texts = { response_format: "text" | "srt" | "vtt"; stream?: false | null };
type Objects = { response_format?: "json" | "verbose_json" | "diarized_json" | null; stream?: false | null };

/**
 * What is said in a file of audio, in the language it is said in.
 *
 * @example
 * const file = new File([await readFile("speech.mp3")], "speech.mp3");
 * const { text } = await transcription({ model: "groq/whisper-large-v3", file });
 * @returns OpenAI's answer: a text for the formats that are one; with `stream: true` an iterable of events
 * @throws the error classes of this library
 */
export function transcription(
  params: TranscriptionParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<TranscriptionEvent>>;
export function transcription(params: TranscriptionParams & Texts, options?: AskOptions): Promise<string>;
export function transcription(params: TranscriptionParams & Objects, options?: AskOptions): Promise<Transcription>;
export function transcription(params: TranscriptionParams, options: AskOptions = {}): Promise<Answer> {
  return listen(transcriptions, params, options);
}

/**
 * The same in English.
 * @throws the error classes of this library
 */
export function translation(params: TranscriptionParams & Texts, options?: AskOptions): Promise<string>;
export function translation(params: TranscriptionParams & Objects, options?: AskOptions): Promise<Transcription>;
export function translation(params: TranscriptionParams, options: AskOptions = {}): Promise<Answer> {
  return listen(translations, params, options);
}

type Answer = Transcription | string | AsyncIterable<TranscriptionEvent>;

async function listen(
  operation: TranscriptionOperation,
  params: TranscriptionParams,
  options: AskOptions,
): Promise<Answer> {
  const { request, connection, call } = splitParams(params, transcriptionRequestSchema.shape);
  const deployment = deploymentOf(params.model, connection, options.env);
  const answer = await ask(operation, request, deployment, call, {}, options);
  if (isStream(answer)) return answer;
  const { written, ...body } = answer;
  return isTextFormat(request.response_format) ? (written ?? body.text) : body;
}

function isStream(
  answer: Transcription | AsyncIterable<TranscriptionEvent>,
): answer is AsyncIterable<TranscriptionEvent> {
  return Symbol.asyncIterator in answer;
}
