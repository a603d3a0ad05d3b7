/**
 * Answers in a store outside the gateway are encrypted, each for its name: whoever can read the store learns nothing from it,
 * and whoever can write to it can put no words into a model's mouth. What does not open is not there.
 */
import { type Kept, type ResponseCache, setAll } from "../../cache/store.ts";
import { Secret } from "../../credentials/secret.ts";
import { UnreadableSecret, type Vault } from "../../secrets/vault.ts";

export function sealedCache(store: ResponseCache, vault: Vault): ResponseCache {
  const seal = async ({ key, value, ttl }: Kept): Promise<Kept> => ({
    key,
    value: await vault.seal("cached_answer", placeOf(key), new Secret(value)),
    ttl,
  });
  const open = async (key: string, sealed: string | undefined): Promise<string | undefined> => {
    if (sealed === undefined) return undefined;
    try {
      return (await vault.open("cached_answer", placeOf(key), sealed)).reveal();
    } catch (error) {
      if (error instanceof UnreadableSecret) return undefined;
      throw error;
    }
  };
  const { getMany, setMany, info } = store;
  return {
    get: async (key) => open(key, await store.get(key)),
    async set(key, value, ttl) {
      const sealed = await seal({ key, value, ttl });
      await store.set(key, sealed.value, ttl);
    },
    delete: (keys) => store.delete(keys),
    flush: () => store.flush(),
    ping: () => store.ping(),
    ...(getMany !== undefined && {
      async getMany(keys) {
        const values = await store.getMany?.(keys);
        return Promise.all(keys.map((key, at) => open(key, values?.[at])));
      },
    }),
    ...(setMany !== undefined && {
      setMany: async (values) => setAll(store, await Promise.all(values.map(seal))),
    }),
    ...(info !== undefined && { info: () => store.info?.() ?? Promise.resolve({}) }),
  };
}

/** Tenants are a part of the name already. */
function placeOf(key: string) {
  return { tenant: "", row: key, field: "answer" };
}
