/**
 * The wire format of Gemini's `generateContent` and `streamGenerateContent`, on AI Studio and on Vertex AI.
 * Source: Gemini API reference, "Generating content"; Vertex AI reference, `GenerateContentResponse`.
 *
 * Every object is open: fields not named here survive.
 */
import { z } from "zod";

const jsonObject = z.record(z.string(), z.unknown());

export const blobSchema = z.looseObject({ mimeType: z.string().nullish(), data: z.string() });
export const fileDataSchema = z.looseObject({ mimeType: z.string().nullish(), fileUri: z.string() });

/** A piece of streamed arguments (Vertex AI, `streamFunctionCallArguments`). */
export const partialArgSchema = z.looseObject({
  /** Where the value belongs, e.g. `$.items[0].name`. */
  jsonPath: z.string(),
  stringValue: z.string().optional(),
  numberValue: z.number().optional(),
  boolValue: z.boolean().optional(),
  nullValue: z.unknown().optional(),
});
export type PartialArg = z.infer<typeof partialArgSchema>;

export const functionCallSchema = z.looseObject({
  id: z.string().nullish(),
  name: z.string().nullish(),
  args: jsonObject.nullish(),
  partialArgs: z.array(partialArgSchema).nullish(),
  /** More of this call's arguments follow in later chunks. */
  willContinue: z.boolean().nullish(),
});
export type FunctionCall = z.infer<typeof functionCallSchema>;

export const functionResponseSchema = z.looseObject({
  id: z.string().nullish(),
  name: z.string(),
  response: jsonObject.nullish(),
  /** Media of the result (Gemini 3 and later). */
  parts: z.array(z.looseObject({})).nullish(),
});

/** A lone value in place of an array is taken by Google's parser, and sent by clients. */
function listOf<Output>(schema: z.ZodType<Output>) {
  return z.union([z.array(schema), schema.transform((value) => [value])]);
}

export const partSchema = z.looseObject({
  text: z.string().nullish(),
  /** The part is a summary of the model's thoughts. */
  thought: z.boolean().nullish(),
  thoughtSignature: z.string().nullish(),
  inlineData: blobSchema.nullish(),
  fileData: fileDataSchema.nullish(),
  functionCall: functionCallSchema.nullish(),
  functionResponse: functionResponseSchema.nullish(),
});
export type Part = z.infer<typeof partSchema>;

export const contentSchema = z.looseObject({
  /** `user` or `model`; absent means `user`. */
  role: z.string().nullish(),
  parts: listOf(partSchema).nullish(),
});
export interface Content {
  role?: string;
  parts: Part[];
}

export const functionDeclarationSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  /** OpenAPI 3.0 dialect; excludes `parametersJsonSchema`. */
  parameters: jsonObject.nullish(),
  parametersJsonSchema: jsonObject.nullish(),
});
export type FunctionDeclaration = z.infer<typeof functionDeclarationSchema>;

const toolSchema = z.looseObject({ functionDeclarations: listOf(functionDeclarationSchema).nullish() });

/** Google's parser takes numbers as texts. */
const figure = z.union([z.number(), z.string().regex(/^-?\d+(?:\.\d+)?$/)], "it must be a number").nullish();

/** Only what is read here; the rest is for Google to judge. */
const generationConfigSchema = z.looseObject({
  candidateCount: figure,
  frequencyPenalty: figure,
  logprobs: figure,
  maxOutputTokens: figure,
  presencePenalty: figure,
  responseLogprobs: z.boolean().nullish(),
  responseMimeType: z.string().nullish(),
  responseModalities: listOf(z.string()).nullish(),
  seed: figure,
  stopSequences: listOf(z.string()).nullish(),
  temperature: figure,
  thinkingConfig: z
    .looseObject({
      includeThoughts: z.boolean().nullish(),
      thinkingBudget: figure,
      thinkingLevel: z.string().nullish(),
    })
    .nullish(),
  topK: figure,
  topP: figure,
});
/** The number a figure is, whichever way it is written. */
export function toNumber(value: unknown): number | undefined {
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

export const requestSchema = z.looseObject({
  contents: z.union(
    [z.array(contentSchema).min(1, "there must be at least one"), contentSchema.transform((content) => [content])],
    "it must be a list of contents",
  ),
  systemInstruction: z.union([contentSchema, z.string()], "it must be a content").nullish(),
  tools: listOf(toolSchema).nullish(),
  toolConfig: z
    .looseObject({
      functionCallingConfig: z
        .looseObject({ mode: z.string().nullish(), allowedFunctionNames: listOf(z.string()).nullish() })
        .nullish(),
    })
    .nullish(),
  generationConfig: generationConfigSchema.nullish(),
});

/** A request as the converters build it. */
export interface GenerateContentRequest {
  contents: Content[];
  systemInstruction?: Content;
  tools?: JsonObjectLike[];
  toolConfig?: JsonObjectLike;
  generationConfig?: JsonObjectLike;
  [field: string]: unknown;
}
type JsonObjectLike = Record<string, unknown>;

const modalityCountsSchema = z
  .array(z.looseObject({ modality: z.union([z.string(), z.number()]).nullish(), tokenCount: z.number().nullish() }))
  .nullish();

export const usageMetadataSchema = z.looseObject({
  /** Cached tokens included, those of tool use not. */
  promptTokenCount: z.number().nullish(),
  cachedContentTokenCount: z.number().nullish(),
  candidatesTokenCount: z.number().nullish(),
  thoughtsTokenCount: z.number().nullish(),
  toolUsePromptTokenCount: z.number().nullish(),
  totalTokenCount: z.number().nullish(),
  promptTokensDetails: modalityCountsSchema,
  cacheTokensDetails: modalityCountsSchema,
  candidatesTokensDetails: modalityCountsSchema,
  toolUsePromptTokensDetails: modalityCountsSchema,
  trafficType: z.unknown().optional(),
  serviceTier: z.unknown().optional(),
});
export type UsageMetadata = z.infer<typeof usageMetadataSchema>;

export const candidateSchema = z.looseObject({
  index: z.number().nullish(),
  content: contentSchema.nullish(),
  finishReason: z.union([z.string(), z.number()]).nullish(),
  finishMessage: z.string().nullish(),
  safetyRatings: z.unknown().optional(),
  citationMetadata: z.unknown().optional(),
  groundingMetadata: z.unknown().optional(),
  urlContextMetadata: z.unknown().optional(),
  logprobsResult: z.unknown().optional(),
});
export type Candidate = z.infer<typeof candidateSchema>;

export const responseSchema = z.looseObject({
  candidates: z.array(candidateSchema).nullish(),
  promptFeedback: z
    .looseObject({
      blockReason: z.union([z.string(), z.number()]).nullish(),
      blockReasonMessage: z.string().nullish(),
      safetyRatings: z.unknown().optional(),
    })
    .nullish(),
  usageMetadata: usageMetadataSchema.nullish(),
  modelVersion: z.string().nullish(),
  responseId: z.string().nullish(),
  /** RFC 3339 (Vertex AI). */
  createTime: z.string().nullish(),
});
/** An answer, or one chunk of a streamed one. */
export type GenerateContentResponse = z.infer<typeof responseSchema>;
