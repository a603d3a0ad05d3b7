import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import type { Target } from "../../../src/providers/provider.ts";
import { betaHeader } from "../../../src/providers/vertex/betas.ts";
import { native } from "../../../src/providers/vertex/native.ts";
import { methodUrl } from "../../../src/providers/vertex/place.ts";
import { realtime } from "../../../src/providers/vertex/realtime.ts";
import { videos } from "../../../src/providers/vertex/videos.ts";

const target = (params: Record<string, unknown>, more: Partial<Target> = {}): Target => ({
  provider: "vertex_ai",
  model: "gemini-2.5-pro",
  params: { vertex_project: "acme", ...params },
  ...more,
});
const MODEL = "publishers/google/models/gemini-2.5-pro:generateContent";
const url = (params: object, more?: Partial<Target>) => methodUrl(target({ ...params }, more), "generateContent");

describe("where a model is asked", () => {
  it.each([
    [{}, "https://us-central1-aiplatform.googleapis.com/v1/projects/acme/locations/us-central1/"],
    [
      { vertex_location: "europe-west4" },
      "https://europe-west4-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west4/",
    ],
    [{ vertex_location: "global" }, "https://aiplatform.googleapis.com/v1/projects/acme/locations/global/"],
    [{ vertex_location: "us" }, "https://aiplatform.us.rep.googleapis.com/v1/projects/acme/locations/us/"],
    [{ vertex_ai_location: "eu" }, "https://aiplatform.eu.rep.googleapis.com/v1/projects/acme/locations/eu/"],
  ])("%o", (params, place) => {
    expect(url(params)).toBe(place + MODEL);
  });

  it("where nobody says, a location that has the model", () => {
    expect(url({}, { info: { supported_regions: ["global"] } })).toContain("/locations/global/");
    expect(url({}, { info: { supported_regions: ["global", "us-central1"] } })).toContain("/locations/us-central1/");
  });

  it("the project may be the credentials' own", () => {
    const credentials = new Secret(JSON.stringify({ project_id: "of-the-key" }));
    expect(url({ vertex_project: undefined, vertex_credentials: credentials })).toContain("/projects/of-the-key/");
    expect(() => url({ vertex_project: undefined })).toThrow(/no project/);
  });

  it("with a key alone there is no project", () => {
    const asked = url({ vertex_project: undefined }, { apiKey: new Secret("AQ.key") });
    expect(asked).toBe(`https://aiplatform.googleapis.com/v1/${MODEL}`);
  });

  it("the base may be a host, any beginning of the path, or the model", () => {
    const at = (apiBase: string) => url({}, { apiBase });
    const path = "/projects/acme/locations/us-central1";
    expect(at("https://proxy.example")).toBe(`https://proxy.example/v1${path}/${MODEL}`);
    expect(at("https://proxy.example/v1beta1")).toBe(`https://proxy.example/v1beta1${path}/${MODEL}`);
    expect(at(`https://proxy.example/v1${path}/publishers/google`)).toBe(`https://proxy.example/v1${path}/${MODEL}`);
    expect(at("https://proxy.example/x/models/mine")).toBe("https://proxy.example/x/models/mine:generateContent");
  });

  it("nothing changes host or path", () => {
    expect(() => url({ vertex_location: "evil.example/" })).toThrow(/vertex_location/);
    expect(() => url({ vertex_project: "../x" })).toThrow(/vertex_project/);
    expect(() => url({}, { model: "google/.." })).toThrow(/no name of a model/);
    expect(url({}, { model: "a:b?c" })).toContain("/models/a%3Ab%3Fc:generateContent");
  });
});

it("sessions in real time name the whole resource", () => {
  const { url } = realtime.connect(target({ vertex_location: "us-east5" }), { headers: {} });
  expect(url).toBe(
    "https://us-east5-aiplatform.googleapis.com/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent",
  );
  const translator = realtime.translator?.(target({ vertex_location: "us-east5" }), { headers: {} });
  expect(JSON.stringify(translator?.open?.())).toContain(
    "projects/acme/locations/us-east5/publishers/google/models/gemini-2.5-pro",
  );
});

it("betas that Vertex AI lacks stay here", () => {
  expect(betaHeader("context-1m-2025-08-07, skills-2025-10-02", ["context-management-2025-06-27"])).toBe(
    "context-1m-2025-08-07,context-management-2025-06-27",
  );
  expect(betaHeader("files-api-2025-04-14", [])).toBeUndefined();
});

