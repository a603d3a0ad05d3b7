/** Pages of lists, as LiteLLM counts them: from 1 on. */
import { z } from "zod";

/** Fields of a query. */
export function pageFields({ size, most = 100 }: { size: number; most?: number }) {
  return {
    page: z.coerce.number().int().min(1).max(1_000_000).default(1),
    page_size: z.coerce.number().int().min(1).max(most).default(size),
  };
}

export interface Page {
  page: number;
  page_size: number;
}

export function offsetOf({ page, page_size }: Page): number {
  return (page - 1) * page_size;
}

/** What a page says of itself beside its rows. */
export function pageView({ page, page_size }: Page, total: number) {
  return { total, page, page_size, total_pages: Math.ceil(total / page_size) };
}
