import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { batchJobs } from "../../../src/providers/bedrock/batch-jobs.ts";
import { bucket, withBucket } from "../../../src/providers/bedrock/bucket.ts";
import type { Target } from "../../../src/providers/provider.ts";
import { expectedAuthorization } from "../../credentials/aws-signature.ts";

const SECRET = "an/aws+secret";
const target = (params: Record<string, unknown> = {}, fields: Partial<Target> = {}): Target => ({
  provider: "bedrock",
  model: "us.amazon.nova-lite-v1:0",
  params: {
    aws_region_name: "eu-west-1",
    aws_access_key_id: "AKIDTEST",
    aws_secret_access_key: new Secret(SECRET),
    aws_batch_role_arn: "arn:aws:iam::1:role/batches",
    s3_bucket_name: "acme-files",
    ...params,
  },
  ...fields,
});
const HOST = "https://bedrock.eu-west-1.amazonaws.com";
const ARN = "arn:aws:bedrock:eu-west-1:1:model-invocation-job/abc";

describe("jobs of Bedrock", () => {
  it.each<[string, Target, boolean]>([
    ["a bucket and a role", target(), true],
    ["no role", target({ aws_batch_role_arn: undefined }), false],
    ["no bucket", target({ s3_bucket_name: "" }), false],
    ["a bucket that is none", target({ s3_bucket_name: "a/b" }), false],
    ["nobody who may sign for S3", target({ aws_access_key_id: "" }, { apiKey: new Secret("bedrock-key") }), false],
    [
      "keys of the bucket's own",
      target(
        { aws_access_key_id: "", s3_access_key_id: "AKIDS3", s3_secret_access_key: new Secret("s") },
        { apiKey: new Secret("bedrock-key") },
      ),
      true,
    ],
  ])("%s", (_, given, expected) => {
    expect(batchJobs.serves(given)).toBe(expected);
  });

  it("are made of a file, found by their name, looked at and ended", () => {
    const own = target({ s3_encryption_key_id: "arn:aws:kms:eu-west-1:1:key/k" });
    expect(batchJobs.create({ name: "batch-1", kind: "Converse", hours: 30.5 }, own)).toMatchObject({
      method: "POST",
      url: `${HOST}/model-invocation-job`,
      body: {
        json: {
          jobName: "batch-1",
          clientRequestToken: "batch-1",
          modelId: "us.amazon.nova-lite-v1:0",
          modelInvocationType: "Converse",
          roleArn: "arn:aws:iam::1:role/batches",
          timeoutDurationInHours: 31,
          inputDataConfig: {
            s3InputDataConfig: {
              s3InputFormat: "JSONL",
              s3Uri: "s3://acme-files/sluice-batches/batch-1/requests.jsonl",
            },
          },
          outputDataConfig: {
            s3OutputDataConfig: {
              s3Uri: "s3://acme-files/sluice-batches/batch-1/answers/",
              s3EncryptionKeyId: "arn:aws:kms:eu-west-1:1:key/k",
            },
          },
        },
      },
    });
    const hours = (given: number) => {
      const { body } = batchJobs.create({ name: "b", kind: "Converse", hours: given }, own);
      return body !== undefined && "json" in body && (body.json as Record<string, unknown>)["timeoutDurationInHours"];
    };
    expect([hours(1), hours(400)]).toEqual([24, 168]);
    expect(batchJobs.idIn({ jobArn: ARN })).toBe(ARN);
    expect(batchJobs.find("batch-1", own).url).toBe(`${HOST}/model-invocation-jobs?nameContains=batch-1`);
    const summaries = [
      { jobName: "batch-10", jobArn: "x" },
      { jobName: "batch-1", jobArn: ARN },
    ];
    expect(batchJobs.foundIn({ invocationJobSummaries: summaries }, "batch-1")).toBe(ARN);
    expect(batchJobs.retrieve(ARN, own).url).toBe(`${HOST}/model-invocation-job/${encodeURIComponent(ARN)}`);
    expect(batchJobs.cancel(ARN, own)).toMatchObject({
      method: "POST",
      url: `${HOST}/model-invocation-job/${encodeURIComponent(ARN)}/stop`,
    });
  });

  const results = "sluice-batches/batch-1/answers/abc/requests.jsonl.out";
  it.each([
    ["Submitted", { isOver: false }],
    ["Validating", { isOver: false }],
    ["InProgress", { isOver: false }],
    ["Stopping", { isOver: false }],
    ["Completed", { isOver: true, ending: "completed", results }],
    ["PartiallyCompleted", { isOver: true, ending: "completed", results }],
    ["Failed", { isOver: true, ending: "failed", results }],
    ["Stopped", { isOver: true, ending: "cancelled", results }],
    ["Expired", { isOver: true, ending: "expired", results }],
  ])("%s", (status, expected) => {
    expect(batchJobs.standing({ status, jobArn: ARN }, "batch-1", target())).toEqual(expected);
    const told = batchJobs.standing({ status, jobArn: ARN, message: "why" }, "batch-1", target());
    expect(told).toEqual(expected.isOver ? { ...expected, message: "why" } : expected);
  });

  it.each(["arn:x/..", "arn:x/.", "arn:x/", "arn:x/a?b", "..", undefined])("nothing is read by the id %s", (jobArn) => {
    expect(batchJobs.standing({ status: "Completed", jobArn }, "batch-1", target())).toEqual({
      isOver: true,
      ending: "completed",
    });
  });
});

