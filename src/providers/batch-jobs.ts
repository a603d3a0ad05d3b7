/**
 * Batches of a cloud's own: a file of requests in a bucket, a job that asks the model for them, a file of answers in the bucket.
 * Pure, as adapters are: whoever runs a batch sends these requests, and reads what comes back.
 */
import type { JsonObject } from "../formats/json.ts";
import type { Target, UpstreamRequest } from "./provider.ts";

/** A request as an adapter made it for one call. */
export interface ComposedRequest extends Omit<UpstreamRequest, "body"> {
  body: JsonObject;
}

export interface JobLine {
  /** Of which sort the request is: the lines of one job are of one. */
  kind: string;
  json: JsonObject;
}

/** What became of one request: the model's answer, or an error in the provider's words. */
export type JobResult = { id: string; body: JsonObject } | { id: string; status: number; error: string };

export interface NewJob {
  /** Letters, digits and hyphens. The input is at `inputOf(name)` in the bucket. */
  name: string;
  /** Sort of its lines. */
  kind: string;
  /** In which it is to be run. */
  hours: number;
}

/** How a job stands. */
export type JobStanding =
  | { isOver: false }
  | {
      isOver: true;
      ending: "completed" | "failed" | "cancelled" | "expired";
      /** What the provider says of it. */
      message?: string;
      /** Name of the file of answers in the bucket, where there may be one. */
      results?: string;
    };

export interface BatchJobs {
  /** Is all configured that a job of this model takes? */
  serves(target: Target): boolean;
  /** Requests a job must have. */
  fewest: number;
  /**
   * A request as a line.
   * @param id eleven small letters and digits, by which its answer is known
   * @returns `undefined` where a line cannot say it
   */
  line(id: string, request: ComposedRequest, target: Target): JobLine | undefined;
  /** A line of the answers; `undefined` where it is none. */
  result(line: JsonObject): JobResult | undefined;
  bucket: JobBucket;
  create(job: NewJob, target: Target): UpstreamRequest;
  /** Id of the job that was made. */
  idIn(answer: JsonObject): string | undefined;
  /** Jobs of that name. */
  find(name: string, target: Target): UpstreamRequest;
  foundIn(answer: JsonObject, name: string): string | undefined;
  retrieve(id: string, target: Target): UpstreamRequest;
  standing(answer: JsonObject, name: string, target: Target): JobStanding;
  cancel(id: string, target: Target): UpstreamRequest;
}

/** Where files of jobs are. */
export interface JobBucket {
  /** Puts a file there whose length is not known yet. */
  upload: WholeUpload | UploadInParts;
  get(name: string, target: Target): UpstreamRequest;
}

/** As one stream. */
export interface WholeUpload {
  kind: "whole";
  put(name: string, content: ReadableStream<Uint8Array>, target: Target): UpstreamRequest;
}

/** For buckets that take nothing of unknown length. */
export interface UploadInParts {
  kind: "parts";
  /** Of each part but the last. */
  bytes: number;
  begin(name: string, target: Target): UpstreamRequest;
  /** The upload's id in the answer to that. */
  idIn(answer: string): string | undefined;
  /** @param number from 1. The answer has an `etag` among its headers */
  part(name: string, upload: string, number: number, content: Uint8Array, target: Target): UpstreamRequest;
  end(name: string, upload: string, etags: readonly string[], target: Target): UpstreamRequest;
  /** Does the answer to that say that it failed, whatever its status? */
  hasFailed(answer: string): boolean;
  abort(name: string, upload: string, target: Target): UpstreamRequest;
}

/** Where all files of a job are in the bucket. */
export function folderOf(job: string): string {
  return `sluice-batches/${job}`;
}

export function inputOf(job: string): string {
  return `${folderOf(job)}/requests.jsonl`;
}