describe("a client's own path", () => {
  const asked = (path: string, params: object = {}) =>
    native({ method: "GET", path, headers: {} }, target({ vertex_location: "us-east5", ...params })).url;
  const HOST = "https://us-east5-aiplatform.googleapis.com";
  it.each([
    [
      "/v1/projects/other/locations/us-east5/cachedContents/1",
      `${HOST}/v1/projects/acme/locations/us-east5/cachedContents/1`,
    ],
    ["/cachedContents?pageSize=2", `${HOST}/v1/projects/acme/locations/us-east5/cachedContents?pageSize=2`],
    [
      "/v1beta1/locations/global/publishers/google/models/m:generateContent",
      "https://aiplatform.googleapis.com/v1beta1/projects/acme/locations/global/publishers/google/models/m:generateContent",
    ],
    ["/v1beta1/publishers/google/models", "https://aiplatform.googleapis.com/v1beta1/publishers/google/models"],
    [
      "/discovery/v1/projects/other/locations/global/rankingConfigs/default_ranking_config:rank",
      "https://discoveryengine.googleapis.com/v1/projects/acme/locations/global/rankingConfigs/default_ranking_config:rank",
    ],
    [
      "/discovery/v1/projects/other/locations/eu/collections",
      "https://eu-discoveryengine.googleapis.com/v1/projects/acme/locations/eu/collections",
    ],
  ])("%s", (path, expected) => {
    expect(asked(path)).toBe(expected);
  });

  it("is Discovery Engine's also where models are asked at a host that is named", () => {
    const path = "/discovery/v1/collections";
    const at = (apiBase: string) => native({ method: "GET", path, headers: {} }, { ...target({}), apiBase }).url;
    const asked = "/v1/projects/acme/locations/global/collections";
    expect(at("https://us-east5-aiplatform.googleapis.com")).toBe(`https://discoveryengine.googleapis.com${asked}`);
    expect(at("https://google.internal")).toBe(`https://google.internal${asked}`);
  });

  it.each([
    "/discovery/v1/projects/p/locations/l/publishers/google/models/m:generateContent",
    "/discovery/v1/publishers/google/models/m:generateContent",
    "/discovery/%2Fpublishers/google/models/m:generateContent",
    "/discovery/v1/projects/p/locations/l/endpoints/7:predict",
  ])("is no way to models that nobody would count: %s", (path) => {
    expect(() => asked(path)).toThrow(/Discovery Engine has no|is no path/);
  });

  it("stays where it is", () => {
    expect(() => asked("/v1/projects/a/locations/b/../../c")).toThrow(/no path/);
    expect(() => asked("/v1/projects/a/locations/evil.example")).toThrow(/vertex_location/);
    expect(() => asked("//evil.example/x")).toThrow(/no path/);
  });
});

describe("films", () => {
  const name = "projects/acme/locations/us-central1/publishers/google/models/veo-3.0-generate-001/operations/7b4d";
  const done = (video: object) => ({ name, done: true, response: { videos: [video] } });
  const next = (video: object, range?: string) =>
    videos.content?.next?.(
      { status: 200, headers: {}, body: done(video) },
      { video_id: name, model: "", ...(range !== undefined && { range }) },
      target({}),
    );

  it("in Cloud Storage are fetched there, with the same credentials", () => {
    expect(next({ gcsUri: "gs://bucket/a film/sample_0.mp4", mimeType: "video/mp4" }, "bytes=0-1")).toEqual({
      url: "https://storage.googleapis.com/storage/v1/b/bucket/o/a%20film%2Fsample_0.mp4?alt=media",
      headers: { range: "bytes=0-1" },
      isSigned: true,
    });
    expect(() => next({ gcsUri: "https://evil.example/x" })).toThrow(/nowhere/);
    expect(() => next({ gcsUri: "gs://bucket/../other" })).toThrow();
  });

  it("that a filter took away are told of", () => {
    const body = { name, done: true, response: { raiMediaFilteredCount: 1, raiMediaFilteredReasons: ["no people"] } };
    const exchange = { request: { video_id: name, model: "" }, target: target({}), headers: {}, now: 1, id: "" };
    expect(videos.retrieve?.response(body, exchange)).toMatchObject({
      status: "failed",
      error: { code: "content_policy_violation", message: "no people" },
    });
    expect(() => videos.retrieve?.request({ video_id: "../x", model: "" }, target({}))).toThrow(/has no video/);
  });
});
