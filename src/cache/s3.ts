/**
 * Answers as objects of S3, or of what speaks as it does (R2, MinIO): LiteLLM's `s3`. An object does not know when it is too
 * old; the entry in it does, and a rule of the bucket's removes it for good.
 */
import { type AwsIdentity, signAws } from "../credentials/aws.ts";
import { inTurn, type ResponseCache } from "./store.ts";

export interface S3CacheOptions {
  bucket: string;
  region: string;
  /** In place of AWS's own: the bucket then stands in the path. */
  endpoint?: string;
  /** Folder in the bucket. */
  path?: string;
  identity: AwsIdentity;
  fetch: typeof fetch;
  /** Milliseconds since the epoch. */
  now(): number;
}

/** Whose the objects are: a flush must leave others alone. */
const FOLDER = "sluice-cache/";

export function s3Cache(options: S3CacheOptions): ResponseCache {
  const { bucket, region, endpoint, path = "", identity, fetch, now } = options;
  const root = endpoint ? `${endpoint.replace(/\/+$/, "")}/${bucket}` : `https://${bucket}.s3.${region}.amazonaws.com`;
  const prefix = `${path.replace(/^\/+|\/+$/g, "")}/${FOLDER}`.replace(/^\//, "");
  const ask = async (method: string, target: string, body?: string): Promise<Response> => {
    const url = `${root}/${target}`;
    const headers = await signAws(
      { method, url, headers: {}, ...(body !== undefined && { body }) },
      identity,
      { service: "s3", region },
      now(),
    );
    const response = await fetch(url, { method, headers, ...(body !== undefined && { body }), redirect: "manual" });
    if (response.ok || (response.status === 404 && method !== "PUT")) return response;
    throw new Error(`S3 answered ${response.status}: ${codeIn(await response.text())}`);
  };
  const nameOf = (key: string) => prefix + objectName(key);
  const remove = async (name: string) => {
    await (await ask("DELETE", name)).body?.cancel();
  };
  const list = async (most: number): Promise<string[]> => {
    const query = `list-type=2&max-keys=${most}&prefix=${encodeURIComponent(prefix)}`;
    const response = await ask("GET", `?${query}`);
    if (!response.ok) throw new Error(`S3 answered ${response.status}: ${codeIn(await response.text())}`);
    return namesIn(await response.text());
  };
  return {
    async get(key) {
      const response = await ask("GET", nameOf(key));
      if (response.ok) return response.text();
      await response.body?.cancel();
      return undefined;
    },
    async set(key, value) {
      await (await ask("PUT", nameOf(key), value)).body?.cancel();
    },
    async delete(keys) {
      await inTurn(keys, (key) => remove(nameOf(key)));
    },
    async flush() {
      for (let page = 0; page < MOST_PAGES; page++) {
        const names = await list(PAGE);
        if (names.length === 0) return;
        await inTurn(names, remove);
      }
      throw new Error(`there are more than ${MOST_PAGES * PAGE} answers in the bucket: flush again`);
    },
    async ping() {
      await list(1);
    },
  };
}

const PAGE = 500;
/** A Worker may send so many requests only. */
const MOST_PAGES = 15;

/**
 * The name of an answer in signs that URLs, signatures and XML all write as they are. A namespace is its client's to choose:
 * where it is `..`, a URL would lead out of the folder.
 */
export function objectName(key: string): string {
  const plain = key.replaceAll(":", "/").replace(/[^\w./-]/g, escaped);
  return plain.replace(/(?<=^|\/)\.+(?=\/|$)/g, (dots) => dots.replaceAll(".", escaped));
}

function escaped(sign: string): string {
  return `~${sign.charCodeAt(0).toString(16)}`;
}

function namesIn(xml: string): string[] {
  return [...xml.matchAll(/<Key>([^<]+)<\/Key>/g)].map(([, name = ""]) => name);
}

/** `<Code>AccessDenied</Code>` */
function codeIn(xml: string): string {
  return /<Code>(\w+)<\/Code>/.exec(xml)?.[1] ?? "no reason";
}
