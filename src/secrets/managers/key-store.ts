/** Where new virtual keys are written, so that whoever uses them finds them: a secret manager. */
import type { Secret } from "../../credentials/secret.ts";

/** What a key's secret is named by. */
export interface NamedKey {
  key_alias: string | null;
  /** The key's first digest: it stays when the key gets a new value. */
  scope_id: string;
}

export interface KeyStore {
  /** As a message names it. */
  name: string;
  /**
   * Writes a key under its name, over what was there.
   * @returns takes it back, unless somebody else has written since
   * @throws SecretManagerError where it was not written
   */
  save(key: NamedKey, secret: Secret): Promise<() => Promise<void>>;
  /** Removes what is kept under the key's name; nothing happens where nothing is. @throws SecretManagerError */
  remove(key: NamedKey): Promise<void>;
  /** The key has another name: what is kept goes along. @throws SecretManagerError */
  rename(before: NamedKey, after: NamedKey): Promise<void>;
}
