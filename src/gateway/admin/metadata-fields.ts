/**
 * Metadata of organizations and projects. Some fields of their bodies are kept in it, where limits look for them, but are
 * shown as what they are: Terraform compares the metadata it wrote with what it reads, and takes a key more for a change.
 */
import { foldMetadata, type Metadata } from "./metadata.ts";
import { shownMetadata } from "./metadata-credentials.ts";

/** What its owner wrote, and the fields kept in it; those that are not set are `null`. */
export function metadataView(metadata: Metadata, names: readonly string[]) {
  const shown = Object.entries(shownMetadata(metadata)).filter(([name]) => !names.includes(name));
  return {
    metadata: Object.fromEntries(shown),
    ...Object.fromEntries(names.map((name) => [name, metadata[name] ?? null])),
  };
}

/**
 * The metadata a row has after a change; `undefined` where none of it was said. What is given replaces what its owner
 * wrote before. The fields are no part of that: each stays until it is changed by itself.
 */
export function changedMetadata(
  before: Metadata,
  given: { readonly metadata?: Metadata | null; readonly [field: string]: unknown },
  names: readonly string[],
): Metadata | undefined {
  const { metadata } = given;
  const said = names.filter((name) => given[name] !== undefined);
  if (metadata === undefined && said.length === 0) return undefined;
  const kept = metadata === undefined ? [] : names.filter((name) => name in before && !(name in (metadata ?? {})));
  const fields = [...kept.map((name) => [name, before[name]]), ...said.map((name) => [name, given[name]])];
  return foldMetadata(names, { ...Object.fromEntries(fields), metadata }, before);
}
