/** Azure OpenAI: OpenAI's models under names of the customer's own, at an address of his own. */
import { OPENAI_EMBEDDING_PARAMS } from "../../formats/openai/embeddings.ts";
import { OPENAI_SPEECH_PARAMS } from "../../formats/openai/speech.ts";
import { OPENAI_TRANSCRIPTION_PARAMS } from "../../formats/openai/transcriptions.ts";
import { openaiCompletionAdapter } from "../openai/completions.ts";
import { openaiEmbeddingAdapter } from "../openai/embeddings.ts";
import { openaiImageEdits, openaiImageGenerations } from "../openai/images.ts";
import { openaiImageFields, openaiImageParams } from "../openai/params.ts";
import { openaiSpeechAdapter } from "../openai/speech.ts";
import { openaiTranscriptionAdapter, TRANSCRIPTION_FORMATS } from "../openai/transcriptions.ts";
import type { NativeCompletions, Provider, Target } from "../provider.ts";
import { chat } from "./chat.ts";
import { host, operationPath, underOwnName, withoutStreamOptions } from "./host.ts";
import { byModel } from "./model.ts";
import { native } from "./native.ts";
import { realtime, realtimeSecrets } from "./realtime.ts";
import { responses } from "./responses.ts";
import { SIGN_IN_VARIABLES, signIn } from "./sign-in.ts";

const completions: NativeCompletions = {
  ...underOwnName(
    openaiCompletionAdapter({
      ...host,
      path: operationPath("/completions"),
      takesTokens: true,
      rewritesAnswers: true, // its streams begin as those of chat do
    }),
  ),
  finish: withoutStreamOptions,
};

/** "dimensions … Only supported in text-embedding-3 and later models." */
function embeddingParams(target: Target): ReadonlySet<string> {
  const isOld = byModel(target).model === "text-embedding-ada-002";
  return new Set(OPENAI_EMBEDDING_PARAMS.filter((name) => !(isOld && name === "dimensions")));
}

const embeddings = openaiEmbeddingAdapter({
  ...host,
  path: operationPath("/embeddings"),
  takesTokens: true,
  supportedParams: embeddingParams,
});

const images = {
  ...host,
  streams: true,
  supportedParams: (target: Target) => openaiImageParams(byModel(target)),
  fix: (fields: Record<string, unknown>, target: Target) => openaiImageFields(fields, byModel(target)),
  // "For dall-e-3, only n=1 is supported."
  mostInputs: (target: Target) => (byModel(target).model.startsWith("dall-e-3") ? 1 : undefined),
};

const listener = { ...host, params: OPENAI_TRANSCRIPTION_PARAMS, formats: TRANSCRIPTION_FORMATS };

const connection = {
  keyVariables: host.keyVariables,
  baseVariables: ["AZURE_API_BASE"],
  paramVariables: {
    ...SIGN_IN_VARIABLES,
    api_version: ["AZURE_API_VERSION"],
    default_api_version: ["AZURE_DEFAULT_API_VERSION"],
    default_responses_api_version: ["AZURE_DEFAULT_RESPONSES_API_VERSION"],
    realtime_protocol: ["LITELLM_AZURE_REALTIME_PROTOCOL"],
  },
  ...signIn,
  hasOwnNames: true,
} satisfies Partial<Provider>;

/** LiteLLM's name for Azure's text completions alone, whatever the model. */
export const azureText: Provider = { slug: "azure_text", label: host.label, ...connection, completions };

export const azure: Provider = {
  slug: host.slug,
  label: host.label,
  ...connection,
  native,
  batches: true,
  chat,
  completions: { ...completions, serves: completesTexts },
  embeddings: underOwnName(embeddings),
  imageGenerations: underOwnName(openaiImageGenerations({ ...images, path: operationPath("/images/generations") })),
  imageEdits: underOwnName(openaiImageEdits({ ...images, path: operationPath("/images/edits"), takes: "files" })),
  speech: underOwnName(
    openaiSpeechAdapter({ ...host, path: operationPath("/audio/speech"), params: OPENAI_SPEECH_PARAMS }),
  ),
  transcriptions: underOwnName(
    openaiTranscriptionAdapter({ ...listener, path: operationPath("/audio/transcriptions") }),
  ),
  translations: underOwnName(openaiTranscriptionAdapter({ ...listener, path: operationPath("/audio/translations") })),
  realtime,
  realtimeSecrets,
  responses,
};

/** Models of the time before chat; all others complete texts by it. */
function completesTexts(target: Target): boolean {
  return (
    target.info?.mode === "completion" ||
    /^(?:gpt-3\.5-turbo-instruct|(?:davinci|babbage)\b)/.test(byModel(target).model)
  );
}
