/** Tokens of audio, where nobody has counted them: by its length. */
import type { ModelInfo } from "./catalogue.ts";

/** OpenAI's transcription models count 10 tokens a second (recorded), Gemini 32 ("Audio understanding"). */
const HEARD = 10;
const HEARD_BY_GEMINI = 32;

/** Gemini's speech models make 25 tokens a second ("Speech generation"), OpenAI's some 21 (see the rates). */
const SPOKEN = 25;

/** Characters a second of usual speech, and of the slowest (Chinese, with a syllable each). */
const USUAL_PACE = 15;
const SLOWEST_PACE = 4;

/** Tokens of output a second of what is said: words of any language, and who says them. */
const WRITTEN = 15;
const WRITTEN_WITH_SPEAKERS = 45;

/** Tokens of audio that is listened to, at most. */
export function mostHeardTokens(seconds: number): number {
  return Math.ceil(seconds * HEARD_BY_GEMINI);
}

export function heardTokens(seconds: number, model: string): number {
  return Math.ceil(seconds * (/gemini/i.test(model) ? HEARD_BY_GEMINI : HEARD));
}

/** Tokens of audio that was spoken. Where a model has a price for a second and one for a token, these tell. */
export function spokenTokens(seconds: number, info: ModelInfo | undefined): number {
  const [bySecond, byToken] = [Number(info?.["output_cost_per_second"]), Number(info?.["output_cost_per_audio_token"])];
  const rate = bySecond > 0 && byToken > 0 ? bySecond / byToken : SPOKEN;
  return Math.round(seconds * rate);
}

/** Seconds it takes to say so many characters, at most. @param speed 1 is as usual */
export function mostSeconds(characters: number, speed = 1): number {
  return characters / SLOWEST_PACE / Math.min(speed, 1);
}

/** Tokens of audio so many characters take at most. */
export function mostSpokenTokens(characters: number, speed = 1): number {
  return Math.ceil(mostSeconds(characters, speed) * SPOKEN);
}

/** Seconds it takes to say so many characters. */
export function usualSeconds(characters: number, speed = 1): number {
  return characters / USUAL_PACE / speed;
}

/** Tokens a transcript of so much audio has at most. */
export function mostWrittenTokens(seconds: number, withSpeakers: boolean): number {
  return 16 + Math.ceil(seconds * (withSpeakers ? WRITTEN_WITH_SPEAKERS : WRITTEN));
}
