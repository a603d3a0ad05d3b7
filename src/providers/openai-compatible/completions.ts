/** Which of the compatible providers have OpenAI's older text completions. Sources: their API references. */

import { defined } from "../../formats/json.ts";
import { completionsByChat } from "../by-chat/completions.ts";
import { type CompletionRow, openaiCompletionAdapter } from "../openai/completions.ts";
import { postTo } from "../openai/endpoint.ts";
import type { ChatAdapter, NativeCompletions, Target } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import * as quirk from "./quirks.ts";
import type { CompatibleRow } from "./row.ts";

interface Special extends Partial<Pick<CompletionRow, "lacks" | "takesTokens" | "modelName">> {
  /** Which models complete text; the others chat. Unless said, all do. */
  serves?(target: Target): boolean;
}

const SPECIAL: Readonly<Record<string, Special>> = {
  deepinfra: {},
  // "/beta" completes texts, and fills in the middle; the models that reason do neither.
  deepseek: { lacks: ["best_of", "logit_bias", "n", "seed", "user"], serves: ({ model }) => !/reasoner/.test(model) },
  featherless_ai: {},
  fireworks_ai: { modelName: quirk.fireworksName },
  hosted_vllm: { takesTokens: true },
  hyperbolic: {},
  litellm_proxy: { takesTokens: true },
  llamafile: { takesTokens: true },
  lm_studio: {},
  nebius: {},
  novita: {},
  openrouter: {},
  together_ai: {},
};

/** @returns nothing where the provider completes texts by chat alone */
export function compatibleCompletions(
  row: CompatibleRow,
  label: string,
  chat: ChatAdapter,
): NativeCompletions | undefined {
  if (row.slug === "mistral" || row.slug === "codestral") return fillInTheMiddle(row, label, chat);
  const special = SPECIAL[row.slug];
  if (special === undefined) return undefined;
  const { serves, ...rest } = special;
  const path = besideChat(row.path, "/completions");
  const adapter = openaiCompletionAdapter({ ...hostOf(row, label), ...rest, path, rewritesAnswers: !row.faithful });
  return { ...adapter, ...(serves && { serves }) };
}

const FIM_PARAMS: ReadonlySet<string> = new Set(
  ["echo", "max_tokens", "seed", "stop", "stream_options", "suffix", "temperature", "top_p"], // the gateway echoes
);

/** Mistral's code models: `POST /fim/completions`, answered as chat is. */
function fillInTheMiddle(row: CompatibleRow, label: string, chat: ChatAdapter): NativeCompletions {
  const host = hostOf(row, label);
  const adapter = completionsByChat(chat, {
    supportedParams: () => FIM_PARAMS,
    request(request, target) {
      const { echo: _, logprobs: _logprobs, stream_options: _options, seed, prompt, ...rest } = request;
      const accept = request.stream ? "text/event-stream" : "application/json";
      const text = Array.isArray(prompt) ? prompt[0] : prompt; // one in a list
      return {
        ...postTo(host, "/fim/completions", target, { accept }),
        body: { json: defined({ ...rest, prompt: text, random_seed: seed, model: target.model }) },
      };
    },
  });
  return { ...adapter, serves: ({ model }) => row.slug === "codestral" || model.startsWith("codestral") };
}
