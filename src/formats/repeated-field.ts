import { fieldsIn } from "./json-text.ts";

/**
 * A field that stands twice in a JSON object, whatever its case: one reader takes the first, another the last, and Go takes
 * `Model` for `model`. What was judged of such a text need not be what its receiver reads.
 * @param text that `JSON.parse` takes for an object
 * @returns its name; `undefined` where all differ
 */
export function repeatedField(text: string): string | undefined {
  const names = new Set<string>();
  for (const { name } of fieldsIn(text)) {
    const plain = name.toLowerCase();
    if (names.has(plain)) return plain;
    names.add(plain);
  }
  return undefined;
}
