/** Every call has one row and is charged once, whatever breaks and whenever. */
import { expect, it } from "vitest";
import { LOST_AFTER } from "../../src/ledger/book.ts";
import type { Batch, ClosedNote, OpenedNote } from "../../src/ledger/notes.ts";
import { seeded } from "../router/candidates.ts";
import { Crash, chargesOf, rowOf, TestLedger } from "./world.ts";

/** An isolate as `Journal` is one: batches in order, each repeated until acknowledged. */
class Isolate {
  readonly name: string;
  readonly opened: OpenedNote[] = [];
  readonly closed: ClosedNote[] = [];
  readonly told = new Set<string>();
  sequence = 0;
  sent: Batch | undefined;

  constructor(name: string) {
    this.name = name;
  }

  batch(alive: string[]): Batch {
    this.sent ??= {
      sender: this.name,
      sequence: ++this.sequence,
      opened: this.opened.splice(0),
      closed: this.closed.splice(0).map((note) => ({ ...note, wasOpened: this.told.has(note.row.id) })),
      alive,
    };
    return this.sent;
  }

  acknowledged(batch: Batch): void {
    if (this.sent !== batch) return;
    this.sent = undefined;
    for (const { row } of batch.opened) this.told.add(row.id);
  }
}

it.each(Array.from({ length: 60 }, (_, seed) => [seed]))("loses and doubles nothing (%i)", async (seed) => {
  const random = seeded(seed + 1);
  const chance = (of: number) => random() < of;
  const ledger = new TestLedger();
  const scopesOf = () => ["key:a", "key:b", "team:t", "user:u"].filter(() => chance(0.6));
  let untilCrash = Number.POSITIVE_INFINITY;
  const step = () => {
    untilCrash -= 1;
    if (untilCrash < 0) throw new Crash();
  };
  const isolates = ["one", "two", "three"].map((name) => new Isolate(name));
  const open = new Map<string, { isolate: Isolate; scopes: string[] }>();
  const all = new Set<string>();
  const late: Batch[] = [];
  let calls = 0;

  /** Scopes by call. */
  const chargedTo = new Map<string, string[]>();

  /** Runs until it is done, or until the machine stops. */
  const onObject = async (work: () => Promise<unknown> | unknown): Promise<boolean> => {
    untilCrash = chance(0.4) ? Math.floor(random() * 12) : Number.POSITIVE_INFINITY;
    ledger.storage.beforeStep = step;
    ledger.onSend = () => {
      step();
      if (chance(0.05)) throw new Error("the queue is away");
    };
    ledger.onCharge = () => {
      step();
      if (chance(0.1)) throw new Error("the scope is away");
    };
    const dead = () => untilCrash < 0;
    try {
      await work();
      if (!dead()) return true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      untilCrash = Number.POSITIVE_INFINITY;
      ledger.storage.beforeStep = () => {};
    }
    ledger.restart();
    return false;
  };

  for (let round = 0; round < 120; round++) {
    ledger.now += Math.floor(random() * 20_000);
    for (const isolate of isolates) {
      while (chance(0.5)) {
        const id = `call-${++calls}`;
        const scopes = scopesOf();
        all.add(id);
        const row = rowOf(id, { outcome: "lost", cost: 100_000, estimated: true, startedAt: ledger.now });
        isolate.opened.push({ row, charges: chargesOf(100_000, scopes) });
        open.set(id, { isolate, scopes });
        chargedTo.set(id, scopes);
      }
      for (const [id, call] of open) {
        if (call.isolate !== isolate || !chance(0.3)) continue;
        open.delete(id);
        const cost = Math.floor(random() * 100_000);
        const waiting = isolate.opened.findIndex(({ row }) => row.id === id);
        if (waiting >= 0) isolate.opened.splice(waiting, 1); // opened and closed in between
        isolate.closed.push({
          row: rowOf(id, { cost, startedAt: ledger.now }),
          charges: chargesOf(cost, call.scopes),
          wasOpened: false,
        });
      }
      if (!chance(0.7)) continue;
      const batch = structuredClone(isolate.batch([...isolate.told].filter((id) => open.has(id))));
      const sent = isolate.sent!;
      if (chance(0.1)) continue; // lost on the way
      if (chance(0.1)) late.push(batch); // comes again, much later
      const isDone = await onObject(() => ledger.book.take(batch));
      if (isDone && chance(0.9)) isolate.acknowledged(sent); // else the reply is lost
    }
    if (chance(0.2)) for (const batch of late.splice(0)) await onObject(() => ledger.book.take(batch));
    if (chance(0.7)) await onObject(() => ledger.outbox.drain());
    if (chance(0.3)) await onObject(() => ledger.book.closeLost());
    if (chance(0.3)) ledger.book.forget(ledger.outbox.delivered);
    if (chance(0.1)) ledger.book.sweep();
    if (chance(0.05)) ledger.restart();
    if (chance(0.03)) {
      // A machine dies: what it has not sent nobody knows.
      const dead = isolates.splice(Math.floor(random() * isolates.length), 1, new Isolate(`new-${round}`))[0]!;
      const unknown = [...dead.opened, ...dead.closed, ...(dead.sent?.opened ?? []), ...(dead.sent?.closed ?? [])];
      for (const { row } of unknown) if (!dead.told.has(row.id)) all.delete(row.id);
      for (const [id, { isolate }] of open) if (isolate === dead) open.delete(id);
      for (const { row } of dead.sent?.opened ?? []) all.add(`maybe:${row.id}`);
      for (const { row } of dead.sent?.closed ?? []) if (!dead.told.has(row.id)) all.add(`maybe:${row.id}`);
    }
  }

  // The world is well again: all is told, what is still open is lost.
  ledger.onSend = ledger.onCharge = () => {};
  for (const isolate of isolates)
    while (isolate.sent !== undefined || isolate.opened.length + isolate.closed.length > 0) {
      const batch = isolate.batch([]);
      ledger.book.take(batch);
      isolate.acknowledged(batch);
    }
  ledger.now += LOST_AFTER;
  ledger.book.closeLost();
  while (!(await ledger.outbox.drain()));

  const { rows } = ledger.received;
  const maybe = new Set([...all].filter((id) => id.startsWith("maybe:")).map((id) => id.slice("maybe:".length)));
  const certain = [...all].filter((id) => !id.startsWith("maybe:"));
  expect(certain.filter((id) => !rows.has(id))).toEqual([]);
  expect([...rows.keys()].filter((id) => !certain.includes(id) && !maybe.has(id))).toEqual([]);
  expect(ledger.book.openCalls).toBe(0);
  expect(ledger.storage.parcels()).toEqual([]);

  // What every scope was charged is the sum of the rows that name it, to the nano-dollar.
  const owed = new Map<string, number>();
  for (const { id, cost } of rows.values())
    for (const scope of chargedTo.get(id) ?? []) owed.set(scope, (owed.get(scope) ?? 0) + cost);
  expect(ledger.scopes.totals.size).toBeGreaterThan(0);
  expect(Object.fromEntries([...ledger.scopes.totals].sort())).toEqual(Object.fromEntries([...owed].sort()));
});
