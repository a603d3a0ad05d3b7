/**
 * Delivers what a ledger object has closed: rows to the queue, charges to the scopes. Every step may be the last one before
 * a crash; what was not written down as delivered is delivered again, and the receivers know it: the consumer by the ids
 * of rows, a scope by the sequence of the parcel, which is the same with the same charges in it each time.
 */
import type { Charge, ScopeId } from "../limits/demand.ts";
import type { LedgerBook } from "./book.ts";
import { chargesByScope, packRows, type SpendMessage } from "./parcels.ts";
import type { SpendRow } from "./row.ts";
import type { LedgerStorage, Parcel } from "./storage.ts";

/** Entries delivered in one go: what is read into memory. */
const MOST_ENTRIES = 200;
/** Scopes told at the same time. */
const AT_A_TIME = 20;

export interface OutboxPorts {
  storage: LedgerStorage;
  /** Resolves when the queue has all of them. */
  send(messages: readonly SpendMessage[]): Promise<void>;
  /**
   * Resolves when the scope has applied the charges, or had before: sequences of a scope only rise, with gaps, and one that
   * is not above the last applied is to be ignored.
   */
  charge(scope: ScopeId, sequence: number, charges: Charge[]): Promise<void>;
  onNotice(text: string): void;
}

export class Outbox {
  readonly #ports: OutboxPorts;
  readonly #book: LedgerBook;

  constructor(book: LedgerBook, ports: OutboxPorts) {
    this.#book = book;
    this.#ports = ports;
  }

  /** Up to this entry everything is delivered, or waits as a parcel. */
  get delivered(): number {
    const { sent, charged } = this.#ports.storage.progress();
    return Math.min(sent, charged);
  }

  /** Is there something to deliver? */
  get isBusy(): boolean {
    return this.delivered < this.#book.lastClosing || this.#ports.storage.parcels().length > 0;
  }

  /** Delivers what there is. Never rejects; `false` if something could not be delivered and is to be tried again. */
  async drain(): Promise<boolean> {
    const parcels = await this.#deliverParcels();
    while (this.delivered < this.#book.lastClosing) {
      const isSent = await this.#sendRows();
      await this.#chargeScopes();
      // Without the queue there is no end to reach; what came meanwhile is for the next time.
      if (!isSent) return false;
    }
    return parcels && this.#ports.storage.parcels().length === 0;
  }

  async #sendRows(): Promise<boolean> {
    const { storage, send, onNotice } = this.#ports;
    const { sent } = storage.progress();
    const upTo = Math.min(this.#book.last, sent + MOST_ENTRIES);
    const rows: SpendRow[] = [];
    for (const { closed } of this.#book.closedBetween(sent, upTo)) for (const { row } of closed) rows.push(row);
    try {
      for (const messages of packRows(rows)) await send(messages);
    } catch (error) {
      onNotice(`spend rows wait for the queue: ${error}`);
      return false;
    }
    // Where the next parcels end is written down with it: that is one row less.
    const progress = storage.progress();
    const charging = progress.charging > progress.charged ? progress.charging : Math.max(progress.charged, upTo);
    storage.transaction(() => storage.setProgress({ ...progress, sent: upTo, charging }));
    return true;
  }

  async #chargeScopes(): Promise<void> {
    const { storage } = this.#ports;
    const progress = storage.progress();
    let { charged, charging } = progress;
    if (charging === charged) {
      charging = Math.min(this.#book.last, charged + MOST_ENTRIES);
      if (charging === charged) return;
      storage.transaction(() => storage.setProgress({ ...progress, charging }));
    }
    const charges: Charge[] = [];
    for (const { closed } of this.#book.closedBetween(charged, charging))
      for (const call of closed) charges.push(...call.charges);
    const parcels = [...chargesByScope(charges)].map(([scope, list]) => ({ scope, sequence: charging, charges: list }));
    const isWaiting = new Set(storage.parcels().map(({ scope }) => scope));
    const failed = parcels.filter(({ scope }) => isWaiting.has(scope)); // in order, or the earlier would be ignored
    await inTurns(
      parcels.filter(({ scope }) => !isWaiting.has(scope)),
      async (parcel) => {
        if (!(await this.#deliver(parcel))) failed.push(parcel);
      },
    );
    storage.transaction(() => {
      for (const parcel of failed) storage.addParcel(parcel);
      storage.setProgress({ ...storage.progress(), charged: charging, charging });
    });
  }

  /** Those that wait, in order within each scope. */
  async #deliverParcels(): Promise<boolean> {
    const { storage } = this.#ports;
    const byScope = Map.groupBy(storage.parcels(), ({ scope }) => scope);
    let isDone = true;
    await inTurns([...byScope.values()], async (parcels) => {
      for (const parcel of parcels.toSorted((a, b) => a.sequence - b.sequence)) {
        if (!(await this.#deliver(parcel))) {
          isDone = false;
          return;
        }
        storage.transaction(() => storage.removeParcel(parcel));
      }
    });
    return isDone;
  }

  async #deliver({ scope, sequence, charges }: Parcel): Promise<boolean> {
    try {
      await this.#ports.charge(scope, sequence, charges);
      return true;
    } catch (error) {
      this.#ports.onNotice(`charges wait for ${scope}: ${error}`);
      return false;
    }
  }
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += AT_A_TIME)
    await Promise.all(items.slice(start, start + AT_A_TIME).map(work));
}
