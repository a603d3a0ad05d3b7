import { isRecord } from "../../formats/json.ts";
import type { TranscriptionUsage } from "../../formats/openai/transcriptions.ts";
import type { Json } from "./json.ts";

/** What is counted: tokens by OpenAI's names for audio or for chat, seconds by whichever name (Mistral, OpenRouter). */
export function transcriptionUsage(usage: unknown): TranscriptionUsage | undefined {
  if (!isRecord(usage)) return undefined;
  const seconds = numberIn(usage, "seconds") ?? numberIn(usage, "prompt_audio_seconds");
  const output = numberIn(usage, "output_tokens") ?? numberIn(usage, "completion_tokens");
  const total = numberIn(usage, "total_tokens");
  const told = numberIn(usage, "input_tokens") ?? numberIn(usage, "prompt_tokens");
  // Mistral's tokens of the prompt are of its text alone; the total has those of the audio.
  const input = total !== undefined && output !== undefined ? Math.max(told ?? 0, total - output) : told;
  if (seconds === undefined && (input === undefined || output === undefined)) return undefined;
  const { prompt_tokens: _, completion_tokens: _output, prompt_tokens_details: details, ...rest } = usage;
  return {
    ...rest,
    type: input === undefined || output === undefined ? "duration" : "tokens",
    ...(input !== undefined && output !== undefined && { input_tokens: input, output_tokens: output }),
    ...(input !== undefined && output !== undefined && { total_tokens: total ?? input + output }),
    ...(isRecord(details) && { input_token_details: details }),
    ...(seconds !== undefined && { seconds }),
  };
}

function numberIn(object: Json, name: string): number | undefined {
  const value = object[name];
  return typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined;
}
