/** Veo behind OpenAI's `/v1/videos`, by the `openai` package, against the running gateway. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

type Json = Record<string, unknown>;

const MODEL = "veo-3.1-generate-preview";
const BYTES = Buffer.from([0, 0, 0, 24, 0x66, 0x74, 0x79, 0x70]);
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47]);

/** How the next operation goes on, each time that it is asked for; the last stays. */
let turns: Json[] = [];
let made = 0;
const state = new Map<string, Json[]>();

const link = (path: string) => `https://generativelanguage.googleapis.com${path}`;
const done = (video: Json): Json => ({
  done: true,
  response: { generateVideoResponse: { generatedSamples: [{ video }] } },
});

/** Google: operations by name, files by link, one of which is elsewhere. */
function google({ method, path }: Received, response: ServerResponse) {
  if (method === "POST" && path.includes("refused"))
    return json(response, 400, { error: { code: 400, message: "Unsupported duration", status: "INVALID_ARGUMENT" } });
  if (method === "POST" && path.includes("busy"))
    return json(response, 429, { error: { code: 429, message: "Quota exceeded", status: "RESOURCE_EXHAUSTED" } });
  if (method === "POST" && path.includes("garbled")) return json(response, 200, { predictions: [] });
  if (method === "POST") {
    const name = `models/${MODEL}/operations/op${++made}`;
    state.set(`/v1beta/${name}`, turns);
    return json(response, 200, { name });
  }
  const [operation, ...later] = state.get(path) ?? [];
  if (operation !== undefined) {
    if (later.length > 0) state.set(path, later);
    return json(response, 200, { name: path.slice("/v1beta/".length), ...operation });
  }
  if (path === "/v1beta/files/moved:download?alt=media") {
    response.writeHead(302, { location: link("/download/v1beta/files/here:download?alt=media") });
    return response.end();
  }
  if (/files\/here:download/.test(path)) {
    response.writeHead(200, { "content-type": "video/mp4" });
    return response.end(BYTES);
  }
  if (path.includes("stolen")) {
    response.writeHead(302, { location: "http://169.254.169.254/latest/meta-data" });
    return response.end();
  }
  if (path.includes("circle")) {
    response.writeHead(302, { location: link(path) });
    return response.end();
  }
  return json(response, 404, { error: { code: 404, message: `no ${path}`, status: "NOT_FOUND" } });
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let one: OpenAI;
let other: OpenAI;

const last = (): Received => upstream.received.at(-1) as Received; // each test has just called

async function teamKey(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  return ((await (await gateway.call("/key/generate", { team_id: team.team_id })).json()) as { key: string }).key;
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void google(request, response));
  const deployment = (model: string) => ({
    model_name: model,
    litellm_params: { model: `gemini/${model}`, api_base: upstream.url, api_key: "AIza-key" },
  });
  gateway = await startGateway(
    {
      model_list: [{ ...deployment(MODEL), model_name: "film" }, ...["refused", "busy", "garbled"].map(deployment)],
      router_settings: { num_retries: 0 },
    },
    { GEMINI_API_KEY: "AIza-key", GEMINI_API_BASE: upstream.url },
  );
  one = sdkFor(gateway, await teamKey("one"));
  other = sdkFor(gateway, await teamKey("other"));
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const film = (client: OpenAI, more: object = {}) =>
  client.videos.create({ model: "film" as "sora-2", prompt: "a calm ocean wave", ...more });

describe("Veo by /v1/videos", () => {
  it("is made, polled, downloaded and forgotten, in OpenAI's words", async () => {
    turns = [{ metadata: { progressPercent: 40 } }, done({ uri: link("/v1beta/files/moved:download?alt=media") })];
    const { data: video, response } = await film(one, { seconds: "4", size: "1280x720" }).withResponse();
    expect(video).toMatchObject({
      id: expect.stringMatching(/^video_slc[0-9a-f]{32}$/),
      object: "video",
      status: "queued",
      progress: 0,
      model: MODEL,
      prompt: "a calm ocean wave",
      seconds: "4",
      size: "1280x720",
      error: null,
      completed_at: null,
    });
    expect(last()).toMatchObject({
      method: "POST",
      path: `/v1beta/models/${MODEL}:predictLongRunning`,
      body: {
        instances: [{ prompt: "a calm ocean wave" }],
        parameters: { durationSeconds: 4, aspectRatio: "16:9" },
      },
    });
    expect(last().headers["x-goog-api-key"]).toBe("AIza-key");
    expect(await recordOf(gateway, response.headers.get("x-litellm-call-id"))).toMatchObject({
      operation: "videos.create",
      provider: "gemini",
      cost: 1_600_000_000, // 4 s at 0.40 dollars
    });

    expect((await one.videos.list()).data.find(({ id }) => id === video.id)).toMatchObject({ status: "queued" });
    expect(await one.videos.retrieve(video.id)).toMatchObject({ ...video, status: "in_progress", progress: 40 });
    const { data: finished, response: poll } = await one.videos.retrieve(video.id).withResponse();
    expect(finished).toMatchObject({
      id: video.id,
      status: "completed",
      progress: 100,
      seconds: "4",
      prompt: video.prompt,
    });
    expect(finished.expires_at).toBe(video.created_at + 172_800);
    expect(await recordOf(gateway, poll.headers.get("x-litellm-call-id"))).toMatchObject({ cost: 0 });
    expect((await one.videos.list()).data.find(({ id }) => id === video.id)).toMatchObject({ status: "completed" });

    const content = await one.videos.downloadContent(video.id);
    expect(content.headers.get("content-type")).toBe("video/mp4");
    expect(Buffer.from(await content.arrayBuffer())).toEqual(BYTES);
    expect(upstream.received.slice(-3).map(({ path, headers }) => [path, headers["x-goog-api-key"]])).toEqual([
      [expect.stringMatching(/\/operations\/op\d+$/), "AIza-key"],
      ["/v1beta/files/moved:download?alt=media", "AIza-key"],
      ["/download/v1beta/files/here:download?alt=media", "AIza-key"],
    ]);

    const attempts = [
      other.videos.retrieve(video.id),
      other.videos.downloadContent(video.id),
      other.videos.delete(video.id),
    ];
    for (const { status } of await Promise.all(attempts.map(failureOf))) expect(status).toBe(404);
    expect((await other.videos.list()).data).toEqual([]);

    const asked = upstream.received.length;
    expect(await one.videos.delete(video.id)).toEqual({ id: video.id, object: "video.deleted", deleted: true });
    expect(upstream.received).toHaveLength(asked); // Google has no such call
    expect((await failureOf(one.videos.retrieve(video.id))).status).toBe(404);
  });

  it("begins with an image, and takes Google's own parameters", async () => {
    turns = [{}];
    const reference = await toFile(PNG, "first.png", { type: "image/png" });
    await film(one, { input_reference: reference, size: "1080x1920" });
    expect(last().body).toEqual({
      instances: [
        { prompt: "a calm ocean wave", image: { bytesBase64Encoded: PNG.toString("base64"), mimeType: "image/png" } },
      ],
      parameters: { durationSeconds: 8, aspectRatio: "9:16", resolution: "1080p" },
    });
    const image_url = `data:image/jpeg;base64,${PNG.toString("base64")}`;
    const asked = {
      model: "film",
      prompt: "x",
      negative_prompt: "rain",
      personGeneration: "allow_all",
      metadata: { a: "b" },
    };
    const response = await gateway.call("/v1/videos", { ...asked, input_reference: { image_url } });
    expect(response.status).toBe(200);
    expect(last().body).toEqual({
      instances: [{ prompt: "x", image: { bytesBase64Encoded: PNG.toString("base64"), mimeType: "image/jpeg" } }],
      parameters: { durationSeconds: 8, negativePrompt: "rain", personGeneration: "allow_all" },
    });
    expect(await recordOf(gateway, response.headers.get("x-litellm-call-id"))).toMatchObject({
      cost: 3_200_000_000, // Google's usual 8 s
    });
  });

  it("is reached by the provider's name, without a deployment", async () => {
    turns = [{}];
    const asked = { model: MODEL, prompt: "x", custom_llm_provider: "gemini", seconds: 6 };
    const response = await gateway.call("/v1/videos", asked);
    expect(await response.json()).toMatchObject({ status: "queued", seconds: "6", model: MODEL });
    expect(last().body["parameters"]).toEqual({ durationSeconds: 6 });
    expect(await recordOf(gateway, response.headers.get("x-litellm-call-id"))).toMatchObject({ cost: 2_400_000_000 });
  });

  it("comes along with the operation", async () => {
    turns = [done({ encodedVideo: BYTES.toString("base64"), encoding: "video/mp4" })];
    const { id } = await film(one);
    expect(Buffer.from(await (await one.videos.downloadContent(id)).arrayBuffer())).toEqual(BYTES);
  });
});

describe("what goes wrong with it", () => {
  it("is said as OpenAI says it", async () => {
    turns = [{}];
    const { id } = await film(one);
    const early = await failureOf(one.videos.downloadContent(id));
    expect([early.status, early.message]).toEqual([404, expect.stringContaining("Video is not ready yet")]);
    const thumbnail = await failureOf(one.videos.downloadContent(id, { variant: "thumbnail" }));
    expect([thumbnail.status, thumbnail.param]).toEqual([400, "variant"]);
    const attempts = [
      one.videos.remix(id, { prompt: "x" }),
      one.videos.edit({ video: { id }, prompt: "x" }),
      one.videos.extend({ video: { id }, prompt: "x", seconds: "4" }),
    ];
    for (const failure of await Promise.all(attempts.map(failureOf))) {
      expect([failure.status, failure.message]).toEqual([400, expect.stringContaining("gemini does not do videos.")]);
    }
  });

  it("fails as an object, not as a call", async () => {
    turns = [{ done: true, error: { code: 13, message: "Internal error" } }];
    const { id } = await film(one);
    expect(await one.videos.retrieve(id)).toMatchObject({
      status: "failed",
      error: { code: "13", message: "Internal error" },
    });
    expect((await failureOf(one.videos.downloadContent(id))).status).toBe(400);
    const reasons = { raiMediaFilteredCount: 1, raiMediaFilteredReasons: ["a celebrity"] };
    turns = [{ done: true, response: { generateVideoResponse: reasons } }];
    const filtered = await film(one);
    expect(await one.videos.retrieve(filtered.id)).toMatchObject({
      status: "failed",
      error: { code: "content_policy_violation", message: "a celebrity" },
    });
    expect((await failureOf(one.videos.downloadContent(filtered.id))).message).toContain("a celebrity");
  });

  it.each([
    ["refused", 400, "Unsupported duration"],
    ["busy", 429, "Quota exceeded"],
    ["garbled", 500, "the answer is no operation"],
  ])("Google's %s is %i", async (model, status, message) => {
    const failure = await failureOf(one.videos.create({ model: model as "sora-2", prompt: "x" }));
    expect([failure.status, failure.message]).toEqual([status, expect.stringContaining(message)]);
  });

  it.each([
    ["nothing", { model: "film" }, "prompt"],
    ["no length", { model: "film", prompt: "x", seconds: "long" }, "seconds"],
    ["no size", { model: "film", prompt: "x", size: "large" }, "size"],
    ["a link to an image", { model: "film", prompt: "x", input_reference: "https://a.b/c.png" }, "input_reference"],
    ["no image", { model: "film", prompt: "x", input_reference: { file_id: "file-1" } }, "input_reference"],
    ["no model", { prompt: "x", custom_llm_provider: "gemini" }, "model"],
  ])("%s is the client's mistake", async (_, body, param) => {
    const asked = upstream.received.length;
    const response = await gateway.call("/v1/videos", body);
    expect([response.status, await response.json()]).toMatchObject([400, { error: { param } }]);
    expect(upstream.received).toHaveLength(asked);
  });

  it.each([
    ["another host", "https://evil.example/video.mp4"],
    ["a host that looks like Google's", "https://googleapis.com.evil.example/video.mp4"],
    ["a network of its own", "http://169.254.169.254/latest"],
    ["a file", "file:///etc/passwd"],
    ["a redirect away", link("/v1beta/files/stolen:download?alt=media")],
    ["a circle", link("/v1beta/files/circle:download?alt=media")],
  ])("%s is not followed", async (_, uri) => {
    turns = [done({ uri })];
    const { id } = await film(one);
    expect((await failureOf(one.videos.downloadContent(id))).status).toBe(502);
  });

  it("a file that Google has forgotten is not found", async () => {
    turns = [done({ uri: link("/v1beta/files/gone:download?alt=media") })];
    const { id } = await film(one);
    expect((await failureOf(one.videos.downloadContent(id))).status).toBe(404);
  });

  it("a provider's own name is an admin's", async () => {
    turns = [{}];
    const admin = sdkFor(gateway, MASTER_KEY);
    await film(one);
    const name = `models/${MODEL}/operations/op${made}`;
    expect((await failureOf(one.videos.retrieve(name))).status).toBe(404);
    const seen = await admin.videos.retrieve(name, { query: { custom_llm_provider: "gemini" } });
    expect(seen).toMatchObject({ id: name, status: "in_progress", model: MODEL });
    const wrong = admin.videos.retrieve("../files/x", { query: { custom_llm_provider: "gemini" } });
    expect((await failureOf(wrong)).status).toBe(404);
  });
});
