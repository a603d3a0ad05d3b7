/** OpenAI's moderations. Source: OpenAI API reference, "Create moderation". Fields not named here survive. */
import { z } from "zod";

const partSchema = z.looseObject({ type: z.string(), text: z.string().optional() });

export const moderationRequestSchema = z.looseObject({
  model: z.string().min(1),
  /** A text, texts that are judged one by one, or the parts of one message. */
  input: z.union(
    [z.string().min(1, "it must not be empty"), z.array(z.string()).min(1), z.array(partSchema).min(1)],
    "it must be a text, a list of texts, or the parts of a message, and not empty",
  ),
});
export type ModerationRequest = z.infer<typeof moderationRequestSchema>;

export interface ModerationResult {
  flagged: boolean;
  /** Which categories the input falls into. */
  categories: Record<string, boolean>;
  /** From 0 to 1. */
  category_scores: Record<string, number>;
  [key: string]: unknown;
}

export interface ModerationResponse {
  id: string;
  model: string;
  results: ModerationResult[];
  [key: string]: unknown;
}

/** Every text of the input. */
export function moderatedTexts({ input }: ModerationRequest): string[] {
  if (typeof input === "string") return [input];
  return input.map((item) => (typeof item === "string" ? item : (item.text ?? "")));
}
