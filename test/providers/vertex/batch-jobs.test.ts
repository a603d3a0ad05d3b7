import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { Target } from "../../../src/providers/provider.ts";
import { batchJobs } from "../../../src/providers/vertex/batch-jobs.ts";
import { bucket, nameOf, placeOf } from "../../../src/providers/vertex/bucket.ts";

const target = (fields: Partial<Target> = {}, params: Record<string, unknown> = {}): Target => ({
  provider: "vertex_ai",
  model: "gemini-2.5-flash",
  params: {
    vertex_credentials: new Secret('{"type":"service_account","project_id":"acme"}'),
    vertex_location: "europe-west4",
    gcs_bucket_name: "files",
    ...params,
  },
  ...fields,
});
const JOBS =
  "https://europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4/batchPredictionJobs";

describe("jobs of Vertex AI", () => {
  it.each<[string, Target, boolean]>([
    ["Gemini", target(), true],
    ["Claude", target({ model: "claude-sonnet-4-5@20250929" }), true],
    ["a project that is named", target({}, { vertex_project: "other" }), true],
    ["no bucket", target({}, { gcs_bucket_name: "" }), false],
    ["a bucket that is none", target({}, { gcs_bucket_name: "../b" }), false],
    ["a tuned model at an endpoint", target({ model: "gemini/4711" }), false],
    ["an open model", target({ model: "meta/llama-4-maverick-17b-128e-instruct-maas" }), false],
    ["a key alone", target({ apiKey: new Secret("AIza") }, { vertex_credentials: undefined }), false],
    ["credentials of no project", target({}, { vertex_credentials: '{"type":"authorized_user"}' }), false],
  ])("%s", (_, given, expected) => {
    expect(batchJobs.serves(given)).toBe(expected);
  });

  it("are made of a file, found by their name, looked at and ended", () => {
    const own = target();
    expect(batchJobs.create({ name: "batch-1", kind: "gemini", hours: 24 }, own)).toMatchObject({
      method: "POST",
      url: JOBS,
      body: {
        json: {
          displayName: "batch-1",
          model: "publishers/google/models/gemini-2.5-flash",
          inputConfig: {
            instancesFormat: "jsonl",
            gcsSource: { uris: ["gs://files/sluice-batches/batch-1/requests.jsonl"] },
          },
          outputConfig: {
            predictionsFormat: "jsonl",
            gcsDestination: { outputUriPrefix: "gs://files/sluice-batches/batch-1/answers" },
          },
        },
      },
    });
    const answer = { name: "projects/7/locations/europe-west4/batchPredictionJobs/42", displayName: "batch-1" };
    expect(batchJobs.idIn(answer)).toBe("42");
    expect(batchJobs.idIn({})).toBeUndefined();
    expect(batchJobs.find("batch-1", own).url).toBe(`${JOBS}?filter=display_name%3D%22batch-1%22`);
    expect(batchJobs.foundIn({ batchPredictionJobs: [{ displayName: "other", name: "a/1" }, answer] }, "batch-1")).toBe(
      "42",
    );
    expect(batchJobs.foundIn({}, "batch-1")).toBeUndefined();
    expect(batchJobs.retrieve("42", own)).toMatchObject({ method: "GET", url: `${JOBS}/42` });
    expect(batchJobs.cancel("42", own)).toMatchObject({ method: "POST", url: `${JOBS}/42:cancel` });
  });

  it.each([
    ["JOB_STATE_QUEUED", { isOver: false }],
    ["JOB_STATE_RUNNING", { isOver: false }],
    ["JOB_STATE_CANCELLING", { isOver: false }],
    ["JOB_STATE_SUCCEEDED", { isOver: true, ending: "completed" }],
    ["JOB_STATE_PARTIALLY_SUCCEEDED", { isOver: true, ending: "completed" }],
    ["JOB_STATE_FAILED", { isOver: true, ending: "failed" }],
    ["JOB_STATE_CANCELLED", { isOver: true, ending: "cancelled" }],
    ["JOB_STATE_EXPIRED", { isOver: true, ending: "expired" }],
    [undefined, { isOver: false }],
  ])("%s", (state, expected) => {
    expect(batchJobs.standing({ state }, "batch-1", target())).toEqual(expected);
  });

  it("say what failed, and where their answers are: among its own, and nowhere else", () => {
    const own = target({}, { gcs_bucket_name: "gs://files/llm/" });
    const over = (folder: string) =>
      batchJobs.standing(
        { state: "JOB_STATE_FAILED", error: { code: 3, message: "no" }, outputInfo: { gcsOutputDirectory: folder } },
        "batch-1",
        own,
      );
    expect(over("gs://files/llm/sluice-batches/batch-1/answers/prediction-x")).toEqual({
      isOver: true,
      ending: "failed",
      message: "no",
      results: "sluice-batches/batch-1/answers/prediction-x/predictions.jsonl",
    });
    expect(over("gs://others/llm/x")).toEqual({ isOver: true, ending: "failed", message: "no" });
    const others = "gs://files/llm/sluice-batches/batch-2/answers/prediction-x";
    expect(over(others)).toEqual({ isOver: true, ending: "failed", message: "no" });
  });
});

