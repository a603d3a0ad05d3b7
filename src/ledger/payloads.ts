/** What was asked and answered where it is too big for a row: kept as objects, named by the row. */

export interface Payload {
  /** JSON. */
  messages?: string;
  response?: string;
}

export interface PayloadStore {
  put(ref: string, payload: Payload): Promise<void>;
  get(ref: string): Promise<Payload | undefined>;
  delete(refs: string[]): Promise<void>;
}

/** Objects one call to R2 may delete. */
const AT_A_TIME = 1000;

export function bucketPayloads(bucket: R2Bucket): PayloadStore {
  return {
    async put(ref, payload) {
      await bucket.put(ref, JSON.stringify(payload), { httpMetadata: { contentType: "application/json" } });
    },
    async get(ref) {
      const object = await bucket.get(ref);
      return object === null ? undefined : ((await object.json()) as Payload); // as `put` has written it
    },
    async delete(refs) {
      for (let at = 0; at < refs.length; at += AT_A_TIME) await bucket.delete(refs.slice(at, at + AT_A_TIME));
    },
  };
}

/** @param id of the row; by its day, so that lifecycle rules of the bucket can go by the name */
export function payloadRef(id: string, at: number): string {
  return `payloads/${new Date(at).toISOString().slice(0, 10)}/${id}.json`;
}
