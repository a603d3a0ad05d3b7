/** What is sent to whom, in the format each service takes, and what happens where it does not take it. */
import { describe, expect, it } from "vitest";
import { Secret } from "../../../src/credentials/secret.ts";
import { alertOf } from "../../../src/telemetry/alerts/budget.ts";
import { chatBody } from "../../../src/telemetry/alerts/chat.ts";
import { type AlertPorts, deliverAlerts } from "../../../src/telemetry/alerts/deliver.ts";
import { type Alert, EMPTY_EVENT, webhookEventSchema } from "../../../src/telemetry/alerts/event.ts";
import { mailRequest } from "../../../src/telemetry/alerts/mail.ts";
import type { AlertMessage } from "../../../src/telemetry/alerts/message.ts";
import { alertSettings, type GivenAlerting, sinksOf } from "../../../src/telemetry/alerts/settings.ts";

const ALERT: Alert = {
  type: "budget_alerts",
  level: "High",
  message: "Key <!channel> & co",
  at: Date.UTC(2026, 0, 1, 12, 30, 5),
  event: { ...EMPTY_EVENT, event: "budget_crossed", event_group: "key", event_message: "Key Budget: Budget Crossed" },
  mail: { to: ["a@example.com"], subject: "Budget" },
};
const HOOKS = "https://hooks.slack.com/services/T0/B0/secret";

function settingsOf(given: GivenAlerting, variables: Record<string, string> = {}) {
  return alertSettings(given, (name) => variables[name]);
}

describe("a chat", () => {
  const text =
    "Alert type: `budget_alerts`\nLevel: `High`\nTimestamp: `12:30:05`\n\nMessage: Key <!channel> & co\n\nProxy URL: `https://llm.example.com`";

  it("of Slack gets text in which nothing calls anybody", () => {
    expect(chatBody(HOOKS, ALERT, "https://llm.example.com")).toEqual({
      text: text.replace("<!channel> &", "&lt;!channel&gt; &amp;"),
    });
  });

  it("of Discord gets content that mentions nobody; by its Slack path, Slack's", () => {
    const url = "https://discord.com/api/webhooks/1/token";
    expect(chatBody(url, ALERT, "https://llm.example.com")).toEqual({
      content: text,
      allowed_mentions: { parse: [] },
    });
    expect(chatBody(`${url}/slack`, ALERT, undefined)).toHaveProperty("text");
  });

  it("gets no message that calls anybody, or shows words for a link", () => {
    const message = "Key @everyone @channel by ada@example.com: [Sign in again](https://evil.example)";
    const calm = "Key @\u200beveryone @\u200bchannel by ada@example.com: [Sign in again]\u200b(https://evil.example)";
    for (const url of [
      HOOKS,
      "https://mattermost.example.com/hooks/1",
      "https://discord.com/api/webhooks/1/token",
      "https://discord.com/api/webhooks/1/token/slack",
      "https://example.webhook.office.com/webhookb2/1",
    ])
      expect(JSON.stringify(chatBody(url, { ...ALERT, message }, undefined)), url).toContain(calm);
  });

  it("of Teams gets a card", () => {
    for (const url of [
      "https://example.webhook.office.com/webhookb2/1",
      "https://prod-1.westus.logic.azure.com:443/workflows/1",
    ])
      expect(chatBody(url, ALERT, undefined)).toMatchObject({
        type: "message",
        attachments: [
          { contentType: "application/vnd.microsoft.card.adaptive", content: { type: "AdaptiveCard", version: "1.4" } },
        ],
      });
  });
});

describe("mail", () => {
  const key = new Secret("mail-key-123");

  it("goes by Resend and by SendGrid, with nothing of it read as HTML", () => {
    const message = "<b>alias</b>\nnext";
    const mail = { to: ["a@example.com", "b@example.com"], subject: "S" };
    const html = "<p>&lt;b&gt;alias&lt;/b&gt;<br>next</p>";
    expect(mailRequest({ service: "resend", key, from: "f@x.org", base: "https://r" }, { message, mail })).toEqual({
      url: "https://r/emails",
      headers: { authorization: "Bearer mail-key-123" },
      body: { from: "f@x.org", to: mail.to, subject: "S", text: message, html },
    });
    expect(mailRequest({ service: "sendgrid", key, from: "f@x.org", base: "https://s" }, { message, mail })).toEqual({
      url: "https://s/v3/mail/send",
      headers: { authorization: "Bearer mail-key-123" },
      body: {
        personalizations: [{ to: [{ email: "a@example.com" }, { email: "b@example.com" }] }],
        from: { email: "f@x.org" },
        subject: "S",
        content: [
          { type: "text/plain", value: message },
          { type: "text/html", value: html },
        ],
      },
    });
  });
});

