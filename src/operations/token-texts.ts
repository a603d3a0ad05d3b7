import { BadRequestError } from "../formats/errors.ts";
import { countTokens, decodeTokens } from "../models/tokens.ts";

/** The text of tokens, for a provider that takes none. @throws BadRequestError where they are no tokens */
export async function textOfTokens(tokens: readonly number[], param: string): Promise<string> {
  const text = await decodeTokens(tokens);
  if (text !== undefined) return text;
  throw new BadRequestError(
    `litellm.BadRequestError: Invalid value for '${param}': this model takes no tokens, and these are none of cl100k_base that could be made text`,
    { param },
  );
}

/** Tokens of the longest of these. */
export async function countLongest(texts: readonly (string | readonly number[])[], model: string): Promise<number> {
  let longest = 0;
  for (const text of texts) longest = Math.max(longest, await countTexts([text], model));
  return longest;
}

/** Tokens of texts, some of them given as tokens. */
export async function countTexts(texts: readonly (string | readonly number[])[], model: string): Promise<number> {
  let tokens = 0;
  for (const text of texts) tokens += typeof text === "string" ? await countTokens(text, model) : text.length;
  return tokens;
}
