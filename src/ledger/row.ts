/** The ledger's row for a call: what goes through the queue and is stored in `spend_logs`. */
import { z } from "zod";
import type { Usage } from "../formats/openai/chat.ts";
import { newLogId, timeOfLogId } from "../store/spend/log-id.ts";
import type { CallRecord } from "./record.ts";

const tokens = z.int().nonnegative();
const time = z.int().nonnegative();

/** Fields are those of `spendLogs` (src/store/schema/spend.ts), where they are told. */
export const spendRowSchema = z.object({
  id: z.string().min(1),
  callId: z.string().optional(),
  callType: z.string(),
  keyHash: z.string(),
  keyAlias: z.string().optional(),
  userId: z.string().optional(),
  teamId: z.string().optional(),
  organizationId: z.string().optional(),
  projectId: z.string().optional(),
  customerId: z.string().optional(),
  tags: z.array(z.string()),
  sessionId: z.string().optional(),
  model: z.string(),
  modelGroup: z.string(),
  deploymentId: z.string().optional(),
  provider: z.string().optional(),
  apiBase: z.string().optional(),
  stream: z.boolean(),
  cacheHit: z.boolean().optional(),
  cacheKey: z.string().optional(),
  outcome: z.enum(["success", "failure", "aborted", "lost"]),
  status: z.int(),
  error: z.string().optional(),
  errorMessage: z.string().optional(),
  promptTokens: tokens,
  completionTokens: tokens,
  totalTokens: tokens,
  cacheReadTokens: tokens,
  cacheCreationTokens: tokens,
  reasoningTokens: tokens,
  audioInputTokens: tokens,
  audioOutputTokens: tokens,
  cost: z.int().nonnegative(),
  priced: z.boolean(),
  estimated: z.boolean(),
  startedAt: time,
  firstContentAt: time.optional(),
  endedAt: time,
  attempts: z.int().nonnegative(),
  retries: z.int().nonnegative(),
  fallbacks: z.int().nonnegative(),
  requesterIp: z.string().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  messages: z.string().optional(),
  response: z.string().optional(),
  payloadRef: z.string().optional(),
});
export type SpendRow = z.infer<typeof spendRowSchema>;

/** Bytes of messages and response as JSON strings that a row takes; what is more belongs in R2 (`payloadRef`). */
export const LARGEST_PAYLOAD = 32 * 1024;
/** Bytes of metadata a row takes. */
const LARGEST_METADATA = 16 * 1024;
/** Objects and lists within each other. SQLite reads 1000, and a row that it cannot read takes others with it. */
const DEEPEST_METADATA = 50;
/** Characters: a row is below 110 KB even if each of them takes six bytes in JSON. */
const LONGEST_ERROR = 1000;
const LONGEST_NAME = 256;
const LONGEST_TAG = 128;
const MOST_TAGS = 40;

/**
 * The row of a finished call, never larger than a message of the queue takes (128 KB). Gives the record its `logId`, so
 * that the row of the call as it was opened and the final one are the same row.
 */
