/** OpenAI. */

import { OPENAI_EMBEDDING_PARAMS } from "../../formats/openai/embeddings.ts";
import { OPENAI_SPEECH_PARAMS } from "../../formats/openai/speech.ts";
import { OPENAI_TRANSCRIPTION_PARAMS } from "../../formats/openai/transcriptions.ts";
import type { Provider, Target } from "../provider.ts";
import { type ChatRow, openaiChatAdapter } from "./chat.ts";
import { openaiCompletionAdapter } from "./completions.ts";
import { type EmbeddingRow, openaiEmbeddingAdapter } from "./embeddings.ts";
import { nativeCall } from "./endpoint.ts";
import { openaiRules } from "./errors.ts";
import { openaiImageEdits, openaiImageGenerations, openaiImageVariations } from "./images.ts";
import { FOREIGN_FIELDS, metadataIfStored, noThinkingParts, plainParts, streamUsage, stripFields } from "./messages.ts";
import { openaiModerationAdapter } from "./moderations.ts";
import { openaiImageFields, openaiImageParams, openaiModelParams, openaiParams } from "./params.ts";
import { openaiRealtimeAdapter } from "./realtime.ts";
import { openaiSecretAdapter } from "./realtime-secrets.ts";
import { openaiResponsesAdapter, servesResponses } from "./responses.ts";
import { openaiSpeechAdapter } from "./speech.ts";
import { openaiTranscriptionAdapter, TRANSCRIPTION_FORMATS } from "./transcriptions.ts";

const host = {
  slug: "openai",
  label: "OpenAI",
  base: "https://api.openai.com/v1",
  keyVariables: ["OPENAI_API_KEY"],
  headers: organizationHeaders,
  rules: openaiRules,
};

const row: ChatRow = {
  ...host,
  supportedParams: openaiParams,
  fixes: [openaiModelParams, metadataIfStored, plainParts, noThinkingParts, stripFields(FOREIGN_FIELDS), streamUsage],
};

const embeddings: EmbeddingRow = { ...host, path: "/embeddings", takesTokens: true, supportedParams: embeddingParams };

/** "dimensions … Only supported in text-embedding-3 and later models." */
function embeddingParams({ model }: Target): ReadonlySet<string> {
  const isOld = model === "text-embedding-ada-002";
  return new Set(OPENAI_EMBEDDING_PARAMS.filter((name) => !(isOld && name === "dimensions")));
}

const images = {
  ...host,
  streams: true,
  supportedParams: openaiImageParams,
  fix: openaiImageFields,
  // "For dall-e-3, only n=1 is supported."
  mostInputs: ({ model }: Target) => (model.startsWith("dall-e-3") ? 1 : undefined),
};

function organizationHeaders({ organization, params }: Target): Record<string, string> {
  const headers: Record<string, string> = {};
  const owner = organization ?? params?.["organization"];
  if (typeof owner === "string") headers["openai-organization"] = owner;
  if (typeof params?.["project"] === "string") headers["openai-project"] = params["project"];
  return headers;
}

/** Which formats and parameters each of its models takes, OpenAI says itself. */
const listener = { ...host, params: OPENAI_TRANSCRIPTION_PARAMS, formats: TRANSCRIPTION_FORMATS };

const variables = {
  baseVariables: ["OPENAI_BASE_URL", "OPENAI_API_BASE"],
  paramVariables: { organization: ["OPENAI_ORGANIZATION", "OPENAI_ORG_ID"], project: ["OPENAI_PROJECT_ID"] },
};

/** Models of the time before chat. */
const COMPLETES =
  /^(?:ft:)?(?:gpt-3\.5-turbo-instruct|text-(?:davinci|curie|babbage|ada)|(?:davinci|curie|babbage|ada)\b)/;

const completions = openaiCompletionAdapter({ ...host, path: "/completions", takesTokens: true });

/** LiteLLM's name for OpenAI's text completions alone, whatever the model: also for servers at an `api_base`. */
export const textCompletionOpenai: Provider = {
  slug: "text-completion-openai",
  label: host.label,
  keyVariables: host.keyVariables,
  ...variables,
  completions,
};

export const openai: Provider = {
  slug: host.slug,
  label: host.label,
  keyVariables: host.keyVariables,
  ...variables,
  native: (call, target) => nativeCall(host, call, target, organizationHeaders(target)),
  batches: true,
  chat: openaiChatAdapter(row),
  completions: {
    ...completions,
    serves: ({ model, info }) => COMPLETES.test(model) || info?.mode === "completion",
  },
  embeddings: openaiEmbeddingAdapter(embeddings),
  imageGenerations: openaiImageGenerations({ ...images, path: "/images/generations" }),
  imageEdits: openaiImageEdits({ ...images, path: "/images/edits", takes: "either" }),
  imageVariations: openaiImageVariations({ ...images, path: "/images/variations" }),
  moderations: openaiModerationAdapter({ ...host, path: "/moderations" }),
  speech: openaiSpeechAdapter({ ...host, path: "/audio/speech", params: OPENAI_SPEECH_PARAMS, voiceObjects: true }),
  transcriptions: openaiTranscriptionAdapter({ ...listener, path: "/audio/transcriptions" }),
  translations: openaiTranscriptionAdapter({ ...listener, path: "/audio/translations" }),
  realtime: openaiRealtimeAdapter(host),
  responses: { ...openaiResponsesAdapter({ ...host, path: "/responses" }), serves: servesResponses },
  realtimeSecrets: (kind) => openaiSecretAdapter(host, kind),
};
