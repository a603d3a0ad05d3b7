/**
 * OpenAI's images, made from a prompt, from other images, or as variations of one: the hub format of the gateway for them.
 * Source: OpenAI API reference, "Images" and "Image Streaming". Fields not named here survive.
 */
import { z } from "zod";

/** OpenAI's limits: images of one edit, and bytes of each. */
const MOST_IMAGES = 16;
const LARGEST_IMAGE = 50 * 1024 * 1024;
/** OpenAI makes 10 at most, others more; beyond this nobody does. */
const MOST_ANSWERS = 128;

const sizeSchema = z.string().regex(/^(?:auto|\d{1,5}[x*]\d{1,5}|\d+(?:\.\d+)?:\d+(?:\.\d+)?|\d+k)$/i, {
  message: "it must be WIDTHxHEIGHT in pixels, e.g. 1024x1024, or auto (some providers take 16:9 or 2K, too)",
});

/** What all three have. */
const common = {
  model: z.string().min(1),
  n: z.int().min(1).max(MOST_ANSWERS).nullish(),
  size: sizeSchema.nullish(),
  /** `url` or `b64_json`. */
  response_format: z.string().nullish(),
  user: z.string().nullish(),
};

/** What the newer models take. */
const drawn = {
  prompt: z.string(),
  quality: z.string().nullish(),
  background: z.string().nullish(),
  output_format: z.string().nullish(),
  output_compression: z.number().min(0).max(100).nullish(),
  stream: z.boolean().nullish(),
  partial_images: z.int().min(0).nullish(),
};

export const imageGenerationRequestSchema = z.looseObject({
  ...common,
  ...drawn,
  moderation: z.string().nullish(),
  style: z.string().nullish(),
});
export type ImageGenerationRequest = z.infer<typeof imageGenerationRequestSchema>;

/** An image by its address or by its id with the provider. */
const referenceSchema = z.looseObject({
  image_url: z.string().nullish(),
  file_id: z.string().nullish(),
  url: z.string().nullish(),
});

/** A file of a form; in JSON a link, a data URL or a reference. */
export type ImageSource = Blob | string | z.infer<typeof referenceSchema>;

const imageSchema = z.custom<ImageSource>().superRefine((source, context) => {
  const message = faultOf(source);
  if (message !== undefined) context.addIssue({ code: "custom", message });
});

const imagesSchema = z.custom<ImageSource | ImageSource[]>().superRefine((sources, context) => {
  const list: unknown[] = Array.isArray(sources) ? sources : [sources];
  if (list.length === 0) context.addIssue({ code: "custom", message: "there must be an image" });
  if (list.length > MOST_IMAGES)
    context.addIssue({ code: "custom", message: `there may be ${MOST_IMAGES} images at most` });
  list.forEach((source, index) => {
    const message = faultOf(source);
    if (message !== undefined)
      context.addIssue({ code: "custom", message, path: Array.isArray(sources) ? [index] : [] });
  });
});

/** What is wrong with it, if anything is. */
function faultOf(source: unknown): string | undefined {
  if (source instanceof Blob) return faultOfFile(source);
  const reference = typeof source === "string" ? { url: source } : referenceSchema.safeParse(source).data;
  const url = reference?.image_url ?? reference?.url;
  if (typeof url === "string")
    return /^(?:data:|https?:\/\/)/i.test(url) ? undefined : "it must be an image file, a link or a data URL";
  return reference?.file_id ? undefined : "it must be an image file, or have an image_url or a file_id";
}

/** The type is not always told: many clients send `application/octet-stream`. */
function faultOfFile({ size, type }: Blob): string | undefined {
  if (size === 0) return "it is empty";
  if (size > LARGEST_IMAGE) return `it is larger than ${LARGEST_IMAGE / 1024 / 1024} MB`;
  const isImage = type === "" || /^(?:image\/|application\/octet-stream\b)/i.test(type);
  return isImage ? undefined : `it must be an image, not ${type.slice(0, 100)}`;
}

export const imageEditRequestSchema = z
  .looseObject({
    ...common,
    ...drawn,
    /** Files of a form; links are accepted in their place. */
    image: imagesSchema.nullish(),
    /** References, as JSON has them. */
    images: imagesSchema.nullish(),
    mask: imageSchema.nullish(),
    input_fidelity: z.string().nullish(),
  })
  .superRefine(({ image, images }, context) => {
    if ((image ?? images ?? undefined) === undefined)
      context.addIssue({ code: "custom", path: ["image"], message: "an image to edit is required" });
  });
export type ImageEditRequest = z.infer<typeof imageEditRequestSchema>;

export const imageVariationRequestSchema = z.looseObject({ ...common, image: imageSchema });
export type ImageVariationRequest = z.infer<typeof imageVariationRequestSchema>;

