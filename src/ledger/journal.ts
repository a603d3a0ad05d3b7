/**
 * An isolate's notes of its calls, on their way to a ledger object. A client never waits for it: the process of each call
 * is kept alive (`waitUntil`) until the object has its notes.
 *
 * Only plain data is shared between requests: in Workers a promise that was made in one must not be awaited in another, and a
 * request may end at any time. So there is always one request that speaks with the object; the others look again shortly,
 * and take over where it is silent for too long.
 *
 * Batches are numbered, sent one at a time, and repeated unchanged until acknowledged: the object applies each once.
 */
import { inTime } from "../router/in-time.ts";
import type { Batch, ClosedNote, OpenedNote } from "./notes.ts";
import { byteLength } from "./row.ts";

/** Milliseconds from an exchange to the next: notes gather meanwhile. The first after a quiet time goes at once. */
export const BETWEEN = 250;
/** Milliseconds after which an exchange has failed. */
const PATIENCE = 5000;
/** Milliseconds after which a waiting request looks again. */
const LOOKS_EVERY = 100;
const LONGEST_PAUSE = 10_000;
/** An open call is said to be alive so often. */
export const HEARTBEAT = 30_000;
/** A batch that may have been taken is not repeated longer than this: the object forgets numbers after a day. */
const REPEATED_FOR = 12 * 3_600_000;
const MOST_NOTES = 200;
const LARGEST_BATCH = 1_000_000;
/** Bytes of notes that wait while the object cannot be reached. */
const LARGEST_BACKLOG = 8 * 1024 * 1024;

export interface JournalPorts {
  /** Brings a batch to the isolate's object. May reject, or never answer. */
  send(batch: Batch): Promise<void>;
  /** Keeps the request that is being served alive until the promise is done. */
  waitUntil(promise: Promise<unknown>): void;
  onNotice(text: string): void;
  /** Milliseconds from an exchange to the next. */
  between?: number;
  /** Milliseconds since the epoch. */
  now?(): number;
  random?(): number;
  /** Ends after so many milliseconds, or when `wake` does. */
  sleep?(milliseconds: number, wake?: Promise<void>): Promise<void>;
}

interface KnownCall {
  /** Not told yet. */
  opened?: OpenedNote;
  closed?: Omit<ClosedNote, "wasOpened">;
  /** The object knows that it was opened. */
  isTold: boolean;
  /** When the object heard of it last. */
  heardAt: number;
  /** Of the notes not told yet. */
  bytes: number;
  /** Ends the sleep of the request that looks after it. */
  wake: () => void;
}

interface Sent {
  batch: Batch;
  firstAt: number;
}

export class Journal {
  readonly #ports: Required<JournalPorts>;
  readonly #sender = crypto.randomUUID();
  readonly #calls = new Map<string, KnownCall>();
  /** Calls with something to tell that is not in `#sent`. */
  readonly #news = new Set<string>();
  #sent: Sent | undefined;
  #sequence = 0;
  /** An exchange is under way; it has failed if nothing was heard of it until then. */
  #busyUntil = 0;
  #turn = 0;
  #dueAt = 0;
  #failures = 0;
  #backlog = 0;
  #dropped = 0;

  constructor({ between = BETWEEN, now = Date.now, random = Math.random, sleep = pause, ...ports }: JournalPorts) {
    this.#ports = { between, now, random, sleep, ...ports };
  }

