/**
 * OpenAI's transcriptions and translations. Source: OpenAI API reference, "Create transcription", "Create translation".
 * Fields not named here survive.
 */
import { z } from "zod";

const fileSchema = z.custom<File>(
  (value) => value instanceof File,
  "it must be a file of audio in a form (multipart/form-data)",
);

const textsSchema = z.array(z.string());

export const transcriptionRequestSchema = z.looseObject({
  model: z.string().min(1),
  file: fileSchema,
  /** ISO 639-1. */
  language: z.string().nullish(),
  prompt: z.string().nullish(),
  /** `json` unless said. */
  response_format: z.string().min(1).nullish(),
  temperature: z.number().nullish(),
  timestamp_granularities: textsSchema.nullish(),
  include: textsSchema.nullish(),
  chunking_strategy: z.union([z.string(), z.looseObject({ type: z.string() })]).nullish(),
  known_speaker_names: textsSchema.nullish(),
  known_speaker_references: textsSchema.nullish(),
  keywords: textsSchema.nullish(),
  languages: textsSchema.nullish(),
  stream: z.boolean().nullish(),
});

export interface TranscriptionRequest extends z.infer<typeof transcriptionRequestSchema> {
  /** The file's content, for providers that take it within JSON. Set by the gateway. */
  file_base64?: string;
}

/** OpenAI's parameters beyond `model` and `file`. Anything else is a provider's own. */
export const OPENAI_TRANSCRIPTION_PARAMS = [
  "chunking_strategy",
  "include",
  "keywords",
  "known_speaker_names",
  "known_speaker_references",
  "language",
  "languages",
  "prompt",
  "response_format",
  "stream",
  "temperature",
  "timestamp_granularities",
] as const;

/** Fields that are lists, however many a form names. */
export const LIST_FIELDS = [
  "include",
  "keywords",
  "known_speaker_names",
  "known_speaker_references",
  "languages",
  "timestamp_granularities",
] as const;

export interface TranscriptSegment {
  /** Seconds from the beginning. */
  start: number;
  end: number;
  text: string;
  /** Who speaks, where that was asked for. */
  speaker?: string;
  [key: string]: unknown;
}

export interface TranscriptWord {
  word: string;
  /** Seconds from the beginning. */
  start: number;
  end: number;
  [key: string]: unknown;
}

/** Tokens, or seconds, or both where the provider tells both. */
export interface TranscriptionUsage {
  type: "tokens" | "duration";
  input_tokens?: number;
  output_tokens?: number;
  total_tokens?: number;
  input_token_details?: { audio_tokens?: number; text_tokens?: number; [key: string]: unknown };
  /** Seconds of audio that are billed. */
  seconds?: number;
  [key: string]: unknown;
}

export interface Transcription {
  text: string;
  language?: string | null;
  /** Seconds of audio. */
  duration?: number;
  segments?: TranscriptSegment[];
  words?: TranscriptWord[];
  usage?: TranscriptionUsage;
  /** The answer as the text the client asked for, where the provider gave none and the gateway wrote it. */
  written?: string;
  [key: string]: unknown;
}

/** An event of a stream. */
export type TranscriptionEvent =
  | { type: "transcript.text.delta"; delta: string; [key: string]: unknown }
  | { type: "transcript.text.segment"; text: string; start: number; end: number; [key: string]: unknown }
  | { type: "transcript.text.done"; text: string; usage?: TranscriptionUsage; [key: string]: unknown };

/** Formats that are texts, and no JSON. */
const TEXT_FORMATS: ReadonlySet<string> = new Set(["text", "srt", "vtt"]);

export function isTextFormat(format: string | null | undefined): format is string {
  return typeof format === "string" && TEXT_FORMATS.has(format);
}

/** Formats that tell when what was said. */
export function needsTimes(format: string | null | undefined): boolean {
  return format === "srt" || format === "vtt" || format === "verbose_json" || format === "diarized_json";
}
