/** Models, credentials and settings that were added while the gateway runs. Secrets in them are encrypted (src/secrets/). */
import { index, integer, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import { authorship, json, map } from "./columns.ts";

export const models = sqliteTable(
  "models",
  {
    model_id: text("model_id").primaryKey(),
    model_name: text("model_name").notNull(),
    /** As given; the values of secret fields are sealed texts. */
    litellm_params: map("litellm_params"),
    model_info: map("model_info"),
    ...authorship(),
  },
  (table) => [index("models_name").on(table.model_name)],
);

export const credentials = sqliteTable(
  "credentials",
  {
    credential_id: text("credential_id").primaryKey(),
    credential_name: text("credential_name").notNull(),
    /** Every value is a sealed text. */
    credential_values: json<Record<string, string>>("credential_values").notNull(),
    credential_info: map("credential_info"),
    ...authorship(),
  },
  (table) => [uniqueIndex("credentials_name").on(table.credential_name)],
);

/** Settings made by routes (`/fallback`, ...), which win over the config's. */
export const settings = sqliteTable("settings", {
  param_name: text("param_name").primaryKey(),
  param_value: json<unknown>("param_value"),
  updated_at: text("updated_at").notNull(),
});

/** One number for each kind of thing isolates keep copies of; it grows with every change. */
export const versions = sqliteTable("versions", {
  subject: text("subject").primaryKey(),
  version: integer("version").notNull(),
});

export type ModelRow = typeof models.$inferSelect;
export type CredentialRow = typeof credentials.$inferSelect;
