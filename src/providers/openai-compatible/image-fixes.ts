/** Small differences from OpenAI's images, each provider's by name. */
import { BadRequestError } from "../../formats/errors.ts";
import { aspectRatioOf, pixelsOf, resolutionOf } from "../../formats/image-size.ts";
import type { ReferredImages } from "../openai/images.ts";
import { type Json, textOf, without } from "../openai/json.ts";
import type { Target } from "../provider.ts";

export function base64Only(fields: Json): Json {
  return without(fields, ["response_format"]);
}

/** The number is not asked for where it is one always. */
export function oneImage(fields: Json): Json {
  return without(fields, ["n"]);
}

/** `size` as the width and height others have. @throws BadRequestError where it is no size in pixels */
export function sizeInPixels(fields: Json): Json {
  const { size, ...rest } = fields;
  if (size === undefined || size === "auto") return rest;
  const pixels = pixelsOf(textOf(size));
  if (pixels !== undefined) return { ...rest, ...pixels };
  throw new BadRequestError(
    "litellm.BadRequestError: Invalid value for 'size': this provider takes WIDTHxHEIGHT in pixels, e.g. 1024x1024",
    { param: "size" },
  );
}

/** Together: "response_format: base64 | url". */
export function together(fields: Json): Json {
  const { response_format: format, ...rest } = sizeInPixels(fields);
  return { ...rest, ...(format !== undefined && { response_format: format === "b64_json" ? "base64" : format }) };
}

/** Together: one image for Kontext, several for FLUX.2. */
export function togetherImages({ urls }: ReferredImages): Json {
  return urls.length === 1 ? { image_url: urls[0] } : { reference_images: urls };
}

/** Nebius: "response_extension: png | jpg | webp"; one image at a time. */
export function nebius(fields: Json): Json {
  const { output_format: format, ...rest } = oneImage(sizeInPixels(fields));
  return { ...rest, ...(format !== undefined && { response_extension: format === "jpeg" ? "jpg" : format }) };
}

const XAI_RATIOS = ["1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "1:2", "2:1", "9:20", "20:9"];

/** xAI: "size … not supported"; the newer models take an aspect ratio and a resolution. */
export function xaiParams({ model }: Target): readonly string[] {
  return /imagine/.test(model) ? ["n", "quality", "size", "user"] : ["n", "user"];
}

export function xaiSize(fields: Json): Json {
  const { size, ...rest } = fields;
  const given = textOf(size);
  const ratio = aspectRatioOf(given, XAI_RATIOS);
  const resolution = resolutionOf(given);
  return {
    ...(ratio !== undefined && { aspect_ratio: ratio }),
    ...(resolution !== undefined && resolution !== "1K" && { resolution: "2k" }),
    ...rest,
  };
}

/** xAI: one image, or several that the prompt names `<IMAGE_0>`, `<IMAGE_1>`, ...; in JSON. */
export function xaiImages({ urls, mask }: ReferredImages): Json {
  const images = urls.map((url) => ({ url, type: "image_url" }));
  return {
    ...(images.length === 1 ? { image: images[0] } : { images }),
    ...(mask !== undefined && { mask: { url: mask, type: "image_url" } }),
  };
}
