/** A JSON object of a provider, nothing of it proven. */
export type Json = Record<string, unknown>;

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

/** The object without these fields; the object itself where it has none of them. */
export function without<T extends object>(value: T, fields: readonly string[]): T {
  if (!fields.some((field) => field in value)) return value;
  const copy: Json = {}; // built up: `delete` on a copy makes an object that is slow to read from then on
  for (const [field, content] of Object.entries(value)) if (!fields.includes(field)) copy[field] = content;
  return copy as T; // a T but for what was to be left out
}
