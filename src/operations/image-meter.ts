import { pixelsOf } from "../formats/image-size.ts";
import type { Usage } from "../formats/openai/chat.ts";
import { imagesOf } from "../formats/openai/image-inputs.ts";
import {
  type ImageEvent,
  type ImageResponse,
  type ImageUsage,
  imagesOfEvents,
  isCompleted,
} from "../formats/openai/images.ts";
import type { CostOptions } from "../models/cost.ts";
import { usualImageTokens } from "../models/images.ts";
import type { ImageRequest } from "./images.ts";
import type { Meter } from "./operation.ts";

/** Tokens as reported, and the images that were made. */
export class ImageMeter implements Meter<ImageResponse, ImageEvent> {
  readonly #request: ImageRequest;
  readonly #model: string;
  readonly #countInput: () => Promise<number>;
  #response: ImageResponse | undefined;
  /** Whole images alone are kept: those on their way are large, and replaced. */
  readonly #events: ImageEvent[] = [];
  /** One has begun that is not there yet. */
  #isUnderWay = false;

  constructor(request: ImageRequest, model: string, countInput: () => Promise<number>) {
    this.#request = request;
    this.#model = model;
    this.#countInput = countInput;
  }

  chunk(event: ImageEvent): void {
    this.#isUnderWay = !isCompleted(event);
    if (isCompleted(event)) this.#events.push(event);
  }

  response(response: ImageResponse): void {
    this.#response = response;
  }

  get answer(): ImageResponse | undefined {
    return this.#response ?? imagesOfEvents(this.#events);
  }

  get usage(): Usage | undefined {
    const usage = this.#isUnderWay ? undefined : this.answer?.usage;
    return usage && usageOf(usage);
  }

  get terms(): CostOptions {
    const size = pixelsOf(this.answer?.size) ?? pixelsOf(this.#request.size);
    return { measured: { images: this.#images, inputImages: imagesOf(this.#request).length, ...size } };
  }

  /** What has begun is paid for, seen or not; of an answer nobody waited for, all that was asked for. */
  get #images(): number {
    const made = this.answer?.data.length ?? 0;
    if (this.#isUnderWay) return made + 1;
    return this.answer === undefined ? (this.#request.n ?? 1) : made;
  }

  async estimate(): Promise<Usage> {
    const { size, quality } = this.answer ?? this.#request;
    const prompt_tokens = await this.#countInput();
    const completion_tokens = this.#images * usualImageTokens(this.#model, { size, quality });
    return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
  }
}

/** Tokens of images as the ledger and the price list have them; `undefined` where none are counted. */
function usageOf(usage: ImageUsage): Usage | undefined {
  const { input_tokens, output_tokens, total_tokens, input_tokens_details, output_tokens_details } = usage;
  if (typeof input_tokens !== "number" || typeof output_tokens !== "number") return undefined;
  return {
    prompt_tokens: input_tokens,
    completion_tokens: output_tokens,
    total_tokens: total_tokens ?? input_tokens + output_tokens,
    ...(input_tokens_details && { prompt_tokens_details: input_tokens_details }),
    ...(output_tokens_details && { completion_tokens_details: output_tokens_details }),
  };
}
