import { speechByChat } from "../by-chat/speech.ts";
import { transcriptionsByChat } from "../by-chat/transcriptions.ts";
import type { Provider } from "../provider.ts";
import { countContent, embedContent } from "./beside-chat.ts";
import { chat } from "./chat.ts";
import { embeddings } from "./embeddings.ts";
import { native } from "./endpoint.ts";
import { LABEL } from "./errors.ts";
import { generateContent } from "./generate-content.ts";
import { imageEdits, imageGenerations } from "./images.ts";
import { interactions } from "./interactions.ts";
import { realtime } from "./realtime.ts";
import { videos } from "./videos.ts";

/** Gemini by Google AI Studio's API. */
export const gemini: Provider = {
  slug: "gemini",
  label: LABEL,
  keyVariables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  baseVariables: ["GEMINI_API_BASE"],
  native,
  chat,
  embeddings,
  imageGenerations,
  imageEdits,
  generateContent,
  countContent,
  embedContent,
  interactions,
  realtime,
  speech: speechByChat(chat),
  transcriptions: transcriptionsByChat(chat, "transcribe"),
  translations: transcriptionsByChat(chat, "translate"),
  videos,
};
