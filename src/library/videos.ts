/** Videos: made in the background, and come back for. */
import { type Video, type VideoReference, type VideoRequest, videoRequestSchema } from "../formats/openai/videos.ts";
import { videoContent as contentOperation, videoCreate, videoRetrieve } from "../operations/videos.ts";
import type { WholeOperation } from "../operations/whole.ts";
import { findProvider } from "../providers/registry.ts";
import { type AskOptions, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";
import { carryOut, type Method, readParams, wholeMethod } from "./method.ts";
import { askJson, bodyOf, type NativeOptions, native, providerOf } from "./native.ts";
import { readVideoId, videoIdOf } from "./video-ids.ts";

/** OpenAI's request, with LiteLLM's options beside it. `input_reference`: a `File`, a data URL or a link. */
export type VideoParams = VideoRequest & LibraryOptions;

/** A video that `videoGeneration()` gave, or one of a provider's own: then `custom_llm_provider` says whose. */
export type VideoIdParams = { video_id: string } & NativeOptions;

const creating = wholeMethod(videoCreate, videoRequestSchema.shape);
const nativeStatus = native<{ video_id: string }, Video>({ method: "GET", path: "/videos/:video_id" });
const nativeContent = native<{ video_id: string; variant?: string }, Response>({
  method: "GET",
  path: "/videos/:video_id/content",
  gives: "bytes",
});

/**
 * Begins a video.
 *
 * @example
 * let video = await videoGeneration({ model: "gemini/veo-3.1-generate-preview", prompt: "a calm ocean wave" });
 * while (video.status === "queued" || video.status === "in_progress") {
 *   await new Promise((next) => setTimeout(next, 10_000));
 *   video = await videoStatus({ video_id: video.id });
 * }
 * if (video.status === "completed") await writeFile("wave.mp4", await (await videoContent({ video_id: video.id })).bytes());
 * @throws the error classes of this library
 */
export async function videoGeneration(params: VideoParams, options: AskOptions = {}): Promise<Video> {
  const { request, connection, call } = await readParams(creating, params);
  const deployment = deploymentOf(request.model, connection, options.env);
  const { provider, model } = deployment.target;
  const { videos } = findProvider(provider) ?? {};
  if (videos !== undefined) {
    const asked = { ...request, seconds: request.seconds ?? videos.usualSeconds };
    const video = (await carryOut(creating, asked, deployment, call, {}, options)) as Video; // its operation has no other answers
    return { ...video, id: videoIdOf(provider, video) };
  }
  const fields = { ...request, model };
  const sends = request.input_reference instanceof Blob ? "form" : undefined;
  const answer = await askJson(
    { method: "POST", path: "/v1/videos", ...bodyOf(fields, sends) },
    deployment,
    call,
    options,
  );
  return answer as Video; // what the provider gives, which nobody checks
}

/** How a video is getting on. @throws the error classes of this library */
export async function videoStatus(params: VideoIdParams, options: AskOptions = {}): Promise<Video> {
  const video = await elsewhere<Video>(videoRetrieve, {}, params, options);
  return video === undefined ? nativeStatus(params, options) : { ...video, id: params.video_id };
}

/**
 * The video itself.
 * @returns a `Response` whose body is the file as it comes
 * @throws the error classes of this library; `NotFoundError` where it is not ready
 */
export async function videoContent(
  params: VideoIdParams & { variant?: "video" | "thumbnail" | "spritesheet" },
  options: AskOptions = {},
): Promise<Response> {
  const bytes = (body: ReadableStream<Uint8Array>, type: string) =>
    new Response(body, { headers: { "content-type": type } });
  return (await elsewhere<Response>(contentOperation, { bytes }, params, options)) ?? nativeContent(params, options);
}

/** @returns `undefined` where the video is kept as OpenAI's API has it */
async function elsewhere<Given>(
  operation: WholeOperation<VideoReference, unknown>,
  shape: Pick<Method<VideoReference, unknown, never>, "bytes">,
  { video_id: given, variant, ...params }: VideoIdParams & { variant?: string },
  options: AskOptions,
): Promise<Given | undefined> {
  const known = readVideoId(given);
  const { custom_llm_provider: provider = known?.provider ?? "openai", ...rest } = params;
  if (findProvider(provider)?.videos === undefined) return undefined;
  const { connection, call } = splitParams(rest, {});
  const deployment = providerOf(provider, connection, options);
  const reference = {
    model: "",
    video_id: known?.id ?? given,
    ...(known && { video: known.video }),
    ...(variant !== undefined && { variant }),
  };
  const method = { operation, fields: {}, ...shape };
  return (await carryOut(method, reference, deployment, call, {}, options)) as Given; // the operation's, in this shape
}
