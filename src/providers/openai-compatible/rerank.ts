/** Which of the compatible providers rerank. Sources: their API references. */
import type { RerankAdapter } from "../provider.ts";
import { type RerankRow, rerankAdapter } from "../rerank.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import * as quirk from "./quirks.ts";
import type { CompatibleRow } from "./row.ts";

const SPECIAL: Readonly<Record<string, Partial<Pick<RerankRow, "modelName" | "takes">>>> = {
  custom_openai: {},
  fireworks_ai: { modelName: quirk.fireworksName },
  hosted_vllm: {},
  litellm_proxy: { takes: ["top_n", "return_documents", "max_chunks_per_doc", "max_tokens_per_doc"] },
  llamafile: { takes: ["top_n"] },
  openrouter: { takes: ["top_n"] },
  together_ai: {},
  xinference: {},
};

/** @returns nothing where the provider does not rerank */
export function compatibleRerank(row: CompatibleRow, label: string): RerankAdapter | undefined {
  const special = SPECIAL[row.slug];
  return special && rerankAdapter({ ...hostOf(row, label), ...special, path: besideChat(row.path, "/rerank") });
}
