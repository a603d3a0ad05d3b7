/** Google Cloud's Vertex AI: Google's own models, and those of others that it hosts. */
import { speechByChat } from "../by-chat/speech.ts";
import { transcriptionsByChat } from "../by-chat/transcriptions.ts";
import type { Provider } from "../provider.ts";
import { batchJobs } from "./batch-jobs.ts";
import { countContent, embedContentFor } from "./beside-chat.ts";
import * as claude from "./claude.ts";
import { authorize, hasCredentials, TOKEN_ORIGINS } from "./credentials.ts";
import { embeddings } from "./embeddings.ts";
import { LABEL } from "./errors.ts";
import { chat, generateContent } from "./gemini.ts";
import { imageEdits, imageGenerations } from "./images.ts";
import { vertexModel } from "./model.ts";
import { native } from "./native.ts";
import { ai21, mistral, openModels, packed } from "./partners.ts";
import { realtime } from "./realtime.ts";
import { rerank } from "./rerank.ts";
import { videos } from "./videos.ts";

type Own = Omit<Provider, "slug" | "forModel">;

/** What all models have: who asks, and where. */
const cloud: Own = {
  label: LABEL,
  keyVariables: [],
  baseVariables: ["VERTEXAI_API_BASE", "VERTEX_API_BASE"],
  paramVariables: {
    vertex_project: ["VERTEXAI_PROJECT", "VERTEX_PROJECT"],
    vertex_location: ["VERTEXAI_LOCATION", "VERTEX_LOCATION"],
    vertex_credentials: ["VERTEXAI_CREDENTIALS", "VERTEX_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS"],
    google_token_origins: [TOKEN_ORIGINS],
    gcs_bucket_name: ["GCS_BUCKET_NAME"],
  },
  signInParams: [["vertex_credentials", "vertex_ai_credentials"]],
  authorize,
  hasCredentials,
  native,
  batchJobs,
};

const gemini: Own = {
  ...cloud,
  chat,
  generateContent,
  countContent,
  embeddings,
  imageGenerations,
  imageEdits,
  speech: speechByChat(chat),
  transcriptions: transcriptionsByChat(chat, "transcribe"),
  translations: transcriptionsByChat(chat, "translate"),
  videos,
  realtime,
  rerank,
};

function provider(slug: string): Provider {
  const own = (served: Partial<Own>): Provider => ({ ...cloud, ...served, slug });
  const google: Provider = { ...gemini, slug };
  const partners = {
    claude: own({ chat: claude.chat, messages: claude.messages, countTokens: claude.countTokens }),
    mistral: own(mistral),
    ai21: own(ai21),
    openapi: own(openModels),
    endpoint: own({ ...openModels, embeddings }),
    predict: own(packed),
  };
  return {
    ...google,
    forModel(target) {
      const { kind } = vertexModel(target);
      return kind === "gemini" ? { ...google, embedContent: embedContentFor(target) } : partners[kind];
    },
  };
}

export const vertexAi: Provider = provider("vertex_ai");
/** LiteLLM's name for the same by the beta version of the API. */
export const vertexAiBeta: Provider = provider("vertex_ai_beta");
