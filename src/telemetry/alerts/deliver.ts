/** The end of the queue of alerts: each is split by sink, and each sink is asked until it has taken it. */
import type { SpenderLookup } from "./budget.ts";
import { budgetAlert } from "./budget.ts";
import { chatBody } from "./chat.ts";
import type { Alert } from "./event.ts";
import { mailRequest } from "./mail.ts";
import { type AlertMessage, alertMessageSchema, type Sink } from "./message.ts";
import { type AlertSettings, chatsFor, sinksOf } from "./settings.ts";

/** Milliseconds a sink may take. */
const PATIENCE = 10_000;
/** Seconds until a sink is asked again: doubled each time, with some chance in it. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 3600;

/** What is used of Cloudflare's `Message`. */
export interface AlertDelivery {
  readonly id: string;
  readonly body: unknown;
  /** 1 the first time. */
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

/** What it takes to send one. */
export interface SendPorts {
  settings: AlertSettings;
  fetch: typeof fetch;
  /** Shown in chats (`PROXY_BASE_URL`). */
  proxyUrl: string | undefined;
}

export interface AlertPorts extends SendPorts {
  /** Whose a scope is. */
  spender: SpenderLookup;
  /** Puts messages into the queue they came from. */
  send(messages: readonly AlertMessage[]): Promise<void>;
  onNotice(text: string): void;
  random?(): number;
}

/** A sink did not take it. */
class NotTaken extends Error {
  override name = "NotTaken";
  /** Seconds the sink asks for. */
  readonly after: number | undefined;

  constructor(message: string, after: number | undefined) {
    super(message);
    this.after = after;
  }
}

/** Never throws: what could not be sent comes again, and in the end is in the dead-letter queue. */
export async function deliverAlerts(messages: readonly AlertDelivery[], ports: AlertPorts): Promise<void> {
  await Promise.all(messages.map((message) => deliver(message, ports)));
}

async function deliver(message: AlertDelivery, ports: AlertPorts): Promise<void> {
  const read = alertMessageSchema.safeParse(message.body);
  if (!read.success) {
    ports.onNotice(`message ${message.id} of the queue of alerts cannot be read and is left out`);
    message.ack();
    return;
  }
  try {
    await handle(read.data, ports);
    message.ack();
  } catch (error) {
    const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (message.attempts - 1));
    const after = error instanceof NotTaken ? error.after : undefined;
    const random = (ports.random ?? Math.random)();
    ports.onNotice(`an alert could not be sent and is tried again: ${said(error, ports.settings)}`);
    message.retry({ delaySeconds: Math.ceil(Math.min(LONGEST_PAUSE, after ?? pause * (0.5 + random / 2))) });
  }
}

async function handle(message: AlertMessage, ports: AlertPorts): Promise<void> {
  if (message.kind === "delivery") return sendTo(message.sink, message.alert, ports);
  if (!ports.settings.isOn) return;
  const alert = message.kind === "alert" ? message.alert : await budgetAlert(message, ports.spender);
  if (alert === undefined) return; // whom it was about is gone
  const sinks = sinksOf(alert, ports.settings);
  const [only, ...others] = sinks;
  if (only === undefined) return;
  if (others.length === 0) return sendTo(only, alert, ports);
  await ports.send(sinks.map((sink) => ({ kind: "delivery", alert, sink })));
}

/** @throws NotTaken, or what `fetch` throws */
async function sendTo({ channel, index }: Sink, alert: Alert, { settings, fetch, proxyUrl }: SendPorts): Promise<void> {
  const request = requestFor(channel, index, alert, settings, proxyUrl);
  if (request === undefined) return; // the config has changed since
  const response = await fetch(request.url, {
    method: "POST",
    headers: { "content-type": "application/json", ...request.headers },
    body: JSON.stringify(request.body),
    redirect: "manual", // an address is the operator's to say, and nobody else's
    signal: AbortSignal.timeout(PATIENCE),
  });
  await response.body?.cancel();
  if (response.ok) return;
  const after = Number(response.headers.get("retry-after"));
  throw new NotTaken(`${channel} answered ${response.status}`, after > 0 ? after : undefined);
}

interface SinkRequest {
  url: string;
  headers?: Record<string, string>;
  body: unknown;
}

function requestFor(
  channel: Sink["channel"],
  index: number,
  alert: Alert,
  settings: AlertSettings,
  proxyUrl: string | undefined,
): SinkRequest | undefined {
  switch (channel) {
    case "slack": {
      const url = chatsFor(alert.type, settings)[index]?.reveal();
      return url === undefined ? undefined : { url, body: chatBody(url, alert, proxyUrl) };
    }
    case "webhook": {
      const url = settings.webhook?.reveal();
      return url === undefined || alert.event === undefined ? undefined : { url, body: alert.event };
    }
    case "email": {
      const { mail, message } = alert;
      return settings.mail === undefined || mail === undefined
        ? undefined
        : mailRequest(settings.mail, { mail, message });
    }
  }
}

/** Sends one alert to a channel at once, for whoever tries it out. @returns what went wrong; `undefined` where nothing did */
export async function trySink(channel: Sink["channel"], alert: Alert, ports: SendPorts): Promise<string | undefined> {
  if (requestFor(channel, 0, alert, ports.settings, undefined) === undefined) return `${channel} is not configured`;
  try {
    await sendTo({ channel, index: 0 }, alert, ports);
    return undefined;
  } catch (error) {
    return said(error, ports.settings);
  }
}

/** An error's words may have the address in them, which is a password. */
function said(error: unknown, { slack, webhook, mail }: AlertSettings): string {
  const secrets = [...(slack?.all ?? []), ...[...(slack?.ofType.values() ?? [])].flat(), webhook, mail?.key];
  const text = error instanceof Error ? error.message : String(error);
  return secrets.reduce((hidden, secret) => secret?.hideIn(hidden) ?? hidden, text).slice(0, 300);
}
