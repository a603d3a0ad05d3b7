/** Who is told of what: `general_settings.alerting` and its like, as a config says them. */
import { Secret } from "../../credentials/secret.ts";
import { isRecord, stringsIn } from "../../formats/json.ts";
import { ALERT_TYPES, type Alert, type AlertType, DEFAULT_TYPES, SILENT_TYPES } from "./event.ts";
import type { Sink } from "./message.ts";

export interface MailService {
  service: "resend" | "sendgrid";
  key: Secret;
  from: string;
  /** Origin of its API. */
  base: string;
}

export interface AlertSettings {
  /** Whether anybody is told anything. */
  isOn: boolean;
  types: ReadonlySet<AlertType>;
  /** Chat webhooks; those of a type stand before those of all. Their URLs are their passwords. */
  slack: { all: readonly Secret[]; ofType: ReadonlyMap<string, readonly Secret[]> } | undefined;
  webhook: Secret | undefined;
  mail: MailService | undefined;
  /** Milliseconds from which on an answer is slow (`alerting_threshold`). */
  slowAfter: number;
  /** Milliseconds, `Mark.again`; absent: once in each window. */
  again: number | undefined;
  /** What an operator should know of it. No secrets. */
  notices: readonly string[];
}

/** What of a config is read. */
export interface GivenAlerting {
  alerting?: readonly unknown[] | undefined;
  alert_types?: readonly unknown[] | undefined;
  /** Type to URL, or to several; as JSON text. */
  alert_to_webhook_url?: Secret | undefined;
  alerting_args?: Readonly<Record<string, unknown>> | undefined;
  alerting_threshold?: number | undefined;
  /** `litellm_settings.callbacks`, where LiteLLM has its mail services. */
  callbacks?: unknown;
}

/** Variables that are read, whatever the file says. */
export const ALERT_VARIABLES = [
  "ALERTING_WEBHOOK_URL",
  "PROXY_BASE_URL",
  "RESEND_API_BASE",
  "RESEND_API_KEY",
  "RESEND_FROM_EMAIL",
  "SENDGRID_API_BASE",
  "SENDGRID_API_KEY",
  "SENDGRID_SENDER_EMAIL",
  "SLACK_WEBHOOK_URL",
  "SMTP_HOST",
  "SMTP_SENDER_EMAIL",
  "TEST_EMAIL_ADDRESS",
  "WEBHOOK_URL",
] as const;

/** Seconds; LiteLLM's `DEFAULT_SLACK_ALERTING_THRESHOLD`. */
const SLOW_AFTER = 300;

export function alertSettings(given: GivenAlerting, variable: (name: string) => string | undefined): AlertSettings {
  const notices: string[] = [];
  const channels = stringsIn(given.alerting);
  const callbacks = typeof given.callbacks === "string" ? [given.callbacks] : stringsIn(given.callbacks);
  for (const channel of channels)
    if (!["slack", "webhook", "email"].includes(channel))
      notices.push(`general_settings.alerting: there is no channel "${channel}": slack, webhook, email`);
  const slack = channels.includes("slack") ? chatOf(given, variable, notices) : undefined;
  const webhook = channels.includes("webhook") ? urlOf("WEBHOOK_URL", variable("WEBHOOK_URL"), notices) : undefined;
  if (channels.includes("webhook") && webhook === undefined) notices.push("alerting by webhook needs WEBHOOK_URL");
  const wantsMail =
    channels.includes("email") || callbacks.some((name) => /^(?:resend|sendgrid|smtp)_email$/.test(name));
  const mail = wantsMail ? mailOf(callbacks, variable, notices) : undefined;
  const ttl = given.alerting_args?.["budget_alert_ttl"];
  return {
    isOn: slack !== undefined || webhook !== undefined || mail !== undefined,
    types: typesOf(given.alert_types, notices),
    slack,
    webhook,
    mail,
    slowAfter: (given.alerting_threshold || SLOW_AFTER) * 1000,
    again: typeof ttl === "number" && ttl > 0 ? ttl * 1000 : undefined,
    notices,
  };
}

function typesOf(given: readonly unknown[] | undefined, notices: string[]): Set<AlertType> {
  if (given === undefined) return new Set(DEFAULT_TYPES);
  const named = stringsIn(given);
  const silent = named.filter((name) => SILENT_TYPES.includes(name));
  const known = ALERT_TYPES.filter((type) => named.includes(type));
  const unknown = named.filter((name) => !silent.includes(name) && !known.some((type) => type === name));
  if (silent.length > 0) notices.push(`alert_types: nothing tells of ${silent.join(", ")} yet`);
  if (unknown.length > 0) notices.push(`alert_types: there is no ${unknown.join(", ")}`);
  return new Set(known);
}