describe("lines of Vertex AI", () => {
  const request = (url: string, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
    ({ method: "POST", url, headers, body }) as const;
  const GEMINI = "https://x/v1/projects/acme/locations/l/publishers/google/models/gemini-2.5-flash:generateContent";
  const CLAUDE = "https://x/v1/projects/acme/locations/l/publishers/anthropic/models/claude-sonnet-4-5:rawPredict";

  it("have their id among the labels, or as Claude's own", () => {
    expect(batchJobs.line("line0000001", request(GEMINI, { contents: [] }), target())).toEqual({
      kind: "gemini",
      json: { request: { contents: [], labels: { sluice_line: "line0000001" } } },
    });
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, index) => [`l${index}`, "x"]));
    const line = batchJobs.line("line0000001", request(GEMINI, { labels: many }), target());
    const { sluice_line: id, ...others } = Object(Object(line?.json["request"])["labels"]);
    expect(id).toBe("line0000001");
    expect(Object.keys(others)).toEqual(Object.keys(many).slice(0, 63));
    const body = { anthropic_version: "vertex-2023-10-16", messages: [] };
    expect(batchJobs.line("line0000001", request(CLAUDE, body), target())).toEqual({
      kind: "claude",
      json: { custom_id: "line0000001", request: body },
    });
  });

  it.each([
    ["embeddings", request("https://x/models/text-embedding-005:predict", { instances: [] })],
    ["Mistral", request("https://x/models/mistral-medium-3:rawPredict", { messages: [] })],
    ["betas", request(CLAUDE, { anthropic_version: "vertex-2023-10-16" }, { "anthropic-beta": "a" })],
  ])("cannot say %s", (_, asked) => {
    expect(batchJobs.line("line0000001", asked, target())).toBeUndefined();
  });

  const labelled = { request: { labels: { sluice_line: "line0000002" } } };
  it.each([
    ["Gemini's answer", { ...labelled, status: "", response: { candidates: [] } }, { body: { candidates: [] } }],
    ["an answer without status", { ...labelled, response: { candidates: [] } }, { body: { candidates: [] } }],
    [
      "Google's error behind words",
      { ...labelled, status: 'Bad Request: {"error": {"code": 429, "message": "slow"}}', response: {} },
      { status: 429, error: '{"error": {"code": 429, "message": "slow"}}' },
    ],
    [
      "Google's error",
      { ...labelled, status: { code: 404, message: "no" } },
      { status: 404, error: '{"code":404,"message":"no"}' },
    ],
    ["words", { ...labelled, status: "Invalid argument", response: {} }, { status: 400, error: "Invalid argument" }],
    ["other words", { ...labelled, status: "Internal", response: {} }, { status: 500, error: "Internal" }],
    ["nothing", { ...labelled, response: {} }, { status: 500, error: "{}" }],
  ])("%s", (_, line, expected) => {
    expect(batchJobs.result(line)).toEqual({ id: "line0000002", ...expected });
  });

  it("Claude's answer, and a line of nobody", () => {
    const line = { custom_id: "line0000003", request: {}, response: { type: "message" }, status: "" };
    expect(batchJobs.result(line)).toEqual({ id: "line0000003", body: { type: "message" } });
    expect(batchJobs.result({ request: {}, response: {} })).toBeUndefined();
  });
});

describe("a bucket of Cloud Storage", () => {
  it("may be a folder of one", () => {
    expect(placeOf({ params: { gcs_bucket_name: "gs://a-bucket/one/two/" } })).toEqual({
      bucket: "a-bucket",
      prefix: "one/two/",
    });
    for (const wrong of [undefined, 7, "", "A", "a/../b", "a?b", "x#y"])
      expect(placeOf({ params: { gcs_bucket_name: wrong } })).toBeUndefined();
    expect(nameOf("gs://files/x", target())).toBe("x");
    expect(nameOf("gs://files-of-others/x", target())).toBeUndefined();
  });

  it("takes files as they come, and gives them", () => {
    const own = target({}, { gcs_bucket_name: "files/llm" });
    const content = new Blob(["x"]).stream();
    const { upload } = bucket;
    expect(upload.kind === "whole" && upload.put("a/b.jsonl", content, own)).toMatchObject({
      method: "POST",
      url: "https://storage.googleapis.com/upload/storage/v1/b/files/o?uploadType=media&name=llm%2Fa%2Fb.jsonl",
      body: content,
    });
    expect(bucket.get("a/b.jsonl", own)).toEqual({
      method: "GET",
      url: "https://storage.googleapis.com/storage/v1/b/files/o/llm%2Fa%2Fb.jsonl?alt=media",
      headers: {},
    });
    const elsewhere = target(
      { headers: { authorization: "Bearer own", "x-other": "1" } },
      { gcs_endpoint_url: "https://gcs.acme/" },
    );
    expect(bucket.get("a", elsewhere)).toMatchObject({
      url: "https://gcs.acme/storage/v1/b/files/o/a?alt=media",
      headers: { authorization: "Bearer own" },
    });
  });
});
