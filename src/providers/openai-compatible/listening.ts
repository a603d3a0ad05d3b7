/** Requests and answers of those who listen in a way of their own: Mistral, OpenRouter, xAI. */
import { formatOfFile } from "../../formats/audio/file-format.ts";
import { linesOf, type SpokenWord, turnsOf } from "../../formats/audio/segments.ts";
import { defined, isRecord, recordsIn } from "../../formats/json.ts";
import { needsTimes, type TranscriptionRequest } from "../../formats/openai/transcriptions.ts";
import { type Json, textOf, without } from "../openai/json.ts";
import type { Target } from "../provider.ts";

/** Mistral, "Audio transcriptions": it has no formats; times and speakers are asked for by themselves. */
export function asMistral(fields: Json, { response_format: format }: TranscriptionRequest): Json {
  return defined({
    ...without(fields, ["response_format"]),
    timestamp_granularities: fields["timestamp_granularities"] ?? (needsTimes(format) ? ["segment"] : undefined),
    diarize: fields["diarize"] ?? (format === "diarized_json" ? true : undefined),
  });
}

/** Its words come as segments of one word each. */
export function fromMistral(
  body: Json,
  { response_format: format, timestamp_granularities: granularities }: TranscriptionRequest,
): Json {
  if (!needsTimes(format)) return body;
  const segments = recordsIn(body["segments"]);
  const seconds = isRecord(body["usage"]) ? body["usage"]["prompt_audio_seconds"] : undefined;
  const head = { ...body, task: "transcribe", ...(typeof seconds === "number" && { duration: seconds }) };
  if (format === "verbose_json" && granularities?.includes("word")) {
    const words = segments.map(({ text, start, end }) => ({ word: textOf(text)?.trim() ?? "", start, end }));
    return { ...without(head, ["segments"]), words };
  }
  if (format !== "diarized_json") return { ...head, segments: segments.map((segment, id) => ({ id, ...segment })) };
  return { ...head, segments: spoken(segments) };
}

/** OpenRouter, "Speech-to-Text": JSON with the audio in base64. */
export function asOpenrouter(fields: Json, { file, file_base64: data }: TranscriptionRequest): Json {
  return { ...without(fields, ["response_format"]), input_audio: { data, format: formatOfFile(file) } };
}

/** xAI, "Speech to Text": the words always come with their times. Its one model of former times had no name. */
export function asXai(fields: Json, { response_format: format }: TranscriptionRequest, target: Target): Json {
  const isNamed = target.model.startsWith("grok-");
  return defined({
    ...without(fields, ["response_format", "timestamp_granularities", ...(isNamed ? [] : ["model"])]),
    diarize: fields["diarize"] ?? (format === "diarized_json" ? true : undefined),
  });
}

/** Segments are made of the words. */
export function fromXai(
  body: Json,
  { response_format: format, timestamp_granularities: granularities }: TranscriptionRequest,
): Json {
  if (!needsTimes(format)) return body;
  const words = wordsOf(body);
  const segments = format === "diarized_json" ? spoken(turnsOf(words)) : linesOf(words);
  const hasWords = format === "verbose_json" && granularities?.includes("word");
  return {
    ...without(body, ["words"]),
    task: "transcribe",
    segments,
    ...(hasWords && { words: words.map(({ speaker: _, ...word }) => word) }),
  };
}

function wordsOf(body: Json): SpokenWord[] {
  return recordsIn(body["words"]).flatMap(({ text, start, end, speaker }) =>
    typeof text === "string" && typeof start === "number" && typeof end === "number"
      ? [{ word: text, start, end, ...(speaker !== undefined && { speaker: String(speaker) }) }]
      : [],
  );
}

/** Segments as OpenAI writes those with speakers. */
function spoken(segments: readonly Json[]): Json[] {
  return segments.map(({ speaker_id: id, speaker = id, ...segment }, index) => ({
    ...segment,
    type: "transcript.text.segment",
    id: `seg_${index}`,
    ...(speaker !== undefined && { speaker: String(speaker) }),
  }));
}