describe("settings", () => {
  it("without alerting tell nobody", () => {
    expect(settingsOf({}, { SLACK_WEBHOOK_URL: HOOKS })).toMatchObject({ isOn: false, notices: [] });
  });

  it("say what is missing, and what cannot be", () => {
    const { isOn, notices } = settingsOf(
      { alerting: ["slack", "webhook", "email", "pager"], alert_types: ["budget_alerts", "daily_reports", "nothing"] },
      { SMTP_HOST: "smtp.example.com" },
    );
    expect(isOn).toBe(false);
    for (const word of [
      '"pager"',
      "needs SLACK_WEBHOOK_URL",
      "needs WEBHOOK_URL",
      "SMTP cannot",
      "daily_reports",
      "no nothing",
    ])
      expect(notices.join("; ")).toContain(word);
    expect(settingsOf({ alerting: ["webhook"] }, { WEBHOOK_URL: "file:///etc" }).webhook).toBeUndefined();
    expect(settingsOf({ alerting: ["email"] }, { RESEND_API_KEY: "re_1" }).notices.join()).toContain(
      "RESEND_FROM_EMAIL",
    );
  });

  it("send each type to its own chat, and mail at 80 per cent to nobody else", () => {
    const settings = settingsOf(
      {
        alerting: ["slack", "webhook", "email"],
        alert_to_webhook_url: new Secret(JSON.stringify({ budget_alerts: [HOOKS, `${HOOKS}2`] })),
      },
      {
        SLACK_WEBHOOK_URL: `${HOOKS}0`,
        WEBHOOK_URL: "https://example.com/hook",
        SENDGRID_API_KEY: "SG.1",
        SENDGRID_SENDER_EMAIL: "f@x.org",
      },
    );
    expect(sinksOf(ALERT, settings).map(({ channel }) => channel)).toEqual(["slack", "slack", "webhook", "email"]);
    const early: Alert = { ...ALERT, event: { ...ALERT.event!, event: "max_budget_alert" } };
    expect(sinksOf(early, settings).map(({ channel }) => channel)).toEqual(["email"]);
    const made: Alert = {
      ...ALERT,
      type: "new_virtual_key_created",
      event: { ...ALERT.event!, event: "key_created" },
      mail: undefined,
    };
    expect(sinksOf(made, settings).map(({ channel }) => channel)).toEqual(["webhook"]);
  });
});

describe("the text of a budget", () => {
  it("has names and figures, LiteLLM's words for the event, and nothing of the key", () => {
    const token = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";
    const alert = alertOf(
      {
        group: "key",
        name: "Key search (88dc28d0…)",
        ids: { token, key_alias: "search", user_id: "ada", team_id: null },
        userEmail: "ada@example.com",
        alertEmails: ["ops@example.com"],
      },
      { event: "threshold_crossed", percent: 85, spent: 8.6e9, limit: 10e9, soft: 5e9, windowStart: 1, at: 2 },
    );
    expect(alert.message).toBe(
      "Key Budget: 15% Threshold Crossed\nKey search (88dc28d0…): $8.60 spent of soft budget $5.00, max budget $10.00.",
    );
    expect(webhookEventSchema.parse(alert.event)).toEqual({
      spend: 8.6,
      max_budget: 10,
      soft_budget: 5,
      token,
      customer_id: null,
      user_id: "ada",
      team_id: null,
      team_alias: null,
      organization_id: null,
      user_email: "ada@example.com",
      key_alias: "search",
      projected_exceeded_date: null,
      projected_spend: null,
      alert_emails: ["ops@example.com"],
      event: "threshold_crossed",
      event_group: "key",
      event_message: "Key Budget: 15% Threshold Crossed",
    });
    expect(alert.mail?.to).toEqual(["ops@example.com", "ada@example.com"]);
    const forged = alertOf(
      { group: "end_user", name: "Customer x\r\nLevel: `High`\n", ids: {}, userEmail: null, alertEmails: ["o@x.org"] },
      { event: "budget_crossed", percent: 100, spent: 1e9, limit: 1e9, windowStart: 1, at: 2 },
    );
    expect(forged.message.split("\n")).toHaveLength(2);
    expect(forged.mail?.subject).toBe("Customer Budget: Budget Crossed: Customer x Level: `High` ");
  });
});

