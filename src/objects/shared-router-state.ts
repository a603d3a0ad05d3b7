import { coalesced } from "../router/coalesce.ts";
import { GAUGE_LIFETIME, type Reply, type Report } from "../router/exchange.ts";
import { inTime } from "../router/in-time.ts";
import { RecentMap } from "../router/recent.ts";
import {
  type DeploymentStats,
  type GroupSnapshot,
  GroupState,
  type RouterEvent,
  type RouterState,
} from "../router/state.ts";

/** A snapshot older than this many milliseconds is renewed while it is used. */
const FRESH_FOR = 500;
/** Least milliseconds between two exchanges of a group. A cooldown does not wait for them. */
const BETWEEN = 250;
/** Milliseconds after which an exchange has failed. */
const PATIENCE = 2000;
/** Longest pause after failures, in milliseconds. */
const LONGEST_PAUSE = 10_000;
/** What one request does for a group before the next one takes over: Workers bound its subrequests and its time. */
const MOST_EXCHANGES = 20;
const LONGEST_SHIFT = 20_000;
/** Events kept before the older ones are folded. */
const MOST_EVENTS = 500;

export interface SharedRouterStatePorts {
  /** Asks the group's object. May reject, or never answer. */
  exchange(group: string, report: Report): Promise<Reply>;
  /** Keeps the request that is being served alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  onFailure(group: string, error: unknown): void;
  /** Milliseconds since the epoch. */
  now?(): number;
  random?(): number;
  sleep?(milliseconds: number): Promise<void>;
}

/** A group as this isolate knows it. */
interface View {
  /** What all knew, and what happened here since. */
  state: GroupState;
  /** What all knew. */
  base: GroupSnapshot;
  elsewhere: Reply["inFlightElsewhere"];
  epoch?: string;
  /** Told to an object that has forgotten. */
  recalled?: GroupSnapshot;
  /** Not told yet. */
  queue: RouterEvent[];
  /** Told, with no reply so far. */
  sent?: { sequence: number; events: RouterEvent[] };
  sequence: number;
  /** Folded the next time there are so many. */
  mostEvents: number;
  /** When the last exchange was asked for that brought a reply; 0 before the first. */
  freshAt: number;
  /** No exchange before. */
  dueAt: number;
  failures: number;
  shift?: Shift;
}

/** A request that carries on the exchanges of a group. Where it is ended early nobody says so: it is past its time. */
interface Shift {
  begunAt: number;
  exchanges: number;
  /** It is over if nothing was heard of it until then. */
  expectedBy: number;
  isPausing: boolean;
  isUrgent: boolean;
}

/**
 * The router's state, shared by all isolates through an object for each model group. Reading and writing never wait and
 * never fail: what an isolate knows is the last snapshot of the object and what has happened here since. The exchange
 * with the object runs beside the request that happens to read or write.
 *
 * A cooldown is sent at once. An isolate that serves calls of the group all the time renews its snapshot after 500 ms; so
 * it heeds a cooldown of another within 500 ms and the time of three trips to the object. The first call after a
 * pause goes by what was known before it.
 */
