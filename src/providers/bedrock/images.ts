/** Images by InvokeModel: made from a prompt, from other images, or as variations of one. */

import { familyName } from "../../formats/bedrock/traits.ts";
import { parseDataUrl } from "../../formats/data-url.ts";
import { BadRequestError, ContentPolicyViolationError } from "../../formats/errors.ts";
import { asRecord, type JsonObject } from "../../formats/json.ts";
import { type ImageInput, imagesOf, inputOf } from "../../formats/openai/image-inputs.ts";
import type {
  ImageEditRequest,
  ImageGenerationRequest,
  ImageResponse,
  ImageVariationRequest,
} from "../../formats/openai/images.ts";
import { imageStream, noImages } from "../openai/image-answer.ts";
import { without } from "../openai/json.ts";
import type { Exchange, ImageAdapter, Target } from "../provider.ts";
import { bedrockError, bedrockException, LABEL } from "./errors.ts";
import { type ImageModel, imageModel } from "./image-models.ts";
import { invokeRequest } from "./invoke/request.ts";
import { knownName } from "./model.ts";

/** Of the gateway, or said otherwise. */
const NOT_SENT = [
  "model",
  "image",
  "images",
  "mask",
  "stream",
  "partial_images",
  "response_format",
  "n",
  "background",
  "moderation",
  "input_fidelity",
  "output_compression",
  "safety_identifier",
];

export const imageGenerations: ImageAdapter<ImageGenerationRequest> = {
  ...shared(),
  serves: (target) => modelOf(target)?.generate !== undefined,
  request: (request, target) => send(target, modelOf(target)?.generate?.(fieldsOf(request))),
};

export const imageEdits: ImageAdapter<ImageEditRequest> = {
  ...shared(),
  serves: (target) => modelOf(target)?.edit !== undefined,
  request(request, target) {
    const images = imagesOf(request).map((input) => base64Of(input, "image"));
    const mask = request.mask ? base64Of(inputOf(request.mask), "mask") : undefined;
    return send(target, modelOf(target)?.edit?.(fieldsOf(request), { images, mask }, nameOf(target)));
  },
};

export const imageVariations: ImageAdapter<ImageVariationRequest> = {
  ...shared(),
  serves: (target) => modelOf(target)?.edit !== undefined,
  request(request, target) {
    const images = imagesOf(request).map((input) => base64Of(input, "image"));
    return send(target, modelOf(target)?.edit?.(fieldsOf(request), { images }, nameOf(target)));
  },
};

/** What does not depend on how it is asked. */
function shared(): Omit<ImageAdapter<never>, "request"> {
  return {
    wire: "native",
    mostInputs: (target) => modelOf(target)?.most,
    // How many there are is the gateway's affair: it asks as often as it must.
    supportedParams: (target) => new Set(["n", "mask", ...(modelOf(target)?.params ?? [])]),
    response: imagesIn,
    stream: (exchange) =>
      imageStream(exchange, LABEL, (error) => bedrockException({ data: JSON.stringify(error) }, exchange)),
    error: bedrockError,
  };
}

/** @throws ContentPolicyViolationError where a filter took them all */
function imagesIn(answer: unknown, exchange: Exchange<unknown>): ImageResponse {
  const { target, now } = exchange;
  const { images, refusals } = modelOf(target)?.read(asRecord(answer)) ?? { images: [], refusals: [] };
  const [refusal] = refusals;
  if (images.length > 0) return { created: now, data: images.map((base64) => ({ b64_json: base64 })) };
  if (refusal === undefined) throw noImages(answer, LABEL, target);
  const { provider, model } = target;
  throw new ContentPolicyViolationError(`litellm.ContentPolicyViolationError: ${LABEL}Exception - ${refusal}`, {
    provider,
    model,
  });
}

function fieldsOf(request: ImageGenerationRequest | ImageEditRequest | ImageVariationRequest): JsonObject {
  const { n } = request;
  return { ...without<JsonObject>(request, NOT_SENT), ...(typeof n === "number" && { n }) };
}

function send(target: Target, body: JsonObject | undefined) {
  return invokeRequest(target, body ?? {}, false); // who serves has a body
}

function nameOf(target: Target): string {
  return familyName(knownName(target));
}

function modelOf(target: Target): ImageModel | undefined {
  return imageModel(nameOf(target));
}

/** @throws BadRequestError where there are no bytes: the gateway fetches nothing a client names */
function base64Of(input: ImageInput, param: string): string {
  const base64 = "url" in input ? parseDataUrl(input.url)?.base64 : undefined; // files were made data URLs before
  if (base64 !== undefined) return base64;
  throw new BadRequestError(
    `litellm.BadRequestError: Invalid value for '${param}': Bedrock takes images as files or data URLs only`,
    { param },
  );
}