describe("a delivery", () => {
  const settings = settingsOf(
    { alerting: ["slack", "webhook"] },
    { SLACK_WEBHOOK_URL: HOOKS, WEBHOOK_URL: "https://example.com/hook?token=abcdefgh" },
  );

  function world(answer: (url: string) => Response | Promise<Response>) {
    const sent: AlertMessage[] = [];
    const asked: string[] = [];
    const notices: string[] = [];
    const ports: AlertPorts = {
      settings,
      spender: async () => undefined,
      send: async (messages) => void sent.push(...messages),
      fetch: async (input) => {
        asked.push(String(input));
        return answer(String(input));
      },
      onNotice: (text) => void notices.push(text),
      proxyUrl: undefined,
      random: () => 1,
    };
    const deliver = async (body: unknown, attempts = 1) => {
      const fate: unknown[] = [];
      const message = { id: "m", body, attempts, ack: () => fate.push("ack"), retry: (how: unknown) => fate.push(how) };
      await deliverAlerts([message as Parameters<typeof deliverAlerts>[0][number]], ports); // fate is all a test reads
      return fate;
    };
    return { sent, asked, notices, deliver };
  }

  it("is split by sink, so that one that is down holds up no other", async () => {
    const { sent, asked, deliver } = world(() => new Response());
    expect(await deliver({ kind: "alert", alert: ALERT })).toEqual(["ack"]);
    expect(asked).toEqual([]);
    expect(sent).toMatchObject([
      { kind: "delivery", sink: { channel: "slack", index: 0 } },
      { kind: "delivery", sink: { channel: "webhook", index: 0 } },
    ]);
    for (const message of sent) expect(await deliver(message)).toEqual(["ack"]);
    expect(asked).toEqual([HOOKS, "https://example.com/hook?token=abcdefgh"]);
    expect(JSON.stringify(sent)).not.toContain("hooks.slack.com");
  });

  it("is tried again, later each time, and says nothing secret", async () => {
    const failing = world((url) => {
      throw new Error(`cannot reach ${url}`);
    });
    const message = { kind: "delivery", alert: ALERT, sink: { channel: "webhook", index: 0 } };
    expect(await failing.deliver(message)).toEqual([{ delaySeconds: 10 }]);
    expect(await failing.deliver(message, 4)).toEqual([{ delaySeconds: 80 }]);
    expect(await failing.deliver(message, 30)).toEqual([{ delaySeconds: 3600 }]);
    expect(failing.notices.join()).toContain("[secret]");
    expect(failing.notices.join()).not.toContain("abcdefgh");
    const busy = world(() => new Response("", { status: 429, headers: { "retry-after": "7" } }));
    expect(await busy.deliver(message)).toEqual([{ delaySeconds: 7 }]);
    const moved = world(() => new Response("", { status: 302, headers: { location: "http://169.254.169.254/" } }));
    expect(await moved.deliver(message)).toEqual([{ delaySeconds: 10 }]);
    expect(moved.asked).toHaveLength(1);
  });

  it("that cannot be read, or is of somebody who is gone, is left out", async () => {
    const { deliver, asked, notices } = world(() => new Response());
    expect(await deliver({ kind: "nonsense" })).toEqual(["ack"]);
    expect(notices).toHaveLength(1);
    const notice = { event: "budget_crossed", spent: 1, windowStart: 0, at: 1 };
    expect(await deliver({ kind: "budget", scope: "key:gone", notice })).toEqual(["ack"]);
    expect(asked).toEqual([]);
  });
});
