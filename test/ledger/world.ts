/** A ledger without Cloudflare: objects that crash after any step, queues and networks that lose, repeat and reorder. */
import { LedgerBook } from "../../src/ledger/book.ts";
import type { Batch, ClosedNote, OpenedNote } from "../../src/ledger/notes.ts";
import { Outbox } from "../../src/ledger/outbox.ts";
import type { SpendMessage } from "../../src/ledger/parcels.ts";
import type { SpendRow } from "../../src/ledger/row.ts";
import type { EntryBody, EntryHead, LedgerStorage, Parcel, Progress } from "../../src/ledger/storage.ts";
import type { Charge } from "../../src/limits/demand.ts";

export const NOW = Date.UTC(2026, 10, 22, 12);

export function rowOf(id: string, fields: Partial<SpendRow> = {}): SpendRow {
  return {
    id,
    callType: "chat",
    keyHash: "key-hash",
    tags: [],
    model: "gpt-4o",
    modelGroup: "gpt",
    provider: "openai",
    stream: false,
    outcome: "success",
    status: 200,
    promptTokens: 10,
    completionTokens: 5,
    totalTokens: 15,
    cacheReadTokens: 0,
    cacheCreationTokens: 0,
    reasoningTokens: 0,
    audioInputTokens: 0,
    audioOutputTokens: 0,
    cost: 1000,
    priced: true,
    estimated: false,
    startedAt: NOW,
    endedAt: NOW + 500,
    attempts: 1,
    retries: 0,
    fallbacks: 0,
    ...fields,
  };
}

export function chargesOf(amount: number, scopes: readonly string[] = ["key:a"]): Charge[] {
  const meters = [{ id: "budget", windowStart: 0, leased: true }];
  return scopes.map((scope) => ({ scope, holder: "isolate", meters, amount }));
}

export function openedNote(id: string, fields: Partial<SpendRow> = {}, scopes?: readonly string[]): OpenedNote {
  const row = rowOf(id, { outcome: "lost", status: 0, estimated: true, cost: 5000, ...fields });
  return { row, charges: chargesOf(row.cost, scopes) };
}

export function closedNote(
  id: string,
  { wasOpened = true, ...fields }: Partial<SpendRow> & { wasOpened?: boolean } = {},
  scopes?: readonly string[],
): ClosedNote {
  const row = rowOf(id, fields);
  return { row, charges: chargesOf(row.cost, scopes), wasOpened };
}

let sequence = 0;
export function batchOf(notes: Partial<Batch>): Batch {
  sequence += 1;
  return { sender: "isolate", sequence, opened: [], closed: [], alive: [], ...notes };
}

/** The machine is gone in the middle of what it did. */
export class Crash extends Error {}

/** What an object's disk holds: transactions are whole or not there. `steps` counts down to a crash. */
export class MemoryStorage implements LedgerStorage {
  entries = new Map<number, { head: EntryHead; body: string }>();
  #progress: Progress = { sent: 0, charged: 0, charging: 0 };
  #parcels: Parcel[] = [];
  /** Rows that were written, as they are billed. */
  rowsWritten = 0;
  beforeStep: () => void = () => {};

  transaction(work: () => void): void {
    this.beforeStep();
    const before = { entries: new Map(this.entries), progress: this.#progress, parcels: this.#parcels };
    try {
      work();
    } catch (error) {
      this.entries = before.entries;
      this.#progress = before.progress;
      this.#parcels = before.parcels;
      throw error;
    }
    this.beforeStep();
  }
  heads(): EntryHead[] {
    const heads = [...this.entries.values()].map(({ head }) => structuredClone(head));
    return heads.sort((a, b) => a.number - b.number);
  }
  body(slot: number): EntryBody {
    const entry = this.entries.get(slot);
    if (entry === undefined) throw new Error(`slot ${slot} is empty`);
    return JSON.parse(entry.body) as EntryBody;
  }
  write(head: EntryHead, body: EntryBody): void {
    this.rowsWritten += 1;
    this.entries.set(head.slot, { head: structuredClone(head), body: JSON.stringify(body) });
  }
  erase(slots: readonly number[]): void {
    for (const slot of slots) if (this.entries.delete(slot)) this.rowsWritten += 1;
  }
  progress(): Progress {
    return this.#progress;
  }
  setProgress(progress: Progress): void {
    this.rowsWritten += 1;
    this.#progress = progress;
  }
  parcels(): Parcel[] {
    return this.#parcels;
  }
  addParcel(parcel: Parcel): void {
    this.rowsWritten += 1;
    this.#parcels = [...this.#parcels, structuredClone(parcel)];
  }
  removeParcel({ scope, sequence }: Parcel): void {
    this.rowsWritten += 1;
    this.#parcels = this.#parcels.filter((one) => one.scope !== scope || one.sequence !== sequence);
  }
}

/** What scopes have been charged; each batch once, as `ScopeObject.apply` does. */
export class Scopes {
  readonly totals = new Map<string, number>();
  readonly calls: { scope: string; sequence: number; charges: Charge[] }[] = [];
  readonly #last = new Map<string, number>();

  apply(sender: string, scope: string, sequence: number, charges: readonly Charge[]): void {
    this.calls.push({ scope, sequence, charges: [...charges] });
    const key = `${sender} ${scope}`;
    if (sequence <= (this.#last.get(key) ?? -1)) return;
    this.#last.set(key, sequence);
    for (const { amount } of charges) this.totals.set(scope, (this.totals.get(scope) ?? 0) + amount);
  }
}

/** The rows that have come out of the queue, by id, and what every message held. */
export class Received {
  readonly rows = new Map<string, SpendRow>();
  readonly messages: SpendMessage[] = [];

  take(messages: readonly SpendMessage[]): void {
    for (const message of messages) {
      this.messages.push(message);
      for (const row of message.rows) if (!this.rows.has(row.id)) this.rows.set(row.id, row);
    }
  }
}

/** An object: what is in memory is made anew by `restart`. */
export class TestLedger {
  readonly storage = new MemoryStorage();
  readonly received = new Received();
  readonly notices: string[] = [];
  scopes = new Scopes();
  now = NOW;
  book: LedgerBook;
  outbox: Outbox;
  /** Called before and after a message or a parcel is taken; may throw. */
  onSend: () => void = () => {};
  onCharge: (scope: string) => void = () => {};
  readonly name: string;

  constructor(name = "ledger") {
    this.name = name;
    [this.book, this.outbox] = this.#start();
  }

  restart(): void {
    [this.book, this.outbox] = this.#start();
  }

  #start(): [LedgerBook, Outbox] {
    const onNotice = (text: string) => this.notices.push(text);
    const book = new LedgerBook({ storage: this.storage, now: () => this.now, onNotice });
    const outbox = new Outbox(book, {
      storage: this.storage,
      onNotice,
      send: async (messages) => {
        this.onSend();
        this.received.take(messages);
        this.onSend();
      },
      charge: async (scope, number, charges) => {
        this.onCharge(scope);
        this.scopes.apply(this.name, scope, number, charges);
        this.onCharge(scope);
      },
    });
    return [book, outbox];
  }

  /** Takes a batch and delivers. */
  async take(notes: Partial<Batch>): Promise<void> {
    this.book.take(batchOf(notes));
    await this.outbox.drain();
  }
}
