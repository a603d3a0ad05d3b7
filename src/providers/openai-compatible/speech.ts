/** Which of the compatible providers speak, and what is special about it. Sources: their API references. */
import { UnsupportedParamsError } from "../../formats/errors.ts";
import { defined } from "../../formats/json.ts";
import { OPENAI_SPEECH_PARAMS } from "../../formats/openai/speech.ts";
import type { Json } from "../openai/json.ts";
import { openaiSpeechAdapter, type SpeechRow } from "../openai/speech.ts";
import type { SpeechAdapter, Target } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import type { CompatibleRow } from "./row.ts";

/** What a row does not say is as with most of them: OpenAI's path and fields, without instructions and events. */
type Special = Partial<Pick<SpeechRow, "path" | "params" | "fix" | "voiceObjects">>;

const USUAL = ["response_format", "speed", "voice"];

/** Servers that take whatever OpenAI takes. */
const WHOLE: Special = { params: OPENAI_SPEECH_PARAMS, voiceObjects: true };

const SPECIAL: Readonly<Record<string, Special>> = {
  aihubmix: WHOLE,
  aiml: {},
  cometapi: WHOLE,
  custom_openai: WHOLE,
  deepinfra: {},
  groq: {},
  hosted_vllm: { params: [...USUAL, "instructions"] },
  lemonade: {},
  litellm_proxy: WHOLE,
  mistral: { params: ["response_format", "stream_format", "voice"], fix: asMistral },
  "nano-gpt": { params: [...USUAL, "instructions"] },
  openai_like: WHOLE,
  openrouter: { params: [...USUAL, "instructions"] },
  together_ai: { params: ["response_format", "voice"] },
  veniceai: {},
  xai: { path: "/tts", fix: asXai },
  xinference: {},
};

/** @returns nothing where the provider does not speak */
export function compatibleSpeech(row: CompatibleRow, label: string): SpeechAdapter | undefined {
  const special = SPECIAL[row.slug];
  if (special === undefined) return undefined;
  return openaiSpeechAdapter({
    params: USUAL,
    ...special,
    ...hostOf(row, label),
    path: special.path ?? besideChat(row.path, "/audio/speech"),
    rewritesAnswers: true, // no recording proves anybody's events
  });
}

/** Mistral, "Speech generation": `voice_id`; audio in base64, within JSON or events (`stream`). */
function asMistral({ voice, stream_format, ...body }: Json): Json {
  return defined({ ...body, voice_id: voice, stream: stream_format === "sse" ? true : undefined });
}

/** xAI's codecs by OpenAI's names. */
const XAI_CODECS: ReadonlySet<unknown> = new Set(["alaw", "mp3", "mulaw", "pcm", "wav"]);

/** xAI, "Text to Speech": fields of its own; one model alone, whose name it does not take. */
function asXai({ model: _, input, voice, response_format: format, ...body }: Json, target: Target): Json {
  if (format !== undefined && !XAI_CODECS.has(format))
    throw new UnsupportedParamsError(
      `litellm.UnsupportedParamsError: xai makes no response_format ${JSON.stringify(format)}; it makes mp3, wav, pcm, mulaw and alaw`,
      { param: "response_format", provider: target.provider, model: target.model },
    );
  const output_format = format === undefined ? undefined : { codec: format };
  return defined({ language: "auto", text: input, voice_id: voice, output_format, ...body });
}
