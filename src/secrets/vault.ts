/**
 * Encryption of what is secret and must be used again: provider keys in the database.
 *
 * AES-256-GCM under a key that HKDF-SHA-256 derives from the root secret for one purpose alone. Tenant, row and field are
 * authenticated with it, so that a sealed text opens for the purpose and at the place it was made for, and nowhere
 * else (CVE-2026-114612: one key for everything lets whoever can write a text in one place have it decrypted in
 * another). Nothing here ever decrypts a text for the one who brought it: what is opened goes to the router.
 */

import { Secret } from "../credentials/secret.ts";
import { fromBase64, toBase64 } from "../formats/base64.ts";

/** What a sealed text is for. Each has a key of its own. */
export type Purpose =
  | "model"
  | "credential"
  | "metadata"
  | "key_config"
  | "client_secret"
  | "vector_store"
  | "search_tool"
  | "key_successor"
  | "response"
  | "cached_answer";

/** What a signature is for; a key of its own each, too. */
export type SignedPurpose = "response_id";

/** Where a sealed text stands. */
export interface Place {
  /** The team it belongs to; empty: the whole gateway. */
  tenant: string;
  row: string;
  field: string;
}

export interface Vault {
  /** @throws UnreadableSecret where the gateway has no root secret */
  seal(purpose: Purpose, place: Place, plaintext: Secret): Promise<string>;
  /** @throws UnreadableSecret with no word of the content */
  open(purpose: Purpose, place: Place, sealed: string): Promise<Secret>;
  /**
   * The mark that the gateway itself has put these words together, as base64url. They stay readable.
   * @throws UnreadableSecret where the gateway has no root secret
   */
  sign(purpose: SignedPurpose, words: readonly string[]): Promise<string>;
  /** Is it that mark? Never throws: without a root secret nothing was signed. */
  isSigned(purpose: SignedPurpose, words: readonly string[], mark: string): Promise<boolean>;
}

/** What was sealed cannot be read. The message is for operators and admins, and holds nothing secret. */
export class UnreadableSecret extends Error {
  override name = "UnreadableSecret";
}

/** `sealed:v1:<key id>:<nonce and ciphertext>`, the latter in base64url. */
const PREFIX = "sealed:v1:";
const NONCE_BYTES = 12;

/** Is this a sealed text? Clients may not write one. */
export function isSealed(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("sealed:");
}

/** @param root `rootSecret`; absent: nothing can be sealed or opened */
export function createVault(root: Secret | undefined): Vault {
  const keys = new Map<Purpose, Promise<DerivedKey>>();
  const keyFor = (purpose: Purpose) => {
    if (root === undefined)
      throw new UnreadableSecret("there is no secret to encrypt with: set LITELLM_SALT_KEY or a master key");
    const known = keys.get(purpose) ?? derive(root, purpose);
    keys.set(purpose, known);
    return known;
  };
  const signingKeys = new Map<SignedPurpose, Promise<CryptoKey>>();
  const signingKeyFor = (purpose: SignedPurpose) => {
    if (root === undefined) throw new UnreadableSecret("there is no secret to sign with: set a master key");
    const known = signingKeys.get(purpose) ?? deriveSigningKey(root, purpose);
    signingKeys.set(purpose, known);
    return known;
  };
  return {
    async sign(purpose, words) {
      const mark = await crypto.subtle.sign("HMAC", await signingKeyFor(purpose), signed(purpose, words));
      return toBase64Url(new Uint8Array(mark));
    },
    async isSigned(purpose, words, mark) {
      const given = fromBase64Url(mark);
      if (given === undefined || root === undefined) return false;
      return crypto.subtle.verify("HMAC", await signingKeyFor(purpose), given, signed(purpose, words));
    },
    async seal(purpose, place, plaintext) {
      const { key, id } = await keyFor(purpose);
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const additionalData = authenticated(purpose, place);
      const content = new TextEncoder().encode(plaintext.reveal());
      const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, content));
      const whole = new Uint8Array(NONCE_BYTES + sealed.length);
      whole.set(iv);
      whole.set(sealed, NONCE_BYTES);
      return `${PREFIX}${id}:${toBase64Url(whole)}`;
    },
    async open(purpose, place, sealed) {
      const { key, id } = await keyFor(purpose);
      const [, madeWith = "", encoded = ""] = /^sealed:v1:([\w-]+):([\w-]+)$/.exec(sealed) ?? [];
      if (encoded === "") throw new UnreadableSecret(`${place.field} is stored in a form this version does not know`);
      if (madeWith !== id)
        throw new UnreadableSecret(
          `${place.field} was encrypted with another secret: LITELLM_SALT_KEY (or, without it, the master key) has changed. Set it back, or give the value anew`,
        );
      const bytes = fromBase64Url(encoded) ?? new Uint8Array();
      const iv = bytes.subarray(0, NONCE_BYTES);
      const additionalData = authenticated(purpose, place);
      try {
        const content = await crypto.subtle.decrypt(
          { name: "AES-GCM", iv, additionalData },
          key,
          bytes.subarray(NONCE_BYTES),
        );
        return new Secret(new TextDecoder().decode(content));
      } catch {
        throw new UnreadableSecret(`${place.field} was not encrypted for this place, or has been changed`);
      }
    },
  };
}

/**
 * What everything is encrypted with: `LITELLM_SALT_KEY`, as LiteLLM has it, else `SLUICE_SECRET`, else the master key.
 * Whoever changes it can no longer read what is stored.
 */
export function rootSecret(
  variable: (name: string) => string | undefined,
  masterKey: Secret | undefined,
): Secret | undefined {
  const own = variable("LITELLM_SALT_KEY") || variable("SLUICE_SECRET"); // an empty variable is not set
  return own ? new Secret(own) : masterKey;
}

interface DerivedKey {
  key: CryptoKey;
  /** Tells keys apart, and says nothing of them. */
  id: string;
}

async function derive(root: Secret, purpose: Purpose): Promise<DerivedKey> {
  const base = await baseOf(root);
  const aes = { name: "AES-GCM", length: 256 };
  const [key, id] = await Promise.all([
    crypto.subtle.deriveKey(hkdf(`seal/v1/${purpose}`), base, aes, false, ["encrypt", "decrypt"]),
    crypto.subtle.deriveBits(hkdf(`key-id/v1/${purpose}`), base, 48),
  ]);
  return { key, id: toBase64Url(new Uint8Array(id)) };
}

async function deriveSigningKey(root: Secret, purpose: SignedPurpose): Promise<CryptoKey> {
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(hkdf(`sign/v1/${purpose}`), await baseOf(root), hmac, false, ["sign", "verify"]);
}

function baseOf(root: Secret): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytesOf(root.reveal()), "HKDF", false, ["deriveKey", "deriveBits"]);
}

function hkdf(info: string) {
  return { name: "HKDF", hash: "SHA-256", salt: bytesOf("sluice"), info: bytesOf(info) };
}

/** JSON, so that no two lists of words run together into the same bytes. */
function signed(purpose: SignedPurpose, words: readonly string[]): Uint8Array<ArrayBuffer> {
  return bytesOf(JSON.stringify(["sluice", "v1", purpose, ...words]));
}

/** JSON, so that no two places run together into the same bytes. */
function authenticated(purpose: Purpose, { tenant, row, field }: Place): Uint8Array<ArrayBuffer> {
  return bytesOf(JSON.stringify(["sluice", "v1", purpose, tenant, row, field]));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text)); // of its own memory, as the key derivation demands
}

function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  return fromBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
