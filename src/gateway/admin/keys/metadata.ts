/** The fields of a key that LiteLLM keeps in its `metadata`. */
import { METADATA_FIELDS } from "./fields.ts";

export const METADATA_NAMES: readonly string[] = Object.keys(METADATA_FIELDS);

/** Each as it is set there, or `null`. */
export function unfolded(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(METADATA_NAMES.map((name) => [name, metadata[name] ?? null]));
}
