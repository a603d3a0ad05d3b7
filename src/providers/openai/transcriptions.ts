/** Transcriptions and translations of OpenAI, and of those who took over its format: one adapter, made from a row. */
import { toSrt, toVtt } from "../../formats/audio/subtitles.ts";
import { APIResponseValidationError, UnsupportedParamsError } from "../../formats/errors.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import {
  isTextFormat,
  type Transcription,
  type TranscriptionRequest,
  type TranscriptSegment,
} from "../../formats/openai/transcriptions.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { Exchange, Target, TranscriptionAdapter, UpstreamRequest } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";
import { transcriptionStream } from "./transcription-stream.ts";
import { transcriptionUsage } from "./transcription-usage.ts";

/** What one provider's transcriptions differ in. */
export interface TranscriptionRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  /** OpenAI's parameters it takes. */
  params: readonly string[];
  /** Response formats it makes; the gateway writes what it can of the others. */
  formats: readonly string[];
  /** Lists are fields of the same name, without `[]`. */
  plainLists?: true;
  /** The fields as the provider has them. @param request as the client made it */
  fix?: (fields: Json, request: TranscriptionRequest, target: Target) => Json;
  /** It takes JSON with the file's content in it, and no form. */
  takesJson?: true;
  /** An answer of the provider's own shape in OpenAI's. */
  readAnswer?: (body: Json, request: TranscriptionRequest) => Json;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

/** All of OpenAI's. */
export const TRANSCRIPTION_FORMATS = ["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] as const;

export function openaiTranscriptionAdapter(row: TranscriptionRow): TranscriptionAdapter {
  const { label, rules, readAnswer = (body: Json) => body } = row;
  const supported = new Set([...row.params, "response_format", "stream"]);
  const failure = (exchange: Exchange<unknown>) => (error: unknown) => embeddedError(error, label, rules, exchange);
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    ...(!row.takesJson && { takesFiles: true }),
    supportedParams: () => supported,
    answers: (request, target) => (isTextFormat(askedFormat(row, request, target)) ? "text" : "json"),

    request(request, target) {
      const fields = fieldsOf(row, request, target);
      const post = postTo(row, row.path, target, { accept: acceptedTypes(request), ...row.headers?.(target) });
      return row.takesJson ? { ...post, body: { json: fields } } : withForm(post, fields, request.file, row);
    },

    response(body, exchange) {
      const { request, target } = exchange;
      const json = typeof body === "string" ? jsonIn(body, exchange) : body;
      if (typeof json === "string") return { text: json };
      const error = isRecord(json) ? errorIn(json) : undefined;
      if (error !== undefined) throw failure(exchange)(error);
      if (!isRecord(json) || textOf(json["text"]) === undefined) throw noTranscript(json, label, target);
      return written(transcriptionOf(readAnswer(json, request)), request, target);
    },

    stream: (exchange) => transcriptionStream(exchange, failure(exchange)),

    error: (upstream) => toError(upstream, label, rules),
  };
}

function fieldsOf(row: TranscriptionRow, request: TranscriptionRequest, target: Target): Json {
  const { file: _, file_base64: _encoded, stream, response_format: format, ...rest } = request;
  const asked = askedFormat(row, request, target);
  const streams = stream && row.params.includes("stream"); // a whole answer is made a stream by the gateway
  const fields: Json = {
    ...rest,
    ...(format && asked && { response_format: asked }),
    ...(streams && { stream }),
    model: target.model,
  };
  return row.fix?.(fields, request, target) ?? fields;
}

/**
 * The format the provider is asked for; `undefined` where it has but one.
 * @throws UnsupportedParamsError where nothing it gives can be made the one the client wants
 */
function askedFormat(
  { formats, label }: TranscriptionRow,
  { response_format: format }: TranscriptionRequest,
  { provider, model }: Target,
): string | undefined {
  const wanted = format ?? "json";
  if (formats.includes(wanted)) return wanted;
  const instead = wanted === "text" || wanted === "json" ? ["json", "verbose_json"] : ["verbose_json"];
  const isWritten = isTextFormat(wanted) || wanted === "json";
  const asked = isWritten ? instead.find((other) => formats.includes(other)) : undefined;
  if (asked !== undefined) return asked;
  throw new UnsupportedParamsError(
    `litellm.UnsupportedParamsError: ${label} makes no response_format ${JSON.stringify(wanted)} of audio, for model=${model}`,
    { param: "response_format", provider, model },
  );
}

function acceptedTypes({ stream, response_format: format }: TranscriptionRequest): string {
  if (stream) return "text/event-stream, application/json";
  return isTextFormat(format) ? "text/plain, application/json" : "application/json";
}

/** The type of a form is set by who sends it: it names the boundary. */
function withForm(
  { headers: { "content-type": _, ...headers }, ...post }: Omit<UpstreamRequest, "body">,
  fields: Json,
  file: File,
  { plainLists }: TranscriptionRow,
): UpstreamRequest {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || value === null) continue;
    if (Array.isArray(value)) for (const item of value) form.append(plainLists ? name : `${name}[]`, fieldOf(item));
    else if (value instanceof Blob) form.append(name, value);
    else form.append(name, fieldOf(value));
  }
  form.append("file", file, file.name); // last: xAI wants it so, and others do not mind
  return { ...post, headers, body: form };
}

function fieldOf(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Some answer with JSON whatever they are asked for. */
function jsonIn(text: string, { headers }: Exchange<unknown>): unknown {
  if (!/\bjson\b/i.test(headers["content-type"] ?? "")) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function noTranscript(body: unknown, label: string, { provider, model }: Target): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${label}Exception - the answer has no text: ${JSON.stringify(body)?.slice(0, 500)}`,
    { provider, model },
  );
}

function transcriptionOf({ usage, ...body }: Json): Transcription {
  const told = transcriptionUsage(usage);
  // what is in it is what the provider says
  return { ...body, text: textOf(body["text"]) ?? "", ...(told && { usage: told }) } as Transcription;
}

/** With the text the client asked for, where the provider gave JSON. */
function written(
  transcription: Transcription,
  { response_format: format }: TranscriptionRequest,
  { provider, model }: Target,
): Transcription {
  if (!isTextFormat(format)) return transcription;
  if (format === "text") return { ...transcription, written: transcription.text };
  const segments = timedSegments(transcription);
  if (segments === undefined)
    throw new APIResponseValidationError(
      `litellm.APIResponseValidationError: ${provider} did not tell when what was said, so that there are no subtitles`,
      { provider, model },
    );
  return { ...transcription, written: format === "srt" ? toSrt(segments) : toVtt(segments) };
}

function timedSegments({ segments, text }: Transcription): TranscriptSegment[] | undefined {
  if (text.trim() === "") return [];
  const timed = recordsIn(segments).filter(
    ({ start, end, text: said }) => typeof start === "number" && typeof end === "number" && typeof said === "string",
  );
  return timed.length === 0 ? undefined : (timed as TranscriptSegment[]); // just looked at
}
