/**
 * Encryption of what is secret and must be used again: provider keys in the database.
 *
 * AES-256-GCM under a key that HKDF-SHA-256 derives from the root secret for one purpose alone. Tenant, row and field are
 * authenticated with it, so that a sealed text opens for the purpose and at the place it was made for, and nowhere
 * else (CVE-2026-114612: one key for everything lets whoever can write a text in one place have it decrypted in
 * another). Nothing here ever decrypts a text for the one who brought it: what is opened goes to the router.
 */
import { Secret } from "../providers/secret.ts";

/** What a sealed text is for. Each has a key of its own. */
export type Purpose = "model" | "credential" | "metadata" | "client_secret" | "vector_store" | "search_tool";

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
  return {
    async seal(purpose, place, plaintext) {
      const { key, id } = await keyFor(purpose);
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
      const additionalData = authenticated(purpose, place);
      const content = new TextEncoder().encode(plaintext.reveal());
      const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, key, content));
      return `${PREFIX}${id}:${toBase64([...iv, ...sealed])}`;
    },
    async open(purpose, place, sealed) {
      const { key, id } = await keyFor(purpose);
      const [, madeWith = "", encoded = ""] = /^sealed:v1:([\w-]+):([\w-]+)$/.exec(sealed) ?? [];
      if (encoded === "") throw new UnreadableSecret(`${place.field} is stored in a form this version does not know`);
      if (madeWith !== id)
        throw new UnreadableSecret(
          `${place.field} was encrypted with another secret: LITELLM_SALT_KEY (or, without it, the master key) has changed. Set it back, or give the value anew`,
        );
      const bytes = fromBase64(encoded);
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
  const base = await crypto.subtle.importKey("raw", bytesOf(root.reveal()), "HKDF", false, ["deriveKey", "deriveBits"]);
  const hkdf = (info: string) => ({ name: "HKDF", hash: "SHA-256", salt: bytesOf("sluice"), info: bytesOf(info) });
  const aes = { name: "AES-GCM", length: 256 };
  const [key, id] = await Promise.all([
    crypto.subtle.deriveKey(hkdf(`seal/v1/${purpose}`), base, aes, false, ["encrypt", "decrypt"]),
    crypto.subtle.deriveBits(hkdf(`key-id/v1/${purpose}`), base, 48),
  ]);
  return { key, id: toBase64(new Uint8Array(id)) };
}

/** JSON, so that no two places run together into the same bytes. */
function authenticated(purpose: Purpose, { tenant, row, field }: Place): Uint8Array<ArrayBuffer> {
  return bytesOf(JSON.stringify(["sluice", "v1", purpose, tenant, row, field]));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(new TextEncoder().encode(text)); // of its own memory, as the key derivation demands
}

function toBase64(bytes: Iterable<number>): string {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}
