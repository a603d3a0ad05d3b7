/** Virtual keys in a secret manager: by which name, and what becomes of it where something fails. */
import type { Secret } from "../../credentials/secret.ts";
import { BadRequestError } from "../../formats/errors.ts";
import type { KeyStore, NamedKey } from "./key-store.ts";
import type { SecretManager } from "./manager.ts";

/** Names of keys without an alias, as LiteLLM has them; an alias may not pass for one. */
const UNNAMED = "virtual-key-";

/**
 * @param prefix `prefix_for_stored_virtual_keys`
 * @param mayRead what was there can be put back; without it only what was new can be taken back
 */
export function keyStore(manager: SecretManager, prefix: string, mayRead: boolean): KeyStore {
  const knownName = ({ key_alias, scope_id }: NamedKey) => {
    const name = `${manager.prefixOf(prefix)}${key_alias ?? `${UNNAMED}${scope_id}`}`;
    return key_alias?.startsWith(UNNAMED) || !manager.isName(name) ? undefined : name;
  };
  const nameOf = (key: NamedKey) => {
    const name = knownName(key);
    if (name === undefined)
      throw new BadRequestError(
        `key_alias: ${JSON.stringify(key.key_alias?.slice(0, 100))} is no name that ${manager.name} takes, where this key is to be kept`,
        { type: "bad_request_error", param: "key_alias" },
      );
    return name;
  };
  return {
    name: manager.name,
    async save(key, secret) {
      const name = nameOf(key);
      const before = mayRead ? await manager.read(name) : undefined;
      await manager.write(name, secret, mayRead ? (before ?? "nothing") : undefined);
      return async () => {
        if (!mayRead || !(await isStill(manager, name, secret))) return;
        if (before === undefined) await manager.remove(name);
        else await manager.write(name, before.secret);
      };
    },
    async remove(key) {
      const name = knownName(key);
      if (name !== undefined) await manager.remove(name); // else it was never kept
    },
    async rename(before, after) {
      const [from, to] = [knownName(before), nameOf(after)];
      if (from === undefined || from === to) return;
      if (!mayRead)
        throw new BadRequestError(
          `${manager.name} may not be read (access_mode: write_only), so the key cannot be kept under another name: regenerate it with the new key_alias`,
          { type: "bad_request_error", param: "key_alias" },
        );
      const kept = await manager.read(from);
      if (kept === undefined) return; // it was made before keys were kept
      await manager.write(to, kept.secret);
      await manager.remove(from);
    },
  };
}

/** Somebody else may have written since. */
async function isStill(manager: SecretManager, name: string, secret: Secret): Promise<boolean> {
  return (await manager.read(name))?.secret.reveal() === secret.reveal();
}
