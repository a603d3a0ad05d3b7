/** Veo. Source: Gemini API, "Generate videos with Veo" (`predictLongRunning`, `operations`, `files:download`). */
import { fromBase64 } from "../../formats/base64.ts";
import {
  APIResponseValidationError,
  BadGatewayError,
  BadRequestError,
  ContentPolicyViolationError,
  NotFoundError,
} from "../../formats/errors.ts";
import { camelCase } from "../../formats/gemini/json.ts";
import { mediaPart, standardBase64 } from "../../formats/gemini/media.ts";
import { aspectRatioOf, pixelsOf } from "../../formats/image-size.ts";
import { asRecord, isRecord, type JsonObject, stringsIn } from "../../formats/json.ts";
import type { Video, VideoReference, VideoRequest } from "../../formats/openai/videos.ts";
import type { NextRequest, Pointer } from "../follow.ts";
import type { Exchange, Target, UpstreamRequest, VideoAdapters } from "../provider.ts";
import { BASE, endpoint, headers, rootOf } from "./endpoint.ts";
import { geminiError, LABEL } from "./errors.ts";

const adapter = {
  wire: "gemini" as const,
  supportedParams: () => "all" as const,
  error: geminiError,
};

export const videos: VideoAdapters = {
  usualSeconds: 8,
  create: {
    ...adapter,
    request: (request, target) => ({
      method: "POST",
      url: endpoint(target, "predictLongRunning"),
      headers: headers(target),
      body: { json: toPredictRequest(request) },
    }),
    response(body, exchange) {
      const { request, target, now } = exchange;
      const operation = operationOf(body, target);
      const asked = { prompt: request.prompt, seconds: textOrNull(request.seconds), size: request.size ?? null };
      return { ...videoOf(operation, { ...asked, model: target.model, created_at: now }, now), status: "queued" };
    },
  },
  retrieve: {
    ...adapter,
    request: (request, target) => operationRequest(request, target),
    response: (body, { request, target, now }: Exchange<VideoReference>) =>
      videoOf(operationOf(body, target), request.video ?? {}, now),
  },
  content: {
    ...adapter,
    request: (request, target) => operationRequest(request, target),
    answers: () => "bytes",
    response: (body) => body,
    next: contentOf,
  },
  delete: {
    ...adapter,
    // Google forgets it by itself, and has no call for it.
    answer: async ({ video_id: id }) => ({ id, object: "video.deleted", deleted: true }),
    request: operationRequest,
    response: (_, { request }) => ({ id: request.video_id, object: "video.deleted", deleted: true }),
  },
};

const RATIOS = ["16:9", "9:16"];

/** OpenAI's fields, and those that are said by them: what is paid for is said in one place. */
const TAKEN: ReadonlySet<string> = new Set([
  ...["model", "prompt", "seconds", "size", "inputReference", "stream", "user", "metadata"],
  ...["durationSeconds", "sampleCount", "numberOfVideos"],
]);

/** Google's own that stand beside the prompt; all others are parameters. */
const BESIDE_PROMPT: ReadonlySet<string> = new Set(["image", "lastFrame", "video", "referenceImages"]);

