/** A key gets another value, in the database and where keys are kept, or in neither. */
import { Secret } from "../../../credentials/secret.ts";
import type { KeyStore } from "../../../secrets/managers/key-store.ts";
import type { Database } from "../../../store/database.ts";
import { findKey, type Replacement, replaceKey } from "../../../store/keys.ts";
import type { KeyRow } from "../../../store/schema/index.ts";

/**
 * Written to the secret manager first: a key that works and is in nobody's hands would be lost. Where the database does not
 * take it, what was written is taken back.
 * @param store absent: keys are kept nowhere
 * @returns `undefined` where the key is gone: somebody else replaced it first
 * @throws what the store or the database throws; then nothing is changed
 */
export async function replaceAndKeep(
  db: Database,
  store: KeyStore | undefined,
  key: KeyRow,
  secret: string,
  replacement: Replacement,
): Promise<KeyRow | undefined> {
  const named = { ...key, ...replacement.changes, scope_id: key.scope_id };
  const takeBack = await store?.save(named, new Secret(secret));
  try {
    const row = await replaceKey(db, key.token, replacement);
    if (row === undefined) await takeBack?.();
    else if (store !== undefined && named.key_alias !== key.key_alias) await store.remove(key).catch(() => {}); // its older name
    return row;
  } catch (error) {
    // An answer may be lost on its way: what is in the database then counts.
    const isReplaced = (await findKey(db, replacement.token)) !== undefined;
    if (!isReplaced) await takeBack?.();
    throw error;
  }
}
