/** Alerts by mail, by services that take plain HTTP. Sources: Resend's "Send Email", SendGrid's "Mail Send" (v3). */
import type { Alert } from "./event.ts";
import type { MailService } from "./settings.ts";

/** The request that sends it. */
export function mailRequest(
  { service, key, from, base }: MailService,
  { message, mail }: Required<Pick<Alert, "message" | "mail">>,
) {
  const { to, subject } = mail;
  const html = `<p>${escaped(message).replaceAll("\n", "<br>")}</p>`;
  const body =
    service === "resend"
      ? { from, to, subject, text: message, html }
      : {
          personalizations: [{ to: to.map((email) => ({ email })) }],
          from: { email: from },
          subject,
          content: [
            { type: "text/plain", value: message },
            { type: "text/html", value: html },
          ],
        };
  return {
    url: service === "resend" ? `${base}/emails` : `${base}/v3/mail/send`,
    headers: { authorization: `Bearer ${key.reveal()}` },
    body,
  };
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}
