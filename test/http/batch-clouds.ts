/** Clouds that run batches as jobs over files in buckets: Vertex AI with Cloud Storage, and Bedrock with S3. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { expectedAuthorization } from "../credentials/aws-signature.ts";
import { json } from "./upstream.ts";

export const SECRET = "an/aws+secret";
export const TOKEN = "ya29.a-token-of-google";

/** An answer of the model's, or a failure in the provider's words. */
export type Outcome = { answer: object } | { failure: object | string };

export interface Job {
  id: string;
  name: string;
  /** As its provider writes it. */
  state: string;
  request: Record<string, unknown>;
  message?: string;
}

export interface Clouds {
  url: string;
  /** By `bucket/name`. */
  objects: Map<string, string>;
  jobs: Job[];
  /** `POST /path`, but for what only looks. */
  asked: string[];
  /** What each bucket refuses, and with which status: `put`, `get`. */
  refusals: { put?: number; get?: number; create?: number };
  /** Bytes after which whoever reads a file is cut off. */
  cutAt: number | undefined;
  /** Milliseconds until whoever began a job is told. */
  delay: number;
  /** What becomes of a line. */
  outcome: (request: Record<string, unknown>, id: string) => Outcome | undefined;
  /** Ends a job, with answers to its lines in another order than that of the lines. @param as what becomes of their file */
  end(job: Job, state: string, as?: (text: string) => string): void;
  close(): Promise<void>;
}

