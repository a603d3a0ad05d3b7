/** What is told of a budget: LiteLLM's words for the event, and in a sentence what happened. */
import type { BudgetNotice } from "../../limits/crossing.ts";
import { NANO } from "../../models/money.ts";
import type { Spender } from "../../store/spenders.ts";
import { type Alert, EMPTY_EVENT, type WebhookEvent } from "./event.ts";
import type { BudgetMessage } from "./message.ts";

/** `undefined` where there is no such scope any more. @throws where the database cannot be asked */
export type SpenderLookup = (scope: string) => Promise<Spender | undefined>;

/** Names of groups, as LiteLLM begins its messages with. */
const GROUPS: Readonly<Record<Spender["group"], string>> = {
  key: "Key",
  user: "User",
  team: "Team",
  team_member: "Team Member",
  organization: "Organization",
  project: "Project",
  end_user: "Customer",
  tag: "Tag",
  proxy: "Proxy",
};

export async function budgetAlert({ scope, notice }: BudgetMessage, find: SpenderLookup): Promise<Alert | undefined> {
  const spender = await find(scope);
  return spender === undefined ? undefined : alertOf(spender, notice);
}

export function alertOf(spender: Spender, notice: BudgetNotice): Alert {
  const title = `${GROUPS[spender.group]} Budget: ${happened(notice)}`;
  const name = spender.name.replace(/[\s\p{Cc}]+/gu, " "); // one line, whatever its owner has written
  const emails = [...new Set([...spender.alertEmails, ...(spender.userEmail === null ? [] : [spender.userEmail])])];
  const event: WebhookEvent = {
    ...EMPTY_EVENT,
    ...spender.ids,
    spend: dollars(notice.spent),
    max_budget: notice.limit === undefined ? null : dollars(notice.limit),
    soft_budget: notice.soft === undefined ? null : dollars(notice.soft),
    user_email: spender.userEmail,
    projected_exceeded_date: notice.projected ? new Date(notice.projected.exceededAt).toISOString().slice(0, 10) : null,
    projected_spend: notice.projected ? dollars(notice.projected.spend) : null,
    alert_emails: spender.alertEmails.length > 0 ? [...spender.alertEmails] : null,
    event: notice.event,
    event_group: spender.group,
    event_message: title,
  };
  return {
    type: "budget_alerts",
    level: notice.event === "budget_crossed" ? "High" : "Medium",
    message: `${title}\n${name}: ${figures(notice)}`,
    at: notice.at,
    event,
    ...(emails.length > 0 && { mail: { to: emails, subject: `${title}: ${name}` } }),
  };
}

function happened({ event, percent = 0 }: BudgetNotice): string {
  switch (event) {
    case "soft_budget_crossed":
      return "Soft Budget Crossed";
    case "budget_crossed":
      return "Budget Crossed";
    case "projected_limit_exceeded":
      return "Projected Limit Exceeded";
    case "max_budget_alert":
      return `${percent}% Spent`;
    case "threshold_crossed":
      return `${100 - percent}% Threshold Crossed`; // LiteLLM counts what is left
  }
}

function figures(notice: BudgetNotice): string {
  const { spent, soft, limit, windowEnd, projected, isRefused } = notice;
  const bounds = [
    soft === undefined ? "" : `soft budget $${money(soft)}`,
    limit === undefined ? "" : `max budget $${money(limit)}`,
  ].filter(Boolean);
  return [
    `$${money(spent)} spent of ${bounds.join(", ")}.`,
    isRefused ? "A call was refused, as what is left would not pay for it." : "",
    projected
      ? `At this pace it will be $${money(projected.spend)}, and used up on ${new Date(projected.exceededAt).toISOString().slice(0, 10)}.`
      : "",
    windowEnd === undefined ? "" : `The budget resets at ${new Date(windowEnd).toISOString()}.`,
  ]
    .filter(Boolean)
    .join(" ");
}

function dollars(nano: number): number {
  return nano / NANO;
}

/** Cents; of less than a dollar, what there is. */
function money(nano: number): string {
  const amount = dollars(nano);
  return amount >= 1 ? amount.toFixed(2) : String(Number(amount.toPrecision(4)));
}