export class SharedRouterState implements RouterState {
  readonly #ports: Required<SharedRouterStatePorts>;
  readonly #sender = crypto.randomUUID();
  readonly #views = new RecentMap<View>(() => ({
    state: new GroupState(),
    base: {},
    elsewhere: {},
    queue: [],
    sequence: 0,
    mostEvents: MOST_EVENTS,
    freshAt: 0,
    dueAt: 0,
    failures: 0,
  }));

  constructor({ now = Date.now, random = Math.random, sleep = wait, ...ports }: SharedRouterStatePorts) {
    this.#ports = { now, random, sleep, ...ports };
  }

  stats(group: string, id: string, now: number): DeploymentStats {
    const view = this.#views.get(group, now);
    this.#keepUp(group, view, now);
    const stats = view.state.stats(id, now);
    const elsewhere = now - view.freshAt > GAUGE_LIFETIME ? 0 : (view.elsewhere[id] ?? 0);
    return { ...stats, inFlight: stats.inFlight + elsewhere };
  }

  record(group: string, event: RouterEvent): void {
    const view = this.#views.get(group, event.at);
    view.state.apply(event);
    view.queue.push(event);
    if (view.queue.length >= view.mostEvents) {
      view.queue = coalesced(view.queue);
      view.mostEvents = Math.max(MOST_EVENTS, view.queue.length * 2);
    }
    this.#keepUp(group, view, this.#ports.now(), event.type === "cooldown");
  }

  /** Sees to it that there is an exchange, now or soon, where one is wanted. */
  #keepUp(group: string, view: View, now: number, isUrgent = false): void {
    if (!hasNews(view) && now - view.freshAt <= FRESH_FOR) return;
    const { shift } = view;
    if (shift !== undefined && now < shift.expectedBy) {
      if (isUrgent && !shift.isPausing) shift.isUrgent = true;
      if (!isUrgent || !shift.isPausing || view.failures > 0) return;
    }
    view.shift = { begunAt: now, exchanges: 0, expectedBy: now + PATIENCE, isPausing: false, isUrgent };
    const done = this.#work(group, view, view.shift);
    try {
      this.#ports.waitUntil(done);
    } catch {
      // No request is being served that could be kept alive; the exchange is under way all the same.
    }
  }

  /** Exchanges until there is nothing to tell, or another request has taken over. Never rejects. */
  async #work(group: string, view: View, shift: Shift): Promise<void> {
    const { now, sleep } = this.#ports;
    while (view.shift === shift) {
      const pause = shift.isUrgent && view.failures === 0 ? 0 : view.dueAt - now();
      shift.isUrgent = false;
      shift.expectedBy = now() + Math.max(0, pause) + 2 * PATIENCE;
      if (pause > 0) {
        shift.isPausing = true;
        await sleep(pause);
        shift.isPausing = false;
        if (view.shift !== shift) return;
      }
      await this.#exchange(group, view, shift);
      if (view.shift !== shift) return;
      shift.exchanges += 1;
      const isLongEnough = shift.exchanges >= MOST_EXCHANGES || now() - shift.begunAt > LONGEST_SHIFT;
      if (!hasNews(view) || (isLongEnough && !shift.isUrgent)) view.shift = undefined;
    }
  }

  async #exchange(group: string, view: View, shift: Shift): Promise<void> {
    const { now, random, onFailure } = this.#ports;
    const askedAt = now();
    view.sent ??= this.#batch(view);
    const report: Report = {
      sender: this.#sender,
      ...view.sent,
      inFlight: view.state.inFlight(),
      ...(view.recalled !== undefined && { recalled: view.recalled }),
    };
    try {
      const reply = await inTime(this.#ports.exchange(group, report), PATIENCE);
      if (view.shift !== shift) return; // too late: another has told the same again
      adopt(view, reply);
      view.freshAt = askedAt;
      view.failures = 0;
      view.dueAt = now() + BETWEEN;
    } catch (error) {
      if (view.shift !== shift) return;
      if (view.failures === 0) onFailure(group, error);
      if (view.sent?.events.length === 0) view.sent = undefined; // there was nothing in it to tell again
      view.failures += 1;
      view.dueAt = now() + Math.min(LONGEST_PAUSE, BETWEEN * 2 ** view.failures) * (0.5 + random() / 2);
    }
  }

  #batch(view: View): NonNullable<View["sent"]> {
    const events = coalesced(view.queue);
    view.queue = [];
    view.sequence += 1;
    return { sequence: view.sequence, events };
  }
}

function hasNews({ queue, sent, recalled }: View): boolean {
  return queue.length > 0 || sent !== undefined || recalled !== undefined;
}

/** The reply has in it what was sent. What has happened since comes on top. */
function adopt(view: View, { epoch, snapshot, inFlightElsewhere }: Reply): void {
  const all = new GroupState(snapshot);
  const hasForgotten = view.epoch !== undefined && view.epoch !== epoch;
  view.recalled = hasForgotten ? remembered(view) : undefined;
  if (view.recalled !== undefined) all.recall(view.recalled);
  view.base = all.snapshot();
  view.state.rebase(view.base);
  for (const event of view.queue) view.state.learn(event);
  view.sent = undefined;
  view.epoch = epoch;
  view.elsewhere = inFlightElsewhere;
}

/** What all knew, and what was sent to them last. */
function remembered({ base, sent }: View): GroupSnapshot {
  const state = new GroupState(base);
  for (const event of sent?.events ?? []) state.learn(event);
  return state.snapshot();
}

function wait(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
