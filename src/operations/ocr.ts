import { toBase64 } from "../formats/base64.ts";
import { BadRequestError } from "../formats/errors.ts";
import { isRecord } from "../formats/json.ts";
import {
  isAnnotated,
  type OcrRequest,
  type OcrResponse,
  ocrRequestSchema,
  pagesAsked,
} from "../formats/mistral/ocr.ts";
import type { Measured } from "../models/units.ts";
import { type MockOptions, throwMockError } from "./mock.ts";
import { plausibleMeasure } from "./plausible.ts";
import { type WholeOperation, wholeOperation } from "./whole.ts";

/** Text from documents and pictures: Mistral's format. */
export const ocr: WholeOperation<OcrRequest, OcrResponse> = {
  ...wholeOperation<OcrRequest, OcrResponse>({
    name: "ocr",
    summary: "Read the text of a document or a picture",
    paths: ["/v1/ocr", "/ocr"],
    request: ocrRequestSchema,
    wire: "mistral",
    idPrefix: "",
    params: [],
    adapter: (provider) => provider.ocr,
    countInput: async () => 0, // it is paid for by the page
    termsOf: (request) => ({ measured: measured(pagesAsked(request), request) }),
    usageOf: () => ({ prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }),
    billedFor: ({ usage_info, pages }, request) => ({
      measured: measured(plausibleMeasure(usage_info?.pages_processed) ?? pages.length, request),
    }),
    mock: mockOcr,
  }),
  takesForms: true,
  read: withUpload,
};

function measured(pages: number, request: OcrRequest): Measured {
  return { pages, ...(isAnnotated(request) && { annotatedPages: pages }) };
}

/** A form's `file` is the document. */
async function withUpload({ file, ...fields }: Record<string, unknown>): Promise<Record<string, unknown>> {
  if (!(file instanceof File)) return file === undefined ? fields : { ...fields, file };
  const type = file.type || "application/pdf";
  const url = `data:${type};base64,${toBase64(new Uint8Array(await file.arrayBuffer()))}`;
  const document = type.startsWith("image/")
    ? { type: "image_url", image_url: url }
    : { type: "document_url", document_url: url, ...(file.name !== "" && { document_name: file.name }) };
  return { ...fields, document };
}

/** A whole answer is the answer; a text is the text of its only page. */
async function mockOcr(mock: MockOptions, _: OcrRequest, { model }: { model: string }): Promise<OcrResponse> {
  throwMockError(mock, model);
  const { response } = mock;
  if (typeof response === "string")
    return {
      pages: [{ index: 0, markdown: response, images: [], dimensions: null }],
      model,
      usage_info: { pages_processed: 1 },
    };
  if (isAnswer(response)) return response;
  throw new BadRequestError("litellm.BadRequestError: mock_response of ocr must be a text or an answer", {
    param: "mock_response",
  });
}

function isAnswer(value: unknown): value is OcrResponse {
  return isRecord(value) && Array.isArray(value["pages"]);
}
