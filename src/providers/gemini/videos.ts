/** Veo of AI Studio. Source: Gemini API, "Generate videos with Veo" (`predictLongRunning`, `operations`, `files:download`). */
import { APIResponseValidationError, NotFoundError } from "../../formats/errors.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import type { NextRequest } from "../follow.ts";
import type { Target, UpstreamRequest, VideoAdapters } from "../provider.ts";
import { BASE, headers, rootOf } from "./endpoint.ts";
import { LABEL } from "./errors.ts";
import { aiStudio } from "./host.ts";
import { errorOf, filteredBy, nowhere, type Operation, videoAdapters } from "./veo.ts";

export const videos: VideoAdapters = videoAdapters({
  ...aiStudio,
  operationRequest,
  operationOf,
  placeOf,
  modelOf: (name) => /^models\/([^/]+)\//.exec(name)?.[1],
  keptFor: 2 * 24 * 3600, // "Generated videos are stored on the server for 2 days."
});

/** Names of operations, with the model they are of. */
const OPERATION = /^(?:models\/[\w.-]*\w[\w.-]*\/)?operations\/[\w.-]*\w[\w.-]*$/;

function operationRequest(id: string, target: Target): UpstreamRequest {
  if (!OPERATION.test(id))
    throw new NotFoundError(`litellm.NotFoundError: ${LABEL} has no video ${JSON.stringify(id.slice(0, 200))}`, {
      param: "video_id",
    });
  return { method: "GET", url: `${rootOf(target)}/${id}`, headers: headers(target) };
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
  throw nowhere(LABEL, target);
}
