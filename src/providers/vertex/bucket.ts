/** Files of batches in Cloud Storage, by its JSON API. Source: Google Cloud, "Cloud Storage JSON API". */
import type { JobBucket } from "../batch-jobs.ts";
import type { Target } from "../provider.ts";

const HOST = "https://storage.googleapis.com";

/** "Bucket names can only contain lowercase letters, numeric characters, dashes, underscores, and dots." */
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

interface Place {
  bucket: string;
  /** What all names in the bucket begin with. */
  prefix: string;
}

/** `gcs_bucket_name`: a bucket, or a folder of one (`bucket/folder`); `undefined` where it is none. */
export function placeOf({ params = {} }: Pick<Target, "params">): Place | undefined {
  const given = params["gcs_bucket_name"];
  if (typeof given !== "string") return undefined;
  const [bucket = "", ...folders] = given
    .replace(/^gs:\/\//, "")
    .split("/")
    .filter(Boolean);
  if (!BUCKET.test(bucket) || folders.some((folder) => /^\.+$/.test(folder))) return undefined;
  return { bucket, prefix: folders.map((folder) => `${folder}/`).join("") };
}

/** `gs://…`, as jobs name files. */
export function uriOf(name: string, target: Pick<Target, "params">): string {
  const { bucket, prefix } = placeIn(target);
  return `gs://${bucket}/${prefix}${name}`;
}

/** The name of a file of the bucket by its URI; `undefined` where it is elsewhere. */
export function nameOf(uri: string, target: Pick<Target, "params">): string | undefined {
  const own = uriOf("", target);
  return uri.startsWith(own) ? uri.slice(own.length) : undefined;
}

export const bucket: JobBucket = {
  upload: {
    kind: "whole",
    put(name, content, target) {
      const place = placeIn(target);
      const named = encodeURIComponent(place.prefix + name);
      return {
        method: "POST",
        url: `${hostOf(target)}/upload/storage/v1/b/${place.bucket}/o?uploadType=media&name=${named}`,
        headers: { ...ownSignIn(target), "content-type": "application/jsonl" },
        body: content,
      };
    },
  },

  get(name, target) {
    const place = placeIn(target);
    const named = encodeURIComponent(place.prefix + name);
    return {
      method: "GET",
      url: `${hostOf(target)}/storage/v1/b/${place.bucket}/o/${named}?alt=media`,
      headers: ownSignIn(target),
    };
  },
};

/** A private endpoint of one's own, or an emulator. */
function hostOf({ params = {} }: Target): string {
  const own = params["gcs_endpoint_url"];
  return typeof own === "string" && own !== "" ? own.replace(/\/+$/, "") : HOST;
}

/** A deployment may bring its own proof of who asks; its other headers are for models. */
function ownSignIn({ headers = {} }: Target): Record<string, string> {
  const { authorization } = headers;
  return authorization === undefined ? {} : { authorization };
}

/** For whoever knows that there is one. */
function placeIn(target: Pick<Target, "params">): Place {
  const place = placeOf(target);
  if (place === undefined) throw new TypeError("there is no gcs_bucket_name");
  return place;
}