/** OpenAI's parameters beyond those every request must have. `response_format` is every adapter's own affair. */
export const OPENAI_IMAGE_PARAMS = [
  "background",
  "complexity",
  "frame_count",
  "frame_duration_ms",
  "input_fidelity",
  "markup",
  "mask",
  "moderation",
  "n",
  "output_compression",
  "output_format",
  "partial_images",
  "quality",
  "safety_identifier",
  "size",
  "style",
  "svg",
  "user",
] as const;

export interface Image {
  b64_json?: string;
  url?: string;
  revised_prompt?: string;
  [key: string]: unknown;
}

/** Tokens, where the provider counts them. */
export interface ImageUsage {
  input_tokens?: number;
  output_tokens?: number;
  total_tokens?: number;
  input_tokens_details?: { text_tokens?: number; image_tokens?: number; [key: string]: unknown };
  output_tokens_details?: { text_tokens?: number; image_tokens?: number; [key: string]: unknown };
  [key: string]: unknown;
}

export interface ImageResponse {
  /** Unix seconds. */
  created: number;
  data: Image[];
  usage?: ImageUsage;
  /** As they came to be, where `auto` was asked for. */
  size?: string;
  quality?: string;
  background?: string;
  output_format?: string;
  [key: string]: unknown;
}

/** An event of a stream: a picture on its way, or the whole one. */
export interface ImageEvent {
  /** `image_generation.partial_image`, `image_generation.completed`, or the same of `image_edit`. */
  type: string;
  b64_json?: string;
  usage?: ImageUsage;
  [key: string]: unknown;
}

export function isPartial({ type }: ImageEvent): boolean {
  return type.endsWith(".partial_image");
}

export function isCompleted({ type }: ImageEvent): boolean {
  return type.endsWith(".completed");
}

/** A whole answer as the events of a stream. @param kind `image_generation` or `image_edit` */
export function eventsOfImages({ data, created, usage, ...answer }: ImageResponse, kind: string): ImageEvent[] {
  const { size = "auto", quality = "auto", background = "auto", output_format = "png" } = answer;
  return data.map(({ b64_json, url, revised_prompt }, index) => ({
    type: `${kind}.completed`,
    ...(b64_json !== undefined && { b64_json }),
    ...(url !== undefined && { url }),
    ...(revised_prompt !== undefined && { revised_prompt }),
    created_at: created,
    size,
    quality,
    background,
    output_format,
    // Told once, so that whoever adds them up is right.
    ...(usage !== undefined && index === data.length - 1 && { usage }),
  }));
}

/** The events of a stream as the answer they make; `undefined` before the first whole image. */
export function imagesOfEvents(events: readonly ImageEvent[]): ImageResponse | undefined {
  const whole = events.filter(isCompleted);
  const [first] = whole;
  if (first === undefined) return undefined;
  const told = ["size", "quality", "background", "output_format"].flatMap((name) => {
    const value = first[name];
    return typeof value === "string" ? [[name, value] as const] : [];
  });
  const usages = whole.flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
  return {
    created: typeof first["created_at"] === "number" ? first["created_at"] : 0,
    ...Object.fromEntries(told),
    data: whole.map(({ b64_json, url, revised_prompt }) => ({
      ...(typeof b64_json === "string" && { b64_json }),
      ...(typeof url === "string" && { url }),
      ...(typeof revised_prompt === "string" && { revised_prompt }),
    })),
    ...(usages.length > 0 && { usage: usages.reduce(addImageUsage) }),
  };
}

/** Both together. */
export function addImageUsage(one: ImageUsage, other: ImageUsage): ImageUsage {
  const details = (name: "input_tokens_details" | "output_tokens_details") => {
    const [a, b] = [one[name], other[name]];
    if (a === undefined || b === undefined) return {};
    const sum = (field: "text_tokens" | "image_tokens") => (a[field] ?? 0) + (b[field] ?? 0);
    return { [name]: { text_tokens: sum("text_tokens"), image_tokens: sum("image_tokens") } };
  };
  const total = (name: "input_tokens" | "output_tokens" | "total_tokens") => (one[name] ?? 0) + (other[name] ?? 0);
  return {
    input_tokens: total("input_tokens"),
    output_tokens: total("output_tokens"),
    total_tokens: total("total_tokens"),
    ...details("input_tokens_details"),
    ...details("output_tokens_details"),
  };
}

/** A whole image in base64 as a data URL, for a client that asked for links. */
export function asLinks(response: ImageResponse): ImageResponse {
  const { output_format: format = "png" } = response;
  const data = response.data.map(({ b64_json, ...image }) => {
    if (image.url !== undefined || b64_json === undefined) return { ...image, ...(b64_json && { b64_json }) };
    const type = image["mime_type"];
    return { ...image, url: `data:${typeof type === "string" ? type : `image/${format}`};base64,${b64_json}` };
  });
  return { ...response, data };
}

/** Did the client ask for links, and got none? */
export function lacksLinks(
  { data }: ImageResponse,
  { response_format: format }: { response_format?: string | null },
): boolean {
  return format === "url" && data.some(({ url, b64_json }) => url === undefined && b64_json !== undefined);
}
