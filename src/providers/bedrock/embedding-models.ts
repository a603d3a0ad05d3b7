/**
 * Models that embed, each in its maker's own format. Source: Amazon Bedrock user guide, "Inference request parameters" (Titan
 * embeddings, Cohere Embed, TwelveLabs Marengo); Amazon Nova user guide, "Complete embeddings request and response schema".
 */
import { type Data, parseDataUrl } from "../../formats/data-url.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { asRecord, type JsonObject, recordsIn } from "../../formats/json.ts";

export interface EmbeddingModel {
  /** Inputs it takes at once. */
  most: number;
  /** Its vectors may be shortened. */
  shortens: boolean;
  /** @throws BadRequestError where it cannot embed that */
  body(inputs: readonly string[], dimensions: number | undefined, rest: JsonObject): JsonObject;
  /** The vectors of an answer, in order. */
  vectors(answer: JsonObject): unknown[];
}

const one = ([input = ""]: readonly string[]): string => input;

const titanV1: EmbeddingModel = {
  most: 1,
  shortens: false,
  body: (inputs, _, rest) => ({ inputText: one(inputs), ...rest }),
  vectors: ({ embedding }) => [embedding],
};

const titanV2: EmbeddingModel = {
  ...titanV1,
  shortens: true,
  body: (inputs, dimensions, rest) => ({ inputText: one(inputs), ...(dimensions && { dimensions }), ...rest }),
  vectors: ({ embedding, embeddingsByType }) => {
    const { float, binary } = asRecord(embeddingsByType);
    return [embedding ?? float ?? binary];
  },
};

const titanMultimodal: EmbeddingModel = {
  ...titanV1,
  shortens: true,
  body(inputs, dimensions, rest) {
    const image = mediumIn(one(inputs), ["image"]);
    return {
      ...(image === undefined ? { inputText: one(inputs) } : { inputImage: image.base64 }),
      ...(dimensions && { embeddingConfig: { outputEmbeddingLength: dimensions } }),
      ...rest,
    };
  },
};

/** LiteLLM's, for clients of OpenAI's format, which does not tell. */
const USUAL_INPUT = "search_document";

const cohere: EmbeddingModel = {
  most: 96,
  shortens: false,
  body(inputs, dimensions, rest) {
    const images = inputs.filter((input) => mediumIn(input, ["image"]) !== undefined);
    if (images.length > 0 && images.length < inputs.length)
      throw new BadRequestError("litellm.BadRequestError: texts and images cannot be embedded in one request", {
        param: "input",
      });
    return {
      ...(images.length > 0 ? { images, input_type: "image" } : { texts: inputs, input_type: USUAL_INPUT }),
      ...(dimensions && { output_dimension: dimensions }),
      ...rest,
    };
  },
  vectors({ embeddings }) {
    if (Array.isArray(embeddings)) return embeddings;
    const byType = asRecord(embeddings);
    const [first] = Object.values(byType);
    const chosen = byType["float"] ?? first;
    return Array.isArray(chosen) ? chosen : [];
  },
};

const cohereV4: EmbeddingModel = { ...cohere, shortens: true };

const nova: EmbeddingModel = {
  most: 1,
  shortens: true,
  body(inputs, dimensions, { singleEmbeddingParams, embeddingPurpose, truncationMode, ...rest }) {
    const input = one(inputs);
    const medium = mediumIn(input, ["image", "audio", "video"]);
    const source = { source: { bytes: medium?.base64 } };
    return {
      taskType: "SINGLE_EMBEDDING",
      ...rest,
      singleEmbeddingParams: {
        embeddingPurpose: embeddingPurpose ?? "GENERIC_INDEX",
        ...(dimensions && { embeddingDimension: dimensions }),
        ...(medium === undefined
          ? { text: { truncationMode: truncationMode ?? "END", value: input } }
          : { [medium.kind]: { format: medium.format, ...source } }),
        ...(medium?.kind === "video" && { video: { format: medium.format, ...source, embeddingMode: COMBINED } }),
        ...asRecord(singleEmbeddingParams),
      },
    };
  },
  vectors: ({ embeddings }) => recordsIn(embeddings).map(({ embedding }) => embedding),
};

/** One vector for pictures and sound of a video. */
const COMBINED = "AUDIO_VIDEO_COMBINED";

const marengo2: EmbeddingModel = {
  most: 1,
  shortens: false,
  body(inputs, _, rest) {
    const image = mediumIn(one(inputs), ["image"]);
    return image === undefined
      ? { inputType: "text", inputText: one(inputs), ...rest }
      : { inputType: "image", mediaSource: { base64String: image.base64 }, ...rest };
  },
  vectors({ data, embedding }) {
    if (embedding !== undefined) return [embedding];
    return [asRecord(data)["embedding"]];
  },
};

const marengo3: EmbeddingModel = {
  ...marengo2,
  body(inputs, _, rest) {
    const image = mediumIn(one(inputs), ["image"]);
    return image === undefined
      ? { inputType: "text", text: { inputText: one(inputs) }, ...rest }
      : { inputType: "image", image: { mediaSource: { base64String: image.base64 } }, ...rest };
  },
};

/** By the beginning of the model's name; the first that fits. */
const MODELS: readonly (readonly [name: RegExp, model: EmbeddingModel])[] = [
  [/^amazon\.titan-embed-image/, titanMultimodal],
  [/^amazon\.titan-embed-(?:text-v1|g1)/, titanV1],
  [/^amazon\.titan-embed/, titanV2],
  [/^amazon\.nova/, nova],
  [/^cohere\.embed-(?:english|multilingual)-v3/, cohere],
  [/^cohere\./, cohereV4],
  [/^twelvelabs\.marengo-embed-2/, marengo2],
  [/^twelvelabs\./, marengo3],
];

/** @param name of the family, without place and route */
export function embeddingModel(name: string): EmbeddingModel | undefined {
  return MODELS.find(([pattern]) => pattern.test(name))?.[1];
}

interface Medium extends Data {
  kind: string;
  /** As Bedrock names it: `png`, `mp3`. */
  format: string;
}

/**
 * What a data URL holds; `undefined` for text.
 * @throws BadRequestError where the model cannot embed such a thing
 */
function mediumIn(input: string, kinds: readonly string[]): Medium | undefined {
  if (!input.startsWith("data:")) return undefined;
  const data = parseDataUrl(input);
  const [, kind = "", format = ""] = /^(\w+)\/(?:x-)?([\w.-]+)/.exec(data?.mediaType ?? "") ?? [];
  if (data === undefined || kind === "text") return undefined;
  if (kinds.includes(kind)) return { ...data, kind, format: FORMATS[format] ?? format };
  throw new BadRequestError(
    `litellm.BadRequestError: this model does not embed ${data.mediaType || "what the data URL holds"}`,
    { param: "input" },
  );
}

const FORMATS: Readonly<Record<string, string>> = { jpg: "jpeg", mpeg: "mp3", quicktime: "mov", matroska: "mkv" };