function chatOf(
  { alert_to_webhook_url: table }: GivenAlerting,
  variable: (name: string) => string | undefined,
  notices: string[],
): AlertSettings["slack"] {
  const usual = variable("SLACK_WEBHOOK_URL") || variable("ALERTING_WEBHOOK_URL");
  const all = urlsOf("SLACK_WEBHOOK_URL", usual?.split(","), notices);
  const ofType = new Map<string, readonly Secret[]>();
  for (const [type, urls] of Object.entries(tableOf(table, notices)))
    ofType.set(
      type,
      urlsOf(`alert_to_webhook_url.${type}`, typeof urls === "string" ? [urls] : stringsIn(urls), notices),
    );
  if (all.length === 0 && ofType.size === 0) {
    notices.push("alerting by slack needs SLACK_WEBHOOK_URL, or alert_to_webhook_url");
    return undefined;
  }
  return { all, ofType };
}

function tableOf(given: Secret | undefined, notices: string[]): Record<string, unknown> {
  if (given === undefined) return {};
  try {
    const table: unknown = JSON.parse(given.reveal());
    if (isRecord(table)) return table;
  } catch {
    // said below
  }
  notices.push("alert_to_webhook_url must be a map of types of alerts to URLs");
  return {};
}

function urlsOf(name: string, given: readonly string[] | undefined, notices: string[]): Secret[] {
  return (given ?? []).map((url) => urlOf(name, url.trim(), notices)).filter((url) => url !== undefined);
}

function urlOf(name: string, given: string | undefined, notices: string[]): Secret | undefined {
  if (!given) return undefined;
  const { protocol } = URL.parse(given) ?? {};
  if (protocol === "https:" || protocol === "http:") return new Secret(given);
  notices.push(`${name} is no URL: nothing is sent there`);
  return undefined;
}

function mailOf(
  callbacks: readonly string[],
  variable: (name: string) => string | undefined,
  notices: string[],
): MailService | undefined {
  const [resend, sendgrid] = [variable("RESEND_API_KEY"), variable("SENDGRID_API_KEY")];
  const from = { resend: variable("RESEND_FROM_EMAIL"), sendgrid: variable("SENDGRID_SENDER_EMAIL") };
  const service = callbacks.includes("sendgrid_email") || !resend ? "sendgrid" : "resend";
  const key = service === "resend" ? resend : sendgrid;
  const sender = from[service] || variable("SMTP_SENDER_EMAIL");
  if (!key) {
    const isSmtp = callbacks.includes("smtp_email") || Boolean(variable("SMTP_HOST"));
    const smtp = isSmtp ? "; SMTP cannot be spoken from a Worker" : "";
    notices.push(`mail is sent by Resend (RESEND_API_KEY) or SendGrid (SENDGRID_API_KEY), and neither is set${smtp}`);
    return undefined;
  }
  if (!sender) {
    notices.push(`mail needs a sender: ${service === "resend" ? "RESEND_FROM_EMAIL" : "SENDGRID_SENDER_EMAIL"}`);
    return undefined;
  }
  const base =
    service === "resend"
      ? variable("RESEND_API_BASE") || "https://api.resend.com"
      : variable("SENDGRID_API_BASE") || "https://api.sendgrid.com"; // those of Europe have another
  return { service, key: new Secret(key), from: sender, base: base.replace(/\/+$/, "") };
}

/** Where an alert goes: an address each, so that one that is down holds up no other. */
export function sinksOf({ type, event, mail }: Alert, settings: AlertSettings): Sink[] {
  const isTold = settings.types.has(type);
  const chats = isTold ? chatsFor(type, settings).map((_, index): Sink => ({ channel: "slack", index })) : [];
  // What somebody made is told a program whatever people want to read, as in LiteLLM.
  const isForWebhook = event !== undefined && (type !== "budget_alerts" || isTold);
  return [
    ...(isOnlyMail(event) ? [] : chats),
    ...(isForWebhook && !isOnlyMail(event) && settings.webhook !== undefined
      ? [{ channel: "webhook" as const, index: 0 }]
      : []),
    ...(mail !== undefined && settings.mail !== undefined ? [{ channel: "email" as const, index: 0 }] : []),
  ];
}

/** 80 % of a budget is for mail: chats and programs are told at 85. */
function isOnlyMail(event: Alert["event"]): boolean {
  return event?.event === "max_budget_alert";
}

/** Chat webhooks of a type; those of all where it has none of its own. */
export function chatsFor(type: AlertType, { slack }: AlertSettings): readonly Secret[] {
  return slack?.ofType.get(type) ?? slack?.all ?? [];
}
