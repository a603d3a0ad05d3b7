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
import { type AskOptions, ask, deploymentOf, type LibraryOptions, splitParams } from "./ask.ts";

/** OpenAI's requests, with LiteLLM's options beside them. */
export type ImageGenerationParams = ImageGenerationRequest & LibraryOptions;
/** `image`: a `Blob` or `File`, a link or data URL, or a list of them. */
export type ImageEditParams = ImageEditRequest & LibraryOptions;
export type ImageVariationParams = ImageVariationRequest & LibraryOptions;

/**
 * Images from a prompt, by any provider that makes them.
 *
 * @example
 * const { data } = await imageGeneration({ model: "openai/gpt-image-1", prompt: "An otter", quality: "low" });
 * @returns OpenAI's answer; with `stream: true` an iterable of its events, whose `break` stops the provider
 * @throws the error classes of this library
 */
export function imageGeneration(
  params: ImageGenerationParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<ImageEvent>>;
export function imageGeneration(
  params: ImageGenerationParams & { stream?: false | null },
  options?: AskOptions,
): Promise<ImageResponse>;
export function imageGeneration(params: ImageGenerationParams, options: AskOptions = {}) {
  return askImages(imageGenerations, imageGenerationRequestSchema, params, options);
}

/**
 * Images from others and a prompt.
 *
 * @example
 * const { data } = await imageEdit({ model: "gemini/gemini-2.5-flash-image", image: file, prompt: "Add a hat" });
 * @returns as `imageGeneration`
 * @throws the error classes of this library
 */
export function imageEdit(
  params: ImageEditParams & { stream: true },
  options?: AskOptions,
): Promise<AsyncIterable<ImageEvent>>;
export function imageEdit(
  params: ImageEditParams & { stream?: false | null },
  options?: AskOptions,
): Promise<ImageResponse>;
export function imageEdit(params: ImageEditParams, options: AskOptions = {}) {
  return askImages(imageEdits, imageEditRequestSchema, params, options);
}

/** Variations of an image. @throws the error classes of this library */
export async function imageVariation(params: ImageVariationParams, options: AskOptions = {}): Promise<ImageResponse> {
  const answer = await askImages(imageVariations, imageVariationRequestSchema, params, options);
  if ("data" in answer) return answer;
  throw new TypeError("variations come whole");
}

async function askImages<Request extends ImageRequest>(
  operation: ImageOperation<Request>,
  schema: z.ZodObject,
  params: Request & LibraryOptions,
  options: AskOptions,
): Promise<ImageResponse | AsyncIterable<ImageEvent>> {
  const { request, connection, call } = splitParams<Request>(params, schema.shape);
  const answer = await ask(operation, request, deploymentOf(params.model, connection, options.env), call, {}, options);
  return Symbol.asyncIterator in answer ? answer : operation.shown(answer, request);
}
