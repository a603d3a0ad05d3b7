/** Veo, wherever it is hosted. Source: Gemini API, "Generate videos with Veo"; Vertex AI, "Veo on Vertex AI API". */
import { fromBase64 } from "../../formats/base64.ts";
import { BadGatewayError, BadRequestError, ContentPolicyViolationError, NotFoundError } from "../../formats/errors.ts";
import { camelCase } from "../../formats/gemini/json.ts";
import { mediaPart, standardBase64 } from "../../formats/gemini/media.ts";
import { aspectRatioOf, pixelsOf } from "../../formats/image-size.ts";
import { isRecord, type JsonObject, stringsIn } from "../../formats/json.ts";
import type { Video, VideoReference, VideoRequest } from "../../formats/openai/videos.ts";
import type { NextRequest, Pointer } from "../follow.ts";
import type { Exchange, Target, UpstreamRequest, VideoAdapters } from "../provider.ts";
import type { GeminiHost } from "./host.ts";

/** Where a host of Veo's has its operations and videos. */
export interface VideoHost extends GeminiHost {
  /** Asks how a video is getting on. @throws NotFoundError where the id is none */
  operationRequest(id: string, target: Target): UpstreamRequest;
  /** @throws APIResponseValidationError where the answer is none */
  operationOf(body: unknown, target: Target): Operation;
  /** The model of an operation, by its name. */
  modelOf(name: string): string | undefined;
  /** A link of the host's as it may be followed. @throws BadGatewayError where it leads away from Google */
  placeOf(link: string, range: string | undefined, target: Target): NextRequest;
  /** It reads images in Google's Cloud Storage (`gs:`). */
  readsStorage?: true;
  /** Seconds for which a video is kept. */
  keptFor?: number;
}

export function videoAdapters(host: VideoHost): VideoAdapters {
  const { endpoint, headers, fail, operationRequest, operationOf } = host;
  const adapter = { wire: "gemini" as const, supportedParams: () => "all" as const, error: fail };
  return {
    usualSeconds: 8,
    create: {
      ...adapter,
      request: (request, target) => ({
        method: "POST",
        url: endpoint(target, "predictLongRunning"),
        headers: headers(target),
        body: { json: toPredictRequest(request, host) },
      }),
      response(body, exchange) {
        const { request, target, now } = exchange;
        const operation = operationOf(body, target);
        const asked = { prompt: request.prompt, seconds: textOrNull(request.seconds), size: request.size ?? null };
        const known = { ...asked, model: target.model, created_at: now };
        return { ...videoOf(operation, known, now, host), status: "queued" };
      },
    },
    retrieve: {
      ...adapter,
      request: ({ video_id: id }, target) => operationRequest(id, target),
      response: (body, { request, target, now }: Exchange<VideoReference>) =>
        videoOf(operationOf(body, target), request.video ?? {}, now, host),
    },
    content: {
      ...adapter,
      request: ({ video_id: id }, target) => operationRequest(id, target),
      answers: () => "bytes",
      response: (body) => body,
      next: (pointer, request, target) => contentOf(pointer, request, target, host),
    },
    delete: {
      ...adapter,
      // Google forgets it by itself, and has no call for it.
      answer: async ({ video_id: id }) => ({ id, object: "video.deleted", deleted: true }),
      request: ({ video_id: id }, target) => operationRequest(id, target),
      response: (_, { request }) => ({ id: request.video_id, object: "video.deleted", deleted: true }),
    },
  };
}

type ImageSource = Pick<VideoHost, "label" | "readsStorage">;

const RATIOS = ["16:9", "9:16"];

/** OpenAI's fields, and those that are said by them: what is paid for is said in one place. */
const TAKEN: ReadonlySet<string> = new Set([
  ...["model", "prompt", "seconds", "size", "inputReference", "stream", "user", "metadata"],
  ...["durationSeconds", "sampleCount", "numberOfVideos"],
]);

/** Google's own that stand beside the prompt; all others are parameters. */
const BESIDE_PROMPT: ReadonlySet<string> = new Set(["image", "lastFrame", "video", "referenceImages"]);

export function toPredictRequest(request: VideoRequest, host: ImageSource): JsonObject {
  const { prompt, seconds, size, input_reference: reference } = request;
  const own = Object.entries(request)
    .map(([name, value]) => [camelCase(name), value] as const)
    .filter(([name, value]) => !TAKEN.has(name) && value !== null && value !== undefined);
  const image = reference === undefined || reference === null ? undefined : imageOf(reference, host);
  const ratio = aspectRatioOf(size, RATIOS);
  const resolution = resolutionOf(size);
  return {
    instances: [
      {
        prompt,
        ...(image && { image }),
        ...Object.fromEntries(own.filter(([name]) => BESIDE_PROMPT.has(name))),
      },
    ],
    parameters: {
      ...(seconds !== undefined && seconds !== null && { durationSeconds: Number(seconds) }),
      ...(ratio !== undefined && { aspectRatio: ratio }),
      ...(resolution !== undefined && { resolution }),
      ...Object.fromEntries(own.filter(([name]) => !BESIDE_PROMPT.has(name))),
    },
  };
}

