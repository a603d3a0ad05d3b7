/**
 * Names of answers: SHA-256 of all that decides one, as JSON with its keys in order. No text that a client chooses can run
 * together with another into the same name, as it could where texts are put one behind the other.
 */

/** Changes when what is stored under a name is to be another thing. */
const VERSION = 1;

export interface KeyParts {
  /** Stands before the digest, too, so that people find what is theirs. */
  namespace: string | undefined;
  /** What decides the answer: JSON values, and files. */
  fields: Readonly<Record<string, unknown>>;
  /** JSON: who asks, whom, and how. */
  facts: unknown;
}

export async function cacheKey({ namespace, fields, facts }: KeyParts): Promise<string> {
  const settled = await withoutFiles(fields);
  const text = JSON.stringify([VERSION, namespace ?? null, inOrder(facts), inOrder(settled)]);
  const name = await digest(new TextEncoder().encode(text));
  return namespace ? `${encodeURIComponent(namespace)}:${name}` : name;
}

/** Files as what tells them apart. Only forms have them: they are fields of the request, or in lists that are. */
async function withoutFiles(fields: KeyParts["fields"]): Promise<Record<string, unknown>> {
  const settled = Object.entries(fields).map(async ([name, value]) => {
    if (value instanceof Blob) return [name, await summary(value)] as const;
    if (!Array.isArray(value) || !value.some((one) => one instanceof Blob)) return [name, value] as const;
    return [name, await Promise.all(value.map((one) => (one instanceof Blob ? summary(one) : one)))] as const;
  });
  return Object.fromEntries(await Promise.all(settled));
}

/** Content and type; of the name only the ending, by which providers tell formats. */
async function summary(file: Blob): Promise<Record<string, unknown>> {
  const ending = file instanceof File ? (/\.\w{1,10}$/.exec(file.name)?.[0].toLowerCase() ?? "") : "";
  return { file: await digest(await file.arrayBuffer()), type: file.type, ending };
}

/** The same value, its objects as pairs by name: in an object, names that look like numbers would come first. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const pairs = Object.entries(value)
    .filter(([, inner]) => inner !== undefined)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, inner]) => [name, inOrder(inner)]);
  return { pairs };
}

async function digest(bytes: BufferSource): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
