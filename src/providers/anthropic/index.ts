import type { Provider } from "../provider.ts";
import { chat } from "./chat.ts";
import { native } from "./endpoint.ts";
import { LABEL } from "./errors.ts";
import { countTokens, messages } from "./messages.ts";

/** Claude by Anthropic's own API. */
export const anthropic: Provider = {
  slug: "anthropic",
  label: LABEL,
  keyVariables: ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"],
  baseVariables: ["ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL"],
  native,
  messageBatches: true,
  chat,
  messages,
  countTokens,
};
