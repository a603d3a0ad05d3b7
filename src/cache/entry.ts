/** An answer as it is stored, and read with the distrust that a store others may write to deserves. */
import { z } from "zod";
import type { Usage } from "../formats/openai/chat.ts";

const entrySchema = z.object({
  v: z.literal(1),
  /** The name it was stored under: under another it is not read. */
  key: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number().nonnegative(),
  until: z.number().nonnegative(),
  answer: z.unknown(),
  usage: z
    .looseObject({
      prompt_tokens: z.number().nonnegative(),
      completion_tokens: z.number().nonnegative(),
      total_tokens: z.number().nonnegative(),
    })
    .optional(),
  /** Nano-dollars that it cost. */
  cost: z.number().nonnegative().optional(),
  by: z.object({ deploymentId: z.string().optional(), provider: z.string().optional(), model: z.string().optional() }),
});

/** Who made an answer. */
export type Maker = z.infer<typeof entrySchema>["by"];

export interface Entry extends Omit<z.infer<typeof entrySchema>, "v" | "usage"> {
  usage?: Usage;
}

/** Characters of an entry: what is longer is not kept. */
export const LONGEST_ENTRY = 1024 * 1024;

/** `undefined` where it is too long to be kept. */
export function writeEntry(entry: Entry): string | undefined {
  const text = JSON.stringify({ v: 1, ...entry });
  return text.length > LONGEST_ENTRY ? undefined : text;
}

/** `undefined` where the text is no entry of this name, or is too old. */
export function readEntry(text: string | undefined, key: string, now: number): Entry | undefined {
  if (text === undefined || text.length > LONGEST_ENTRY) return undefined;
  try {
    const { success, data } = entrySchema.safeParse(JSON.parse(text));
    if (!success || data.key !== key || data.until <= now || data.at > now + CLOCKS_DIFFER) return undefined;
    const { v: _, usage, ...entry } = data;
    return { ...entry, ...(usage && { usage }) };
  } catch {
    return undefined; // no JSON
  }
}

/** Milliseconds by which the clocks of two machines may be apart. */
const CLOCKS_DIFFER = 60_000;
