/** What clients have made through the gateway and come back for: files, batches, responses, ... Each belongs to somebody. */
import { index, integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { json } from "./columns.ts";

/** Objects that a provider keeps, or the gateway itself, under ids of the gateway's own. */
export const objects = sqliteTable(
  "objects",
  {
    /** What the client knows it by. */
    id: text("id").primaryKey(),
    /** `file`, `batch`, `fine_tuning.job`, `vector_store`, `assistant`, `thread`, `container`, `eval`, `video`, ... */
    kind: text("kind").notNull(),
    /** `team:…`, `user:…` or `key:…` (`ownerOf`). */
    owner: text("owner").notNull(),
    created_by: text("created_by"),
    /** The deployment whose provider keeps it; absent: the gateway does. */
    deployment_id: text("deployment_id"),
    provider: text("provider"),
    /** What the provider knows it by. */
    provider_id: text("provider_id"),
    /** The public name of the model it is for. */
    model: text("model"),
    /** The object as it was last seen, with the gateway's ids. */
    body: json<Record<string, unknown>>("body"),
    /** Whatever else its kind needs, nothing secret. */
    state: json<Record<string, unknown>>("state"),
    /** Milliseconds since the epoch. */
    created_at: integer("created_at").notNull(),
    expires_at: integer("expires_at"),
  },
  (table) => [
    index("objects_owner").on(table.owner, table.kind, table.created_at),
    index("objects_expires").on(table.expires_at),
    index("objects_provider").on(table.provider_id),
  ],
);

/** Conversations behind responses of providers that keep none. */
export const storedResponses = sqliteTable(
  "stored_responses",
  {
    id: text("id").primaryKey(),
    owner: text("owner").notNull(),
    /** Input items and the response, sealed for purpose, owner and row; absent where it is in R2. */
    content: text("content"),
    /** `queued` and `in_progress` in the background, then as the response says. */
    status: text("status").notNull(),
    created_at: integer("created_at").notNull(),
    expires_at: integer("expires_at").notNull(),
  },
  (table) => [index("stored_responses_expires").on(table.expires_at)],
);

export type ObjectRow = typeof objects.$inferSelect;
export type StoredResponseRow = typeof storedResponses.$inferSelect;
