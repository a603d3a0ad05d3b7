/** Imagen, by `predict`. Source: Gemini API reference, "Imagen"; on Vertex AI it is the same. */
import { ContentPolicyViolationError } from "../../formats/errors.ts";
import { standardBase64 } from "../../formats/gemini/media.ts";
import { aspectRatioOf, resolutionOf } from "../../formats/image-size.ts";
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { Image, ImageGenerationRequest, ImageResponse } from "../../formats/openai/images.ts";
import { noImages } from "../openai/image-answer.ts";
import { type Json, textOf, without } from "../openai/json.ts";
import type { Exchange, Target } from "../provider.ts";

export const IMAGEN_PARAMS: ReadonlySet<string> = new Set(["n", "output_compression", "output_format", "size"]);

/** Images of one request. */
export const MOST_IMAGEN = 4;

const RATIOS = ["1:1", "3:4", "4:3", "9:16", "16:9"];

/** Fields of OpenAI's that become others. */
const TAKEN = [
  ...["model", "prompt", "n", "size", "output_format", "output_compression"],
  ...["response_format", "stream", "partial_images", "user"],
];

export function isImagen({ model }: Target): boolean {
  return /imagen|imagegeneration/.test(model);
}

/** Whatever is not OpenAI's goes into the parameters (`personGeneration`, `negativePrompt`, ...). */
export function toPredictRequest(request: ImageGenerationRequest): Json {
  const { prompt, n, size, output_format: format, output_compression: quality } = request;
  const ratio = aspectRatioOf(size, RATIOS);
  const resolution = resolutionOf(size);
  const output = {
    ...(format && { mimeType: `image/${format}` }),
    ...(format === "jpeg" && typeof quality === "number" && { compressionQuality: quality }),
  };
  const parameters = {
    sampleCount: n ?? 1, // four, unless said
    ...(ratio !== undefined && { aspectRatio: ratio }),
    ...(resolution !== undefined && resolution !== "1K" && { sampleImageSize: "2K" }),
    ...(Object.keys(output).length > 0 && { outputOptions: output }),
    ...without(request, TAKEN),
  };
  return { instances: [{ prompt }], parameters };
}

/** What a filter took away is not charged; where it took all, that is the answer. */
export function imagesOfPredictions(
  body: unknown,
  { now, target }: Pick<Exchange<unknown>, "now" | "target">,
  label: string,
): ImageResponse {
  const predictions = isRecord(body) ? recordsIn(body["predictions"]) : [];
  const data = predictions.flatMap(imageOf);
  const reason = predictions.map((one) => textOf(one["raiFilteredReason"])).find(Boolean);
  if (data.length > 0) return { created: now, data };
  const { provider, model } = target;
  if (reason !== undefined || (isRecord(body) && predictions.length === 0 && !("error" in body)))
    throw new ContentPolicyViolationError(
      `litellm.ContentPolicyViolationError: ${label}Exception - ${reason ?? "a filter left none of the images"}`,
      { provider, model },
    );
  throw noImages(body, label, target);
}

function imageOf(prediction: Json): Image[] {
  const { bytesBase64Encoded: base64, gcsUri, mimeType, prompt } = prediction;
  const told = {
    ...(typeof prompt === "string" && { revised_prompt: prompt }),
    ...(typeof mimeType === "string" && { mime_type: mimeType }),
  };
  if (typeof base64 === "string") return [{ b64_json: standardBase64(base64), ...told }];
  return typeof gcsUri === "string" ? [{ url: gcsUri, ...told }] : [];
}
