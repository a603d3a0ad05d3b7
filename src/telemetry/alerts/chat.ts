/**
 * Alerts for people in a chat. Whose webhook it is shows in its host: Slack (and what speaks like it: Mattermost, Rocket.Chat),
 * Microsoft Teams, Discord. Sources: Slack's "Sending messages using incoming webhooks" and "Formatting message text",
 * Microsoft's "Create Incoming Webhooks with Workflows", Discord's "Execute Webhook".
 */
import type { Alert } from "./event.ts";

/** Characters; Discord takes 2000. */
const LONGEST_DISCORD = 1900;
/** Slack shortens beyond 40,000. */
const LONGEST = 20_000;

/** The body that the service of this webhook takes. */
export function chatBody(url: string, alert: Alert, proxyUrl: string | undefined): unknown {
  const { hostname, pathname } = new URL(url);
  if (isDiscord(hostname) && !pathname.endsWith("/slack"))
    return { content: textOf(alert, proxyUrl).slice(0, LONGEST_DISCORD), allowed_mentions: { parse: [] } };
  if (isTeams(hostname)) return adaptiveCard(textOf(alert, proxyUrl).slice(0, LONGEST));
  return { text: escaped(textOf(alert, proxyUrl).slice(0, LONGEST)) };
}

function isDiscord(host: string): boolean {
  return /(?:^|\.)(?:discord|discordapp)\.com$/i.test(host);
}

function isTeams(host: string): boolean {
  return /(?:^|\.)(?:webhook\.office\.com|logic\.azure\.com|powerplatform\.com|powerautomate\.com)$/i.test(host);
}

/** Teams' Workflows take cards, and so do its older connectors. */
function adaptiveCard(text: string): unknown {
  const content = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    body: text.split("\n").map((line) => ({ type: "TextBlock", text: line, wrap: true })),
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content }],
  };
}

function textOf({ type, level, at, message }: Alert, proxyUrl: string | undefined): string {
  const time = new Date(at).toISOString().slice(11, 19);
  const text = `Alert type: \`${type}\`\nLevel: \`${level}\`\nTimestamp: \`${time}\`\n\nMessage: ${inert(message)}`;
  return proxyUrl === undefined ? text : `${text}\n\nProxy URL: \`${proxyUrl}\``;
}

/** Breaks a word, and is not seen. */
const NOTHING = "\u200b";

/**
 * Names are their owners' own, and errors say what clients wrote. In it nobody is called by `@` (Mattermost, and Discord by its
 * Slack path, have no other way to forbid that), and no link shows other words than its address (Markdown: Discord, Teams).
 */
function inert(text: string): string {
  return text.replace(/(?<![\w.+-])@(?=\w)/g, `@${NOTHING}`).replaceAll("](", `]${NOTHING}(`);
}

/** Slack's three: so that no alias of a key calls a whole channel, or is a link. */
function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
