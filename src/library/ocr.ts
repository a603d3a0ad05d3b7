import { type OcrRequest, type OcrResponse, ocrRequestSchema } from "../formats/mistral/ocr.ts";
import { ocr as operation } from "../operations/ocr.ts";
import { type AskOptions, askWhole, type LibraryOptions } from "./ask.ts";

/** Mistral's request, with LiteLLM's options beside it. */
export type OcrParams = OcrRequest & LibraryOptions;

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
export function ocr(params: OcrParams, options: AskOptions = {}): Promise<OcrResponse> {
  return askWhole(operation, ocrRequestSchema, params, options);
}
