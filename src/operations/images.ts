/** What the operations on images share: made from a prompt, edited, varied. */
import type { ZodObject, ZodType } from "zod";
import { BadRequestError } from "../formats/errors.ts";
import { typedFields } from "../formats/form-fields.ts";
import { pixelsOf } from "../formats/image-size.ts";
import { imagesOf, withoutFiles } from "../formats/openai/image-inputs.ts";
import {
  addImageUsage,
  asLinks,
  eventsOfImages,
  type ImageEvent,
  type ImageResponse,
  type ImageSource,
  lacksLinks,
  OPENAI_IMAGE_PARAMS,
} from "../formats/openai/images.ts";
import { formatEvent } from "../formats/sse.ts";
import { imageRow, mostImageTokens } from "../models/images.ts";
import { without } from "../providers/openai/json.ts";
import { settleParams, withoutNulls } from "../providers/params.ts";
import { ImageMeter } from "./image-meter.ts";
import { mockImages } from "./image-mock.ts";
import type { BaseRequest, Operation, Parts } from "./operation.ts";
import { countTexts } from "./token-texts.ts";

/** What any request for images may say. */
export interface ImageRequest extends BaseRequest {
  prompt?: string;
  n?: number | null | undefined;
  size?: string | null | undefined;
  quality?: string | null | undefined;
  partial_images?: number | null | undefined;
  response_format?: string | null | undefined;
  input_fidelity?: string | null | undefined;
  image?: ImageSource | ImageSource[] | null | undefined;
  images?: ImageSource | ImageSource[] | null | undefined;
  mask?: ImageSource | null | undefined;
  [param: string]: unknown;
}

export interface ImageOperation<Request extends ImageRequest> extends Operation<Request, ImageResponse, ImageEvent> {
  /** The answer as its client asked for it. */
  shown(response: ImageResponse, request: Request): ImageResponse;
}

interface ImageParts<Request extends ImageRequest>
  extends Pick<Operation<Request, ImageResponse, ImageEvent>, "name" | "summary" | "paths" | "adapter" | "takesForms"> {
  request: ZodObject & ZodType<Request>;
  /** Begins the names of its stream's events; absent where it has no streams. */
  events?: "image_generation" | "image_edit";
}

export function imageOperation<Request extends ImageRequest>({
  events,
  ...parts
}: ImageParts<Request>): ImageOperation<Request> {
  const shown = (response: ImageResponse, request: Request) =>
    lacksLinks(response, request) ? asLinks(response) : response;
  return {
    ...parts,
    shown,
    wire: "openai",
    idPrefix: "",
    ...(parts.takesForms && { read: async (fields) => typedFields(parts.request, fields) }),
    settleParams(request, { supportedParams }, target, policy) {
      if (request.stream && events === undefined)
        throw new BadRequestError(`litellm.BadRequestError: ${parts.name} has no streams`, { param: "stream" });
      const { provider } = target;
      const own = without(withoutNulls(request), ["metadata"]); // the gateway's: OpenAI has none for images
      return settleParams(own, supportedParams(target), policy, provider, OPENAI_IMAGE_PARAMS);
    },
    prepare: async (request, { takesFiles }) => (takesFiles ? request : withoutFiles(request)),
    parts: byImage(),
    countInput,
    outputBound: () => 0,
    roomFor: (request, { model, info }) =>
      answersOf(request) * mostImageTokens(model, info, request, request.partial_images ?? 0),
    rowFor: (request, { info, ...target }) => imageRow(info, target, request),
    answersOf,
    termsOf: (request) => ({
      measured: { images: answersOf(request), inputImages: imagesOf(request).length, ...pixelsOf(request.size) },
    }),
    bounded: (request) => request,
    paramsOf: (request) => OPENAI_IMAGE_PARAMS.filter((name) => request[name] !== undefined && request[name] !== null),
    affinityOf: (request, session) => ({
      session,
      user: typeof request["user"] === "string" ? request["user"] : undefined,
      promptPrefix: undefined,
    }),
    isContent: () => true,
    chunksOf: (response) => eventsOfImages(response, events ?? "image_generation"),
    isDialect: (part, request) =>
      "data" in part && Array.isArray(part["data"]) && lacksLinks(part as ImageResponse, request), // an answer has them, no event does
    mock: mockImages,
    wantsStreamUsage: () => true, // a part of the last event
    askForUsage: (request) => request,
    encodeWhole: (response, request) => JSON.stringify(shown(response, request)),
    encode: (event) => formatEvent(JSON.stringify(event), event.type),
    done: "",
    encodeError: (error) => formatEvent(JSON.stringify({ type: "error", ...error.toBody() }), "error"),
    errorBody: (error) => error.toBody(),
    meter: (request, { model }) => new ImageMeter(request, model, () => countInput(request)),
    continuation: () => undefined,
  };
}

function answersOf({ n }: ImageRequest): number {
  return n ?? 1;
}

/**
 * Tokens of an image that is read: at most so many at low fidelity, and so many at high.
 * Sources: OpenAI, "Image generation" (input fidelity); Gemini, "Image understanding" (1,290 for the larger).
 */
const INPUT_TOKENS = 1300;
const INPUT_TOKENS_OF_HIGH_FIDELITY = 6500;

async function countInput(request: ImageRequest): Promise<number> {
  const { prompt = "", input_fidelity, mask, model } = request;
  const each = input_fidelity === "high" ? INPUT_TOKENS_OF_HIGH_FIDELITY : INPUT_TOKENS;
  const images = imagesOf(request).length + (mask ? 1 : 0);
  return (await countTexts([prompt], model)) + images * each;
}

/** For providers that make only so many at once. */
function byImage<Request extends ImageRequest>(): Parts<Request, ImageResponse, ImageEvent> {
  return {
    split(request, most) {
      const count = answersOf(request);
      if (count <= most) return [request];
      return Array.from({ length: Math.ceil(count / most) }, (_, part) => ({
        ...request,
        n: Math.min(most, count - part * most),
      }));
    },
    join(responses) {
      const usages = responses.flatMap(({ usage }) => (usage === undefined ? [] : [usage]));
      const { usage: _, ...first } = responses[0] as ImageResponse; // there is one for each part
      return {
        ...first,
        data: responses.flatMap(({ data }) => data),
        ...(usages.length === responses.length && { usage: usages.reduce(addImageUsage) }),
      };
    },
    joiner: () => ({ chunk: (_, event) => [event], end: () => [] }),
  };
}
