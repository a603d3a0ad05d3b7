/**
 * Models that make images, each in its maker's own format. Source: Amazon Nova user guide, "Image generation and editing";
 * Amazon Bedrock user guide, "Titan Image Generator" and "Stability AI models".
 */
import { BadRequestError } from "../../formats/errors.ts";
import { aspectRatioOf, pixelsOf } from "../../formats/image-size.ts";
import { asRecord, type JsonObject, recordsIn, stringsIn } from "../../formats/json.ts";

/** Images that are read, as bare base64. */
export interface ReadImages {
  images: readonly string[];
  mask?: string | undefined;
}

/** A request without the model and what it reads. */
export interface ImageFields {
  prompt?: string;
  n?: number | null;
  size?: string | null;
  quality?: string | null;
  output_format?: string | null;
  [param: string]: unknown;
}

export interface ImageModel {
  /** Images it makes at once. */
  most: number;
  /** OpenAI's parameters that it takes. */
  params: readonly string[];
  /** Absent where it only works on images. */
  generate?(fields: ImageFields): JsonObject;
  /** Absent where it only makes new ones. @throws BadRequestError where images are missing */
  edit?(fields: ImageFields, read: ReadImages, name: string): JsonObject;
  /** Bare base64 of the images, and why others are missing. */
  read(answer: JsonObject): { images: string[]; refusals: string[] };
}

/** Amazon's: Titan and Nova Canvas. */
const amazon: ImageModel = {
  most: 5,
  params: ["n", "quality", "size"],
  generate: (fields) => amazonBody("TEXT_IMAGE", "textToImageParams", { text: fields.prompt }, fields),
  edit(fields, { images, mask }) {
    const { prompt, taskType } = fields;
    const text = prompt ? { text: prompt } : {};
    const [image] = images;
    if (taskType === "BACKGROUND_REMOVAL") return { taskType, backgroundRemovalParams: { image } };
    const covered = { ...text, image, ...(mask !== undefined && { maskImage: mask }) };
    if (taskType === "OUTPAINTING") return amazonBody(taskType, "outPaintingParams", covered, fields);
    if (mask !== undefined || fields["maskPrompt"] !== undefined || asRecord(fields["inPaintingParams"])["maskPrompt"])
      return amazonBody("INPAINTING", "inPaintingParams", covered, fields);
    return amazonBody("IMAGE_VARIATION", "imageVariationParams", { ...text, images }, fields);
  },
  read: ({ images, error }) => ({ images: stringsIn(images), refusals: typeof error === "string" ? [error] : [] }),
};

/** What is said of a task, beside how the images are to be. */
const OF_TASKS = ["negativeText", "maskPrompt", "similarityStrength", "outPaintingMode", "controlMode", "style"];
const OF_ALL = ["cfgScale", "seed"];
const NOT_SENT: ReadonlySet<string> = new Set([
  ...OF_TASKS,
  ...OF_ALL,
  "prompt",
  "n",
  "size",
  "quality",
  "output_format",
  "user",
  "taskType",
  "imageGenerationConfig",
]);

function amazonBody(task: string, name: string, params: JsonObject, fields: ImageFields): JsonObject {
  const { n, size, quality } = fields;
  const pixels = pixelsOf(size);
  const some = (names: readonly string[]) =>
    Object.fromEntries(names.flatMap((one) => (fields[one] === undefined ? [] : [[one, fields[one]] as const])));
  const config = {
    numberOfImages: n ?? 1,
    ...(pixels && { width: pixels.width, height: pixels.height }),
    ...(quality && { quality: PREMIUM.has(quality) ? "premium" : "standard" }),
    ...some(OF_ALL),
    ...asRecord(fields["imageGenerationConfig"]),
  };
  const rest = Object.entries(fields).filter(([field]) => field !== name && !NOT_SENT.has(field));
  return {
    taskType: fields["taskType"] ?? task,
    [name]: { ...params, ...some(OF_TASKS), ...asRecord(fields[name]) },
    imageGenerationConfig: config,
    ...Object.fromEntries(rest),
  };
}

/** OpenAI's words for the better of two qualities. */
const PREMIUM: ReadonlySet<string> = new Set(["hd", "high", "premium"]);

/** Stability's newer models: one image at a time. */
const stability: ImageModel = {
  most: 1,
  params: ["output_format", "size"],
  generate: (fields) => stabilityBody(fields),
  edit: (fields, { images, mask }) => ({
    ...stabilityBody({ strength: 0.5, ...fields, size: null }),
    mode: "image-to-image",
    image: images[0],
    ...(mask !== undefined && { mask }),
  }),
  read({ images, finish_reasons, artifacts }) {
    const refusals = Array.isArray(finish_reasons) ? stringsIn(finish_reasons) : [];
    if (!Array.isArray(artifacts)) return { images: stringsIn(images), refusals };
    const made = recordsIn(artifacts).filter(({ finishReason }) => finishReason !== "CONTENT_FILTERED");
    return {
      images: stringsIn(made.map(({ base64 }) => base64)),
      refusals: made.length < artifacts.length ? ["CONTENT_FILTERED"] : [],
    };
  },
};

function stabilityBody({
  n: _,
  size,
  quality: _quality,
  user: _user,
  output_format,
  ...rest
}: ImageFields): JsonObject {
  const aspect = aspectRatioOf(size, ASPECTS);
  return {
    ...rest,
    ...(aspect !== undefined && { aspect_ratio: aspect }),
    ...(output_format && { output_format }),
  };
}

const ASPECTS = ["16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"];

/** Stability's tools, each with fields of its own beside the image. */
const tools: ImageModel = {
  most: 1,
  params: ["output_format", "style"],
  edit({ size: _, quality: _quality, n: _n, user: _user, style, ...fields }, { images, mask }, name) {
    const { prompt, ...rest } = fields;
    const preset = typeof style === "string" ? { style_preset: style } : {};
    const said = prompt ? { prompt } : {};
    if (!name.includes("style-transfer"))
      return { ...said, image: images[0], ...(mask !== undefined && { mask }), ...preset, ...rest };
    if (images.length < 2)
      throw new BadRequestError(
        "litellm.BadRequestError: a style is transferred from the second image to the first: send both",
        { param: "image" },
      );
    return { ...said, init_image: images[0], style_image: images[1], ...rest };
  },
  read: stability.read,
};

/** Stable Diffusion XL and before. */
const diffusion: ImageModel = {
  most: 1,
  params: ["size"],
  generate({ prompt, size, n: _, quality: _quality, user: _user, output_format: _format, ...rest }) {
    const pixels = pixelsOf(size);
    return {
      text_prompts: [{ text: prompt, weight: 1 }],
      ...(pixels && { width: pixels.width, height: pixels.height }),
      ...rest,
    };
  },
  read: stability.read,
};

/** By the beginning of the model's name; the first that fits. */
const MODELS: readonly (readonly [name: RegExp, model: ImageModel])[] = [
  [/^amazon\.(?:nova-canvas|titan-image)/, amazon],
  [/^stability\.stable-diffusion-xl/, diffusion],
  [/^stability\.(?:sd3|stable-image-(?:core|ultra))/, stability],
  [/^stability\./, tools],
];

/** @param name of the family, without place and route */
export function imageModel(name: string): ImageModel | undefined {
  return MODELS.find(([pattern]) => pattern.test(name))?.[1];
}
