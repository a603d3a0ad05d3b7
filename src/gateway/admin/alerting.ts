/** Who is told of what, for an admin to see, and a test message for each channel. */
import { z } from "zod";
import { BadRequestError } from "../../formats/errors.ts";
import { trySink } from "../../telemetry/alerts/deliver.ts";
import { type Alert, EMPTY_EVENT } from "../../telemetry/alerts/event.ts";
import type { Sink } from "../../telemetry/alerts/message.ts";
import type { Route, RouteCall } from "../route.ts";

/** Services that can be tried, and the channel of each; the second of Slack's is LiteLLM's. */
const SERVICES: Readonly<Record<string, Sink["channel"]>> = {
  slack: "slack",
  slack_budget_alerts: "slack",
  webhook: "webhook",
  email: "email",
};

export const alertingRoutes: readonly Route[] = [
  {
    method: "GET",
    paths: ["/alerting/settings"],
    access: "admin_view",
    summary: "How alerts are sent, and what of it is set",
    tag: "alerts",
    handle: ({ context, gateway }) => context.json(fieldsOf(gateway.config.settings.general)),
  },
  {
    method: "GET",
    paths: ["/health/services"],
    access: "admin",
    summary: "Send a test message: ?service=slack, webhook or email (with &to=)",
    tag: "alerts",
    handle: tryService,
  },
];

async function tryService({ context, gateway }: RouteCall): Promise<Response> {
  const { service = "", to } = context.req.query();
  const channel = Object.hasOwn(SERVICES, service) ? SERVICES[service] : undefined;
  if (channel === undefined)
    throw new BadRequestError(
      `Service must be in list. Service=${service.slice(0, 100)}. List=${Object.keys(SERVICES).join(", ")}`,
      { param: "service" },
    );
  const receiver = to ?? gateway.config.variable("TEST_EMAIL_ADDRESS");
  if (channel === "email" && !z.email().safeParse(receiver).success)
    throw new BadRequestError("Say whom to write to: &to=, or the variable TEST_EMAIL_ADDRESS", { param: "to" });
  const problem = await trySink(channel, testAlert(receiver), {
    settings: gateway.config.settings.alerts,
    fetch: gateway.fetch,
    proxyUrl: gateway.config.variable("PROXY_BASE_URL"),
  });
  if (problem !== undefined)
    throw new BadRequestError(`The test message was not taken: ${problem}`, { param: "service" });
  return context.json({ status: "success", message: `Test message sent - check ${service}.` });
}

function testAlert(receiver: string | undefined): Alert {
  return {
    type: "budget_alerts",
    level: "Low",
    message: "This is a test message from Sluice: alerts arrive.",
    at: Date.now(),
    event: { ...EMPTY_EVENT, event: "budget_crossed", event_group: "proxy", event_message: "Test message" },
    ...(receiver !== undefined && { mail: { to: [receiver], subject: "Test message from Sluice" } }),
  };
}

/** In the form of LiteLLM's settings page. Addresses are secrets, so they are not among them. */
function fieldsOf(general: RouteCall["gateway"]["config"]["settings"]["general"]) {
  const ttl = general.alerting_args?.["budget_alert_ttl"];
  const field = (name: string, type: string, description: string, value: unknown, otherwise: unknown) => ({
    field_name: name,
    field_type: type,
    field_description: description,
    field_value: value ?? otherwise,
    stored_in_db: false,
    field_default_value: otherwise,
    premium_field: false,
  });
  return [
    field("alerting", "List", "Channels: slack, webhook, email", general.alerting, []),
    field("alert_types", "List", "What is told; null: the usual", general.alert_types, null),
    field("alerting_threshold", "Integer", "Seconds from which on an answer is slow", general.alerting_threshold, 300),
    field(
      "budget_alert_ttl",
      "Integer",
      "Seconds after which a budget that is still crossed is told again; null: once in each window",
      ttl,
      null,
    ),
  ];
}
