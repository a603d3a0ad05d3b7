/** What a ledger object knows of its calls: which are open, which are closed, each closed once. */
import type { Batch, ClosedNote, OpenedNote } from "./notes.ts";
import { byteLength } from "./row.ts";
import type { EntryBody, EntryHead, LedgerStorage } from "./storage.ts";

/** A call that was not heard of for so many milliseconds is lost. */
export const LOST_AFTER = 10 * 60_000;
/** That a call is alive is written down when it was not for so long, so that it outlives a restart of the object. */
const ALIVE_WRITTEN_EVERY = 3 * 60_000;
/** How long the ids of closed calls are remembered at least. */
export const REMEMBERED_FOR = 15 * 60_000;
/** How long the number of a sender's last batch is remembered. Longer than it may repeat a batch (journal.ts). */
export const SENDER_REMEMBERED_FOR = 24 * 3_600_000;
/** A row of an object's SQLite takes 2 MB. */
const LARGEST_ENTRY = 1_000_000;

interface OpenCall {
  /** Where it was opened. */
  entry: number;
  heardAt: number;
  writtenAt: number;
}

export interface BookPorts {
  storage: LedgerStorage;
  /** Milliseconds since the epoch. */
  now(): number;
  onNotice(text: string): void;
}

interface KnownHead extends EntryHead {
  /** Calls opened here that are still open. */
  open: number;
  /** Entries that opened what this one closed. */
  openedIn: Set<number>;
}

/** In memory it has ids only, rebuilt from the entries' heads; rows are read when they are needed. */
export class LedgerBook {
  readonly #ports: BookPorts;
  /** By number, in order. */
  readonly #heads = new Map<number, KnownHead>();
  readonly #open = new Map<string, OpenCall>();
  readonly #closed = new Set<string>();
  /** The last batch of each sender. */
  readonly #senders = new Map<string, { sequence: number; entry: number; at: number }>();
  /** Slots nobody needs, the one that is free longest first: what is written over first is the oldest. */
  readonly #free: number[] = [];
  #slots = 0;
  #last: number;
  #lastClosing = 0;

  constructor(ports: BookPorts) {
    this.#ports = ports;
    const { sent, charged, charging } = ports.storage.progress();
    this.#last = charging;
    for (const head of ports.storage.heads()) this.#learn(head);
    this.forget(Math.min(sent, charged)); // what was free before is free again
  }

  /** Number of the newest entry. */
  get last(): number {
    return this.#last;
  }

  /** Number of the newest entry with something to deliver. */
  get lastClosing(): number {
    return this.#lastClosing;
  }

  get openCalls(): number {
    return this.#open.size;
  }

