import type { z } from "zod";

/**
 * Fields of a form, where everything is text, as their schema has them: a text that it does not take becomes the number or
 * truth value it writes, where it takes that. Whatever else is wrong is for the schema to say.
 */
export function typedFields(schema: z.ZodObject, fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      const type = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
      if (typeof value !== "string" || type === undefined || accepts(type, value)) return [name, value];
      const written = valueIn(value);
      return [name, accepts(type, written) ? written : value];
    }),
  );
}

function accepts(type: z.core.$ZodType, value: unknown): boolean {
  return "safeParse" in type && (type as z.ZodType).safeParse(value).success; // every schema but those of `zod/mini` has it
}

function valueIn(text: string): unknown {
  const trimmed = text.trim();
  if (/^true$/i.test(trimmed)) return true;
  if (/^false$/i.test(trimmed)) return false;
  return trimmed === "" ? null : Number(trimmed); // an empty field says nothing
}
