/** SHA-256 in hexadecimal digits. Of a key it is what the key is stored and looked up by: LiteLLM's `hash_token`. */
export async function digestOf(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Is it a digest, not a key? Routes take either. */
export function isDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

/** The digest of what a route was given: a key, or its digest already. */
export async function tokenOf(keyOrDigest: string): Promise<string> {
  return isDigest(keyOrDigest) ? keyOrDigest : digestOf(keyOrDigest);
}

/** Bytes of chance in a new key. */
const KEY_BYTES = 24;

/** A new key: `sk-` and 192 bits. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
  return `sk-${btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")}`;
}

/** How a key is shown to people: never more than its last four characters. */
export function keyName(key: string): string {
  return `sk-...${key.slice(-4)}`;
}