export function spendRow(record: CallRecord): SpendRow {
  record.logId ??= newLogId(record.startedAt);
  const { attribution: who = {}, usage } = record;
  return {
    id: record.logId,
    callId: record.id === record.logId ? undefined : record.id,
    callType: record.operation,
    keyHash: who.keyHash ?? "",
    keyAlias: cut(who.keyAlias, LONGEST_NAME),
    userId: cut(who.userId, LONGEST_NAME),
    teamId: cut(who.teamId, LONGEST_NAME),
    organizationId: cut(who.organizationId, LONGEST_NAME),
    projectId: cut(who.projectId, LONGEST_NAME),
    customerId: cut(who.customerId, LONGEST_NAME),
    tags: [...new Set(record.tags)].slice(0, MOST_TAGS).map((tag) => tag.slice(0, LONGEST_TAG)),
    sessionId: cut(who.sessionId, LONGEST_NAME),
    model: cut(record.model, LONGEST_NAME) ?? "",
    modelGroup: cut(record.modelGroup, LONGEST_NAME) ?? "",
    deploymentId: record.deploymentId,
    provider: record.provider,
    apiBase: record.attempts.findLast(({ deploymentId }) => deploymentId === record.deploymentId)?.apiBase,
    stream: record.stream,
    cacheHit: record.cacheHit,
    cacheKey: record.cacheKey,
    outcome: record.outcome,
    status: record.status,
    error: record.error,
    errorMessage: cut(record.errorMessage, LONGEST_ERROR),
    ...tokensOf(usage),
    cost: Math.min(record.cost ?? 0, Number.MAX_SAFE_INTEGER), // a row that cannot be read would be lost
    priced: record.cost !== undefined || usage === undefined,
    estimated: record.estimated,
    startedAt: timeOfLogId(record.logId) ?? record.startedAt, // by which the row is found
    firstContentAt: record.firstContentAt,
    endedAt: record.endedAt,
    attempts: record.attempts.length,
    retries: record.retries,
    fallbacks: record.fallbacks,
    requesterIp: who.requesterIp,
    metadata: fittingMetadata(who.metadata),
    ...(record.payload && fittingPayload(record.payload)),
  };
}

/**
 * The row of a call that has only been let in. It is stored if nothing more is ever heard of the call: then the money
 * that was reserved for it is charged, for the upstream may have been paid.
 *
 * @param reserved nano-dollars; 0 where no budget bounds the call
 */
export function openRow(record: CallRecord, reserved: number): SpendRow {
  return {
    ...spendRow(record),
    outcome: "lost",
    status: 0,
    cost: reserved,
    priced: reserved > 0,
    estimated: true,
  };
}

function tokensOf(usage: Usage | undefined) {
  const input = usage?.prompt_tokens_details;
  const output = usage?.completion_tokens_details;
  // Upstreams write what they like.
  const whole = (count: unknown) =>
    typeof count === "number" && count > 0 ? Math.min(Math.round(count), Number.MAX_SAFE_INTEGER) : 0;
  return {
    promptTokens: whole(usage?.prompt_tokens),
    completionTokens: whole(usage?.completion_tokens),
    totalTokens: whole(usage?.total_tokens),
    cacheReadTokens: whole(input?.cached_tokens ?? usage?.cache_read_input_tokens),
    cacheCreationTokens: whole(input?.cache_creation_tokens ?? usage?.cache_creation_input_tokens),
    reasoningTokens: whole(output?.reasoning_tokens),
    audioInputTokens: whole(input?.audio_tokens),
    audioOutputTokens: whole(output?.audio_tokens),
  };
}

function fittingMetadata(metadata: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (metadata === undefined) return undefined;
  if (!isAtMost(metadata, DEEPEST_METADATA))
    return { sluice_truncated: `metadata nested more than ${DEEPEST_METADATA} deep is not kept` };
  if (byteLength(JSON.stringify(metadata)) <= LARGEST_METADATA) return metadata;
  return { sluice_truncated: `metadata of more than ${LARGEST_METADATA} bytes is not kept` };
}

function isAtMost(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((inner) => isAtMost(inner, depth - 1));
}

function fittingPayload({ messages, response, ref }: NonNullable<CallRecord["payload"]>) {
  if (ref !== undefined) return { payloadRef: ref };
  return fitsRow({ messages, response }) ? { messages, response } : {};
}

/** Is what was asked and answered small enough for the row? */
export function fitsRow({ messages, response }: NonNullable<CallRecord["payload"]>): boolean {
  return byteLength(JSON.stringify([messages, response])) <= LARGEST_PAYLOAD;
}

const cut = (text: string | undefined, length: number) => text?.slice(0, length);

const encoder = new TextEncoder();
/** Bytes of a text as it is sent. */
export const byteLength = (text: string): number => encoder.encode(text).length;
