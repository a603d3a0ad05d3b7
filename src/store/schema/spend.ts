/**
 * What was spent: a row for each call, and sums by day. Written by the ledger's consumer only (src/ledger/consumer.ts),
 * in batches, each row once. Money is nano-dollars, times are milliseconds since the epoch.
 *
 * Every index is one more row written for each call, so there are few (docs/storage.md counts them).
 */
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { flag, json } from "./columns.ts";

/** A table with a text key costs one row a call less without rowid. Drizzle cannot say so: migrations add it. */
export const WITHOUT_ROWID = ["spend_logs", "spend_log_keys", "daily_spend", "daily_tag_spend"] as const;

/**
 * One row for each call. The key is also the order of pages: by time, and within a millisecond by id.
 *
 * `id` is the gateway's own, made at admission (UUIDv7: it says the time, so it needs no index). `call_id` is what the client
 * knows the call by, where that is something else: clients may choose it, so it need not be unique.
 */
export const spendLogs = sqliteTable(
  "spend_logs",
  {
    startedAt: integer("started_at").notNull(),
    id: text("id").notNull(),
    callId: text("call_id"),
    callType: text("call_type").notNull(),
    keyHash: text("key_hash").notNull(),
    keyAlias: text("key_alias"),
    userId: text("user_id"),
    teamId: text("team_id"),
    organizationId: text("organization_id"),
    projectId: text("project_id"),
    customerId: text("customer_id"),
    tags: json<string[]>("tags").notNull(),
    sessionId: text("session_id"),
    model: text("model").notNull(),
    modelGroup: text("model_group").notNull(),
    deploymentId: text("deployment_id"),
    provider: text("provider"),
    apiBase: text("api_base"),
    stream: flag("stream").notNull(),
    cacheHit: flag("cache_hit"),
    outcome: text("outcome").$type<"success" | "failure" | "aborted" | "lost">().notNull(),
    status: integer("status").notNull(),
    error: text("error"),
    errorMessage: text("error_message"),
    promptTokens: integer("prompt_tokens").notNull(),
    completionTokens: integer("completion_tokens").notNull(),
    totalTokens: integer("total_tokens").notNull(),
    cacheReadTokens: integer("cache_read_tokens").notNull(),
    cacheCreationTokens: integer("cache_creation_tokens").notNull(),
    reasoningTokens: integer("reasoning_tokens").notNull(),
    audioInputTokens: integer("audio_input_tokens").notNull(),
    audioOutputTokens: integer("audio_output_tokens").notNull(),
    /** Nano-dollars. */
    cost: integer("cost").notNull(),
    /** False where something was used whose price is not known: `cost` is too low. */
    priced: flag("priced").notNull(),
    /** Usage was counted by the gateway, or the reservation was charged. */
    estimated: flag("estimated").notNull(),
    firstContentAt: integer("first_content_at"),
    endedAt: integer("ended_at").notNull(),
    attempts: integer("attempts").notNull(),
    retries: integer("retries").notNull(),
    fallbacks: integer("fallbacks").notNull(),
    requesterIp: text("requester_ip"),
    metadata: json<Record<string, unknown>>("metadata"),
    messages: text("messages"),
    response: text("response"),
    /** Where messages and response are that are too big for a row: a key of the R2 bucket. */
    payloadRef: text("payload_ref"),
    /** The name of the answer in the response cache. */
    cacheKey: text("cache_key"),
  },
  (table) => [
    primaryKey({ columns: [table.startedAt, table.id] }),
    // Partial: a call without the column costs nothing.
    index("spend_logs_call").on(table.callId).where(sql`call_id IS NOT NULL`),
    index("spend_logs_customer").on(table.customerId, table.startedAt).where(sql`customer_id IS NOT NULL`),
    index("spend_logs_session").on(table.sessionId, table.startedAt).where(sql`session_id IS NOT NULL`),
  ],
);

/** One call as it is stored. */
export type SpendLog = typeof spendLogs.$inferSelect;

/** Milliseconds of a slot of `spend_log_keys`. */
export const KEY_SLOT = 5 * 60_000;

/**
 * In which five minutes a key was used: what an index of calls by key and time would say, at one row for each slot of a
 * key and not for each call.
 */
export const spendLogKeys = sqliteTable(
  "spend_log_keys",
  {
    keyHash: text("key_hash").notNull(),
    /** `started_at` divided by `KEY_SLOT`, rounded down. */
    slot: integer("slot").notNull(),
  },
  (table) => [primaryKey({ columns: [table.keyHash, table.slot] })],
);

/** Sums of a day. `successful` are calls that were served, also those whose client left; `failed` the others. */
const sums = () => ({
  /** Nano-dollars. */
  spend: integer("spend").notNull(),
  promptTokens: integer("prompt_tokens").notNull(),
  completionTokens: integer("completion_tokens").notNull(),
  totalTokens: integer("total_tokens").notNull(),
  cacheReadTokens: integer("cache_read_tokens").notNull(),
  cacheCreationTokens: integer("cache_creation_tokens").notNull(),
  requests: integer("api_requests").notNull(),
  successful: integer("successful_requests").notNull(),
  failed: integer("failed_requests").notNull(),
});

/** Names of the columns that are summed, as they are in every table of sums. */
export const SUMS = [
  "spend",
  "promptTokens",
  "completionTokens",
  "totalTokens",
  "cacheReadTokens",
  "cacheCreationTokens",
  "requests",
  "successful",
  "failed",
] as const;

/** Spend of a day (UTC, by the start of the call) by every dimension; what a call has not is an empty string. */
export const dailySpend = sqliteTable(
  "daily_spend",
  {
    /** `2026-11-22` */
    day: text("day").notNull(),
    keyHash: text("key_hash").notNull(),
    userId: text("user_id").notNull(),
    teamId: text("team_id").notNull(),
    organizationId: text("organization_id").notNull(),
    projectId: text("project_id").notNull(),
    customerId: text("customer_id").notNull(),
    model: text("model").notNull(),
    modelGroup: text("model_group").notNull(),
    provider: text("provider").notNull(),
    /** The operation: `chat`, `embeddings`, ... */
    endpoint: text("endpoint").notNull(),
    ...sums(),
  },
  (table) => [
    primaryKey({
      columns: [
        table.day,
        table.keyHash,
        table.userId,
        table.teamId,
        table.organizationId,
        table.projectId,
        table.customerId,
        table.model,
        table.modelGroup,
        table.provider,
        table.endpoint,
      ],
    }),
  ],
);

/** Spend of a day by tag. A call counts for each of its tags, so tags do not add up to the whole. */
export const dailyTagSpend = sqliteTable(
  "daily_tag_spend",
  {
    day: text("day").notNull(),
    tag: text("tag").notNull(),
    keyHash: text("key_hash").notNull(),
    model: text("model").notNull(),
    modelGroup: text("model_group").notNull(),
    provider: text("provider").notNull(),
    endpoint: text("endpoint").notNull(),
    ...sums(),
  },
  (table) => [
    primaryKey({
      columns: [table.day, table.tag, table.keyHash, table.model, table.modelGroup, table.provider, table.endpoint],
    }),
  ],
);
