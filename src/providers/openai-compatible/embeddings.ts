/** Which of the compatible providers embed, and what is special about it. Sources: the providers' API references. */
import { OPENAI_EMBEDDING_PARAMS } from "../../formats/openai/embeddings.ts";
import { decodeInt8Vector } from "../../formats/openai/vectors.ts";
import { type EmbeddingRow, openaiEmbeddingAdapter } from "../openai/embeddings.ts";
import { type Json, without } from "../openai/json.ts";
import type { EmbeddingAdapter } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import * as quirk from "./quirks.ts";
import type { CompatibleRow } from "./row.ts";

/** What a row does not say is as with most of them: floats alone, texts alone, all of OpenAI's parameters. */
interface Special
  extends Partial<Pick<EmbeddingRow, "path" | "fix" | "readVector" | "takesTokens" | "pictures" | "mostInputs">> {
  /** Knows `encoding_format: base64`. Others are asked for numbers, which the gateway encodes. */
  base64?: true;
  /** OpenAI parameters the provider refuses. */
  lacks?: readonly string[];
}

/** Servers that take whatever OpenAI takes. */
const WHOLE: Special = { base64: true, takesTokens: true };

const SPECIAL: Readonly<Record<string, Special>> = {
  aihubmix: {},
  aiml: {},
  apertis: {},
  chutes: {},
  cloudflare: {},
  codestral: {},
  cometapi: {},
  custom_openai: { takesTokens: true },
  dashscope: { base64: true },
  databricks: {},
  deepinfra: {},
  docker_model_runner: {},
  doubleword: {},
  fireworks_ai: { fix: (body) => ({ ...body, model: quirk.fireworksName(String(body["model"])) }) },
  github: {},
  github_copilot: {},
  hosted_vllm: WHOLE,
  lemonade: {},
  litellm_proxy: { ...WHOLE, pictures: "parts" },
  llamafile: { takesTokens: true },
  lm_studio: {},
  // "output_dimension"; what it does not know is refused.
  mistral: { lacks: ["user"], fix: renamed("dimensions", "output_dimension") },
  "nano-gpt": {},
  nebius: {},
  novita: {},
  nvidia_nim: {},
  oobabooga: {},
  openai_like: {},
  openrouter: { base64: true, pictures: "parts" },
  ovhcloud: {},
  // Its vectors are bytes in base64, never numbers.
  perplexity: {
    path: "/v1/embeddings",
    lacks: ["user"],
    fix: (body) => without(body, ["encoding_format"]),
    readVector: (vector) => (typeof vector === "string" ? decodeInt8Vector(vector) : undefined),
  },
  poe: {},
  sambanova: {},
  scaleway: {},
  synthetic: {},
  together_ai: {},
  veniceai: {},
  vercel_ai_gateway: {},
  volcengine: {},
  xinference: {},
};

function renamed(from: string, to: string): (body: Json) => Json {
  return (body) => {
    const { [from]: value, ...rest } = body;
    return value === undefined ? body : { ...rest, [to]: value };
  };
}

/** @returns nothing where the provider does not embed */
export function compatibleEmbeddings(row: CompatibleRow, label: string): EmbeddingAdapter | undefined {
  const special = SPECIAL[row.slug];
  if (special === undefined) return undefined;
  const { base64, lacks = [], path, fix, ...rest } = special;
  const supported = new Set<string>(OPENAI_EMBEDDING_PARAMS.filter((name) => !lacks.includes(name)));
  return openaiEmbeddingAdapter({
    ...rest,
    ...hostOf(row, label),
    path: path ?? besideChat(row.path, "/embeddings"),
    supportedParams: () => supported,
    fix: (body, target) => {
      const bare = !base64 && body["encoding_format"] === "base64" ? without(body, ["encoding_format"]) : body;
      return fix?.(bare, target) ?? bare;
    },
    rewritesAnswers: !row.faithful,
  });
}
