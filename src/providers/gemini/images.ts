/**
 * Images of Google's models: Imagen by `predict`, those of Gemini by `generateContent`, which edit, too.
 * Sources: Gemini API reference, "Image generation" and "Imagen".
 */
import { APIResponseValidationError, BadRequestError, ContentPolicyViolationError } from "../../formats/errors.ts";
import { finishReason } from "../../formats/gemini/finish-reason.ts";
import { mediaPart, standardBase64 } from "../../formats/gemini/media.ts";
import { type GenerateContentResponse, type Part, responseSchema } from "../../formats/gemini/types.ts";
import { usageOf } from "../../formats/gemini/usage.ts";
import { aspectRatioOf, resolutionOf } from "../../formats/image-size.ts";
import { asRecord, isRecord } from "../../formats/json.ts";
import { type ImageInput, imagesOf } from "../../formats/openai/image-inputs.ts";
import type { ImageEditRequest, ImageGenerationRequest, ImageResponse } from "../../formats/openai/images.ts";
import { imageUsage } from "../by-chat/images.ts";
import { imageStream, noImages } from "../openai/image-answer.ts";
import { type Json, without } from "../openai/json.ts";
import type { Exchange, ImageAdapter, Target } from "../provider.ts";
import { failureOfEvent } from "./errors.ts";
import { aiStudio, type GeminiHost } from "./host.ts";
import { IMAGEN_PARAMS, imagesOfPredictions, isImagen, MOST_IMAGEN, toPredictRequest } from "./imagen.ts";

type AnyRequest = ImageGenerationRequest | ImageEditRequest;

const PARAMS: ReadonlySet<string> = new Set(["n", "size"]);

const RATIOS = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/** Fields of OpenAI's that become others. */
const TAKEN = [
  ...["model", "prompt", "n", "size", "image", "images", "mask", "response_format", "stream", "partial_images", "user"],
];

/** Top-level fields of `generateContent`; whatever else is not OpenAI's goes into its `generationConfig`. */
const TOP = ["cachedContent", "safetySettings", "systemInstruction", "toolConfig", "tools"];

export interface GeminiImages {
  imageGenerations: ImageAdapter<ImageGenerationRequest>;
  imageEdits: ImageAdapter<ImageEditRequest>;
}

export function geminiImages({ label, endpoint, headers, fail }: GeminiHost): GeminiImages {
  const answers: Omit<ImageAdapter<AnyRequest>, "request" | "supportedParams"> = {
    wire: "gemini",
    response: (body, exchange) => {
      if (isRecord(body) && isRecord(body["error"])) throw fail(failureOfEvent(body["error"], exchange));
      return isImagen(exchange.target)
        ? imagesOfPredictions(body, exchange, label)
        : imagesOfContent(body, exchange, label);
    },
    // It is never asked for one: whatever comes as a stream is no answer.
    stream: (exchange) => imageStream(exchange, label, (error) => fail(failureOfEvent(asRecord(error), exchange))),
    error: fail,
  };
  const post = (target: Target, method: string, json: Json) => ({
    method: "POST" as const,
    url: endpoint(target, method),
    headers: headers(target),
    body: { json },
  });
  return {
    imageGenerations: {
      ...answers,
      mostInputs: (target) => (isImagen(target) ? MOST_IMAGEN : 1),
      supportedParams: (target) => (isImagen(target) ? IMAGEN_PARAMS : PARAMS),
      request: (request, target) =>
        isImagen(target)
          ? post(target, "predict", toPredictRequest(request))
          : post(target, "generateContent", toContentRequest(request, target)),
    },
    imageEdits: {
      ...answers,
      serves: (target) => !isImagen(target),
      mostInputs: 1,
      supportedParams: () => PARAMS,
      request: (request, target) => post(target, "generateContent", toContentRequest(request, target)),
    },
  };
}

export const { imageGenerations, imageEdits } = geminiImages(aiStudio);

function toContentRequest(request: AnyRequest, { model }: Target): Json {
  const { prompt, size } = request;
  const images = imagesOf(request as Partial<ImageEditRequest>).map(partOf);
  const ratio = aspectRatioOf(size, RATIOS);
  const resolution = resolutionOf(size);
  const config = {
    ...(ratio !== undefined && { aspectRatio: ratio }),
    // The models before Gemini 3 have one size, and refuse to be told.
    ...(resolution !== undefined && resolution !== "1K" && !/gemini-[12]\./.test(model) && { imageSize: resolution }),
  };
  const own = without(request, TAKEN);
  const top = Object.fromEntries(Object.entries(own).filter(([name]) => TOP.includes(name)));
  return {
    contents: [{ role: "user", parts: [{ text: prompt }, ...images] }],
    ...top,
    generationConfig: {
      responseModalities: /gemini-2\.0/.test(model) ? ["TEXT", "IMAGE"] : ["IMAGE"], // the oldest do not draw in silence
      ...(Object.keys(config).length > 0 && { imageConfig: config }),
      ...without(own, TOP),
    },
  };
}

function partOf(input: ImageInput): Part {
  if ("url" in input) return mediaPart({ url: input.url, fallback: "image/png" }, "image");
  if ("id" in input) return mediaPart({ url: input.id, fallback: "image/png" }, "image"); // a name of Google's Files API
  throw new BadRequestError("litellm.BadRequestError: the image could not be read", { param: "image" });
}

/** @throws ContentPolicyViolationError where a filter kept the image, APIResponseValidationError where there is none */
function imagesOfContent(body: unknown, { now, target }: Exchange<unknown>, label: string): ImageResponse {
  const parsed = responseSchema.safeParse(body);
  if (!parsed.success) throw noImages(body, label, target);
  const { candidates, usageMetadata } = parsed.data;
  const parts = (candidates ?? []).flatMap(({ content }) => content?.parts ?? []);
  const data = parts.flatMap(({ inlineData, thought }) => {
    if (thought || !inlineData?.data) return []; // drafts of a model that thinks
    const { mimeType, data: base64 } = inlineData;
    return [{ b64_json: standardBase64(base64), ...(mimeType && { mime_type: mimeType }) }];
  });
  if (data.length === 0) throw noImage(parsed.data, parts, label, target);
  return { created: now, data, ...(usageMetadata && { usage: imageUsage(usageOf(usageMetadata)) }) };
}

function noImage(
  response: GenerateContentResponse,
  parts: readonly Part[],
  label: string,
  { provider, model }: Target,
): Error {
  const { candidates, promptFeedback } = response;
  const [candidate] = candidates ?? [];
  const said = parts.flatMap(({ text, thought }) => (text && !thought ? [text] : [])).join(" ");
  const why = [promptFeedback?.blockReason, candidate?.finishReason, candidate?.finishMessage, said].filter(Boolean);
  const words = why.join(" - ").slice(0, 500);
  const isFiltered = promptFeedback?.blockReason || finishReason(candidate?.finishReason, false) === "content_filter";
  const Class = isFiltered ? ContentPolicyViolationError : APIResponseValidationError;
  const message = `litellm.${Class.name}: ${label}Exception - the answer has no images: ${words}`;
  return new Class(message, { provider, model });
}
