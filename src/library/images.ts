import type { z } from "zod";
import {
  type ImageEditRequest,
  type ImageEvent,
  type ImageGenerationRequest,
  type ImageResponse,
  type ImageVariationRequest,
  imageEditRequestSchema,
  imageGenerationRequestSchema,
  imageVariationRequestSchema,
} from "../formats/openai/images.ts";
import { imageEdits } from "../operations/image-edits.ts";
import { imageGenerations } from "../operations/image-generations.ts";
import { imageVariations } from "../operations/image-variations.ts";
import type { ImageOperation, ImageRequest } from "../operations/images.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, type Method } from "./method.ts";

/** OpenAI's requests, with LiteLLM's options beside them. */
export type ImageGenerationParams = ImageGenerationRequest & LibraryOptions;
/** `image`: a `Blob` or `File`, a link or data URL, or a list of them. */
export type ImageEditParams = ImageEditRequest & LibraryOptions;
export type ImageVariationParams = ImageVariationRequest & LibraryOptions;

/** Makes images, which may come one by one. */
interface ImageCall<Params> {
  (params: Params & { stream: true }, options?: AskOptions): Promise<AsyncIterable<ImageEvent>>;
  (params: Params & { stream?: false | null }, options?: AskOptions): Promise<ImageResponse>;
}

export type ImageGenerationCall<More = unknown> = ImageCall<ImageGenerationParams & More>;
export type ImageEditCall<More = unknown> = ImageCall<ImageEditParams & More>;
export type ImageVariationCall<More = unknown> = (
  params: ImageVariationParams & More,
  options?: AskOptions,
) => Promise<ImageResponse>;

export const imageGenerationMethod = imageMethod(imageGenerations, imageGenerationRequestSchema);
export const imageEditMethod = imageMethod(imageEdits, imageEditRequestSchema);
export const imageVariationMethod = imageMethod(imageVariations, imageVariationRequestSchema);

/**
 * Images from a prompt, by any provider that makes them.
 *
 * @example
 * const { data } = await imageGeneration({ model: "openai/gpt-image-1", prompt: "An otter", quality: "low" });
 * @returns OpenAI's answer; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export const imageGeneration = direct<ImageGenerationCall>(imageGenerationMethod);

/**
 * Images from others and a prompt.
 *
 * @example
 * const { data } = await imageEdit({ model: "gemini/gemini-2.5-flash-image", image: file, prompt: "Add a hat" });
 * @returns as `imageGeneration`
 * @throws the error classes of this library
 */
export const imageEdit = direct<ImageEditCall>(imageEditMethod);

/** Variations of an image. @throws the error classes of this library */
export const imageVariation = direct<ImageVariationCall>(imageVariationMethod);

function imageMethod<Request extends ImageRequest>(
  operation: ImageOperation<Request>,
  schema: z.ZodObject,
): Method<Request, ImageResponse, ImageEvent> {
  return { operation, fields: schema.shape, whole: operation.shown };
}
