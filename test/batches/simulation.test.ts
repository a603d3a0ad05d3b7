/** Batches whose object and workers crash after any step: each line has one result and one row, whatever happens. */
import { describe, expect, it } from "vitest";
import { BatchBook } from "../../src/batches/book.ts";
import { seeded } from "../router/candidates.ts";
import { done, linesOf, NOW, specOf } from "./specs.ts";
import { Crash, TestStorage } from "./storage.ts";

const LINES = 60;

/** What is called may crash the object, whether or not the change was kept, or be lost on its way. */
class Unreliable {
  readonly storage = new TestStorage();
  readonly #random: () => number;
  book = new BatchBook(this.storage);
  crashes = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  ask<T>(call: (book: BatchBook) => T): T {
    const chance = this.#random();
    if (chance < 0.05) this.storage.failsAt = this.storage.transactions + 1;
    try {
      const result = call(this.book);
      if (chance > 0.95) throw new Crash(); // it was kept, and the answer is lost
      return result;
    } finally {
      if (chance < 0.05 || chance > 0.95) this.crashes++;
      this.storage.failsAt = Number.POSITIVE_INFINITY;
      if (chance < 0.05) this.book = new BatchBook(this.storage);
    }
  }
}

function simulate(seed: number) {
  const random = seeded(seed);
  const object = new Unreliable(random);
  const asked = new Map<number, number>();
  const finished = new Set<number>();
  const rows = new Map<string, number>();
  const heard = new Set<number>();
  let now = NOW;
  let again = 0;
  object.book.create(specOf());
  object.book.learn(
    {
      from: { offset: 0 },
      to: { number: 61, offset: 600 },
      lines: linesOf(LINES),
      models: [],
      errors: [],
      isEnd: true,
    },
    now,
  );
  object.book.begin(now);

  /** Does the object know what became of it? */
  const isOver = (number: number) =>
    [true, false].some((ok) => [...object.book.results(ok)].some((text) => text.includes(`"line-${number}"`)));
  const tryTo = <T>(call: (book: BatchBook) => T): T | undefined => {
    try {
      return object.ask(call);
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return undefined;
    }
  };
  const work = (lane: number) => {
    const session = `s${random()}`;
    if (tryTo((book) => book.enter(lane, session, now))?.kind !== "run") return;
    for (let turn = 0; turn < 4; turn++) {
      const claimed = tryTo((book) => book.claim(lane, session, 3, now));
      for (const { number } of claimed?.lines ?? []) {
        if (random() < 0.05) return; // the worker is gone
        if (random() < 0.1) {
          tryTo((book) =>
            book.report(lane, session, number, { kind: "again", after: 2000, isLimit: random() < 0.5 }, now),
          );
          continue;
        }
        if (finished.has(number)) again++;
        asked.set(number, (asked.get(number) ?? 0) + 1);
        tryTo((book) => {
          book.report(lane, session, number, done(number, number % 5 !== 0), now);
          return number;
        });
        if (isOver(number)) finished.add(number);
      }
      now += 500;
    }
    if (random() < 0.8) tryTo((book) => book.leave(lane, session));
  };
  const deliver = () => {
    const due = tryTo((book) => book.notes());
    if (due === undefined) return;
    // The ledger knows a batch of notes by its number.
    if (!heard.has(due.sequence)) for (const { row } of due.notes) rows.set(row.id, (rows.get(row.id) ?? 0) + 1);
    heard.add(due.sequence);
    tryTo((book) => book.delivered(due.sequence));
  };
  let steps = 0;
  for (; steps < 5000; steps++) {
    const plan = tryTo((book) => book.tick(now));
    if (plan?.finalize) break;
    for (const lane of plan?.wake ?? []) if (random() < 0.9) work(lane);
    deliver();
    now += 1000;
  }
  for (let rest = 0; rest < 500 && object.book.hasNotes; rest++) deliver();
  const results = [...object.book.results(true), ...object.book.results(false)].join("").trim().split("\n");
  return { object, results, rows, again, asked, steps };
}

describe("batches with crashes at any step", () => {
  it.each(Array.from({ length: 40 }, (_, seed) => seed))("seed %i: each line has one result and one row", (seed) => {
    const { results, rows, again, object, steps } = simulate(seed);
    expect(steps).toBeLessThan(5000);
    const ids = results.map((line) => (JSON.parse(line) as { custom_id: string }).custom_id);
    expect(ids.sort()).toEqual(
      linesOf(LINES)
        .map(({ customId }) => customId)
        .sort(),
    );
    expect([...rows.values()]).toEqual(Array.from({ length: LINES }, () => 1));
    expect(again).toBe(0); // no line that is known to be finished is run again
    expect(object.book.view()?.request_counts).toEqual({ total: LINES, completed: 48, failed: 12 });
    expect(object.crashes).toBeGreaterThan(0);
  });
});
