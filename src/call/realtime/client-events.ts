/** Events of the client's as they go on to a provider that speaks OpenAI's. */
import { asRecord, isRecord, type JsonObject } from "../../formats/json.ts";
import type { RealtimeEvent } from "../../formats/openai/realtime.ts";
import type { SessionAccount } from "./charges.ts";

/**
 * Sound whose text may go on as it is. What was judged must be what the provider reads: a text that says its type twice
 * could be one thing here and another there, so every other event is written anew.
 */
export function isPlainAppend(text: string): boolean {
  const first = text.indexOf('"type"');
  return first !== -1 && text.indexOf('"type"', first + 1) === -1 && !text.includes("\\");
}

/** A session's model stays what it is, under the provider's name for it. */
export function forUpstream(
  event: RealtimeEvent,
  { model, target }: Pick<SessionAccount, "model" | "target">,
): RealtimeEvent {
  if (event.type !== "session.update" && event.type !== "transcription_session.update") return event;
  const { session } = event;
  if (!isRecord(session)) return event;
  const named = (value: unknown) => (value === model ? target.model : value);
  const renamed: JsonObject = { ...session };
  if (session["model"] !== undefined) renamed["model"] = target.model;
  if (isRecord(session["input_audio_transcription"]))
    renamed["input_audio_transcription"] = withModel(session["input_audio_transcription"], named);
  const audio = asRecord(session["audio"]);
  const input = asRecord(audio["input"]);
  if (isRecord(input["transcription"]))
    renamed["audio"] = { ...audio, input: { ...input, transcription: withModel(input["transcription"], named) } };
  return { ...event, session: renamed };
}

function withModel(fields: JsonObject, named: (value: unknown) => unknown): JsonObject {
  return fields["model"] === undefined ? fields : { ...fields, model: named(fields["model"]) };
}

/**
 * The request for a response of at most so many tokens.
 * @param isBeta in the words of the API's first version
 */
export function withBound(
  event: RealtimeEvent,
  bound: number | undefined,
  asked: number | undefined,
  isBeta: boolean,
): RealtimeEvent {
  if (bound === undefined) return event;
  const response = asRecord(event["response"]);
  const name = isBeta ? "max_response_output_tokens" : "max_output_tokens";
  const own = response[name];
  const least = Math.min(bound, typeof own === "number" ? own : bound, asked ?? bound);
  return { ...event, response: { ...response, [name]: least } };
}
