/**
 * Google's `embedContent` and `batchEmbedContents`, and OpenAI's embeddings out of them and into them.
 * Source: Gemini API reference, "Embeddings".
 */
import { z } from "zod";
import { BadRequestError, UnsupportedParamsError } from "../errors.ts";
import { asRecord, isRecord } from "../json.ts";
import type { EmbeddingRequest, EmbeddingResponse } from "../openai/embeddings.ts";
import { decodeVector } from "../openai/vectors.ts";
import type { JsonObject } from "./json.ts";
import { camelCased, inEitherCase } from "./names.ts";
import { contentSchema } from "./types.ts";

/** One content, or with `requests` several: the body of the API, with the model of the URL. */
export interface EmbedCall {
  model: string;
  [field: string]: unknown;
}

const oneSchema = z.looseObject({
  content: contentSchema,
  outputDimensionality: z.int().min(1).nullish(),
  taskType: z.string().nullish(),
  title: z.string().nullish(),
});
type One = z.infer<typeof oneSchema>;
const batchSchema = z.looseObject({ requests: z.array(oneSchema).min(1) });

export const embedCallSchema: z.ZodType<EmbedCall> = z
  .looseObject({ model: z.string().min(1) })
  .superRefine((body, context) => inEitherCase("requests" in body ? batchSchema : oneSchema)(body, context));

/** An answer to either: `embedding` to one, `embeddings` to several. */
export interface EmbedAnswer extends JsonObject {
  embedding?: { values: number[] };
  embeddings?: { values: number[] }[];
}

export function isBatch(call: EmbedCall): boolean {
  return Array.isArray(call["requests"]);
}

/** The contents asked for, one by one. */
export function requestsOf(call: EmbedCall): JsonObject[] {
  const { requests } = call;
  return Array.isArray(requests) ? requests.filter(isRecord) : [call];
}

function readOne(request: JsonObject): One {
  return oneSchema.parse(camelCased(request)); // it was checked when it came in
}

/** The texts to embed. @throws UnsupportedParamsError where there is anything else */
export function textsOf(call: EmbedCall): string[] {
  return requestsOf(call).map((request, index) => {
    const parts = readOne(request).content.parts ?? [];
    const param = isBatch(call) ? `requests[${index}].content` : "content";
    if (parts.some(({ text }) => typeof text !== "string"))
      throw new UnsupportedParamsError(`litellm.UnsupportedParamsError: ${param}: this model embeds text alone`, {
        param,
      });
    return parts.map(({ text }) => text).join("\n");
  });
}

/** Vectors of so many numbers; `undefined` where nobody says. @throws BadRequestError where they are to differ */
function dimensionsOf(call: EmbedCall): number | undefined {
  const asked = new Set(requestsOf(call).map((request) => readOne(request).outputDimensionality ?? undefined));
  if (asked.size > 1)
    throw new BadRequestError("litellm.BadRequestError: this model makes all vectors of a batch equally long", {
      param: "requests.outputDimensionality",
    });
  const [dimensions] = asked;
  return dimensions ?? (typeof call["dimensions"] === "number" ? call["dimensions"] : undefined);
}

/** The same of OpenAI's. What the vectors are for (`taskType`) has no word there. */
export function toEmbeddingRequest(call: EmbedCall): EmbeddingRequest {
  const dimensions = dimensionsOf(call);
  return { model: call.model, input: textsOf(call), ...(dimensions !== undefined && { dimensions }) };
}

export function toEmbedAnswer({ data, usage }: EmbeddingResponse, call: EmbedCall): EmbedAnswer {
  const vectors = data.map(({ embedding }) => ({
    values: typeof embedding === "string" ? decodeVector(embedding) : embedding,
  }));
  const counted = usage && { usageMetadata: { promptTokenCount: usage.prompt_tokens } };
  const [first] = vectors;
  return { ...(isBatch(call) ? { embeddings: vectors } : first && { embedding: first }), ...counted };
}

/** The body for Google: as the client wrote it. A deployment's default for the length counts where it says nothing. */
export function nativeEmbedBody(
  { model: _, dimensions, encoding_format: _format, user: _user, ...body }: EmbedCall,
  resource: string,
): JsonObject {
  const isMissing = (one: JsonObject) => asRecord(camelCased(one))["outputDimensionality"] === undefined;
  const settled = (one: JsonObject) => ({
    ...one,
    model: resource,
    ...(typeof dimensions === "number" && isMissing(one) && { outputDimensionality: dimensions }),
  });
  const { requests } = body;
  if (!Array.isArray(requests)) return settled(body);
  return { ...body, requests: requests.map((one) => settled(asRecord(one))) };
}
