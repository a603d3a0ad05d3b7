/** Client secrets of OpenAI's Realtime API. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { isRecord } from "../../formats/json.ts";
import type { SecretKind, SecretRequest } from "../../formats/openai/realtime-secrets.ts";
import { toError } from "../failure.ts";
import type { SecretAdapter, Target } from "../provider.ts";
import { postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import type { Json } from "./json.ts";
import type { RealtimeRow } from "./realtime.ts";
import { errorIn } from "./stream.ts";

export function openaiSecretAdapter(row: RealtimeRow, kind: SecretKind): SecretAdapter {
  return {
    wire: "openai",
    supportedParams: () => "all",
    request: (request, target) => ({
      ...postTo(row, row.secretsPath?.(kind, target) ?? `/realtime/${kind}`, target, row.headers?.(target)),
      body: { json: BODIES[kind](request, target) },
    }),
    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, row.label, row.rules, exchange);
      if (isRecord(body)) return body;
      const { provider, model } = exchange.target;
      throw new APIResponseValidationError(
        `litellm.APIResponseValidationError: ${row.label}Exception - the answer is no session`,
        { provider, model },
      );
    },
    error: (failure) => toError(failure, row.label, row.rules),
  };
}

/** Where each kind has the model, which clients of LiteLLM's write beside the session. */
const BODIES: Readonly<Record<SecretKind, (request: SecretRequest, target: Target) => Json>> = {
  client_secrets: ({ model: _, session, ...request }, target) => ({ ...request, session: withModel(session, target) }),
  sessions: (request, { model }) => ({ ...request, model }),
  transcription_sessions: ({ model: _, ...request }, { model }) => ({
    ...request,
    input_audio_transcription: { ...request.input_audio_transcription, model },
  }),
};

/** A session that talks has a model of its own; one that only listens has that of the transcription. */
function withModel(session: SecretRequest["session"], { model }: Target): Json {
  if (session?.type !== "transcription") return { ...session, type: session?.type ?? "realtime", model };
  const { audio } = session;
  const transcription = { ...audio?.input?.transcription, model };
  return { ...session, audio: { ...audio, input: { ...audio?.input, transcription } } };
}