export async function startClouds(): Promise<Clouds> {
  const parts = new Map<string, Buffer[]>();
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece);
    } catch {
      return; // the gateway has broken off
    }
    const body = Buffer.concat(pieces);
    if (request.method !== "GET" && request.url !== "/token")
      clouds.asked.push(`${request.method} ${(request.url ?? "").split("?")[0]}`);
    if (request.url === "/token") return json(response, 200, { access_token: TOKEN, expires_in: 3599 });
    if (/^\/(?:upload\/)?storage\/|^\/v1\//.test(request.url ?? "")) return google(clouds, request, body, response);
    return amazon(clouds, parts, request, body, response);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const clouds: Clouds = {
    url: `http://127.0.0.1:${port}`,
    objects: new Map(),
    jobs: [],
    asked: [],
    refusals: {},
    cutAt: undefined,
    delay: 0,
    outcome: () => undefined,
    end(job, state, as = (given) => given) {
      job.state = state;
      const [name, given] = answersOf(clouds, job);
      const text = as(given);
      if (text !== "") clouds.objects.set(name, text);
    },
    async close() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  return clouds;
}

export function linesOf(clouds: Clouds, job: Job): Record<string, unknown>[] {
  const { inputConfig, inputDataConfig } = job.request as {
    inputConfig?: { gcsSource: { uris: string[] } };
    inputDataConfig?: { s3InputDataConfig: { s3Uri: string } };
  };
  const uri = inputConfig?.gcsSource.uris[0] ?? inputDataConfig?.s3InputDataConfig.s3Uri ?? "";
  const text = clouds.objects.get(uri.replace(/^\w+:\/\//, "")) ?? "";
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
}

function answersOf(clouds: Clouds, job: Job): [name: string, text: string] {
  const isGoogles = job.request["inputConfig"] !== undefined;
  const lines = linesOf(clouds, job).reverse();
  const answers = lines.flatMap((line): object[] => {
    const request = (line["request"] ?? line["modelInput"]) as Record<string, unknown>;
    const labels = request["labels"] as Record<string, string> | undefined;
    const id = String(line["recordId"] ?? line["custom_id"] ?? labels?.["sluice_line"]);
    const outcome = clouds.outcome(request, id);
    if (outcome === undefined) return [];
    if (isGoogles)
      return "answer" in outcome
        ? [{ ...line, status: "", response: outcome.answer, processed_time: "2026-11-23T00:00:00Z" }]
        : [{ ...line, status: outcome.failure, response: {} }];
    return "answer" in outcome ? [{ ...line, modelOutput: outcome.answer }] : [{ ...line, error: outcome.failure }];
  });
  const text = answers.map((answer) => JSON.stringify(answer)).join("\n");
  return [`${folderOf(job)}/${isGoogles ? "predictions.jsonl" : "requests.jsonl.out"}`, text];
}

function folderOf({ id, request }: Job): string {
  const { outputConfig, outputDataConfig } = request as {
    outputConfig?: { gcsDestination: { outputUriPrefix: string } };
    outputDataConfig?: { s3OutputDataConfig: { s3Uri: string } };
  };
  if (outputConfig !== undefined)
    return `${outputConfig.gcsDestination.outputUriPrefix.replace("gs://", "")}/prediction-model-2026`;
  return `${outputDataConfig?.s3OutputDataConfig.s3Uri.replace("s3://", "")}${id.split("/").at(-1)}`;
}

function google(
  clouds: Clouds,
  { method, url = "", headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
) {
  const { pathname, searchParams } = new URL(url, "http://google");
  const path = pathname;
  const refuse = (code: number, message: string) => json(response, code, { error: { code, message } });
  if (headers.authorization !== `Bearer ${TOKEN}`) return refuse(401, "no token");
  const [, bucket, name] = /\/storage\/v1\/b\/([^/]+)\/o(?:\/([^/]+))?$/.exec(path) ?? [];
  if (bucket !== undefined && method === "POST") {
    if (clouds.refusals.put) return refuse(clouds.refusals.put, "robot does not have storage.objects.create access");
    clouds.objects.set(`${bucket}/${searchParams.get("name")}`, body.toString());
    return json(response, 200, { name: searchParams.get("name"), bucket });
  }
  if (bucket !== undefined) return content(clouds, `${bucket}/${decodeURIComponent(name ?? "")}`, response);
  const [, folder, id, action] =
    /^(\/v1\/projects\/acme\/locations\/us-central1\/batchPredictionJobs)(?:\/(\d+)(:cancel)?)?$/.exec(path) ?? [];
  if (folder === undefined) return refuse(404, `no ${path}`);
  const view = (job: Job) => ({
    name: `${folder.slice(4)}/${job.id}`,
    displayName: job.name,
    state: job.state,
    ...(job.message && { error: { code: 3, message: job.message } }),
    ...(/SUCCEEDED|CANCELLED/.test(job.state) && { outputInfo: { gcsOutputDirectory: `gs://${folderOf(job)}` } }),
  });
  if (id === undefined && method === "GET") {
    const named = /"([^"]+)"/.exec(searchParams.get("filter") ?? "")?.[1];
    return json(response, 200, { batchPredictionJobs: clouds.jobs.filter((job) => job.name === named).map(view) });
  }
  if (id === undefined) {
    if (clouds.refusals.create) return refuse(clouds.refusals.create, "the model has no batches");
    const request = JSON.parse(body.toString());
    const job = { id: String(clouds.jobs.length + 1), name: request.displayName, state: "JOB_STATE_PENDING", request };
    clouds.jobs.push(job);
    return void setTimeout(() => json(response, 200, view(job)), clouds.delay);
  }
  const job = clouds.jobs.find((one) => one.id === id);
  if (job === undefined) return refuse(404, "no such job");
  if (action === undefined) return json(response, 200, view(job));
  job.state = "JOB_STATE_CANCELLING";
  return json(response, 200, {});
}

function amazon(
  clouds: Clouds,
  uploads: Map<string, Buffer[]>,
  { method = "", url = "", headers }: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
) {
  const signed = expectedAuthorization({ method, path: url, headers, body: body.toString("utf8") }, SECRET);
  const service = url.startsWith("/s3/") ? "s3" : "bedrock";
  const isRight = headers.authorization === signed && signed.includes(`/us-west-2/${service}/aws4_request`);
  if (!isRight) return json(response, 403, { message: `the signature is none: ${headers.authorization}` });
  const { pathname, searchParams } = new URL(url, "http://amazon");
  if (service === "s3") {
    const name = decodeURIComponent(pathname.slice("/s3/".length));
    if (method === "GET") return content(clouds, name, response);
    const xml = (status: number, text: string, more = {}) =>
      response.writeHead(status, { "content-type": "application/xml", ...more }).end(text);
    if (clouds.refusals.put) return xml(clouds.refusals.put, "<Error><Code>AccessDenied</Code></Error>");
    const upload = searchParams.get("uploadId") ?? "";
    if (searchParams.has("uploads")) {
      uploads.set(name, []);
      return xml(200, "<InitiateMultipartUploadResult><UploadId>an.upload</UploadId></InitiateMultipartUploadResult>");
    }
    const parts = upload === "an.upload" ? uploads.get(name) : undefined;
    if (parts === undefined) return xml(404, "<Error><Code>NoSuchUpload</Code></Error>");
    if (method === "PUT") {
      parts.push(body);
      return xml(200, "", { etag: `"part-${parts.length}"` });
    }
    uploads.delete(name);
    if (method === "DELETE") return response.writeHead(204).end();
    const etags = [...body.toString().matchAll(/<ETag>"?([^<"]+)"?<\/ETag>/g)].map(([, etag]) => etag);
    if (etags.join() !== parts.map((_, index) => `part-${index + 1}`).join())
      return xml(200, "<Error><Code>InvalidPart</Code></Error>");
    clouds.objects.set(name, Buffer.concat(parts).toString());
    return xml(200, "<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
  }
  const arn = "arn:aws:bedrock:us-west-2:123456789012:model-invocation-job";
  const view = ({ id, name, state, message }: Job) => ({ jobArn: id, jobName: name, status: state, message });
  if (pathname === "/model-invocation-jobs") {
    const named = searchParams.get("nameContains") ?? "";
    return json(response, 200, {
      invocationJobSummaries: clouds.jobs.filter(({ name }) => name.includes(named)).map(view),
    });
  }
  if (pathname === "/model-invocation-job") {
    if (clouds.refusals.create)
      return json(response, clouds.refusals.create, { message: "The role is not one that Bedrock may assume." });
    const request = JSON.parse(body.toString());
    const id = `${arn}/job${clouds.jobs.length + 1}`;
    clouds.jobs.push({ id, name: request.jobName, state: "Submitted", request });
    return json(response, 200, { jobArn: id });
  }
  const [, escaped = "", stop] = /^\/model-invocation-job\/([^/]+)(\/stop)?$/.exec(pathname) ?? [];
  const job = clouds.jobs.find(({ id }) => id === decodeURIComponent(escaped));
  if (job === undefined) return json(response, 404, { message: `no ${pathname}` });
  if (stop === undefined) return json(response, 200, view(job));
  job.state = "Stopping";
  return json(response, 200, {});
}

function content({ objects, refusals, cutAt }: Clouds, name: string, response: ServerResponse) {
  const text = objects.get(name);
  const status = refusals.get ?? (text === undefined ? 404 : 200);
  // What is in a bucket is whatever it was put there as.
  response.writeHead(status, { "content-type": "application/json" });
  if (status !== 200 || cutAt === undefined) return response.end(status === 200 ? text : '{"error":"no"}');
  response.write(text?.slice(0, cutAt));
  return void setTimeout(() => response.destroy(), 200);
}
