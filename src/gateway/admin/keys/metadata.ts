/** A key's `metadata`: what its owner wrote, and the fields LiteLLM keeps there too. */
import { isRecord } from "../../../formats/json.ts";
import { hideSecrets } from "../../../router/settings/environment.ts";
import { type KeyFields, METADATA_FIELDS } from "./fields.ts";

const NAMES = Object.keys(METADATA_FIELDS) as (keyof typeof METADATA_FIELDS)[]; // its own keys

/**
 * The metadata a key has then. Metadata that is given replaces all there was, `null` by nothing; the fields kept in it are
 * then put in, or taken out where they are `null`.
 */
export function foldMetadata(fields: KeyFields, before: Record<string, unknown> = {}): Record<string, unknown> {
  const folded = { ...(fields.metadata === undefined ? before : fields.metadata) };
  for (const name of NAMES) {
    const value = fields[name];
    if (value === null) delete folded[name];
    else if (value !== undefined) folded[name] = value;
  }
  return folded;
}

/** The fields kept in metadata, each as it is set there or `null`. */
export function unfolded(metadata: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name) => [name, metadata[name] ?? null]));
}

/** As routes show it: credentials of callbacks are written, never read. */
export function shownMetadata(metadata: Record<string, unknown>): Record<string, unknown> {
  const { logging, ...rest } = metadata;
  if (!Array.isArray(logging)) return metadata;
  return { ...rest, logging: logging.map((callback) => (isRecord(callback) ? hideSecrets(callback) : callback)) };
}
