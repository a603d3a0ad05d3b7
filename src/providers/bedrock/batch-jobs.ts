/**
 * Batches on Bedrock: model invocation jobs over files in S3. Sources: Amazon Bedrock API reference,
 * "CreateModelInvocationJob", "GetModelInvocationJob"; user guide, "Process multiple prompts with batch inference".
 */
import { asRecord, isRecord, type JsonObject, recordsIn } from "../../formats/json.ts";
import { type BatchJobs, folderOf, inputOf, type JobResult, type JobStanding } from "../batch-jobs.ts";
import type { Target, UpstreamRequest } from "../provider.ts";
import { bucket, bucketOf, hasBucket } from "./bucket.ts";
import { bedrockUrl, headers, modelId } from "./endpoint.ts";

/** "Minimum number of records per batch inference job". */
const FEWEST = 100;
/** Hours a job may be given. */
const SHORTEST = 24;
const LONGEST = 168;

/** The job's type, by the method that a call would have gone to. */
const TYPES: Readonly<Record<string, string>> = { converse: "Converse", invoke: "InvokeModel" };
/** Headers that say nothing of what is asked. */
const PLAIN: ReadonlySet<string> = new Set(["accept", "content-type"]);

export const batchJobs: BatchJobs = {
  fewest: FEWEST,
  bucket,
  serves: (target) => hasBucket(target) && roleOf(target) !== undefined,

  line(id, { url, headers: sent, body }, { headers: own = {} }) {
    const kind = TYPES[/\/model\/[^/?]+\/([\w-]+)$/.exec(url)?.[1] ?? ""];
    // A line has no headers, and so no guardrail and no tier. The deployment's own are for calls.
    const isPlain = Object.keys(sent).every((name) => PLAIN.has(name) || own[name] !== undefined);
    return kind !== undefined && isPlain ? { kind, json: { recordId: id, modelInput: body } } : undefined;
  },

  result,

  create({ name, kind, hours }, target) {
    const key = target.params?.["s3_encryption_key_id"];
    return ask("POST", "/model-invocation-job", target, {
      jobName: name,
      clientRequestToken: name,
      modelId: modelId(target),
      roleArn: roleOf(target),
      modelInvocationType: kind,
      timeoutDurationInHours: Math.min(LONGEST, Math.max(SHORTEST, Math.ceil(hours))),
      inputDataConfig: { s3InputDataConfig: { s3InputFormat: "JSONL", s3Uri: uriOf(inputOf(name), target) } },
      outputDataConfig: {
        s3OutputDataConfig: {
          s3Uri: uriOf(answersOf(name), target),
          ...(typeof key === "string" && key !== "" && { s3EncryptionKeyId: key }),
        },
      },
    });
  },

  idIn: ({ jobArn }) => (typeof jobArn === "string" ? jobArn : undefined),
  find: (name, target) => ask("GET", `/model-invocation-jobs?nameContains=${encodeURIComponent(name)}`, target),

  foundIn(answer, name) {
    const found = recordsIn(answer["invocationJobSummaries"]).find(({ jobName }) => jobName === name);
    return found && batchJobs.idIn(found);
  },

  retrieve: (id, target) => ask("GET", jobPath(id), target),
  standing,
  cancel: (id, target) => ask("POST", `${jobPath(id)}/stop`, target),
};

function roleOf({ params = {} }: Pick<Target, "params">): string | undefined {
  const role = params["aws_batch_role_arn"];
  return typeof role === "string" && role !== "" ? role : undefined;
}

function jobPath(id: string): string {
  return `/model-invocation-job/${encodeURIComponent(id)}`;
}

function ask(method: "GET" | "POST", path: string, target: Target, json?: JsonObject): UpstreamRequest {
  return {
    method,
    url: bedrockUrl(target, path, "bedrock"),
    headers: headers(target),
    ...(json && { body: { json } }),
  };
}

function uriOf(name: string, target: Target): string {
  return `s3://${bucketOf(target)}/${name}`;
}

function answersOf(job: string): string {
  return `${folderOf(job)}/answers/`;
}

const ENDINGS: Readonly<Record<string, Extract<JobStanding, { isOver: true }>["ending"]>> = {
  Completed: "completed",
  PartiallyCompleted: "completed",
  Failed: "failed",
  Stopped: "cancelled",
  Expired: "expired",
};

/** Answers are in a folder named as the job's id, in a file named as the input, with `.out` behind it. */
function standing({ status, message, jobArn }: JsonObject, name: string): JobStanding {
  const ending = ENDINGS[String(status)];
  if (ending === undefined) return { isOver: false };
  const [, id = ""] = /\/([^/]+)$/.exec(String(jobArn)) ?? [];
  const file = inputOf(name).split("/").at(-1);
  return {
    isOver: true,
    ending,
    ...(typeof message === "string" && message !== "" && { message }),
    ...(/^\w[\w-]*$/.test(id) && { results: `${answersOf(name)}${id}/${file}.out` }),
  };
}

function result({ recordId, modelOutput, error }: JsonObject): JobResult | undefined {
  if (typeof recordId !== "string") return undefined;
  if (isRecord(modelOutput)) return { id: recordId, body: modelOutput };
  const { errorCode, errorMessage } = asRecord(error);
  const status = Number(errorCode);
  const message = typeof errorMessage === "string" ? errorMessage : JSON.stringify(error ?? null);
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  return { id: recordId, status: isStatus ? status : 500, error: JSON.stringify({ message }) };
}
