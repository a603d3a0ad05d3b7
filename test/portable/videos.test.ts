/** The library's videos, in Node and in workerd: OpenAI's as they are, Google's in the same words. */
import { describe, expect, it } from "vitest";
import {
  BadRequestError,
  NotFoundError,
  RateLimitError,
  videoContent,
  videoGeneration,
  videoStatus,
} from "../../src/index.ts";

interface Asked {
  method: string;
  url: string;
  key: string | null;
  body: unknown;
}

function answering(...answers: (() => Response)[]) {
  const asked: Asked[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const request = new Request(input as string, init);
    const { method, url, headers } = request;
    const isForm = headers.get("content-type")?.startsWith("multipart/") === true;
    const text = isForm ? "" : await request.clone().text();
    const body = isForm ? Object.fromEntries(await request.formData()) : text === "" ? undefined : JSON.parse(text);
    asked.push({ method, url, key: headers.get("x-goog-api-key") ?? headers.get("authorization"), body });
    return answers[Math.min(asked.length, answers.length) - 1]?.() ?? new Response(null, { status: 500 });
  };
  return { asked, options: { fetch, env: { OPENAI_API_KEY: "sk-o", GEMINI_API_KEY: "AIza" } } };
}

const json =
  (body: object, status = 200) =>
  () =>
    Response.json(body, { status });
const bytes = () => new Response(new Uint8Array([0, 1, 255]), { headers: { "content-type": "video/mp4" } });
const sora = {
  id: "video_68f",
  object: "video",
  status: "queued",
  model: "sora-2",
  progress: 0,
  seconds: "4",
  more: 1,
};
const name = "models/veo-3.1-lite-generate-preview/operations/umz7";
const host = "https://generativelanguage.googleapis.com";

describe("OpenAI's videos", () => {
  it("are as OpenAI gives them", async () => {
    const { asked, options } = answering(json(sora), json({ ...sora, status: "completed" }), bytes);
    const video = await videoGeneration({ model: "openai/sora-2", prompt: "a cat", seconds: "4" }, options);
    expect(video).toEqual(sora);
    expect(await videoStatus({ video_id: video.id }, options)).toMatchObject({ status: "completed", more: 1 });
    const content = await videoContent({ video_id: video.id, variant: "thumbnail" }, options);
    expect(new Uint8Array(await content.arrayBuffer())).toEqual(new Uint8Array([0, 1, 255]));
    expect(asked.map(({ method, url, key }) => [method, url, key])).toEqual([
      ["POST", "https://api.openai.com/v1/videos", "Bearer sk-o"],
      ["GET", "https://api.openai.com/v1/videos/video_68f", "Bearer sk-o"],
      ["GET", "https://api.openai.com/v1/videos/video_68f/content?variant=thumbnail", "Bearer sk-o"],
    ]);
    expect(asked[0]?.body).toEqual({ model: "sora-2", prompt: "a cat", seconds: "4" });
  });

  it("begin with a file in a form", async () => {
    const { asked, options } = answering(json(sora));
    const input_reference = new File(["png"], "a.png", { type: "image/png" });
    await videoGeneration({ model: "openai/sora-2", prompt: "a cat", input_reference }, options);
    const form = asked[0]?.body as Record<string, unknown>;
    expect(form).toMatchObject({ model: "sora-2", prompt: "a cat" });
    expect((form["input_reference"] as File).name).toBe("a.png");
  });
});

describe("Google's videos", () => {
  const uri = `${host}/v1beta/files/f:download?alt=media`;
  const done = { name, done: true, response: { generateVideoResponse: { generatedSamples: [{ video: { uri } }] } } };

  it("are the same, by ids that say whose they are", async () => {
    const moved = () => new Response(null, { status: 302, headers: { location: "https://x.googleusercontent.com/f" } });
    const { asked, options } = answering(json({ name }), json({ name }), json(done), json(done), moved, bytes);
    const model = "gemini/veo-3.1-lite-generate-preview";
    const video = await videoGeneration({ model, prompt: "a calm ocean wave at sunset", seconds: 4 }, options);
    expect(video).toMatchObject({ object: "video", status: "queued", seconds: "4", model: model.slice(7) });
    expect(asked[0]).toEqual({
      method: "POST",
      url: `${host}/v1beta/models/veo-3.1-lite-generate-preview:predictLongRunning`,
      key: "AIza",
      body: { instances: [{ prompt: "a calm ocean wave at sunset" }], parameters: { durationSeconds: 4 } },
    });
    const { id } = video;
    expect(await videoStatus({ video_id: id }, options)).toMatchObject({ id, status: "in_progress", seconds: "4" });
    const finished = await videoStatus({ video_id: id }, options);
    expect(finished).toMatchObject({ id, status: "completed", created_at: video.created_at, progress: 100 });
    const content = await videoContent({ video_id: id }, options);
    expect([content.headers.get("content-type"), (await content.arrayBuffer()).byteLength]).toEqual(["video/mp4", 3]);
    expect(asked.slice(3).map(({ url, key }) => [url, key])).toEqual([
      [`${host}/v1beta/${name}`, "AIza"],
      [uri, "AIza"],
      ["https://x.googleusercontent.com/f", null], // another host does not hear the key
    ]);
  });

  it("are reached by Google's names", async () => {
    const { asked, options } = answering(json(done));
    const video = await videoStatus({ video_id: name, custom_llm_provider: "gemini", api_key: "own" }, options);
    expect(video).toMatchObject({ id: name, status: "completed" });
    expect(asked[0]).toMatchObject({ url: `${host}/v1beta/${name}`, key: "own" });
  });

  it("begin with a file as base64", async () => {
    const { asked, options } = answering(json({ name }));
    const input_reference = new File([new Uint8Array([0xff, 0xd8, 0xff])], "a.jpg");
    await videoGeneration({ model: "gemini/veo-3.1-generate-preview", prompt: "x", input_reference }, options);
    expect(asked[0]?.body).toMatchObject({
      instances: [{ image: { bytesBase64Encoded: "/9j/", mimeType: "image/jpeg" } }],
      parameters: { durationSeconds: 8 },
    });
  });

  it("throw the library's classes", async () => {
    const asked = { model: "gemini/veo-3.1-generate-preview", prompt: "x" };
    const busy = answering(json({ error: { code: 429, message: "Quota exceeded" } }, 429));
    await expect(videoGeneration(asked, busy.options)).rejects.toBeInstanceOf(RateLimitError);
    const early = answering(json({ name }));
    const { id } = await videoGeneration(asked, early.options);
    await expect(videoContent({ video_id: id }, early.options)).rejects.toBeInstanceOf(NotFoundError);
    const none = answering();
    await expect(videoGeneration({ ...asked, seconds: "long" }, none.options)).rejects.toBeInstanceOf(BadRequestError);
    const elsewhere = videoGeneration({ model: "anthropic/claude", prompt: "x" }, none.options);
    await expect(elsewhere).rejects.toThrow();
    const wrong = videoStatus({ video_id: "../x", custom_llm_provider: "gemini" }, none.options);
    await expect(wrong).rejects.toBeInstanceOf(NotFoundError);
  });
});