describe("lines of Bedrock", () => {
  const asked = (action: string, headers: Record<string, string> = {}) => ({
    method: "POST" as const,
    url: `https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/${action}`,
    headers,
    body: { a: 1 },
  });

  it("are of the type of the method that a call goes to", () => {
    const json = { recordId: "line0000001", modelInput: { a: 1 } };
    const sent = { accept: "application/json", "content-type": "application/json" };
    expect(batchJobs.line("line0000001", asked("converse", sent), target())).toEqual({ kind: "Converse", json });
    expect(batchJobs.line("line0000001", asked("invoke", sent), target())).toEqual({ kind: "InvokeModel", json });
    const own = target({}, { headers: { "x-team": "blue" } });
    expect(batchJobs.line("line0000001", asked("invoke", { ...sent, "x-team": "blue" }), own)).toBeDefined();
    expect(batchJobs.line("line0000001", asked("count-tokens"), target())).toBeUndefined();
    const guarded = asked("invoke", { "x-amzn-bedrock-guardrailidentifier": "g" });
    expect(batchJobs.line("line0000001", guarded, target())).toBeUndefined();
  });

  it.each([
    [{ modelOutput: { ok: true } }, { body: { ok: true } }],
    [{ error: { errorCode: 400, errorMessage: "no" } }, { status: 400, error: '{"message":"no"}' }],
    [{ error: { errorMessage: "no" } }, { status: 500, error: '{"message":"no"}' }],
    [{}, { status: 500, error: '{"message":"null"}' }],
  ])("%j", (line, expected) => {
    expect(batchJobs.result({ recordId: "line0000002", modelInput: {}, ...line })).toEqual({
      id: "line0000002",
      ...expected,
    });
    expect(batchJobs.result(line)).toBeUndefined();
  });
});

describe("a bucket of S3", () => {
  const { upload } = bucket;
  if (upload.kind !== "parts") throw new TypeError("S3 takes files in parts");

  it("takes files in parts", () => {
    const base = "https://acme-files.s3.eu-west-1.amazonaws.com";
    expect(upload.begin("a/b.jsonl", target())).toMatchObject({ method: "POST", url: `${base}/a/b.jsonl?uploads=` });
    expect(upload.idIn("<X><UploadId>u.1</UploadId></X>")).toBe("u.1");
    expect(upload.idIn("<Error/>")).toBeUndefined();
    const bytes = new Uint8Array(3);
    expect(upload.part("a", "u/1", 2, bytes, target())).toMatchObject({
      method: "PUT",
      url: `${base}/a?partNumber=2&uploadId=u%2F1`,
      body: bytes,
    });
    const { body } = upload.end("a", "u", ['"one"', "two"], target());
    expect(new TextDecoder().decode(body as Uint8Array)).toContain(
      '<Part><PartNumber>1</PartNumber><ETag>"one"</ETag></Part><Part><PartNumber>2</PartNumber><ETag>two</ETag></Part>',
    );
    expect(upload.hasFailed("<Error><Code>InternalError</Code></Error>")).toBe(true);
    expect(upload.hasFailed("<CompleteMultipartUploadResult/>")).toBe(false);
    expect(upload.abort("a", "u", target())).toMatchObject({ method: "DELETE", url: `${base}/a?uploadId=u` });
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, "https://acme-files.s3.eu-west-1.amazonaws.com/a"],
    [{ s3_region_name: "us-east-1" }, "https://acme-files.s3.us-east-1.amazonaws.com/a"],
    [{ s3_region_name: "evil.example/" }, "https://acme-files.s3.eu-west-1.amazonaws.com/a"],
    [{ s3_bucket_name: "acme.files" }, "https://s3.eu-west-1.amazonaws.com/acme.files/a"],
    [{ s3_endpoint_url: "https://minio.acme/" }, "https://minio.acme/acme-files/a"],
    [{ aws_region_name: "cn-north-1" }, "https://acme-files.s3.cn-north-1.amazonaws.com.cn/a"],
  ])("%j", (params, url) => {
    expect(bucket.get("a", target(params)).url).toBe(url);
  });

  it("is signed for by its own keys, else by whoever asks Bedrock; everything else as it was", async () => {
    const ports = { fetch, now: () => Date.UTC(2026, 10, 23) };
    const authorize = withBucket(async () => ({ authorization: "other" }));
    const signed = async (url: string, params: Record<string, unknown> = {}) =>
      authorize({ method: "GET", url, headers: {} }, target(params, { apiKey: new Secret("bedrock-key") }), ports);
    const url = "https://acme-files.s3.eu-west-1.amazonaws.com/a%20b/c?partNumber=1&uploadId=u";
    const expected = (headers: Record<string, string>, secret: string) =>
      expectedAuthorization(
        {
          method: "GET",
          path: "/a%20b/c?partNumber=1&uploadId=u",
          headers: { ...headers, host: new URL(url).host },
          body: "",
        },
        secret,
      );
    const plain = await signed(url);
    expect(plain["authorization"]).toContain("Credential=AKIDTEST/20261123/eu-west-1/s3/aws4_request");
    expect(plain["authorization"]).toBe(expected(plain, SECRET));
    const own = await signed(url, { s3_access_key_id: "AKIDS3", s3_secret_access_key: new Secret("another") });
    expect(own["authorization"]).toContain("Credential=AKIDS3/");
    expect(own["authorization"]).toBe(expected(own, "another"));
    for (const elsewhere of [
      `${HOST}/model-invocation-job`,
      "https://acme-files.s3.eu-west-1.amazonaws.com.evil.example/a",
    ])
      expect(await signed(elsewhere)).toEqual({ authorization: "other" });
  });
});
