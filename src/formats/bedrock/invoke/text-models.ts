/**
 * Models that complete a text: what their requests are made of.
 * Source: Amazon Bedrock user guide, "Inference request parameters and response fields", and "Custom Model Import".
 */

import type { JsonObject } from "../../json.ts";
import type { ChatRequest } from "../../openai/chat.ts";
import { PROMPT_FIELDS } from "../../openai/params.ts";
import {
  chatMlPrompt,
  deepseekPrompt,
  llama2Prompt,
  llama3Prompt,
  llama4Prompt,
  mistralPrompt,
  namedPrompt,
  type Prompt,
} from "./prompt.ts";

export interface TextModel {
  prompt: Prompt;
  /** The prompt's field. */
  field: string;
  /** Its names for OpenAI's parameters; it has no others of them. */
  names: Readonly<Record<string, string>>;
  /** The object within the body that has the parameters. */
  within?: string;
  /** The body says that it is to be streamed, too. */
  saysStream?: true;
  /** The answer begins with the model's reasoning, up to this mark. */
  reasonsUntil?: string;
}

const LLAMA = {
  field: "prompt",
  names: { max_tokens: "max_gen_len", temperature: "temperature", top_p: "top_p" },
} as const;

/** Of most models that are imported, too. */
const PLAIN = {
  field: "prompt",
  names: { max_tokens: "max_tokens", temperature: "temperature", top_p: "top_p", stop: "stop" },
} as const;

export const llama2: TextModel = { ...LLAMA, prompt: llama2Prompt };
export const llama3: TextModel = { ...LLAMA, prompt: llama3Prompt };
export const llama4: TextModel = { ...LLAMA, prompt: llama4Prompt };
export const mistral: TextModel = { ...PLAIN, prompt: mistralPrompt };
export const deepseekR1: TextModel = { ...PLAIN, prompt: deepseekPrompt, reasonsUntil: "</think>" };
/** Imported: by the format of Llama, on which its smaller models are built. */
export const importedDeepseekR1: TextModel = { ...LLAMA, prompt: deepseekPrompt, reasonsUntil: "</think>" };
export const importedQwen: TextModel = { ...PLAIN, prompt: chatMlPrompt };

export const titan: TextModel = {
  prompt: namedPrompt("User", "Bot"),
  field: "inputText",
  within: "textGenerationConfig",
  names: { max_tokens: "maxTokenCount", temperature: "temperature", top_p: "topP", stop: "stopSequences" },
};

export const command: TextModel = {
  prompt: namedPrompt("User", "Chatbot"),
  field: "prompt",
  names: {
    max_tokens: "max_tokens",
    temperature: "temperature",
    top_p: "p",
    stop: "stop_sequences",
    n: "num_generations",
    logit_bias: "logit_bias",
  },
  saysStream: true,
};

export const jurassic: TextModel = {
  prompt: namedPrompt("User", "Assistant"),
  field: "prompt",
  names: {
    max_tokens: "maxTokens",
    temperature: "temperature",
    top_p: "topP",
    stop: "stopSequences",
    n: "numResults",
  },
};

/** OpenAI's parameters that the model takes. */
export function paramsOf({ names }: TextModel): string[] {
  return [...Object.keys(names), "max_completion_tokens"];
}

/** @throws BadRequestError where the conversation is more than text */
export function textBody(request: ChatRequest, model: TextModel): JsonObject {
  const { prompt, field, names, within, saysStream } = model;
  const asked: JsonObject = { ...request, max_tokens: request.max_completion_tokens ?? request.max_tokens };
  const params: JsonObject = {};
  for (const [name, value] of Object.entries(asked)) {
    if (PROMPT_FIELDS.has(name) || value === undefined || value === null) continue;
    params[names[name] ?? name] = name === "stop" && typeof value === "string" ? [value] : value;
  }
  if (saysStream && request.stream) params["stream"] = true;
  const said = { [field]: prompt(request.messages) };
  if (within === undefined) return { ...said, ...params };
  return Object.keys(params).length > 0 ? { ...said, [within]: params } : said;
}
