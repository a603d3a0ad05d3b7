/** Which operation of the gateway's a call to a provider's own API is: then it is limited and paid for as one. */
import { chat } from "../../../operations/chat.ts";
import { completions } from "../../../operations/completions.ts";
import { embedContent } from "../../../operations/embed-content.ts";
import { embeddings } from "../../../operations/embeddings.ts";
import { generateContent } from "../../../operations/generate-content.ts";
import { imageEdits } from "../../../operations/image-edits.ts";
import { imageGenerations } from "../../../operations/image-generations.ts";
import { imageVariations } from "../../../operations/image-variations.ts";
import { messages } from "../../../operations/messages.ts";
import { ocr } from "../../../operations/ocr.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import { rerank } from "../../../operations/rerank.ts";
import { responses } from "../../../operations/responses.ts";
import { speech } from "../../../operations/speech.ts";
import { transcriptions, translations } from "../../../operations/transcriptions.ts";
import { bedrock } from "../../../providers/bedrock/index.ts";
import type { Provider, Target, Wire } from "../../../providers/provider.ts";
import { findProvider } from "../../../providers/registry.ts";
import { bedrockCall } from "./bedrock.ts";
import { isUnambiguous } from "./own-names.ts";
import { isVertex, vertexCall } from "./vertex.ts";

export interface KnownCall {
  operation: AnyOperation;
  /** Whose answers it has: the provider itself, or the one whose format the path is in. */
  reader: Provider;
  /** The body as the operation asks; as it is, unless said. */
  asked?(fields: Record<string, unknown>): Record<string, unknown>;
  /** The target by which the reader finds the format of the answer. */
  target?(target: Target): Target;
}

interface KnownPath {
  /** The end of the path. Servers may not tell capitals from small letters. */
  path: RegExp;
  operation: AnyOperation;
  /** The format is this provider's, and many serve it beside their own (`/v1beta/openai/...`, `/anthropic/v1/messages`). */
  format: string;
  /** Does the provider read and answer it in its own way? */
  isOwn(provider: Provider): boolean;
}

const chats =
  (wire: Wire) =>
  ({ chat: adapter }: Provider) =>
    adapter?.wire === wire;
const draws = (name: "imageGenerations" | "imageEdits" | "imageVariations") => (provider: Provider) =>
  provider[name]?.wire === "openai";
const sounds = (name: "speech" | "transcriptions" | "translations") => (provider: Provider) =>
  provider[name]?.wire === "openai";
const has = (name: "completions" | "embeddings" | "ocr" | "rerank" | "responses") => (provider: Provider) =>
  provider[name] !== undefined;

const KNOWN: readonly KnownPath[] = [
  { path: /\/chat\/completions$/i, operation: chat, format: "openai", isOwn: chats("openai") },
  { path: /^\/v2\/chat$/i, operation: chat, format: "cohere", isOwn: chats("cohere") },
  { path: /\/responses$/i, operation: responses, format: "openai", isOwn: has("responses") },
  // Those of OpenAI's threads (`/v1/threads/:id/messages`) are others.
  { path: /(?:^|\/v1|\/anthropic)\/messages$/i, operation: messages, format: "anthropic", isOwn: chats("anthropic") },
  { path: /:(?:stream)?generateContent$/i, operation: generateContent, format: "gemini", isOwn: chats("gemini") },
  { path: /:(?:batch)?embedContents?$/i, operation: embedContent, format: "gemini", isOwn: chats("gemini") },
  { path: /\/completions$/i, operation: completions, format: "openai", isOwn: has("completions") },
  { path: /\/embed(?:dings)?$/i, operation: embeddings, format: "openai", isOwn: has("embeddings") },
  { path: /\/rerank$/i, operation: rerank, format: "cohere", isOwn: has("rerank") },
  { path: /\/ocr$/i, operation: ocr, format: "mistral", isOwn: has("ocr") },
  {
    path: /\/images\/generations$/i,
    operation: imageGenerations,
    format: "openai",
    isOwn: draws("imageGenerations"),
  },
  { path: /\/images\/edits$/i, operation: imageEdits, format: "openai", isOwn: draws("imageEdits") },
  { path: /\/images\/variations$/i, operation: imageVariations, format: "openai", isOwn: draws("imageVariations") },
  { path: /\/audio\/speech$/i, operation: speech, format: "openai", isOwn: sounds("speech") },
  { path: /\/audio\/transcriptions$/i, operation: transcriptions, format: "openai", isOwn: sounds("transcriptions") },
  { path: /\/audio\/translations$/i, operation: translations, format: "openai", isOwn: sounds("translations") },
];

/** Where Google's and Cohere's hosts speak OpenAI's format. */
const OPENAI_FOLDER = /\/(?:openai|compatibility)\//i;

/** @param path as any server may read it (`plainPath`) */
export function knownCall(path: string, slug: string): KnownCall | undefined {
  // Beside its own API Bedrock has OpenAI's.
  if (slug === bedrock.slug && !OPENAI_FOLDER.test(path)) return bedrockCall(path);
  if (isVertex(slug)) return vertexCall(path);
  if (!isUnambiguous(slug, path)) return undefined;
  const found = KNOWN.find((known) => known.path.test(path));
  const provider = findProvider(slug);
  if (found === undefined || provider === undefined || provider.hasNoModels) return undefined;
  const { operation, format, isOwn } = found;
  const reader = isOwn(provider) && !OPENAI_FOLDER.test(path) ? provider : findProvider(format);
  return reader && { operation, reader };
}
