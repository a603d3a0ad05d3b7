/** Mistral's OCR. Source: Mistral API reference, "OCR". Fields not named here survive. */
import { z } from "zod";

/** A page of a document, a picture, or a file that the provider keeps. */
const documentSchema = z.union(
  [
    z.looseObject({ type: z.literal("document_url"), document_url: z.string().min(1) }),
    z.looseObject({
      type: z.literal("image_url"),
      image_url: z.union([z.string().min(1), z.looseObject({ url: z.string().min(1) })]),
    }),
    z.looseObject({ type: z.literal("file"), file_id: z.string().min(1) }),
  ],
  "it must be {type: document_url, document_url}, {type: image_url, image_url} or {type: file, file_id}",
);

/** Numbers from 0, or in later versions a text such as `0-2,5`. */
const pagesSchema = z.union([z.array(z.number()), z.string()]);

export const ocrRequestSchema = z.looseObject({
  model: z.string().min(1),
  document: documentSchema,
  pages: pagesSchema.nullish(),
  bbox_annotation_format: z.unknown().optional(),
  document_annotation_format: z.unknown().optional(),
});
export type OcrRequest = z.infer<typeof ocrRequestSchema>;

export interface OcrResponse {
  pages: { index: number; markdown: string; [key: string]: unknown }[];
  model: string;
  usage_info?: { pages_processed?: number; doc_size_bytes?: number | null; [key: string]: unknown } | null;
  [key: string]: unknown;
}

/** "Maximum number of pages: 1000." */
const MOST_PAGES = 1000;

/** Pages that may be read, at most. */
export function pagesAsked({ document, pages }: OcrRequest): number {
  if (document.type === "image_url") return 1;
  if (typeof pages === "string") return pagesIn(pages);
  return Array.isArray(pages) && pages.length > 0 ? pages.length : MOST_PAGES;
}

/** @example pagesIn("0-2,5") // 4 */
function pagesIn(text: string): number {
  const ranges = text.split(",").map((range) => /^\s*(\d+)(?:\s*-\s*(\d+))?\s*$/.exec(range));
  const counts = ranges.map((range) =>
    range === null ? MOST_PAGES : Number(range[2] ?? range[1]) - Number(range[1]) + 1,
  );
  return Math.min(
    MOST_PAGES,
    counts.reduce((sum, count) => sum + Math.max(count, 1), 0),
  );
}

/** Are its pages to be annotated by a schema, which is paid for by itself? */
export function isAnnotated({ bbox_annotation_format: boxes, document_annotation_format: whole }: OcrRequest): boolean {
  return [boxes, whole].some((format) => format !== undefined && format !== null);
}
