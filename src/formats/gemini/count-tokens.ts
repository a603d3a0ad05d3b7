/** Google's `countTokens`. Source: Gemini API reference, "Counting tokens"; Vertex AI's names its fields at the top. */
import { z } from "zod";
import { asRecord } from "../json.ts";
import type { GenerateContentCall } from "./as-chat.ts";
import { generateContentCallSchema } from "./call.ts";
import { camelCase, type JsonObject } from "./json.ts";
import { inEitherCase } from "./names.ts";

/** The body of the API, with the model of the URL. */
export interface CountCall {
  model: string;
  [field: string]: unknown;
}

export interface CountAnswer extends JsonObject {
  totalTokens?: number;
}

/** What would be asked: `contents` alone, or all of a `generateContentRequest`. */
export function countedCall({ model, ...fields }: CountCall): GenerateContentCall {
  const name = Object.keys(fields).find((field) => camelCase(field) === "generateContentRequest");
  return { ...(name === undefined ? fields : asRecord(fields[name])), model };
}

export const countCallSchema: z.ZodType<CountCall> = z
  .looseObject({ model: z.string().min(1) })
  .superRefine(inEitherCase(generateContentCallSchema, countedCall));

export function toCountAnswer(tokens: number): CountAnswer {
  return { totalTokens: tokens, promptTokensDetails: [{ modality: "TEXT", tokenCount: tokens }] };
}
