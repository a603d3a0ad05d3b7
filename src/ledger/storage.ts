/** What a ledger object keeps, and how it is asked for it: synchronous, as SQLite in a Durable Object is. */
import type { Charge } from "../limits/demand.ts";
import type { ClosedNote, OpenedNote } from "./notes.ts";

/**
 * What one exchange brought, or what the object closed itself. An entry never changes; its place is used again once
 * nobody needs it: writing over a row costs one, deleting and inserting two.
 */
export interface EntryHead {
  slot: number;
  /** Order of entries; never used again. */
  number: number;
  /** Milliseconds since the epoch. */
  at: number;
  /** Whose batch it was and which; absent for what the object closed itself. */
  from?: { sender: string; sequence: number };
  /** Ids of calls. */
  opened: string[];
  closed: string[];
  alive: string[];
}

export interface EntryBody {
  opened: OpenedNote[];
  closed: Pick<ClosedNote, "row" | "charges">[];
}

/** How far entries are delivered: numbers of entries. */
export interface Progress {
  /** Rows up to here are in the queue. */
  sent: number;
  /** Charges up to here are delivered, or wait as parcels. */
  charged: number;
  /** Charges up to here are being delivered, in one parcel for each scope; never less than `charged`. */
  charging: number;
}

/** Charges for one scope that could not be delivered at once. They keep their order. */
export interface Parcel {
  scope: string;
  sequence: number;
  charges: Charge[];
}

export interface LedgerStorage {
  /** All that is written within is kept, or nothing. */
  transaction(work: () => void): void;
  heads(): EntryHead[];
  body(slot: number): EntryBody;
  /** In place of what was in the slot. */
  write(head: EntryHead, body: EntryBody): void;
  erase(slots: readonly number[]): void;
  progress(): Progress;
  setProgress(progress: Progress): void;
  parcels(): Parcel[];
  addParcel(parcel: Parcel): void;
  removeParcel(parcel: Pick<Parcel, "scope" | "sequence">): void;
}
