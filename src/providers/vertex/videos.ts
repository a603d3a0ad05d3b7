/** Veo on Vertex AI. Source: Vertex AI, "Veo on Vertex AI API" (`predictLongRunning`, `fetchPredictOperation`). */
import { APIResponseValidationError, NotFoundError } from "../../formats/errors.ts";
import { asRecord, isRecord, recordsIn } from "../../formats/json.ts";
import type { NextRequest } from "../follow.ts";
import { errorOf, filteredBy, nowhere, type Operation, videoAdapters } from "../gemini/veo.ts";
import { safePath } from "../http.ts";
import type { Target, UpstreamRequest, VideoAdapters } from "../provider.ts";
import { LABEL } from "./errors.ts";
import { vertexGemini, vertexHeaders } from "./gemini.ts";
import { methodUrl } from "./place.ts";

export const videos: VideoAdapters = videoAdapters({
  ...vertexGemini,
  operationRequest,
  operationOf,
  placeOf,
  modelOf: (name) => OPERATION.exec(name)?.[2],
  readsStorage: true,
});

const OPERATION =
  /^projects\/[\w.:-]+\/locations\/([a-z][a-z0-9-]*)\/publishers\/google\/models\/([\w.@-]*\w[\w.@-]*)\/operations\/[\w-]+$/;

/** The model's place in the path is the operation's own, whatever model the call is said to be about. */
function operationRequest(id: string, target: Target): UpstreamRequest {
  const [, location, model] = OPERATION.exec(id) ?? [];
  if (location === undefined || model === undefined)
    throw new NotFoundError(`litellm.NotFoundError: ${LABEL} has no video ${JSON.stringify(id.slice(0, 200))}`, {
      param: "video_id",
    });
  const { vertex_ai_location: _, ...params } = target.params ?? {};
  return {
    method: "POST",
    url: methodUrl({ ...target, model, params: { ...params, vertex_location: location } }, "fetchPredictOperation"),
    headers: vertexHeaders(target),
    body: { json: { operationName: id } },
  };
}

function operationOf(body: unknown, { provider, model }: Target): Operation {
  const { name, done, error, response, metadata } = asRecord(body);
  if (typeof name !== "string" || !OPERATION.test(name))
    throw new APIResponseValidationError(
      `litellm.APIResponseValidationError: ${LABEL}Exception - the answer is no operation: ${JSON.stringify(body)?.slice(0, 500)}`,
      { provider, model },
    );
  const isDone = done === true;
  const result = asRecord(response);
  const [video] = recordsIn(result["videos"]);
  const sample = video && {
    uri: video["gcsUri"],
    encodedVideo: video["bytesBase64Encoded"],
    encoding: video["mimeType"],
  };
  const told = isRecord(error) ? errorOf(error) : undefined;
  const missing = isDone && sample === undefined ? filteredBy(result) : undefined;
  return { name, isDone, error: told ?? missing, sample, metadata: asRecord(metadata) };
}

/** Of Cloud Storage, which the same credentials open. @throws BadGatewayError where it is no address there */
function placeOf(link: string, range: string | undefined, target: Target): NextRequest {
  const [, bucket, object] = /^gs:\/\/([a-z0-9][\w.-]+)\/(.+)$/.exec(link) ?? [];
  if (bucket === undefined || object === undefined) throw nowhere(LABEL, target);
  const path = safePath(`/storage/v1/b/${bucket}/o/${encodeURIComponent(object)}`);
  return {
    url: `https://storage.googleapis.com${path}?alt=media`,
    headers: range === undefined ? {} : { range },
    isSigned: true,
  };
}