export function toPredictRequest(request: VideoRequest): JsonObject {
  const { prompt, seconds, size, input_reference: reference } = request;
  const own = Object.entries(request)
    .map(([name, value]) => [camelCase(name), value] as const)
    .filter(([name, value]) => !TAKEN.has(name) && value !== null && value !== undefined);
  const image = reference === undefined || reference === null ? undefined : imageOf(reference);
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

/** @throws BadRequestError where there are no bytes: this API reads no links to images */
function imageOf(reference: NonNullable<VideoRequest["input_reference"]>): JsonObject {
  const param = "input_reference";
  const given = typeof reference === "string" ? { image_url: reference } : reference;
  const url = "image_url" in given && typeof given.image_url === "string" ? given.image_url : "";
  const { inlineData } = url === "" ? {} : mediaPart({ url, fallback: "image/png" }, param);
  if (inlineData) return { bytesBase64Encoded: inlineData.data, mimeType: inlineData.mimeType };
  throw new BadRequestError(
    `litellm.BadRequestError: ${param} must be a file or a data URL for ${LABEL}: it fetches no images`,
    { param },
  );
}

/** Names of operations, with the model they are of. */
const OPERATION = /^(?:models\/[\w.-]*\w[\w.-]*\/)?operations\/[\w.-]*\w[\w.-]*$/;

function operationRequest({ video_id: id }: VideoReference, target: Target): UpstreamRequest {
  if (!OPERATION.test(id))
    throw new NotFoundError(`litellm.NotFoundError: ${LABEL} has no video ${JSON.stringify(id.slice(0, 200))}`, {
      param: "video_id",
    });
  return { method: "GET", url: `${rootOf(target)}/${id}`, headers: headers(target) };
}

interface Operation {
  name: string;
  isDone: boolean;
  /** Google's, or the filter's. */
  error: { code: string; message: string } | undefined;
  sample: JsonObject | undefined;
  metadata: JsonObject;
}

function operationOf(body: unknown, { provider, model }: Target): Operation {
  const { name, done, error, response, metadata } = asRecord(body);
  if (typeof name !== "string" || !OPERATION.test(name))
    throw new APIResponseValidationError(
      `litellm.APIResponseValidationError: ${LABEL}Exception - the answer is no operation: ${JSON.stringify(body).slice(0, 500)}`,
      { provider, model },
    );
  const isDone = done === true;
  const result = asRecord(asRecord(response)["generateVideoResponse"]);
  const samples = Array.isArray(result["generatedSamples"]) ? result["generatedSamples"] : [];
  const sample = isRecord(samples[0]) ? asRecord(samples[0]["video"]) : undefined;
  const told = isRecord(error) ? errorOf(error) : undefined;
  const missing = isDone && sample === undefined ? filteredBy(result) : undefined;
  return { name, isDone, error: told ?? missing, sample, metadata: asRecord(metadata) };
}

function errorOf({ status, code, message }: JsonObject): { code: string; message: string } {
  return { code: String(status ?? code ?? "error").toLowerCase(), message: String(message ?? "the video failed") };
}

function filteredBy({ raiMediaFilteredReasons }: JsonObject): { code: string; message: string } {
  const reasons = stringsIn(raiMediaFilteredReasons);
  return reasons.length === 0
    ? { code: "no_video", message: "the operation is done, and there is no video" }
    : { code: FILTERED, message: reasons.join(" ") };
}

const FILTERED = "content_policy_violation";

/** "Generated videos are stored on the server for 2 days." */
const KEPT_FOR = 2 * 24 * 3600;

/** @param known what an operation does not tell again */
function videoOf({ name, isDone, error, metadata }: Operation, known: Partial<Video>, now: number): Video {
  const created = known.created_at ?? now;
  const told = metadata["progressPercent"];
  const progress = typeof told === "number" ? Math.max(0, Math.min(99, Math.round(told))) : (known.progress ?? 0);
  const isMade = isDone && error === undefined;
  return {
    id: name,
    object: "video",
    status: isMade ? "completed" : error === undefined ? "in_progress" : "failed",
    model: known.model ?? /^models\/([^/]+)\//.exec(name)?.[1] ?? "",
    progress: isMade ? 100 : progress,
    created_at: created,
    completed_at: isMade ? (known.completed_at ?? now) : null,
    expires_at: isMade ? created + KEPT_FOR : null,
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
): NextRequest | Response | undefined {
  const { provider, model } = target;
  if (variant !== "video")
    throw new BadRequestError(`litellm.BadRequestError: ${LABEL} has no ${variant} of a video`, { param: "variant" });
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
  if (bytes === undefined) throw nowhere(target);
  return new Response(bytes, { headers: { "content-type": typeof encoding === "string" ? encoding : "video/mp4" } });
}

const GOOGLES = /(?:^|\.)(?:googleapis|googleusercontent)\.com$/;

/**
 * Google's link as it may be followed. Its API is where the admin says that it is, and nobody else hears the key; what
 * lies elsewhere at Google is asked for without.
 * @throws BadGatewayError where it leads away from Google
 */
function placeOf(link: string, range: string | undefined, target: Target): NextRequest {
  const root = rootOf(target);
  const url = URL.canParse(link, root) ? new URL(link, root) : undefined;
  const part: Record<string, string> = range === undefined ? {} : { range };
  if (url?.host === new URL(root).host || url?.host === new URL(BASE).host) {
    const { "content-type": _, ...authorized } = headers(target);
    const isHere = url.host === new URL(root).host;
    const base = isHere ? new URL(root).origin : root.replace(/\/v\d+(?:(?:alpha|beta)\d*)?$/, "");
    return { url: `${base}${url.pathname}${url.search}`, headers: { ...authorized, ...part } };
  }
  if (url?.protocol === "https:" && url.port === "" && GOOGLES.test(url.hostname))
    return { url: url.href, headers: part };
  throw nowhere(target);
}

function nowhere({ provider, model }: Target): BadGatewayError {
  return new BadGatewayError(`litellm.BadGatewayError: ${LABEL}Exception - the video is nowhere at Google`, {
    provider,
    model,
  });
}
