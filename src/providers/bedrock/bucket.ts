/** Files of batches in Amazon S3. Source: Amazon S3 API reference, "Multipart upload". */
import { awsIdentity, awsSettings, hasAwsIdentity, signAws } from "../../credentials/aws.ts";
import { awsDomain } from "../../credentials/aws-host.ts";
import type { JobBucket } from "../batch-jobs.ts";
import type { Authorize, Target } from "../provider.ts";
import { bedrockRegion } from "./endpoint.ts";

/** "Bucket names can consist only of lowercase letters, numbers, periods (.), and hyphens (-)." */
const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** "5 MiB to 5 GiB. There is no minimum size limit on the last part." */
const PART_BYTES = 8 * 1024 * 1024;

function textOf({ params = {} }: Pick<Target, "params">, name: string): string | undefined {
  const value = params[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** `s3_bucket_name`; `undefined` where it is none. */
export function bucketOf(target: Pick<Target, "params">): string | undefined {
  const name = textOf(target, "s3_bucket_name")
    ?.replace(/^s3:\/\//, "")
    .replace(/\/+$/, "");
  return name !== undefined && BUCKET.test(name) ? name : undefined;
}

/** Jobs and their buckets are in one region, unless somebody knows better. */
function regionOf(target: Target): string {
  const region = textOf(target, "s3_region_name");
  return region !== undefined && REGION.test(region) ? region : bedrockRegion(target);
}

/** Where all files of the bucket are, with a slash at the end. */
function baseOf(target: Target): string {
  const bucket = bucketOf(target);
  if (bucket === undefined) throw new TypeError("there is no s3_bucket_name");
  const own = textOf(target, "s3_endpoint_url")?.replace(/\/+$/, "");
  if (own !== undefined) return `${own}/${bucket}/`;
  const region = regionOf(target);
  const host = `s3.${region}.${awsDomain(region)}`;
  // A name with periods is not covered by the certificate.
  return bucket.includes(".") ? `https://${host}/${bucket}/` : `https://${bucket}.${host}/`;
}

/** Keys of the bucket's own (`s3_access_key_id`), else who asks Bedrock. */
function settingsOf({ params = {} }: Target) {
  const own = awsSettings({
    aws_access_key_id: params["s3_access_key_id"],
    aws_secret_access_key: params["s3_secret_access_key"],
    aws_session_token: params["s3_session_token"],
  });
  return own.keys === undefined ? awsSettings(params) : own;
}

/** Can files be put there? */
export function hasBucket(target: Target): boolean {
  return bucketOf(target) !== undefined && hasAwsIdentity(settingsOf(target));
}

/** Signs what goes to the bucket; everything else is for `others`. */
export function withBucket(others: Authorize): Authorize {
  return async (request, target, ports) => {
    if (bucketOf(target) === undefined || !request.url.startsWith(baseOf(target)))
      return others(request, target, ports);
    const region = regionOf(target);
    const identity = await awsIdentity(settingsOf(target), region, ports);
    return signAws(request, identity, { service: "s3", region }, ports.now());
  };
}

const urlOf = (name: string, target: Target, query = "") => `${baseOf(target)}${name}${query}`;
const uploadQuery = (upload: string) => `uploadId=${encodeURIComponent(upload)}`;
const XML = { "content-type": "application/xml" };

export const bucket: JobBucket = {
  upload: {
    kind: "parts",
    bytes: PART_BYTES,
    begin: (name, target) => ({
      method: "POST",
      url: urlOf(name, target, "?uploads="),
      headers: { "content-type": "application/jsonl" },
    }),
    idIn: (answer) => /<UploadId>([^<]+)<\/UploadId>/.exec(answer)?.[1],
    part: (name, upload, number, content, target) => ({
      method: "PUT",
      url: urlOf(name, target, `?partNumber=${number}&${uploadQuery(upload)}`),
      headers: {},
      body: content,
    }),
    end: (name, upload, etags, target) => ({
      method: "POST",
      url: urlOf(name, target, `?${uploadQuery(upload)}`),
      headers: XML,
      body: new TextEncoder().encode(listOf(etags)),
    }),
    // "A 200 OK response can contain either a success or an error."
    hasFailed: (answer) => /<Error>/.test(answer),
    abort: (name, upload, target) => ({
      method: "DELETE",
      url: urlOf(name, target, `?${uploadQuery(upload)}`),
      headers: {},
    }),
  },

  get: (name, target) => ({ method: "GET", url: urlOf(name, target), headers: {} }),
};

function listOf(etags: readonly string[]): string {
  const parts = etags.map(
    (etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${etag.replace(/[<>&]/g, "")}</ETag></Part>`,
  );
  return `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${parts.join("")}</CompleteMultipartUpload>`;
}
