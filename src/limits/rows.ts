/** What is stored of a scope. The shapes are those of `docs/storage.md`; each row is written on its own. */
import type { AlertRow, BudgetNotice } from "./crossing.ts";
import type { Hold } from "./demand.ts";
import type { LeaseRow } from "./lease-row.ts";

export interface ScopeRows {
  /** `account`: one row. */
  account: AccountRow;
  /** `window:<meter>@<start>`: a counter each. */
  window: WindowRow;
  /** `holder:<id>`: who holds leases, and all of them, so that an exchange writes one row. */
  holder: HolderRow;
  /** `sender:<id>`: how far a ledger object has told its charges. */
  sender: SenderRow;
  /** `alert:<start>`: what was told of a window. */
  alert: AlertRow;
  /** `notice:<id>`: what is still to be told. */
  notice: BudgetNotice;
  /** `hold:<id>`: money that is set aside for something that runs for long. */
  hold: Hold;
}

export interface AccountRow {
  /** Nano-dollars: the sum of all charges and of `adjusted`. */
  total: number;
  adjusted: number;
  version: number;
}

export interface WindowRow {
  spent: number;
  /** Milliseconds since the epoch; 0 while nobody has said when it ends. */
  end: number;
  /** When it was written last. */
  at: number;
}

export interface HolderRow {
  sequence: number;
  /** When its newest exchange came. */
  seenAt: number;
  /** By meter: `<kind>:<id>@<start of the window>`. */
  leases: Record<string, LeaseRow>;
}

export interface SenderRow {
  sequence: number;
  at: number;
}

/** Where rows are stored. Whatever is written between two awaits is stored as a whole or not at all. */
export interface RowStorage {
  list(): Iterable<[key: string, value: unknown]>;
  put(key: string, value: unknown): void;
  delete(key: string): void;
  deleteAll(): void;
}

/** The rows of a scope in memory, written through to their storage. */
export class Rows {
  readonly account = new Table<AccountRow>("account", this);
  readonly windows = new Table<WindowRow>("window", this);
  readonly holders = new Table<HolderRow>("holder", this);
  readonly senders = new Table<SenderRow>("sender", this);
  readonly alerts = new Table<AlertRow>("alert", this);
  readonly notices = new Table<BudgetNotice>("notice", this);
  readonly holds = new Table<Hold>("hold", this);
  readonly storage: RowStorage;

  constructor(storage: RowStorage) {
    this.storage = storage;
    for (const [key, value] of storage.list()) {
      const [, kind = "", id = ""] = /^(\w+):(.*)$/s.exec(key) ?? [];
      // Rows are what `put` below has written, so each is of its table's shape.
      if (kind === "account") this.account.load(id, value as AccountRow);
      else if (kind === "window") this.windows.load(id, value as WindowRow);
      else if (kind === "holder") this.holders.load(id, value as HolderRow);
      else if (kind === "sender") this.senders.load(id, value as SenderRow);
      else if (kind === "alert") this.alerts.load(id, value as AlertRow);
      else if (kind === "notice") this.notices.load(id, value as BudgetNotice);
      else if (kind === "hold") this.holds.load(id, value as Hold);
    }
  }

  clear(): void {
    const { account, windows, holders, senders, alerts, notices, holds } = this;
    for (const table of [account, windows, holders, senders, alerts, notices, holds]) table.clear();
    this.storage.deleteAll();
  }
}

class Table<Row> {
  readonly #kind: string;
  readonly #owner: { storage: RowStorage };
  readonly #rows = new Map<string, Row>();

  constructor(kind: string, owner: { storage: RowStorage }) {
    this.#kind = kind;
    this.#owner = owner;
  }

  load(id: string, row: Row): void {
    this.#rows.set(id, row);
  }

  get(id: string): Readonly<Row> | undefined {
    return this.#rows.get(id);
  }

  entries(): Iterable<[id: string, row: Readonly<Row>]> {
    return this.#rows.entries();
  }

  put(id: string, row: Row): void {
    this.#owner.storage.put(`${this.#kind}:${id}`, row);
    this.#rows.set(id, row);
  }

  delete(id: string): void {
    this.#owner.storage.delete(`${this.#kind}:${id}`);
    this.#rows.delete(id);
  }

  clear(): void {
    this.#rows.clear();
  }
}

/** Rows that live as long as the process; values are copied, as a real storage does. */
export class MemoryRows implements RowStorage {
  readonly #rows = new Map<string, unknown>();

  list(): Iterable<[string, unknown]> {
    return [...this.#rows].map(([key, value]): [string, unknown] => [key, structuredClone(value)]);
  }

  put(key: string, value: unknown): void {
    this.#rows.set(key, structuredClone(value));
  }

  delete(key: string): void {
    this.#rows.delete(key);
  }

  deleteAll(): void {
    this.#rows.clear();
  }
}
