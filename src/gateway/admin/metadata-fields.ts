/**
 * Fields of a body that are kept in `metadata`, where limits and routing look for them, but are shown as what they are:
 * fields. Terraform compares the metadata it wrote with what it reads, and takes a key more for a change.
 */
type Metadata = Readonly<Record<string, unknown>>;

export interface MetadataFields {
  /** The metadata as its owner wrote it. */
  metadata: Record<string, unknown>;
  /** The fields kept in it, those that are not set as `null`. */
  fields: Record<string, unknown>;
}

export function splitMetadata(metadata: Metadata, names: readonly string[]): MetadataFields {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => !names.includes(name))),
    fields: Object.fromEntries(names.map((name) => [name, metadata[name] ?? null])),
  };
}

/**
 * The metadata a row has after a change. Metadata that is given replaces what its owner wrote before; fields are changed
 * each by itself, `null` takes one away. `undefined`: nothing of it was said.
 */
export function changedMetadata(
  before: Metadata,
  given: { metadata?: Metadata | null; [field: string]: unknown },
  names: readonly string[],
): Record<string, unknown> | undefined {
  const said = names.filter((name) => given[name] !== undefined);
  if (given.metadata === undefined && said.length === 0) return undefined;
  const { metadata: written, fields } = splitMetadata(before, names);
  const after: Record<string, unknown> = { ...fields, ...(given.metadata === undefined ? written : given.metadata) };
  for (const name of said) after[name] = given[name];
  for (const name of names) if (after[name] == null) delete after[name];
  return after;
}
