/** What this isolate has to tell: calls that fail or are slow, deployments that cool down, budgets that refuse. */
import type { CallRecord } from "../ledger/record.ts";
import type { ScopeAccounts } from "../limits/accounts.ts";
import type { Refusal } from "../limits/demand.ts";
import type { RouterState } from "../router/state.ts";
import type { Alert, AlertType } from "../telemetry/alerts/event.ts";
import type { AlertMessage } from "../telemetry/alerts/message.ts";
import type { AlertSettings } from "../telemetry/alerts/settings.ts";
import type { Log } from "../telemetry/log.ts";

/** Takes messages for the queue of alerts. Nothing waits for it, and it does not throw. */
export interface AlertSender {
  send(messages: readonly AlertMessage[]): void;
}

/** Milliseconds between two alerts of the same thing from one isolate: what happens meanwhile is counted. */
const QUIET_FOR = 60_000;
const MOST_SUBJECTS = 500;
/** Alerts of one type in that time, of all subjects together: of models with a wildcard a client makes up the names. */
const MOST_AT_ONCE = 20;
/** Characters of an error that are told. */
const LONGEST_CAUSE = 500;

export class Alerts {
  readonly settings: AlertSettings;
  readonly #sender: AlertSender | undefined;
  readonly #now: () => number;
  /** By type and subject. */
  readonly #told = new Map<string, { at: number; since: number }>();
  /** How many of a type were told since when. */
  readonly #lately = new Map<AlertType, { since: number; told: number }>();
  /** Windows of budgets whose objects know of a refusal. */
  readonly #refused = new Set<string>();

  constructor(settings: AlertSettings, sender: AlertSender | undefined, now: () => number = Date.now) {
    this.settings = settings;
    this.#sender = sender;
    this.#now = now;
  }

  /** Is anybody told of such a thing? */
  wants(type: AlertType): boolean {
    return this.#sender !== undefined && this.settings.isOn && this.settings.types.has(type);
  }

  raise(alert: Alert): void {
    if (this.settings.isOn) this.#sender?.send([{ kind: "alert", alert }]);
  }

  /** The log, which hears of every call that is over, and of it what is worth telling. */
  listening(log: Log): Log {
    if (!this.wants("llm_exceptions") && !this.wants("llm_too_slow")) return log;
    return {
      ...log,
      record: (call) => {
        log.record(call);
        this.#heard(call);
      },
    };
  }

  /** The router's state, which hears of every cooldown. */
  watching(state: RouterState): RouterState {
    if (!this.wants("cooldown_deployment")) return state;
    return {
      stats: (group, id, now) => state.stats(group, id, now),
      record: (group, event) => {
        state.record(group, event);
        if (event.type !== "cooldown") return;
        const seconds = Math.round((event.until - event.at) / 1000);
        this.#tell("cooldown_deployment", event.id, "Medium", (count) =>
          [`Deployment ${event.id} of ${group} cools down for ${seconds} s`, count, event.cause]
            .filter(Boolean)
            .join("\n"),
        );
      },
    };
  }

  /**
   * A budget refused a call. Its object tells of it, once in a window; this isolate asks it once.
   * @param waitUntil keeps the process of the call alive
   */
  budgetRefused(
    { scope, meter, remaining }: Refusal,
    accounts: ScopeAccounts,
    waitUntil: (promise: Promise<unknown>) => void,
  ): void {
    if (this.#sender === undefined || !this.settings.isOn || meter.kind !== "budget" || meter.id !== "budget") return;
    // Of a budget that is hardly touched a refusal says only that the call was too big for it.
    if (meter.limit - remaining < meter.limit / 2) return;
    const again = this.settings.again;
    const round = again === undefined ? 0 : Math.floor(this.#now() / again);
    const key = JSON.stringify([scope, meter.window?.start ?? 0, meter.limit, round]);
    if (this.#refused.has(key)) return;
    if (this.#refused.size >= MOST_SUBJECTS) this.#refused.clear();
    this.#refused.add(key);
    waitUntil(accounts.refused(scope, meter, again).catch(() => this.#refused.delete(key)));
  }

  #heard(call: CallRecord): void {
    if (call.shadow) return;
    const { modelGroup, deploymentId, provider, status, attempts, error, errorMessage = "" } = call;
    const where = `${modelGroup}${deploymentId === undefined ? "" : ` (${provider ?? "?"}, deployment ${deploymentId})`}`;
    // A client's own mistake is no failure of a model, and nothing was asked where a limit refused.
    const isFault = status >= 500 || [401, 403, 408, 429].includes(status);
    if (call.outcome === "failure" && attempts.length > 0 && isFault && this.wants("llm_exceptions"))
      this.#tell("llm_exceptions", modelGroup, "High", (count) =>
        [`LLM API failure: ${where} answered ${status} ${error ?? ""}`, count, errorMessage.slice(0, LONGEST_CAUSE)]
          .filter(Boolean)
          .join("\n"),
      );
    const took = call.endedAt - call.startedAt;
    if (call.outcome === "success" && took >= this.settings.slowAfter && this.wants("llm_too_slow"))
      this.#tell("llm_too_slow", modelGroup, "Low", (count) =>
        [`Slow response: ${where} took ${(took / 1000).toFixed(1)} s (call ${call.id})`, count]
          .filter(Boolean)
          .join("\n"),
      );
  }

  #hasRoom(type: AlertType, now: number): boolean {
    const known = this.#lately.get(type);
    const lately = known !== undefined && now - known.since < QUIET_FOR ? known : { since: now, told: 0 };
    this.#lately.set(type, lately);
    return ++lately.told <= MOST_AT_ONCE;
  }

  #tell(type: AlertType, subject: string, level: Alert["level"], message: (count: string) => string): void {
    const now = this.#now();
    const key = JSON.stringify([type, subject]);
    const told = this.#told.get(key);
    if (told !== undefined && now - told.at < QUIET_FOR) {
      told.since++;
      return;
    }
    if (!this.#hasRoom(type, now)) return;
    if (this.#told.size >= MOST_SUBJECTS) this.#told.clear();
    this.#told.set(key, { at: now, since: 0 });
    const missed = told?.since ?? 0;
    this.raise({
      type,
      level,
      message: message(missed === 0 ? "" : `And ${missed} more since the last alert.`),
      at: now,
    });
  }
}
