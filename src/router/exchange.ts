/**
 * How isolates share what they know of a model group: each reports what it has seen since its last report, and gets
 * what all have seen. Pure, with the clock handed in; `docs/decisions/router-state.md` says why it is like this.
 */
import { type GroupSnapshot, GroupState, type RouterEvent } from "./state.ts";

/** What one isolate tells. Fields may be added, never changed: Workers of two versions may talk to one object. */
export interface Report {
  /** Who tells. */
  sender: string;
  /** One higher for each batch of events. A batch whose reply was lost is told again under its number. */
  sequence: number;
  events: readonly RouterEvent[];
  /** Requests of the sender under way, by deployment. */
  inFlight: Readonly<Record<string, number>>;
  /** What the sender knew when it found that the other side had forgotten. */
  recalled?: GroupSnapshot;
}

export interface Reply {
  /** Another one after the memory was lost. */
  epoch: string;
  snapshot: GroupSnapshot;
  /** Requests of all others under way, by deployment. */
  inFlightElsewhere: Readonly<Record<string, number>>;
}

/** Milliseconds after which a sender that is not heard of has nothing in flight any more. */
export const GAUGE_LIFETIME = 60_000;
/** Milliseconds until a sender is forgotten: longer than it would repeat a batch. */
const SENDER_LIFETIME = 10 * 60_000;

interface Sender {
  /** Of the last batch that was applied. */
  sequence: number;
  inFlight: Report["inFlight"];
  heardAt: number;
}

/** One model group, as all isolates know it together. */
export class SharedGroup {
  readonly #epoch: string;
  readonly #state = new GroupState();
  readonly #senders = new Map<string, Sender>();

  constructor(epoch: string) {
    this.#epoch = epoch;
  }

  exchange({ sender, sequence, events, inFlight, recalled }: Report, now: number): Reply {
    const last = this.#senders.get(sender)?.sequence ?? 0;
    if (recalled !== undefined) this.#state.recall(recalled);
    if (sequence > last) for (const event of events) this.#state.learn(event);
    if (sequence >= last) this.#senders.set(sender, { sequence, inFlight, heardAt: now });
    for (const [name, { heardAt }] of this.#senders) if (now - heardAt > SENDER_LIFETIME) this.#senders.delete(name);
    return {
      epoch: this.#epoch,
      snapshot: this.#state.snapshot(),
      inFlightElsewhere: this.#inFlightBeside(sender, now),
    };
  }

  #inFlightBeside(sender: string, now: number): Record<string, number> {
    const sums: Record<string, number> = {};
    for (const [name, { inFlight, heardAt }] of this.#senders) {
      if (name === sender || now - heardAt > GAUGE_LIFETIME) continue;
      for (const [id, count] of Object.entries(inFlight)) sums[id] = (sums[id] ?? 0) + count;
    }
    return sums;
  }
}
