/** Images: as on AI Studio, and Imagen's own edits. Source: Vertex AI, "Edit and customize images with Imagen". */
import { BadRequestError } from "../../formats/errors.ts";
import { mediaPart } from "../../formats/gemini/media.ts";
import type { JsonObject } from "../../formats/json.ts";
import { type ImageInput, imagesOf, inputOf } from "../../formats/openai/image-inputs.ts";
import type { ImageEditRequest } from "../../formats/openai/images.ts";
import { IMAGEN_PARAMS, isImagen, MOST_IMAGEN, toPredictRequest } from "../gemini/imagen.ts";
import { geminiImages } from "../gemini/images.ts";
import { without } from "../openai/json.ts";
import type { ImageAdapter } from "../provider.ts";
import { vertexGemini, vertexHeaders } from "./gemini.ts";
import { methodUrl } from "./place.ts";

const { imageGenerations, imageEdits: byContent } = geminiImages(vertexGemini);

export { imageGenerations };

export const imageEdits: ImageAdapter<ImageEditRequest> = {
  ...byContent,
  serves: (target) => !isImagen(target) || /capability|imagegeneration/.test(target.model),
  mostInputs: (target) => (isImagen(target) ? MOST_IMAGEN : 1),
  supportedParams: (target) =>
    isImagen(target) ? new Set([...IMAGEN_PARAMS, "mask"]) : byContent.supportedParams(target),
  request: (request, target) =>
    isImagen(target)
      ? {
          method: "POST",
          url: methodUrl(target, "predict"),
          headers: vertexHeaders(target),
          body: { json: toEditRequest(request) },
        }
      : byContent.request(request, target),
};

/** The first image is edited, within the mask where there is one; without a mask the prompt says where. */
function toEditRequest(request: ImageEditRequest): JsonObject {
  const { mask } = request;
  const [raw] = imagesOf(request);
  if (raw === undefined) throw unreadable("image");
  // What of the size can be said is the image's own.
  const { instances, parameters } = toPredictRequest(without(request, ["image", "images", "mask", "size"]));
  const [instance] = instances as [JsonObject]; // it makes one
  const referenceImages = [
    { referenceType: "REFERENCE_TYPE_RAW", referenceId: 1, referenceImage: bytesOf(raw, "image") },
    ...(mask ? [maskOf(inputOf(mask))] : []),
  ];
  return {
    instances: [{ ...instance, referenceImages }],
    parameters: { editMode: mask ? "EDIT_MODE_INPAINT_INSERTION" : "EDIT_MODE_DEFAULT", ...(parameters as JsonObject) }, // which is one
  };
}

function maskOf(mask: ImageInput): JsonObject {
  return {
    referenceType: "REFERENCE_TYPE_MASK",
    referenceId: 2,
    referenceImage: bytesOf(mask, "mask"),
    maskImageConfig: { maskMode: "MASK_MODE_USER_PROVIDED" },
  };
}

function bytesOf(input: ImageInput, param: string): JsonObject {
  const url = "url" in input ? input.url : "";
  if (url.startsWith("gs://")) return { gcsUri: url };
  const { inlineData } = url === "" ? {} : mediaPart({ url, fallback: "image/png" }, param);
  if (!inlineData) throw unreadable(param);
  return { bytesBase64Encoded: inlineData.data };
}

function unreadable(param: string): BadRequestError {
  return new BadRequestError(
    `litellm.BadRequestError: ${param} must be a file, a data URL, or an address in Google's storage: Imagen reads no other links`,
    { param },
  );
}
