/** Master keys that everybody knows, or that can be guessed. */

/** Of examples and tutorials: not one of them is anybody's own. */
const OF_EXAMPLES: ReadonlySet<string> = new Set([
  "sk-1234",
  "sk-12345678",
  "sk-123456789",
  "sk-1234567890",
  "sk-changeme",
  "sk-change-me",
  "sk-litellm-master-key",
  "sk-master-key",
  "sk-my-master-key",
  "sk-password",
  "sk-your-master-key",
]);

/** Characters after `sk-`: fewer can be tried out. */
const LEAST_LENGTH = 8;
/** Different ones among them. */
const LEAST_VARIETY = 4;

/** @param key begins with `sk-` */
export function isWeakMasterKey(key: string): boolean {
  const secret = key.slice("sk-".length);
  return OF_EXAMPLES.has(key.toLowerCase()) || secret.length < LEAST_LENGTH || new Set(secret).size < LEAST_VARIETY;
}
