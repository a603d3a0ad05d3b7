/** What is told, and by which name it is switched on and off: LiteLLM's `AlertType` and `WebhookEvent`. */
import { z } from "zod";

/** Names of `general_settings.alert_types` that something here tells of; `key_rotated` is Sluice's own. */
export const ALERT_TYPES = [
  "budget_alerts",
  "llm_exceptions",
  "llm_too_slow",
  "cooldown_deployment",
  "key_rotated",
  "new_virtual_key_created",
  "virtual_key_updated",
  "virtual_key_deleted",
  "new_team_created",
  "team_updated",
  "team_deleted",
  "new_internal_user_created",
  "internal_user_updated",
  "internal_user_deleted",
  "new_model_added",
] as const;
export type AlertType = (typeof ALERT_TYPES)[number];

/** What LiteLLM has that nothing here tells of yet: taken in a config, and named in a notice. */
export const SILENT_TYPES: readonly string[] = [
  "llm_requests_hanging",
  "spend_reports",
  "failed_tracking_spend",
  "db_exceptions",
  "daily_reports",
  "outage_alerts",
  "region_outage_alerts",
  "fallback_reports",
];

/** Told unless `alert_types` says otherwise. What somebody changes by hand is not: LiteLLM's default. */
export const DEFAULT_TYPES: readonly AlertType[] = [
  "budget_alerts",
  "llm_exceptions",
  "llm_too_slow",
  "cooldown_deployment",
  "key_rotated",
  "new_model_added",
];

const text = z.string().nullable();
const dollars = z.number().nullable();

/** The body of the channel `webhook`, field for field LiteLLM's. Money in US dollars. */
export const webhookEventSchema = z.object({
  spend: z.number(),
  max_budget: dollars,
  soft_budget: dollars,
  /** Digest of the key, never the key. */
  token: text,
  customer_id: text,
  user_id: text,
  team_id: text,
  team_alias: text,
  organization_id: text,
  user_email: text,
  key_alias: text,
  projected_exceeded_date: text,
  projected_spend: dollars,
  alert_emails: z.array(z.string()).nullable(),
  event: z.enum([
    "budget_crossed",
    "max_budget_alert",
    "soft_budget_crossed",
    "threshold_crossed",
    "projected_limit_exceeded",
    "key_created",
    "key_rotated",
    "internal_user_created",
    "spend_tracked",
  ]),
  event_group: z.enum([
    "internal_user",
    "user",
    "key",
    "end_user",
    "team",
    "team_member",
    "organization",
    "project",
    "tag",
    "agent",
    "proxy",
  ]),
  event_message: z.string(),
});
export type WebhookEvent = z.infer<typeof webhookEventSchema>;

/** Nothing is known of whom it is about. */
export const EMPTY_EVENT = {
  spend: 0,
  max_budget: null,
  soft_budget: null,
  token: null,
  customer_id: null,
  user_id: null,
  team_id: null,
  team_alias: null,
  organization_id: null,
  user_email: null,
  key_alias: null,
  projected_exceeded_date: null,
  projected_spend: null,
  alert_emails: null,
} satisfies Partial<WebhookEvent>;

/** One thing to be told, by every channel that is switched on for it. */
export const alertSchema = z.object({
  type: z.enum(ALERT_TYPES),
  level: z.enum(["Low", "Medium", "High"]),
  /** What people read. No key is in it; names are as their owners chose them, so each channel escapes them. */
  message: z.string(),
  /** Milliseconds since the epoch. */
  at: z.number(),
  /** For the channel `webhook`; absent: it is not told. */
  event: webhookEventSchema.optional(),
  /** For the channel `email`; absent: nobody is written to. */
  mail: z.object({ to: z.array(z.string()).min(1), subject: z.string() }).optional(),
});
export type Alert = z.infer<typeof alertSchema>;
