import type { ErrorRule } from "../failure.ts";
import type { ChatRow, RequestFix } from "../openai/chat.ts";
import type { Target } from "../provider.ts";

/** A provider that speaks OpenAI's chat completions. What a row does not say is as with most of them. */
export interface CompatibleRow extends Pick<ChatRow, "slug" | "base" | "keyless" | "path" | "auth" | "headers"> {
  /** Environment variables that may hold the key, best first. */
  keys: readonly string[];
  /** Environment variables that may hold the base URL, best first. */
  bases?: readonly string[];
  /** Other slugs for the same provider. */
  aliases?: readonly string[];
  /** Environment variables for the placeholders of the base, and for whatever the quirks read from the params. */
  paramVariables?: Readonly<Record<string, readonly string[]>>;
  /** The one name the provider has for the output limit. Unless said, both pass. */
  limit?: "max_tokens" | "max_completion_tokens";
  /** OpenAI parameters the provider refuses (what it ignores passes). */
  lacks?: readonly string[] | ((target: Target) => readonly string[]);
  /** Takes Anthropic's `thinking` as it is (`own`), or with a fix of its own (`fixed`). Unless said, it becomes an effort. */
  thinking?: "own" | "fixed";
  /** Fields taken off messages and tools; the gateway's own unless said. */
  strip?: readonly string[];
  /** Knows the role `developer`. */
  developer?: true;
  /** How the thinking of former turns goes back: as `reasoning_content` unless said. */
  reasoning?: "reasoning" | "none";
  /** Text content must be a string. */
  textAsString?: true;
  fixes?: readonly RequestFix[];
  rules?: readonly ErrorRule[];
  /**
   * Its streams keep OpenAI's rules in all recordings (role first, tool calls numbered and named once, one finish reason,
   * usage last and apart, `[DONE]`), so that bytes may go through untouched. Unless said, answers are rewritten.
   */
  faithful?: true;
}

/** A row in one line: slug, base URL (`undefined`: `api_base` must be given), key variables, what is special. */
export function row(
  slug: string,
  base: string | undefined,
  keys: string | readonly string[],
  special: Omit<CompatibleRow, "slug" | "base" | "keys"> = {},
): CompatibleRow {
  return { slug, ...(base !== undefined && { base }), keys: typeof keys === "string" ? [keys] : keys, ...special };
}