/** The class with about as many lines; Google's own where the size is as small, as older models have no other. */
function resolutionOf(size: string | null | undefined): "1080p" | "4k" | undefined {
  const pixels = pixelsOf(size);
  const lines = pixels === undefined ? 0 : Math.min(pixels.width, pixels.height);
  if (lines >= 1620) return "4k";
  return lines >= 900 ? "1080p" : undefined;
}

/** @throws BadRequestError where there are no bytes: these APIs read no links to images */
function imageOf(
  reference: NonNullable<VideoRequest["input_reference"]>,
  { label, readsStorage }: ImageSource,
): JsonObject {
  const param = "input_reference";
  const given = typeof reference === "string" ? { image_url: reference } : reference;
  const url = "image_url" in given && typeof given.image_url === "string" ? given.image_url : "";
  const { inlineData, fileData } = url === "" ? {} : mediaPart({ url, fallback: "image/png" }, param);
  if (fileData && readsStorage && url.startsWith("gs://")) return { gcsUri: url, mimeType: fileData.mimeType };
  if (inlineData) return { bytesBase64Encoded: inlineData.data, mimeType: inlineData.mimeType };
  throw new BadRequestError(
    `litellm.BadRequestError: ${param} must be a file or a data URL for ${label}: it fetches no images`,
    { param },
  );
}

export interface Operation {
  name: string;
  isDone: boolean;
  /** Google's, or the filter's. */
  error: { code: string; message: string } | undefined;
  sample: JsonObject | undefined;
  metadata: JsonObject;
}

export function errorOf({ status, code, message }: JsonObject): { code: string; message: string } {
  return { code: String(status ?? code ?? "error").toLowerCase(), message: String(message ?? "the video failed") };
}

export function filteredBy({ raiMediaFilteredReasons }: JsonObject): { code: string; message: string } {
  const reasons = stringsIn(raiMediaFilteredReasons);
  return reasons.length === 0
    ? { code: "no_video", message: "the operation is done, and there is no video" }
    : { code: FILTERED, message: reasons.join(" ") };
}

const FILTERED = "content_policy_violation";

/** @param known what an operation does not tell again */
function videoOf(
  { name, isDone, error, metadata }: Operation,
  known: Partial<Video>,
  now: number,
  { modelOf, keptFor }: VideoHost,
): Video {
  const created = known.created_at ?? now;
  const told = metadata["progressPercent"];
  const progress = typeof told === "number" ? Math.max(0, Math.min(99, Math.round(told))) : (known.progress ?? 0);
  const isMade = isDone && error === undefined;
  return {
    id: name,
    object: "video",
    status: isMade ? "completed" : error === undefined ? "in_progress" : "failed",
    model: known.model ?? modelOf(name) ?? "",
    progress: isMade ? 100 : progress,
    created_at: created,
    completed_at: isMade ? (known.completed_at ?? now) : null,
    expires_at: isMade && keptFor !== undefined ? created + keptFor : null,
    error: error ?? null,
    prompt: known.prompt ?? null,
    remixed_from_video_id: null,
    seconds: known.seconds ?? null,
    size: known.size ?? null,
  };
}

function textOrNull(value: string | number | null | undefined): string | null {
  return value === undefined || value === null ? null : String(value);
}

/** From the operation to the file, and wherever Google has that. */
function contentOf(
  { status, headers: given, body }: Pointer,
  { variant = "video", range }: VideoReference,
  target: Target,
  { label, operationOf, placeOf }: VideoHost,
): NextRequest | Response | undefined {
  const { provider, model } = target;
  if (variant !== "video")
    throw new BadRequestError(`litellm.BadRequestError: ${label} has no ${variant} of a video`, { param: "variant" });
  const { location } = given;
  if (status >= 300 && status < 400 && location !== undefined) return placeOf(location, range, target);
  if (status !== 200 || !isRecord(body)) return undefined;
  const { isDone, error, sample } = operationOf(body, target);
  if (error !== undefined) {
    const Refusal = error.code === FILTERED ? ContentPolicyViolationError : BadRequestError;
    throw new Refusal(`litellm.${Refusal.name}: there is no video: ${error.message}`, { provider, model });
  }
  if (!isDone)
    throw new NotFoundError(
      "litellm.NotFoundError: Video is not ready yet, use GET /v1/videos/{video_id} to check status.",
      { provider, model },
    );
  const { uri, encodedVideo, encoding } = sample ?? {};
  if (typeof uri === "string") return placeOf(uri, range, target);
  const bytes = typeof encodedVideo === "string" ? fromBase64(standardBase64(encodedVideo)) : undefined;
  if (bytes === undefined) throw nowhere(label, target);
  return new Response(bytes, { headers: { "content-type": typeof encoding === "string" ? encoding : "video/mp4" } });
}

export function nowhere(label: string, { provider, model }: Target): BadGatewayError {
  return new BadGatewayError(`litellm.BadGatewayError: ${label}Exception - the video is nowhere at Google`, {
    provider,
    model,
  });
}
