/** A batch as OpenAI's API has it, and how one is asked for. Source: OpenAI's API reference, "Batch". */
import { z } from "zod";

export type BatchStatus =
  | "validating"
  | "failed"
  | "in_progress"
  | "finalizing"
  | "completed"
  | "expired"
  | "cancelling"
  | "cancelled";

/** What is wrong with the input file. */
export interface BatchError {
  code: string;
  message: string;
  param: string | null;
  /** Of the file, from 1; absent where it is the file as a whole. */
  line: number | null;
}

/** Times are Unix seconds. */
export interface Batch {
  id: string;
  object: "batch";
  endpoint: string;
  model?: string | null;
  errors: { object: "list"; data: BatchError[] } | null;
  input_file_id: string;
  completion_window: string;
  status: BatchStatus;
  output_file_id: string | null;
  error_file_id: string | null;
  created_at: number;
  in_progress_at: number | null;
  expires_at: number | null;
  finalizing_at: number | null;
  completed_at: number | null;
  failed_at: number | null;
  expired_at: number | null;
  cancelling_at: number | null;
  cancelled_at: number | null;
  request_counts: { total: number; completed: number; failed: number };
  metadata: Record<string, string> | null;
}

const TERMINAL: ReadonlySet<string> = new Set(["failed", "completed", "expired", "cancelled"]);

/** Will it stay as it is? */
export function isOver(status: string): boolean {
  return TERMINAL.has(status);
}

/** "Set of 16 key-value pairs … Keys are strings with a maximum length of 64 characters. Values … 512 characters." */
const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, "at most 16 pairs");

/** "Must be between 3600 (1 hour) and 2592000 (30 days)." */
export const expiresAfterSchema = z.looseObject({
  anchor: z.literal("created_at"),
  seconds: z.coerce.number().int().min(3600).max(2_592_000),
});

/** Seconds files of results are kept, unless the client says how long. */
export const OUTPUT_LIFETIME = 30 * 86_400;

const WINDOW = /^([1-9]\d{0,3})([mhd])$/;

export const batchRequestSchema = z.looseObject({
  input_file_id: z.string().min(1),
  endpoint: z.string().startsWith("/"),
  completion_window: z
    .string()
    .refine((text) => windowOf(text) !== undefined, "a time such as 24h, of at most 14 days"),
  metadata: metadataSchema.nullish(),
  output_expires_after: expiresAfterSchema.nullish(),
  /** The public name of a model, for lines that name none; decides where the batch goes. */
  model: z.string().nullish(),
});
export type BatchRequest = z.infer<typeof batchRequestSchema>;

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };
const LONGEST_WINDOW = 14 * 86_400_000;

/** `24h` in milliseconds; `undefined` for what is no time, or too long. */
export function windowOf(text: string): number | undefined {
  const [, count, unit = ""] = WINDOW.exec(text) ?? [];
  const window = Number(count) * (UNITS[unit] ?? Number.NaN);
  return window <= LONGEST_WINDOW ? window : undefined;
}
