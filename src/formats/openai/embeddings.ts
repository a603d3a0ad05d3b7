/**
 * OpenAI's embeddings, the hub format of the gateway for them.
 * Source: OpenAI API reference, "Create embeddings". Fields not named here survive.
 */
import { z } from "zod";
import { decodeVector, encodeVector } from "./vectors.ts";

const tokensSchema = z.array(z.int().min(0)).min(1);

/** A picture, or a picture among texts: `embedding-parts.ts`. */
const objectSchema = z.looseObject({});

/** One text, or a list of them; a text may be given as its tokens. Some models embed pictures, too. */
export const embeddingInputSchema = z.union(
  [
    z.string().min(1, "it must not be empty"),
    z.array(z.string()).min(1),
    tokensSchema,
    z.array(tokensSchema).min(1),
    z.array(z.union([z.string(), objectSchema])).min(1),
  ],
  "it must be a text, its tokens, or a list of these, and not empty",
);
export type EmbeddingInput = z.infer<typeof embeddingInputSchema>;
/** A text, its tokens, or what is not only text. */
export type EmbeddingInputItem = string | number[] | Record<string, unknown>;

export const embeddingRequestSchema = z.looseObject({
  model: z.string().min(1),
  input: embeddingInputSchema,
  /** `float` unless said; OpenAI's SDKs ask for `base64` of their own accord and decode it. */
  encoding_format: z.string().nullish(),
  dimensions: z.int().min(1).nullish(),
  user: z.string().nullish(),
});
export type EmbeddingRequest = z.infer<typeof embeddingRequestSchema>;

/** OpenAI's parameters beyond `model` and `input`. Anything else is a provider's own. */
export const OPENAI_EMBEDDING_PARAMS = ["dimensions", "encoding_format", "user"] as const;

export interface Embedding {
  object: "embedding";
  index: number;
  /** Numbers, or 32-bit floats (little-endian) in base64. */
  embedding: number[] | string;
  [key: string]: unknown;
}

export interface EmbeddingUsage {
  prompt_tokens: number;
  total_tokens: number;
  [key: string]: unknown;
}

export interface EmbeddingResponse {
  object: "list";
  data: Embedding[];
  model: string;
  usage?: EmbeddingUsage;
  [key: string]: unknown;
}

/** The inputs one by one: a text, the tokens of one, or what is not only text. */
export function inputsOf(input: EmbeddingInput): EmbeddingInputItem[] {
  if (typeof input === "string") return [input];
  return isTokens(input) ? [input] : input;
}

/** Is it a single text, as its tokens? */
export function isTokens(input: readonly unknown[]): input is number[] {
  return typeof input[0] === "number";
}

/** How much an input is of all that was sent: its characters, or tokens. */
export function lengthOf(input: EmbeddingInputItem): number {
  return typeof input === "string" || Array.isArray(input) ? input.length : JSON.stringify(input).length;
}

/** The request with these inputs: all texts, or all tokens, as it had them. */
export function withInputs<Request extends EmbeddingRequest>(
  request: Request,
  inputs: readonly EmbeddingInputItem[],
): Request {
  return { ...request, input: inputs as EmbeddingInput };
}

/** The answers to parts of a request, in order, as the one to the whole. */
export function joinEmbeddings(responses: readonly EmbeddingResponse[], model: string): EmbeddingResponse {
  const data = responses.flatMap((response) => response.data);
  const usages = responses.map(({ usage }) => usage);
  const sum = (field: "prompt_tokens" | "total_tokens") =>
    usages.reduce((tokens, usage) => tokens + (usage?.[field] ?? 0), 0);
  const usage = { prompt_tokens: sum("prompt_tokens"), total_tokens: sum("total_tokens") };
  const { usage: _, ...head } = responses[0] ?? { object: "list" as const, model };
  return {
    ...head,
    data: data.map((item, index) => ({ ...item, index })),
    ...(usages.every((one) => one !== undefined) && { usage }),
  };
}

/** Are the vectors written as the client asked for? Of formats that are a provider's own nothing is known here. */
export function isInFormat({ data }: EmbeddingResponse, { encoding_format: format }: EmbeddingRequest): boolean {
  if (!isKnown(format)) return true;
  return data.every(({ embedding }) => (typeof embedding === "string") === (format === "base64"));
}

/**
 * The answer with its vectors as the client asked for them.
 * @throws APIResponseValidationError where what should be base64 is not
 */
export function inFormat(response: EmbeddingResponse, request: EmbeddingRequest): EmbeddingResponse {
  if (isInFormat(response, request)) return response;
  const data = response.data.map((item) => ({
    ...item,
    embedding: typeof item.embedding === "string" ? decodeVector(item.embedding) : encodeVector(item.embedding),
  }));
  return { ...response, data };
}

function isKnown(format: string | null | undefined): boolean {
  return format === undefined || format === null || format === "float" || format === "base64";
}
