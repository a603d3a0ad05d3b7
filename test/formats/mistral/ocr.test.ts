import { describe, expect, it } from "vitest";
import { isAnnotated, type OcrRequest, ocrRequestSchema, pagesAsked } from "../../../src/formats/mistral/ocr.ts";

const pdf = { type: "document_url" as const, document_url: "https://x.example/a.pdf" };
const asked = (fields: Partial<OcrRequest>): OcrRequest => ({ model: "m", document: pdf, ...fields });

describe("OCR requests", () => {
  it.each([
    [asked({}), 1000],
    [asked({ pages: [] }), 1000],
    [asked({ pages: [0, 2, 7] }), 3],
    [asked({ pages: "0-2,5" }), 4],
    [asked({ pages: "0-99999999" }), 1000],
    [asked({ pages: "all" }), 1000],
    [asked({ document: { type: "image_url", image_url: "https://x.example/a.png" } }), 1],
  ])("%j may read %d pages", (request, pages) => {
    expect(pagesAsked(request)).toBe(pages);
  });

  it("are annotated where a format says so", () => {
    expect(isAnnotated(asked({}))).toBe(false);
    expect(isAnnotated(asked({ bbox_annotation_format: null }))).toBe(false);
    expect(isAnnotated(asked({ document_annotation_format: { type: "text" } }))).toBe(true);
  });

  it("keep fields nobody knows, and need a document", () => {
    const request = asked({ table_format: "html" });
    expect(ocrRequestSchema.parse(request)).toEqual(request);
    expect(ocrRequestSchema.safeParse({ model: "m" }).success).toBe(false);
    expect(ocrRequestSchema.safeParse({ model: "m", document: { type: "document_url" } }).success).toBe(false);
  });
});
