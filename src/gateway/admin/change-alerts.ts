/** What of the changes over the admin plane is told. Values stay where they are: an alert names what was changed. */
import { asRecord, isSame } from "../../formats/json.ts";
import { findSpender, nameOfKey } from "../../store/spenders.ts";
import { type Alert, type AlertType, EMPTY_EVENT, type WebhookEvent } from "../../telemetry/alerts/event.ts";
import type { AdminCall, AuditAction, Change } from "./admin-call.ts";

type Actions = Readonly<Partial<Record<AuditAction, AlertType>>>;

const TYPES: Readonly<Record<string, Actions>> = {
  LiteLLM_VerificationToken: {
    created: "new_virtual_key_created",
    updated: "virtual_key_updated",
    blocked: "virtual_key_updated",
    unblocked: "virtual_key_updated",
    rotated: "key_rotated",
    deleted: "virtual_key_deleted",
  },
  LiteLLM_TeamTable: {
    created: "new_team_created",
    updated: "team_updated",
    blocked: "team_updated",
    unblocked: "team_updated",
    deleted: "team_deleted",
  },
  LiteLLM_UserTable: {
    created: "new_internal_user_created",
    updated: "internal_user_updated",
    deleted: "internal_user_deleted",
  },
  LiteLLM_ProxyModelTable: { created: "new_model_added" },
};

/** Raises the alert of a change, where somebody is told of such. Nothing waits for it. */
export function tellOfChange(call: AdminCall, change: Change, scope: string | undefined): void {
  const { alerts } = call.gateway;
  if (!alerts.settings.isOn) return;
  const alert = changeAlert(change, call.actor, call.now);
  if (alert === undefined) return;
  call.gateway.waitUntil(call.context, raise(call, alert, scope));
}

/** A user whose key has another value is written to, at the address the user has here; the value is never in a mail. */
async function raise({ gateway, db }: AdminCall, alert: Alert, scope: string | undefined): Promise<void> {
  const isForUser = alert.event?.event === "key_rotated" && gateway.alerts.settings.mail !== undefined;
  const email =
    isForUser && scope !== undefined ? (await findSpender(db, scope).catch(() => undefined))?.userEmail : null;
  if (!email || alert.event === undefined) return gateway.alerts.raise(alert);
  gateway.alerts.raise({
    ...alert,
    event: { ...alert.event, user_email: email },
    mail: { to: [email], subject: "A key of yours has a new value" },
  });
}

export function changeAlert(
  { table, id, action, before, after }: Change,
  actor: string,
  at: number,
): Alert | undefined {
  const type = TYPES[table]?.[action];
  if (type === undefined) return undefined;
  const row = asRecord(after ?? before);
  const event = webhookEvent(table, action, id, row);
  const changed = action === "updated" ? changedFields(asRecord(before), asRecord(after)) : [];
  const fields = changed.length === 0 ? "" : `\nChanged: ${changed.join(", ")}`;
  const message = `${nameOf(table, id, row)} was ${action} by ${shortened(actor)}.${fields}`;
  return { type, level: "Low", message, at, ...(event && { event }) };
}

/** The three that LiteLLM tells programs of. */
function webhookEvent(
  table: string,
  action: AuditAction,
  id: string,
  row: Record<string, unknown>,
): WebhookEvent | undefined {
  const ids = {
    user_id: textOf(row["user_id"]),
    team_id: textOf(row["team_id"]),
    organization_id: textOf(row["organization_id"]),
    max_budget: numberOf(row["max_budget"]),
    soft_budget: numberOf(row["soft_budget"]),
    spend: numberOf(row["spend"]) ?? 0,
  };
  if (table === "LiteLLM_VerificationToken" && (action === "created" || action === "rotated"))
    return {
      ...EMPTY_EVENT,
      ...ids,
      token: id,
      key_alias: textOf(row["key_alias"]),
      event: action === "created" ? "key_created" : "key_rotated",
      event_group: "key",
      event_message: action === "created" ? "API Key Created" : "API Key Rotated",
    };
  if (table === "LiteLLM_UserTable" && action === "created")
    return {
      ...EMPTY_EVENT,
      ...ids,
      user_id: id,
      user_email: textOf(row["user_email"]),
      event: "internal_user_created",
      event_group: "internal_user",
      event_message: "Welcome to LiteLLM Proxy",
    };
  return undefined;
}

function nameOf(table: string, id: string, row: Record<string, unknown>): string {
  switch (table) {
    case "LiteLLM_VerificationToken":
      return shortened(nameOfKey({ key_alias: textOf(row["key_alias"]), token: id }));
    case "LiteLLM_TeamTable":
      return shortened(`Team ${textOf(row["team_alias"]) ?? id}`);
    case "LiteLLM_UserTable":
      return shortened(`User ${textOf(row["user_email"]) ?? id}`);
    default:
      return shortened(`Model ${textOf(row["model_name"]) ?? id}`);
  }
}

/** Fields that are other than before; when, and by whom, says nothing. */
function changedFields(before: Record<string, unknown>, after: Record<string, unknown>): string[] {
  const ignored = ["updated_at", "updated_by", "spend", "budget_reset_at"];
  return Object.keys(after).filter((name) => !ignored.includes(name) && !isSame(before[name], after[name]));
}

/** A digest of a key is shortened too: an actor without a user is one. */
function shortened(text: string): string {
  return /^[0-9a-f]{64}$/.test(text) ? `${text.slice(0, 8)}…` : text.replace(/[\s\p{Cc}]+/gu, " ").slice(0, 160);
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
