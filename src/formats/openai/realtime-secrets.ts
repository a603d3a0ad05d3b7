/**
 * Client secrets of realtime sessions. Source: OpenAI API reference, "Create client secret"; of its first version "Create
 * session" and "Create transcription session".
 */
import { z } from "zod";
import { asRecord, isRecord, type JsonObject } from "../json.ts";

const transcription = z.looseObject({ model: z.string().nullish() }).nullish();

export const secretRequestSchema = z.looseObject({
  /** The public name, wherever the client wrote it. */
  model: z.string().min(1),
  session: z
    .looseObject({
      type: z.string().nullish(),
      model: z.string().nullish(),
      audio: z.looseObject({ input: z.looseObject({ transcription }).nullish() }).nullish(),
    })
    .nullish(),
  expires_after: z.looseObject({ anchor: z.string().nullish(), seconds: z.number().nullish() }).nullish(),
  input_audio_transcription: transcription,
});
export type SecretRequest = z.infer<typeof secretRequestSchema>;

/** The last part of the path: of OpenAI's API, and of its first version. */
export type SecretKind = "client_secrets" | "sessions" | "transcription_sessions";

/** The provider's answer, whole. */
export type SecretResponse = JsonObject;

/** Where a client may have written the model, best first. */
export function modelOfSecretRequest(body: JsonObject): unknown {
  const session = asRecord(body["session"]);
  const input = asRecord(asRecord(session["audio"])["input"]);
  const places = [
    session["model"],
    body["model"],
    asRecord(input["transcription"])["model"],
    asRecord(body["input_audio_transcription"])["model"],
  ];
  return places.find((model) => typeof model === "string" && model !== "");
}

/** A secret in an answer: OpenAI's own place for it, or that of its first version. */
export interface FoundSecret {
  value: string;
  /** Unix seconds. */
  expiresAt: number;
  /** The answer with another in its place. */
  replaced(value: string): SecretResponse;
}

/** `undefined` where there is none. */
export function secretIn(response: SecretResponse): FoundSecret | undefined {
  const { value, expires_at, client_secret } = response;
  if (typeof value === "string" && typeof expires_at === "number")
    return { value, expiresAt: expires_at, replaced: (value) => ({ ...response, value }) };
  if (!isRecord(client_secret)) return undefined;
  const { value: inner, expires_at: end } = client_secret;
  if (typeof inner !== "string" || typeof end !== "number") return undefined;
  return {
    value: inner,
    expiresAt: end,
    replaced: (value) => ({ ...response, client_secret: { ...client_secret, value } }),
  };
}
