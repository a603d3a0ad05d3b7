/** Which of the compatible providers listen, and what is special about it. Sources: their API references. */
import { OPENAI_TRANSCRIPTION_PARAMS } from "../../formats/openai/transcriptions.ts";
import { openaiTranscriptionAdapter, TRANSCRIPTION_FORMATS, type TranscriptionRow } from "../openai/transcriptions.ts";
import type { TranscriptionAdapter } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import * as own from "./listening.ts";
import type { CompatibleRow } from "./row.ts";

/** What a row does not say is as with most of them: Whisper behind OpenAI's path, all its formats but `diarized_json`. */
interface Special
  extends Partial<
    Pick<TranscriptionRow, "base" | "path" | "params" | "formats" | "plainLists" | "fix" | "takesJson" | "readAnswer">
  > {
  /** Its translations too. */
  translates?: true;
  /** Another host for these models. */
  elsewhere?: { models: RegExp; base: string };
}

const WHISPER = ["language", "prompt", "temperature", "timestamp_granularities"];
const WHISPER_FORMATS = ["json", "text", "srt", "verbose_json", "vtt"];
const JSON_ALONE = ["json", "verbose_json"];

/** Servers that take whatever OpenAI takes. */
const WHOLE: Special = { params: OPENAI_TRANSCRIPTION_PARAMS, formats: TRANSCRIPTION_FORMATS, translates: true };

const SPECIAL: Readonly<Record<string, Special>> = {
  aihubmix: WHOLE,
  cometapi: WHOLE,
  custom_openai: WHOLE,
  deepinfra: { translates: true },
  fireworks_ai: {
    base: "https://audio-prod.api.fireworks.ai/v1",
    elsewhere: { models: /turbo/, base: "https://audio-turbo.api.fireworks.ai/v1" },
    translates: true,
  },
  groq: { formats: ["json", "text", "verbose_json"], translates: true },
  hosted_vllm: {
    params: [...WHISPER, "stream"],
    formats: ["json", "text", "verbose_json"],
    translates: true,
    // Usage comes in streams only where it is asked for.
    fix: (fields) => (fields["stream"] ? { ...fields, stream_include_usage: true } : fields),
  },
  lemonade: { formats: JSON_ALONE },
  litellm_proxy: WHOLE,
  llamafile: { params: ["language", "prompt", "temperature"], formats: ["json"] },
  mistral: {
    params: ["language", "stream", "temperature", "timestamp_granularities"],
    formats: ["json", "verbose_json", "diarized_json"],
    plainLists: true,
    fix: own.asMistral,
    readAnswer: own.fromMistral,
  },
  openai_like: WHOLE,
  openrouter: {
    params: ["language", "temperature"],
    formats: ["json"],
    takesJson: true,
    fix: own.asOpenrouter,
  },
  ovhcloud: {},
  sambanova: { params: ["language", "prompt", "temperature"], formats: ["json"], translates: true },
  scaleway: { params: ["language", "prompt", "temperature"], formats: ["json"] },
  together_ai: { formats: JSON_ALONE, translates: true },
  veniceai: { params: ["language"], formats: ["json", "text"] },
  xai: {
    path: "/stt",
    params: ["language", "timestamp_granularities"],
    formats: ["json", "verbose_json", "diarized_json"],
    fix: own.asXai,
    readAnswer: own.fromXai,
  },
  xinference: { translates: true },
};

/** @returns nothing where the provider does not listen */
export function compatibleTranscriptions(row: CompatibleRow, label: string): TranscriptionAdapter | undefined {
  const special = SPECIAL[row.slug];
  return special && adapterOf(special, row, label, "/audio/transcriptions");
}

/** @returns nothing where the provider does not translate what it hears */
export function compatibleTranslations(row: CompatibleRow, label: string): TranscriptionAdapter | undefined {
  const special = SPECIAL[row.slug];
  return special?.translates && adapterOf(special, row, label, "/audio/translations");
}

function adapterOf(special: Special, row: CompatibleRow, label: string, path: string): TranscriptionAdapter {
  const { translates: _, elsewhere, ...rest } = special;
  const made = {
    params: WHISPER,
    formats: WHISPER_FORMATS,
    ...hostOf(row, label),
    ...rest,
    path: special.path ?? besideChat(row.path, path),
    rewritesAnswers: true, // no recording proves anybody's events
  };
  const adapter = openaiTranscriptionAdapter(made);
  if (elsewhere === undefined) return adapter;
  const other = openaiTranscriptionAdapter({ ...made, base: elsewhere.base });
  return {
    ...adapter,
    request: (request, target) => (elsewhere.models.test(target.model) ? other : adapter).request(request, target),
  };
}
