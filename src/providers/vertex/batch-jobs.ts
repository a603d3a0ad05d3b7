/**
 * Batches on Vertex AI: `batchPredictionJobs` over files in Cloud Storage, for Gemini and for Claude. Sources: Vertex AI
 * reference, `projects.locations.batchPredictionJobs`; "Batch inference from Cloud Storage"; "Batch predictions with Anthropic
 * Claude models"; "Add labels to API calls".
 */
import { asRecord, isRecord, type JsonObject, parsedJson, recordsIn } from "../../formats/json.ts";
import { type BatchJobs, folderOf, inputOf, type JobResult, type JobStanding } from "../batch-jobs.ts";
import type { Target, UpstreamRequest } from "../provider.ts";
import { bucket, nameOf, placeOf, uriOf } from "./bucket.ts";
import { credentialsOf, projectOf } from "./credentials.ts";
import { vertexModel } from "./model.ts";
import { native } from "./native.ts";
import { resourcePath } from "./place.ts";

/**
 * Gemini's lines have no id, and answers come in any order; but the request is repeated beside its answer, labels included.
 * Costs in Google's bill can be told apart by labels: as ids are places in the file, all batches have the same few.
 */
const LABEL = "sluice_line";
const MOST_LABELS = 64;

export const batchJobs: BatchJobs = {
  fewest: 1,
  bucket,

  /** Models of a publisher: those at endpoints of their own have no batches. */
  serves(target) {
    const { kind, resource } = vertexModel(target);
    const isSignedIn = credentialsOf(target) !== undefined || target.headers?.["authorization"] !== undefined;
    return (
      (kind === "gemini" || kind === "claude") &&
      resource.startsWith("publishers/") &&
      isSignedIn &&
      projectOf(target) !== undefined &&
      placeOf(target) !== undefined
    );
  },

  line(id, { url, headers, body }) {
    if (url.endsWith(":generateContent")) {
      const labels = Object.entries(asRecord(body["labels"])).slice(0, MOST_LABELS - 1);
      return { kind: "gemini", json: { request: { ...body, labels: { ...Object.fromEntries(labels), [LABEL]: id } } } };
    }
    // A line has no headers, and so no betas.
    if (!url.endsWith(":rawPredict") || body["anthropic_version"] === undefined || headers["anthropic-beta"])
      return undefined;
    return { kind: "claude", json: { custom_id: id, request: body } };
  },

  result,

  create({ name }, target) {
    return ask("POST", "/batchPredictionJobs", target, {
      displayName: name,
      model: resourcePath(vertexModel(target), target),
      inputConfig: { instancesFormat: "jsonl", gcsSource: { uris: [uriOf(inputOf(name), target)] } },
      outputConfig: {
        predictionsFormat: "jsonl",
        gcsDestination: { outputUriPrefix: uriOf(answersOf(name), target) },
      },
    });
  },

  idIn: ({ name }) => (typeof name === "string" ? name.split("/").at(-1) : undefined),

  find: (name, target) =>
    ask("GET", `/batchPredictionJobs?filter=${encodeURIComponent(`display_name="${name}"`)}`, target),

  foundIn(answer, name) {
    const found = recordsIn(answer["batchPredictionJobs"]).find(({ displayName }) => displayName === name);
    return found && batchJobs.idIn(found);
  },

  retrieve: (id, target) => ask("GET", jobPath(id), target),
  standing,
  cancel: (id, target) => ask("POST", `${jobPath(id)}:cancel`, target, {}),
};

/** What names of its answers begin with. */
function answersOf(job: string): string {
  return `${folderOf(job)}/answers`;
}

function jobPath(id: string): string {
  return `/batchPredictionJobs/${encodeURIComponent(id)}`;
}

function ask(method: "GET" | "POST", path: string, target: Target, json?: JsonObject): UpstreamRequest {
  return native({ method, path, headers: {}, ...(json && { body: { json } }) }, target);
}

const ENDINGS: Readonly<Record<string, Extract<JobStanding, { isOver: true }>["ending"]>> = {
  JOB_STATE_SUCCEEDED: "completed",
  JOB_STATE_PARTIALLY_SUCCEEDED: "completed",
  JOB_STATE_FAILED: "failed",
  JOB_STATE_CANCELLED: "cancelled",
  JOB_STATE_EXPIRED: "expired",
};

function standing({ state, error, outputInfo }: JsonObject, job: string, target: Target): JobStanding {
  const ending = ENDINGS[String(state)];
  if (ending === undefined) return { isOver: false };
  const { message } = asRecord(error);
  const { gcsOutputDirectory: folder } = asRecord(outputInfo);
  const name = typeof folder === "string" ? nameOf(folder.replace(/\/*$/, "/predictions.jsonl"), target) : undefined;
  return {
    isOver: true,
    ending,
    ...(typeof message === "string" && { message }),
    ...(name?.startsWith(answersOf(job)) && { results: name }),
  };
}

/** `status` is empty where all went well. */
function result({ custom_id: customId, request, response, status }: JsonObject): JobResult | undefined {
  const id = customId ?? asRecord(asRecord(request)["labels"])[LABEL];
  if (typeof id !== "string") return undefined;
  const said = typeof status === "string" ? status : isRecord(status) ? JSON.stringify(status) : "";
  if (said === "" && isRecord(response) && Object.keys(response).length > 0) return { id, body: response };
  return { id, ...failureIn(said === "" ? JSON.stringify(response ?? null) : said) };
}

/** Google's error, with words before it or without: `Bad Request: {"error": {"code": 400, …}}`. */
function failureIn(said: string): { status: number; error: string } {
  const error = said.slice(Math.max(0, said.indexOf("{")));
  const told = asRecord(parsedJson(error));
  const code = Number(asRecord(told["error"])["code"] ?? told["code"]);
  const isStatus = Number.isInteger(code) && code >= 400 && code < 600;
  return { status: isStatus ? code : /bad request|invalid/i.test(said) ? 400 : 500, error: isStatus ? error : said };
}
