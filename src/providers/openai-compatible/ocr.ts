import { ocrAdapter } from "../ocr.ts";
import type { OcrAdapter } from "../provider.ts";
import { besideChat, hostOf } from "./beside-chat.ts";
import type { CompatibleRow } from "./row.ts";

/** Who of the compatible providers reads documents, in Mistral's format. */
const READS: ReadonlySet<string> = new Set(["litellm_proxy", "mistral"]);

/** @returns nothing where the provider has no OCR */
export function compatibleOcr(row: CompatibleRow, label: string): OcrAdapter | undefined {
  return READS.has(row.slug) ? ocrAdapter({ ...hostOf(row, label), path: besideChat(row.path, "/ocr") }) : undefined;
}
