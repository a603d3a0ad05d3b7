/** OpenAI's speech. Source: OpenAI API reference, "Create speech". Fields not named here survive. */
import { z } from "zod";
import type { Usage } from "./chat.ts";

export const speechRequestSchema = z.looseObject({
  model: z.string().min(1),
  input: z.string("it must be a text").min(1, "it must not be empty"),
  /** A name, or a voice of one's own by its id. Some models need none. */
  voice: z
    .union([z.string().min(1), z.looseObject({ id: z.string().min(1) })], "it must be a name, or an object with an id")
    .nullish(),
  response_format: z.string().min(1).nullish(),
  speed: z.number().positive().nullish(),
  /** How to speak. */
  instructions: z.string().nullish(),
  /** `sse`: the audio in events, with usage at their end. */
  stream_format: z.enum(["audio", "sse"], 'it must be "audio" or "sse"').nullish(),
  /** Set by the gateway where events are asked for. */
  stream: z.boolean().nullish(),
});
export type SpeechRequest = z.infer<typeof speechRequestSchema>;

/** OpenAI's parameters beyond `model` and `input`. Anything else is a provider's own. */
export const OPENAI_SPEECH_PARAMS = ["instructions", "response_format", "speed", "stream_format", "voice"] as const;

/** Spoken audio that came whole, from a provider that answers with JSON. */
export interface SpeechAudio {
  audio: Uint8Array<ArrayBuffer>;
  contentType: string;
  usage?: Usage;
}

/** An event of a stream; `audio` is base64. */
export type SpeechEvent =
  | { type: "speech.audio.delta"; audio: string; [key: string]: unknown }
  | { type: "speech.audio.done"; usage?: SpeechUsage; [key: string]: unknown };

export interface SpeechUsage {
  input_tokens: number;
  output_tokens: number;
  total_tokens: number;
  [key: string]: unknown;
}

/** The voice as one name. */
export function voiceName(voice: SpeechRequest["voice"]): string | undefined {
  return typeof voice === "object" ? voice?.id : voice;
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  aac: "audio/aac",
  flac: "audio/flac",
  mp3: "audio/mpeg",
  opus: "audio/ogg",
  pcm: "audio/pcm",
  wav: "audio/wav",
};

/** Of a format by the name OpenAI has for it. */
export function audioContentType(format: string): string {
  return CONTENT_TYPES[format] ?? `audio/${format}`;
}
