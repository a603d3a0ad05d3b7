/**
 * Answers as objects of an R2 bucket: Sluice's own `r2`, a cache that all isolates share, with no service beside Cloudflare.
 * `docs/caching.md` says why it is R2 and neither KV nor Cloudflare's Cache API.
 */
import { objectName } from "../../cache/s3.ts";
import { inTurn, type ResponseCache } from "../../cache/store.ts";

/** Whose the objects are: the bucket may be used for other things, which a flush must leave alone. */
const FOLDER = "sluice-cache/";
/** Objects one call to R2 may list, and may delete. */
const AT_A_TIME = 1000;
/** A Worker may call so often only. */
const MOST_PAGES = 200;

export function bucketCache(bucket: R2Bucket): ResponseCache {
  const nameOf = (key: string) => FOLDER + objectName(key);
  return {
    async get(key) {
      return (await bucket.get(nameOf(key)))?.text();
    },
    // How long it holds stands in the entry; a rule of the bucket's removes what is too old.
    async set(key, value) {
      await bucket.put(nameOf(key), value);
    },
    async delete(keys) {
      const pages = Array.from({ length: Math.ceil(keys.length / AT_A_TIME) }, (_, page) =>
        keys.slice(page * AT_A_TIME, (page + 1) * AT_A_TIME).map(nameOf),
      );
      await inTurn(pages, (names) => bucket.delete(names));
    },
    async flush() {
      for (let page = 0; page < MOST_PAGES; page++) {
        const { objects } = await bucket.list({ prefix: FOLDER, limit: AT_A_TIME });
        if (objects.length === 0) return;
        await bucket.delete(objects.map(({ key }) => key));
      }
      throw new Error("there are more answers in the bucket than one request can delete: flush again");
    },
    async ping() {
      await bucket.head(`${FOLDER}ping`);
    },
  };
}