  /** When the next call is lost, if nothing is heard of it. */
  get nextLostAt(): number | undefined {
    let soonest: number | undefined;
    for (const { heardAt } of this.#open.values()) if (soonest === undefined || heardAt < soonest) soonest = heardAt;
    return soonest === undefined ? undefined : soonest + LOST_AFTER;
  }

  /** When there is something to forget; `undefined` where there is nothing. */
  get nextForgottenAt(): number | undefined {
    const at = this.#ports.now();
    let oldest: KnownHead | undefined;
    for (const head of this.#heads.values()) {
      if (head.open === 0 && !this.#isLastOfSender(head, at)) return head.at + REMEMBERED_FOR;
      if (head.open === 0) oldest ??= head;
    }
    return oldest && oldest.at + SENDER_REMEMBERED_FOR;
  }

  /** Takes a batch; one that was taken before changes nothing. Returns whether there is something to deliver. */
  take(batch: Batch): boolean {
    const { now, onNotice } = this.#ports;
    const from = { sender: batch.sender, sequence: batch.sequence };
    if ((this.#senders.get(from.sender)?.sequence ?? -1) >= from.sequence) return false;

    const closing = new Map<string, ClosedNote>();
    for (const note of batch.closed) {
      const { id } = note.row;
      if (closing.has(id) || this.#closed.has(id)) onNotice(`call ${id} was closed twice; the first row counts`);
      else if (!this.#open.has(id) && note.wasOpened)
        onNotice(`call ${id} ended after it was taken for lost; its row stays as it is`);
      else closing.set(id, note);
    }
    const opening = new Map<string, OpenedNote>();
    for (const note of batch.opened) {
      const { id } = note.row;
      if (!closing.has(id) && !this.#closed.has(id) && !this.#open.has(id)) opening.set(id, note);
    }
    const at = now();
    const alive: string[] = [];
    for (const id of batch.alive) {
      const call = this.#open.get(id);
      if (call === undefined || closing.has(id)) continue;
      call.heardAt = at;
      if (at - call.writtenAt >= ALIVE_WRITTEN_EVERY) alive.push(id);
    }
    if (opening.size + closing.size + alive.length > 0)
      this.#write({ opened: [...opening.values()], closed: [...closing.values()] }, alive, from);
    return closing.size > 0;
  }

  /** Closes the calls nobody has heard of for too long: what was reserved is charged. Returns how many. */
  closeLost(): number {
    const { now, storage, onNotice } = this.#ports;
    const at = now();
    const lost = new Map<number, Set<string>>();
    for (const [id, { entry, heardAt }] of this.#open) {
      if (at - heardAt < LOST_AFTER) continue;
      const ids = lost.get(entry) ?? new Set();
      lost.set(entry, ids.add(id));
    }
    let count = 0;
    for (const [entry, ids] of lost) {
      const head = this.#heads.get(entry);
      if (head === undefined) throw new Error(`entry ${entry} has open calls and is gone`);
      const closed = storage
        .body(head.slot)
        .opened.filter(({ row }) => ids.has(row.id))
        .map(({ row, charges }) => ({ row: { ...row, endedAt: at }, charges }));
      this.#write({ opened: [], closed }, []);
      count += closed.length;
    }
    if (count > 0) onNotice(`${count} calls were lost: nothing was heard of them; what was reserved is charged`);
    return count;
  }

  /** What was closed in the entries after one number, up to another, oldest first. */
  *closedBetween(after: number, upTo: number): Generator<{ number: number; closed: EntryBody["closed"] }> {
    // From the end: entries that wait to be forgotten are many, and those to be delivered are the newest.
    const numbers: number[] = [];
    for (let number = upTo; number > after; number--) if (this.#heads.has(number)) numbers.push(number);
    for (const number of numbers.reverse()) {
      const head = this.#heads.get(number);
      if (head !== undefined && head.closed.length > 0)
        yield { number, closed: this.#ports.storage.body(head.slot).closed };
    }
  }

  /**
   * Frees the slots of entries that are delivered and that nothing depends on: no open call, no batch that may come
   * again. An entry that closed a call outlives the one that opened it, or after a restart the call would seem open.
   */
  forget(delivered: number): void {
    const at = this.#ports.now();
    for (const head of this.#heads.values()) {
      if (head.at > at - REMEMBERED_FOR || head.number > delivered) break;
      if (head.open > 0 || this.#isLastOfSender(head, at)) continue;
      if ([...head.openedIn].some((entry) => this.#heads.has(entry))) continue;
      this.#heads.delete(head.number);
      for (const id of head.closed) this.#closed.delete(id);
      this.#free.push(head.slot);
    }
  }

  /** Erases what free slots still hold: there may be prompts in it. For quiet times; each costs a row. */
  sweep(): void {
    if (this.#free.length > 0) this.#ports.storage.erase(this.#free);
  }

  get freeSlots(): number {
    return this.#free.length;
  }

  #isLastOfSender({ from, number }: KnownHead, at: number): boolean {
    const last = from && this.#senders.get(from.sender);
    if (from === undefined || last?.entry !== number) return false;
    if (at - last.at < SENDER_REMEMBERED_FOR) return true;
    this.#senders.delete(from.sender);
    return false;
  }

  #write(body: EntryBody, alive: string[], from?: EntryHead["from"]): void {
    const { storage, now } = this.#ports;
    const at = now();
    const parts = inParts(body).map((part, index) => {
      const head: EntryHead = {
        slot: this.#free[index] ?? this.#slots + index - Math.min(index, this.#free.length),
        number: this.#last + 1 + index,
        at,
        ...(from && { from }),
        opened: part.opened.map(({ row }) => row.id),
        closed: part.closed.map(({ row }) => row.id),
        alive: index === 0 ? alive : [],
      };
      return { head, part };
    });
    storage.transaction(() => {
      for (const { head, part } of parts) storage.write(head, part);
    });
    this.#free.splice(0, parts.length);
    for (const { head } of parts) this.#learn(head);
  }

  #learn(head: EntryHead): void {
    const openedIn = new Set<number>();
    this.#heads.set(head.number, { ...head, open: head.opened.length, openedIn });
    this.#last = Math.max(this.#last, head.number);
    if (head.closed.length > 0) this.#lastClosing = Math.max(this.#lastClosing, head.number);
    this.#slots = Math.max(this.#slots, head.slot + 1);
    for (const id of head.opened) this.#open.set(id, { entry: head.number, heardAt: head.at, writtenAt: head.at });
    for (const id of head.alive) {
      const call = this.#open.get(id);
      if (call !== undefined) call.heardAt = call.writtenAt = head.at;
    }
    for (const id of head.closed) {
      this.#closed.add(id);
      const call = this.#open.get(id);
      if (call === undefined) continue;
      this.#open.delete(id);
      openedIn.add(call.entry);
      const opener = this.#heads.get(call.entry);
      if (opener !== undefined) opener.open -= 1;
    }
    if (head.from === undefined) return;
    const { sender, sequence } = head.from;
    const last = this.#senders.get(sender);
    if (last === undefined || sequence >= last.sequence)
      this.#senders.set(sender, { sequence, entry: head.number, at: head.at });
  }
}

/** A body in parts that fit into a row each; one of them at least. */
function inParts({ opened, closed }: EntryBody): EntryBody[] {
  let part: EntryBody = { opened: [], closed: [] };
  const parts = [part];
  let size = 0;
  const add = (bytes: number) => {
    if (size > 0 && size + bytes > LARGEST_ENTRY) {
      part = { opened: [], closed: [] };
      parts.push(part);
      size = 0;
    }
    size += bytes;
    return part;
  };
  for (const note of opened) add(byteLength(JSON.stringify(note))).opened.push(note);
  for (const { row, charges } of closed) {
    const note = { row, charges };
    add(byteLength(JSON.stringify(note))).closed.push(note);
  }
  return parts;
}
