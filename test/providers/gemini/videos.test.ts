import { describe, expect, it } from "vitest";
import { toPredictRequest } from "../../../src/providers/gemini/veo.ts";
import { videos } from "../../../src/providers/gemini/videos.ts";

const base = { model: "m", prompt: "p" };
const parameters = (request: object) => toPredictRequest({ ...base, ...request }, { label: "Gemini" })["parameters"];
const target = { provider: "gemini", model: "veo" };
const name = "models/veo/operations/a1";

function retrieved(body: object, video: object = {}) {
  const request = { model: "m", video_id: name, video };
  return videos.retrieve!.response({ name, ...body }, { request, target, headers: {}, now: 100, id: "" });
}

describe("a request to Veo", () => {
  it.each([
    ["1280x720", { aspectRatio: "16:9" }],
    ["720x1280", { aspectRatio: "9:16" }],
    ["1792x1024", { aspectRatio: "16:9", resolution: "1080p" }],
    ["1080x1920", { aspectRatio: "9:16", resolution: "1080p" }],
    ["3840x2160", { aspectRatio: "16:9", resolution: "4k" }],
  ])("of size %s is %j", (size, expected) => {
    expect(parameters({ size })).toEqual(expected);
  });

  it("has Google's own words where the client uses them, and one video", () => {
    const asked = {
      size: "1280x720",
      resolution: "1080p",
      negative_prompt: "rain",
      sampleCount: 4,
      durationSeconds: 60,
    };
    expect(parameters({ ...asked, seconds: "6" })).toEqual({
      aspectRatio: "16:9",
      resolution: "1080p",
      negativePrompt: "rain",
      durationSeconds: 6,
    });
    const lastFrame = { bytesBase64Encoded: "AA==", mimeType: "image/png" };
    expect(toPredictRequest({ ...base, last_frame: lastFrame }, { label: "Gemini" })).toEqual({
      instances: [{ prompt: "p", lastFrame }],
      parameters: {},
    });
  });
});

describe("an operation of Veo", () => {
  it("keeps what it does not tell again", () => {
    const known = { prompt: "p", seconds: "4", size: "1280x720", created_at: 7, progress: 30, model: "film" };
    expect(retrieved({}, known)).toMatchObject({ ...known, status: "in_progress" });
    expect(retrieved({ metadata: { progressPercent: 250 } }).progress).toBe(99);
    const video = { uri: "https://generativelanguage.googleapis.com/v1beta/files/f:download?alt=media" };
    const response = { generateVideoResponse: { generatedSamples: [{ video }] } };
    expect(retrieved({ done: true, response }, known)).toMatchObject({
      status: "completed",
      completed_at: 100,
      progress: 100,
    });
    expect(retrieved({ done: true, response }, { completed_at: 50 }).completed_at).toBe(50);
  });

  it("that is done without a video has failed", () => {
    expect(retrieved({ done: true })).toMatchObject({ status: "failed", error: { code: "no_video" } });
    expect(retrieved({ done: true, error: { code: 3, status: "INVALID_ARGUMENT", message: "m" } })).toMatchObject({
      status: "failed",
      error: { code: "invalid_argument", message: "m" },
    });
  });

  it.each([[{}], [null], [[]], ["x"], [{ name: "../x" }], [{ name: 1 }]])("is not %j", (body) => {
    const exchange = { request: { model: "m", video_id: name }, target, headers: {}, now: 1, id: "" };
    expect(() => videos.retrieve!.response(body, exchange)).toThrow(/no operation/);
  });

  it.each(["operations/..", "models/../operations/a", "a/b", "https://x", "models/m/operations/a?b"])(
    "has no name %s",
    (id) => {
      expect(() => videos.retrieve!.request({ model: "m", video_id: id }, target)).toThrow(/has no video/);
    },
  );
});
