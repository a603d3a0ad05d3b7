/** What is billed by other units than tokens: images, pixels, characters, seconds, queries, pages, sessions. */
import type { Usage } from "../formats/openai/chat.ts";
import type { ModelInfo } from "./catalogue.ts";
import type { Charge } from "./charge.ts";
import type { Rates } from "./rates.ts";

/** What a call used besides tokens, as far as the operation knows it. */
export interface Measured {
  /** Characters of the text that was spoken or read. */
  inputCharacters?: number;
  outputCharacters?: number;
  /**
   * Seconds of the audio or video that was transcribed or made. For chat models billed by time: seconds the call took.
   */
  seconds?: number;
  /** Seconds of audio and of video in a prompt (multimodal embeddings). */
  inputAudioSeconds?: number;
  inputVideoSeconds?: number;
  /** Images in a prompt. */
  inputImages?: number;
  /** Images that were made, and how. */
  images?: number;
  /** Pixels of one image, e.g. 1024 and 1024 (if not given). */
  width?: number;
  height?: number;
  /** `premium`: Titan's dearer images. */
  quality?: string;
  /** Rerank and search queries (Cohere's search units). 1 for models of these modes if not given. */
  queries?: number;
  /** Results a search was asked for. */
  results?: number;
  /** Pages that were read, and those of them annotated with a schema, which have a price of their own. */
  pages?: number;
  annotatedPages?: number;
  /** Code interpreter containers. */
  sessions?: number;
  /** Tokens a model was trained with, each epoch counted, or seconds of reinforcement. */
  trainedTokens?: number;
  trainedSeconds?: number;
}

const SECONDS_OF_AN_HOUR = 3600;
const perQuery = new Set(["rerank", "search", "vector_store"]);
const pictures = new Set(["image_generation", "image_edit"]);

/** Images that were made. LiteLLM's rows of older image models have the price of an image made as that of an input. */
function imageCharge(rates: Rates, info: ModelInfo, measured: Measured): Charge {
  const { images = 0, width = 1024, height = 1024 } = measured;
  const large = [1024, 512].filter((edge) => width > edge && height > edge);
  const sizes = large.map((edge) => `_above_${edge}_and_${edge}_pixels`);
  const names =
    measured.quality === "premium" ? [...sizes.map((size) => `${size}_and_premium_image`), "_premium_image"] : [];
  const endings = [...names, ...sizes, ""];
  const each = endings.map((ending) => rates(`output_cost_per_image${ending}`)).find((price) => price !== undefined);
  const older = pictures.has(info.mode ?? "") ? rates("input_cost_per_image") : undefined;
  if (each !== undefined || older !== undefined)
    return { part: "output_image", quantity: images, price: each ?? older };
  const price = rates("output_cost_per_pixel") || rates("input_cost_per_pixel");
  return { part: "output_image", quantity: images * width * height, price };
}

/** Vertex's embedding of video is dearer by the second for long clips. */
function videoRate(rates: Rates, seconds: number): number | undefined {
  const classes = [
    ...(seconds > 15 ? ["_above_15s_interval"] : []),
    ...(seconds > 8 ? ["_above_8s_interval"] : []),
    "",
  ];
  return classes.map((name) => rates(`input_cost_per_video_per_second${name}`)).find((price) => price !== undefined);
}

/** A price for images in the prompt, unless it is what an image made costs (see above; some rows state it twice). */
function inputImageRate(rates: Rates, info: ModelInfo): number | undefined {
  const made = rates("output_cost_per_image");
  const price = rates("input_cost_per_image");
  return pictures.has(info.mode ?? "") && (made === undefined || made === price) ? undefined : price;
}

/**
 * Charges for what was measured and has a price. What has none is left out: a model that is billed by tokens may well
 * be told how many seconds it took.
 */
export function measuredParts(usage: Usage, rates: Rates, info: ModelInfo, measured: Measured): Charge[] {
  const { seconds = 0, inputVideoSeconds = 0 } = measured;
  // Where tokens are reported and priced, the same text, sound or picture is not billed by another unit as well.
  const tokens = usage.prompt_tokens > 0 || usage.completion_tokens > 0;
  const byTokens = tokens && rates("input_cost_per_token") !== undefined;
  const imagesByTokens = tokens && rates("output_cost_per_image_token") !== undefined;
  const { audio_tokens, image_tokens } = usage.prompt_tokens_details ?? {};
  const annotated = Math.min(measured.annotatedPages ?? 0, measured.pages ?? 0);
  const duration =
    rates("output_cost_per_video_per_second") ?? (rates("output_cost_per_second") || rates("input_cost_per_second"));

  const charges: Charge[] = [
    {
      part: "query",
      quantity: measured.queries ?? (perQuery.has(info.mode ?? "") ? 1 : 0),
      price: rates("input_cost_per_query"),
    },
    { part: "page", quantity: (measured.pages ?? 0) - annotated, price: rates("ocr_cost_per_page") },
    {
      part: "page",
      quantity: annotated,
      price: rates("annotation_cost_per_page") ?? rates("ocr_cost_per_page"),
    },
    { part: "session", quantity: measured.sessions ?? 0, price: rates("code_interpreter_cost_per_session") },
    { part: "training", quantity: measured.trainedTokens ?? 0, price: rates("training_cost_per_token") },
    {
      part: "training",
      quantity: (measured.trainedSeconds ?? 0) / SECONDS_OF_AN_HOUR,
      price: rates("training_cost_per_hour"),
    },
    { part: "request", quantity: 1, price: rates("input_cost_per_request") },
    { part: "input_video", quantity: inputVideoSeconds, price: videoRate(rates, inputVideoSeconds) },
  ];
  if (!byTokens)
    charges.push(
      { part: "characters", quantity: measured.inputCharacters ?? 0, price: rates("input_cost_per_character") },
      { part: "characters", quantity: measured.outputCharacters ?? 0, price: rates("output_cost_per_character") },
      { part: "duration", quantity: seconds, price: duration },
    );
  if (!imagesByTokens) charges.push(imageCharge(rates, info, measured));
  if (!image_tokens)
    charges.push({
      part: "input_image",
      quantity: measured.inputImages ?? 0,
      price: inputImageRate(rates, info),
    });
  if (!audio_tokens)
    charges.push({
      part: "input_audio",
      quantity: measured.inputAudioSeconds ?? 0,
      price: rates("input_cost_per_audio_per_second"),
    });
  return charges.filter(({ price }) => price !== undefined);
}
