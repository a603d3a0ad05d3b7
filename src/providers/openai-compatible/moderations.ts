import { openaiModerationAdapter } from "../openai/moderations.ts";
import type { ModerationAdapter } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import type { CompatibleRow } from "./row.ts";

/** Who of the compatible providers moderates, by OpenAI's path and format. */
const MODERATES: ReadonlySet<string> = new Set(["custom_openai", "litellm_proxy", "mistral"]);

/** @returns nothing where the provider does not moderate */
export function compatibleModerations(row: CompatibleRow, label: string): ModerationAdapter | undefined {
  if (!MODERATES.has(row.slug)) return undefined;
  const path = besideChat(row.path, "/moderations");
  return openaiModerationAdapter({ ...hostOf(row, label), path, rewritesAnswers: true });
}
