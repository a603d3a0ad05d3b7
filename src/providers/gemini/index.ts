import type { Provider } from "../provider.ts";
import { chat } from "./chat.ts";
import { embeddings } from "./embeddings.ts";
import { native } from "./endpoint.ts";
import { LABEL } from "./errors.ts";

/** Gemini by Google AI Studio's API. */
export const gemini: Provider = {
  slug: "gemini",
  label: LABEL,
  keyVariables: ["GEMINI_API_KEY", "GOOGLE_API_KEY"],
  baseVariables: ["GEMINI_API_BASE"],
  native,
  chat,
  embeddings,
};