  /** For metrics: calls the object does not know to be closed, bytes that wait, and notes that had to be dropped so far. */
  get standing(): { calls: number; backlog: number; dropped: number } {
    return { calls: this.#calls.size, backlog: this.#backlog, dropped: this.#dropped };
  }

  /** A call was let in. */
  opened(note: OpenedNote): void {
    const { id } = note.row;
    if (this.#calls.has(id)) return;
    const call = this.#add(id);
    const bytes = byteLength(JSON.stringify(note));
    // Where there is no room it is told when it is closed.
    if (this.#backlog + bytes <= LARGEST_BACKLOG) {
      call.opened = note;
      call.bytes = bytes;
      this.#backlog += bytes;
      this.#news.add(id);
    }
    this.#lookAfter(id, call);
  }

  /** A call is over. Only the first time counts. */
  closed(note: Omit<ClosedNote, "wasOpened">): void {
    const { id } = note.row;
    const known = this.#calls.get(id);
    if (known?.closed !== undefined) return;
    const call = known ?? this.#add(id);
    const bytes = byteLength(JSON.stringify(note));
    if (this.#backlog + bytes > LARGEST_BACKLOG) this.#makeRoom();
    if (this.#backlog + bytes > LARGEST_BACKLOG) {
      this.#drop([id], "too many notes wait for the ledger");
      this.#forget(id);
      return;
    }
    call.closed = note;
    call.bytes += bytes;
    this.#backlog += bytes;
    this.#news.add(id);
    if (known === undefined) this.#lookAfter(id, call);
    else call.wake();
  }

  #add(id: string): KnownCall {
    const call: KnownCall = { isTold: false, heardAt: this.#ports.now(), bytes: 0, wake: () => {} };
    this.#calls.set(id, call);
    return call;
  }

  #lookAfter(id: string, call: KnownCall): void {
    const done = this.#seeTold(id, call);
    try {
      this.#ports.waitUntil(done);
    } catch {
      // No request is being served that could be kept alive; the notes are under way all the same.
    }
  }

  /** Until the object knows that the call is closed. Never rejects. */
  async #seeTold(id: string, call: KnownCall): Promise<void> {
    const { now, sleep } = this.#ports;
    while (this.#calls.get(id) === call) {
      const wait = this.#untilWork(call, now());
      if (wait <= 0) {
        if (!(await this.#exchange())) await sleep(LOOKS_EVERY);
      } else if (call.closed !== undefined) await sleep(wait);
      else {
        const { promise, resolve } = Promise.withResolvers<void>();
        call.wake = resolve;
        await sleep(wait, promise);
      }
    }
  }

  /** Milliseconds until somebody has to speak with the object for this call; 0: now. */
  #untilWork({ opened, closed, isTold, heardAt }: KnownCall, now: number): number {
    const hasNews = opened !== undefined || closed !== undefined;
    const untilHeartbeat = isTold ? heardAt + HEARTBEAT - now : HEARTBEAT;
    if (!hasNews && untilHeartbeat > 0) return untilHeartbeat;
    if (now < this.#busyUntil) return Math.min(LOOKS_EVERY, this.#busyUntil - now);
    return Math.max(0, this.#dueAt - now);
  }

  /** Speaks with the object once; `false` where there is nothing to tell. Never rejects. */
  async #exchange(): Promise<boolean> {
    const { between, now, random, send, onNotice } = this.#ports;
    const begun = now();
    this.#sent ??= this.#batch(begun);
    const sent = this.#sent;
    if (sent === undefined) return false;
    this.#turn += 1;
    const turn = this.#turn;
    this.#busyUntil = begun + PATIENCE;
    try {
      await inTime(send(sent.batch), PATIENCE);
      if (this.#sent !== sent) return true; // another got it through
      this.#acknowledged(sent, begun);
      this.#failures = 0;
      this.#dueAt = begun + between;
    } catch (error) {
      if (this.#sent !== sent || this.#turn !== turn) return true;
      if (this.#failures === 0) onNotice(`the ledger cannot be reached, notes of calls wait: ${error}`);
      this.#failures += 1;
      this.#dueAt = now() + Math.min(LONGEST_PAUSE, BETWEEN * 2 ** this.#failures) * (0.5 + random() / 2);
      if (now() - sent.firstAt > REPEATED_FOR) this.#giveUp(sent);
    } finally {
      if (this.#turn === turn) this.#busyUntil = 0;
    }
    return true;
  }

  #batch(now: number): Sent | undefined {
    const batch: Batch = { sender: this.#sender, sequence: this.#sequence + 1, opened: [], closed: [], alive: [] };
    let size = 0;
    for (const id of this.#news) {
      const call = this.#calls.get(id);
      if (batch.opened.length + batch.closed.length >= MOST_NOTES || size > LARGEST_BATCH) break;
      this.#news.delete(id);
      if (call === undefined) continue;
      size += call.bytes;
      if (call.closed !== undefined) batch.closed.push({ ...call.closed, wasOpened: call.isTold });
      else if (call.opened !== undefined) batch.opened.push(call.opened);
    }
    // All that are due soon, so that many long calls make one exchange.
    for (const [id, call] of this.#calls)
      if (call.isTold && call.closed === undefined && now - call.heardAt >= HEARTBEAT / 2) batch.alive.push(id);
    if (batch.opened.length + batch.closed.length + batch.alive.length === 0) return undefined;
    this.#sequence += 1;
    return { batch, firstAt: now };
  }

  #acknowledged({ batch }: Sent, at: number): void {
    this.#sent = undefined;
    for (const { row } of batch.opened) {
      const call = this.#calls.get(row.id);
      if (call === undefined) continue;
      call.isTold = true;
      call.heardAt = at;
      if (call.opened === undefined) continue;
      const bytes = call.closed === undefined ? call.bytes : byteLength(JSON.stringify(call.opened));
      call.bytes -= bytes;
      this.#backlog -= bytes;
      call.opened = undefined;
    }
    for (const id of batch.alive) {
      const call = this.#calls.get(id);
      if (call !== undefined) call.heardAt = at;
    }
    for (const { row } of batch.closed) this.#forget(row.id);
  }

  #forget(id: string): void {
    const call = this.#calls.get(id);
    if (call === undefined) return;
    this.#calls.delete(id);
    this.#news.delete(id);
    this.#backlog -= call.bytes;
    call.wake();
  }

  /** That calls are open need not be told: they are told when they are closed. */
  #makeRoom(): void {
    const isUnderWay = new Set(this.#sent?.batch.opened.map(({ row }) => row.id));
    for (const [id, call] of this.#calls) {
      if (call.opened === undefined || call.closed !== undefined || isUnderWay.has(id)) continue;
      call.opened = undefined;
      this.#backlog -= call.bytes;
      call.bytes = 0;
      this.#news.delete(id);
    }
  }

  /** Nobody can say any more whether the object has it. */
  #giveUp(sent: Sent): void {
    this.#sent = undefined;
    const { opened, closed } = sent.batch;
    this.#drop(
      [...opened, ...closed].map(({ row }) => row.id),
      "the ledger could not be reached for 12 hours",
    );
    for (const { row } of closed) this.#forget(row.id);
    for (const { row } of opened) {
      const call = this.#calls.get(row.id);
      if (call === undefined) continue;
      this.#backlog -= call.closed === undefined ? call.bytes : 0;
      if (call.closed === undefined) call.bytes = 0;
      call.opened = undefined;
    }
  }

  #drop(ids: readonly string[], cause: string): void {
    if (ids.length === 0) return;
    this.#dropped += ids.length;
    this.#ports.onNotice(
      `${cause}: dropped ${ids.length} notes (${this.#dropped} so far): ${ids.slice(0, 20).join(" ")}`,
    );
  }
}

async function pause(milliseconds: number, wake?: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await (wake === undefined ? promise : Promise.race([promise, wake]));
  clearTimeout(timer);
}
