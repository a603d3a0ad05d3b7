/**
 * Which of the compatible providers have a Responses API of their own. Sources: their API references, and recordings of
 * all but LiteLLM's proxy, vLLM and Volcengine; each recorded stream keeps OpenAI's rules, so that bytes may go through
 * untouched. The others are asked by chat, also those whose Responses API refuses what clients always send (Groq:
 * `include`, `store`).
 */
import { openaiResponsesAdapter, type ResponsesRow } from "../openai/responses.ts";
import type { NativeResponses, Target } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import type { CompatibleRow } from "./row.ts";

interface Special extends Partial<Pick<ResponsesRow, "path" | "base">> {
  serves?(target: Target): boolean;
}

const SPECIAL: Readonly<Record<string, Special>> = {
  deepseek: { base: "https://api.deepseek.com" }, // chat is at `/beta`
  github_copilot: {
    serves: ({ model, info }) =>
      info?.mode === "responses" ||
      info?.supported_endpoints?.includes("/v1/responses") === true ||
      /codex/.test(model),
  },
  hosted_vllm: {},
  litellm_proxy: {},
  lm_studio: {},
  openrouter: {},
  volcengine: {},
  xai: {},
};

/** @returns nothing where the provider has none */
export function compatibleResponses(row: CompatibleRow, label: string): NativeResponses | undefined {
  const special = SPECIAL[row.slug];
  if (special === undefined) return undefined;
  const { serves = () => true, ...own } = special;
  return {
    ...openaiResponsesAdapter({ ...hostOf(row, label), path: besideChat(row.path, "/responses"), ...own }),
    serves,
  };
}
