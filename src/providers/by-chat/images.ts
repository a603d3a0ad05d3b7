/**
 * Images of providers whose models make them in chat: the prompt is a message, the images of the answer's message are the
 * answer. Sources: OpenRouter, "Image Generation"; Vercel AI Gateway, "Image Generation" (OpenAI-compatible).
 */
import { parseDataUrl } from "../../formats/data-url.ts";
import { APIResponseValidationError, BadRequestError, ContentPolicyViolationError } from "../../formats/errors.ts";
import { aspectRatioOf, resolutionOf } from "../../formats/image-size.ts";
import { asRecord, recordsIn } from "../../formats/json.ts";
import type { ChatCompletion, ChatRequest, Usage } from "../../formats/openai/chat.ts";
import { type ImageInput, imagesOf } from "../../formats/openai/image-inputs.ts";
import type {
  Image,
  ImageEditRequest,
  ImageGenerationRequest,
  ImageResponse,
  ImageUsage,
} from "../../formats/openai/images.ts";
import { compatibleRules, embeddedError } from "../openai/errors.ts";
import { imageStream } from "../openai/image-answer.ts";
import { type Json, textOf, without } from "../openai/json.ts";
import type { ChatAdapter, Exchange, ImageAdapter, Provider, Target, UpstreamFailure } from "../provider.ts";

const SUPPORTED: ReadonlySet<string> = new Set(["n", "size", "user"]);

/** Ratios that all of these models know. */
const RATIOS = ["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"];

/** What becomes of the request's fields otherwise. */
const TAKEN = ["image", "images", "model", "n", "prompt", "response_format", "size", "stream", "partial_images"];

export function imagesByChat(chat: ChatAdapter, label: string): Pick<Provider, "imageGenerations" | "imageEdits"> {
  const adapter = {
    wire: chat.wire,
    rewritesAnswers: true,
    mostInputs: 1,
    supportedParams: () => SUPPORTED,
    response: (body: unknown, exchange: Exchange<AnyRequest>) => {
      const asked = toChatRequest(exchange.request, exchange.target);
      return imagesOfChat(chat.response(body, { ...exchange, request: asked }), exchange, label);
    },
    // It is never asked for one: whatever comes as a stream is no answer.
    stream: (exchange: Exchange<AnyRequest>) =>
      imageStream(exchange, label, (error) => embeddedError(error, label, compatibleRules, exchange)),
    error: (failure: UpstreamFailure) => chat.error(failure),
  };
  const ask: ImageAdapter<AnyRequest>["request"] = (request, target) =>
    chat.request(toChatRequest(request, target), target);
  return { imageGenerations: { ...adapter, request: ask }, imageEdits: { ...adapter, request: ask } };
}

type AnyRequest = ImageGenerationRequest | ImageEditRequest;

function toChatRequest(request: AnyRequest, { model }: Target): ChatRequest {
  const { prompt, size } = request;
  const fields: Json = request;
  const images = imagesOf(request as Partial<ImageEditRequest>).map((input) => ({
    type: "image_url" as const,
    image_url: { url: urlOf(input) },
  }));
  const ratio = aspectRatioOf(size, RATIOS);
  const resolution = resolutionOf(size);
  const config = {
    ...(ratio !== undefined && { aspect_ratio: ratio }),
    ...(resolution !== undefined && resolution !== "1K" && { image_size: resolution }),
  };
  return {
    ...without(fields, TAKEN),
    model,
    messages: [
      { role: "user", content: images.length === 0 ? prompt : [...images, { type: "text" as const, text: prompt }] },
    ],
    // Models that only draw refuse to be asked for text.
    modalities: /gemini|gpt/.test(model) ? ["image", "text"] : ["image"],
    ...(Object.keys(config).length > 0 && { image_config: config }),
  };
}

function urlOf(input: ImageInput): string {
  if ("url" in input) return input.url;
  throw new BadRequestError(
    "litellm.BadRequestError: Invalid value for 'image': this provider keeps no files; send the image, or a link to it",
    { param: "image" },
  );
}

function imagesOfChat(
  { choices, created, usage }: ChatCompletion,
  { target }: Exchange<AnyRequest>,
  label: string,
): ImageResponse {
  const images = choices.flatMap(({ message }) => recordsIn(message["images"]));
  const data = images.flatMap((image) => imageOf(textOf(asRecord(image["image_url"])["url"])));
  if (data.length > 0) return { created, data, ...(usage && { usage: imageUsage(usage) }) };
  const { provider, model } = target;
  const [choice] = choices;
  if (choice?.finish_reason === "content_filter")
    throw new ContentPolicyViolationError(
      `litellm.ContentPolicyViolationError: ${label}Exception - the image was refused by a filter`,
      { provider, model },
    );
  const said = textOf(choice?.message.content)?.slice(0, 500) ?? "";
  throw new APIResponseValidationError(
    `litellm.APIResponseValidationError: ${label}Exception - the answer has no images: ${said}`,
    { provider, model },
  );
}

function imageOf(url: string | undefined): Image[] {
  if (url === undefined) return [];
  const data = parseDataUrl(url);
  if (data === undefined) return [{ url }];
  return [{ b64_json: data.base64, ...(data.mediaType !== "" && { mime_type: data.mediaType }) }];
}

/** Tokens of a chat as those of images. */
export function imageUsage(usage: Usage): ImageUsage {
  const { prompt_tokens, completion_tokens, total_tokens, prompt_tokens_details, completion_tokens_details } = usage;
  const kinds = (total: number, images: number | null | undefined) => ({
    text_tokens: total - (images ?? 0),
    image_tokens: images ?? 0,
  });
  const made = completion_tokens_details?.image_tokens;
  return {
    input_tokens: prompt_tokens,
    output_tokens: completion_tokens,
    total_tokens,
    input_tokens_details: kinds(prompt_tokens, prompt_tokens_details?.image_tokens),
    // Where nobody says how many made the image, it is for the price list to say what they cost.
    ...(typeof made === "number" && { output_tokens_details: kinds(completion_tokens, made) }),
  };
}
