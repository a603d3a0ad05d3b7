import { type OcrRequest, type OcrResponse, ocrRequestSchema } from "../formats/mistral/ocr.ts";
import { ocr as operation } from "../operations/ocr.ts";
import type { AskOptions, LibraryOptions } from "./ask.ts";
import { direct, wholeMethod } from "./method.ts";

/** Mistral's request, with LiteLLM's options beside it. */
export type OcrParams = OcrRequest & LibraryOptions;

export type OcrCall<More = unknown> = (params: OcrParams & More, options?: AskOptions) => Promise<OcrResponse>;

export const ocrMethod = wholeMethod(operation, ocrRequestSchema.shape);

/**
 * The text of a document or a picture, as Markdown by the page.
 *
 * @example
 * const { pages } = await ocr({
 *   model: "mistral/mistral-ocr-latest",
 *   document: { type: "document_url", document_url: "https://arxiv.org/pdf/2201.04234" },
 * });
 * @throws the error classes of this library
 */
export const ocr = direct<OcrCall>(ocrMethod);
