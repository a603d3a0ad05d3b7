/** Tokens in this isolate's memory, each until shortly before it ends. */
import { toBase64 } from "../formats/base64.ts";

export interface Token<Value> {
  value: Value;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** Milliseconds before its end from which on a token is not used: the request it goes with takes its time. */
const MARGIN = 60_000;
const MOST_TOKENS = 1000;

/**
 * Two calls at the same time may each get a token of their own: what one request waits for on a Worker, another should
 * not have to, as it ends with the first.
 */
export class TokenMemory<Value> {
  readonly #tokens = new Map<string, Token<Value>>();

  /**
   * @param from what the token is got with, secrets included; only its digest is kept
   * @param issue gets one. Its failure is the caller's, and nothing is remembered
   */
  async get(from: readonly unknown[], now: () => number, issue: () => Promise<Token<Value>>): Promise<Value> {
    const key = await digestOf(JSON.stringify(from));
    const known = this.#tokens.get(key);
    if (known !== undefined && known.expiresAt - MARGIN > now()) return known.value;
    const token = await issue();
    this.#tokens.delete(key); // to stand last, as the youngest
    this.#tokens.set(key, token);
    const [oldest] = this.#tokens.keys();
    if (this.#tokens.size > MOST_TOKENS && oldest !== undefined) this.#tokens.delete(oldest);
    return token.value;
  }
}

async function digestOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return toBase64(new Uint8Array(digest));
}
