/** The ledger from an isolate's notes to rows, sums and charges: real objects, a real database, and a queue that errs. */
import {
  applyD1Migrations,
  type D1Migration,
  evictDurableObject,
  reset,
  runDurableObjectAlarm,
  runInDurableObject,
} from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { consume, type SpendDelivery } from "../../src/ledger/consumer.ts";
import { Journal } from "../../src/ledger/journal.ts";
import type { Batch } from "../../src/ledger/notes.ts";
import type { SpendMessage } from "../../src/ledger/parcels.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { type LedgerObject, pausesOf } from "../../src/objects/ledger.ts";
import { openDatabase } from "../../src/store/database.ts";
import { numberedLogPage } from "../../src/store/spend/logs.ts";
import { total } from "../../src/store/spend/sums.ts";
import { batchOf, closedNote, NOW, openedNote, rowOf } from "../ledger/world.ts";
import { seeded } from "../router/candidates.ts";

const { LEDGER, SCOPES, DB, TEST_MIGRATIONS } = env as unknown as Bindings & { TEST_MIGRATIONS: D1Migration[] }; // as vitest.config.ts binds them

/** Rows written, as D1 bills them. */
let billed = 0;
const counting = new Proxy(DB, {
  get(target, name) {
    if (name !== "batch") return Reflect.get(target, name).bind(target);
    return async (statements: D1PreparedStatement[]) => {
      const results = await target.batch(statements);
      for (const { meta } of results) billed += meta.rows_written;
      return results;
    };
  },
});
const db = openDatabase(counting);

let number = 0;
let object: DurableObjectStub<LedgerObject>;
let sent: SpendMessage[];
/** What the queue does with what it is given; may throw. */
let onSend: () => void;

beforeEach(async () => {
  await applyD1Migrations(DB, TEST_MIGRATIONS); // `reset` takes the tables too
  object = LEDGER.getByName(`ledger-${++number}`);
  sent = [];
  onSend = () => {};
  await hookQueue();
});
afterEach(reset);

/** The object's queue is ours; to be said again after each restart. */
function hookQueue() {
  return runInDurableObject(object, (instance) => {
    const { env: own } = instance as unknown as { env: { SPEND_QUEUE: unknown } }; // protected
    own.SPEND_QUEUE = {
      sendBatch: async (messages: { body: SpendMessage }[]) => {
        onSend();
        sent.push(...messages.map(({ body }) => structuredClone(body)));
        onSend();
      },
    };
  });
}

async function restart() {
  await evictDurableObject(object);
  await hookQueue();
}

/** The alarm, until there is nothing left to deliver. */
async function settle() {
  for (let i = 0; i < 5; i++) await runDurableObjectAlarm(object);
}

function deliveryOf(body: unknown, attempts = 1): SpendDelivery & { outcome: string | undefined } {
  return {
    id: crypto.randomUUID(),
    body,
    attempts,
    outcome: undefined,
    ack() {
      this.outcome ??= "ack";
    },
    retry() {
      this.outcome ??= "retry";
    },
  };
}

const consumed = (messages: SpendDelivery[], notices: string[] = []) =>
  consume(messages, { db, onNotice: (text) => notices.push(text) });

async function spentBy(scope: string): Promise<number> {
  const { total: spent } = await SCOPES.getByName(scope).spend([]);
  return spent;
}

const stored = async () => (await numberedLogPage(db, {}, { pageSize: 1000 })).logs;

describe("a ledger object", () => {
  it("delivers a closed call at once, and again after an eviction nothing", async () => {
    await object.exchange(batchOf({ opened: [openedNote("a")] }));
    expect(sent).toEqual([]);
    await object.exchange(batchOf({ closed: [closedNote("a", { cost: 700 })] }));
    await expect.poll(() => sent.length).toBe(1);
    await expect.poll(() => spentBy("key:a")).toBe(700);
    await restart();
    await settle();
    expect(sent).toHaveLength(1);
    expect(await spentBy("key:a")).toBe(700);
  });

  it("holds what it was told through an eviction, and repeats what was not acknowledged", async () => {
    onSend = () => {
      throw new Error("the queue is away");
    };
    const batch = batchOf({ closed: [closedNote("a", { cost: 5, wasOpened: false })] });
    await object.exchange(batch);
    await restart();
    await object.exchange(batch); // the isolate never had the reply
    await settle();
    expect(await spentBy("key:a")).toBe(5);
    onSend = () => {};
    await settle();
    expect(sent.flatMap(({ rows }) => rows)).toMatchObject([{ id: "a", cost: 5 }]);
    expect(await spentBy("key:a")).toBe(5);
  });

  it("closes calls nobody hears of by its alarm", async () => {
    await object.exchange(batchOf({ opened: [openedNote("a", { cost: 5000 })] }));
    const alarm = await runInDurableObject(object, (_, { storage }) => storage.getAlarm());
    expect(Math.abs(alarm! - Date.now() - 600_000)).toBeLessThan(5000);
    await runInDurableObject(object, (_, { storage }) => {
      storage.sql.exec("UPDATE entries SET head = json_set(head, '$.at', ?)", Date.now() - 600_001);
    });
    await restart();
    await settle();
    expect(sent.flatMap(({ rows }) => rows)).toMatchObject([{ id: "a", outcome: "lost", cost: 5000, estimated: true }]);
    expect(await spentBy("key:a")).toBe(5000);
  });

  it("says what a call costs in rows", async () => {
    const written = () =>
      runInDurableObject(object, (_, { storage }) => {
        const [one] = storage.sql.exec<{ entries: number }>("SELECT count(*) AS entries FROM entries").toArray();
        return one?.entries;
      });
    const closed = (from: number) =>
      Array.from({ length: 20 }, (_, i) => closedNote(`call-${from + i}`, { wasOpened: false }));
    for (let i = 0; i < 5; i++) await object.exchange(batchOf({ closed: closed(i * 20) }));
    expect(await written()).toBe(5); // a row for each exchange, however many calls are in it
  });
});

describe("complaints", () => {
  it("C1 #7: redelivery, restarts and a failing queue lose no spend and double none", async () => {
    const random = seeded(11);
    let flaky = true;
    onSend = () => {
      if (flaky && random() < 0.3) throw new Error("away");
    };
    let cost = 0;
    for (let round = 0; round < 12; round++) {
      const notes = Array.from({ length: 10 }, (_, i) => {
        const each = Math.floor(random() * 1_000_000);
        cost += each;
        return closedNote(`call-${round}-${i}`, { cost: each, wasOpened: false, tags: ["t"] }, ["key:a", "team:t"]);
      });
      const batch = batchOf({ closed: notes });
      await object.exchange(batch);
      if (random() < 0.5) await restart();
      if (random() < 0.5) await object.exchange(batch);
      if (random() < 0.5) await runDurableObjectAlarm(object);
    }
    flaky = false;
    await settle();
    const deliveries = [...sent, ...sent, ...sent].map((body) => deliveryOf(body));
    deliveries.sort(() => random() - 0.5);
    for (let i = 0; i < deliveries.length; i += 7) await consumed(deliveries.slice(i, i + 7));
    expect(deliveries.every(({ outcome }) => outcome === "ack")).toBe(true);
    const rows = await stored();
    expect(rows).toHaveLength(120);
    expect(rows.reduce((sum, row) => sum + row.cost, 0)).toBe(cost);
    expect(await total(db, {})).toMatchObject({ spend: cost, requests: 120, successful: 120, promptTokens: 1200 });
    expect(await total(db, { tags: ["t"] })).toMatchObject({ spend: cost, requests: 120 });
    expect(await spentBy("key:a")).toBe(cost);
    expect(await spentBy("team:t")).toBe(cost);
  });

  it("C1 #8: a burst of 2,000 calls has 2,000 rows", async () => {
    const kept: Promise<unknown>[] = [];
    const journals = Array.from(
      { length: 4 },
      () =>
        new Journal({
          send: async (batch: Batch) => object.exchange(batch),
          waitUntil: (promise) => kept.push(promise),
          onNotice: () => {},
        }),
    );
    for (let i = 0; i < 2000; i++) {
      const journal = journals[i % 4]!;
      journal.opened(openedNote(`call-${i}`));
      journal.closed({ row: rowOf(`call-${i}`, { cost: 1 }), charges: closedNote("", { cost: 1 }).charges });
    }
    await Promise.all(kept);
    await settle();
    await consumed(sent.map((body) => deliveryOf(body)));
    const { total: count } = await numberedLogPage(db, {});
    expect(count).toBe(2000);
    expect(await spentBy("key:a")).toBe(2000);
    expect(sent.length).toBeLessThan(100); // many rows in a message
  });

  it("C1 #9: a call whose client left has its row, marked as estimated, and is charged", async () => {
    const cost = 4200;
    const left = closedNote("a", { outcome: "aborted", status: 499, estimated: true, completionTokens: 37, cost });
    await object.exchange(batchOf({ opened: [openedNote("a")] }));
    await object.exchange(batchOf({ closed: [left] }));
    await settle();
    await consumed(sent.map((body) => deliveryOf(body)));
    expect(await stored()).toMatchObject([{ outcome: "aborted", estimated: true, completionTokens: 37, cost }]);
    expect(await spentBy("key:a")).toBe(cost);
  });
});

describe("the consumer", () => {
  it("stores every field, and an absent one as null", async () => {
    const row = rowOf("a", {
      callId: "mine",
      keyAlias: "alias",
      tags: ["x", 'y"z'],
      cacheHit: false,
      stream: true,
      metadata: { a: { b: 1 } },
      messages: "[]",
    });
    await consumed([deliveryOf({ rows: [row] })]);
    const [log] = await stored();
    const { messages: _, ...listed } = row;
    expect(log).toMatchObject(listed);
    expect(log).toMatchObject({ teamId: null, sessionId: null, errorMessage: null });
  });

  it("leaves out what cannot be read, says so, and stores the rest", async () => {
    const notices: string[] = [];
    const poison = deliveryOf({ no: "rows" });
    const half = deliveryOf({ rows: [{ ...rowOf("bad"), cost: 1.5 }, rowOf("good")] });
    await consumed([poison, half, deliveryOf("text"), deliveryOf(null)], notices);
    expect([poison.outcome, half.outcome]).toEqual(["ack", "ack"]);
    expect((await stored()).map(({ id }) => id)).toEqual(["good"]);
    expect(notices).toHaveLength(4);
    expect(notices[1]).toMatch(/cost/);
  });

  it("asks for messages again while the database is away", async () => {
    await DB.exec("ALTER TABLE spend_logs RENAME TO away");
    const message = deliveryOf({ rows: [rowOf("a")] });
    const notices: string[] = [];
    await consumed([message], notices);
    expect(message.outcome).toBe("retry");
    expect(notices).toHaveLength(1);
    await DB.exec("ALTER TABLE away RENAME TO spend_logs");
    expect((await total(db, {})).requests).toBe(0); // nothing of it was done
    await consumed([deliveryOf(message.body, 2)]);
    expect((await total(db, {})).requests).toBe(1);
  });

  it("writes a message alone once it has failed often", async () => {
    // As if the database refused one of them for ever.
    await DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON spend_logs WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const messages = (attempts: number) => ["bad", "a", "b"].map((id) => deliveryOf({ rows: [rowOf(id)] }, attempts));
    const first = messages(1);
    await consumed(first);
    expect(first.map(({ outcome }) => outcome)).toEqual(["retry", "retry", "retry"]);
    const third = messages(3);
    await consumed(third);
    expect(third.map(({ outcome }) => outcome)).toEqual(["retry", "ack", "ack"]);
    expect((await total(db, {})).requests).toBe(2);
  });

  it("stores the rows beside one that the database refuses for ever", async () => {
    await DB.exec(
      "CREATE TRIGGER refuse BEFORE INSERT ON spend_logs WHEN NEW.id = 'bad' BEGIN SELECT RAISE(ABORT, 'no'); END",
    );
    const message = deliveryOf({ rows: ["a", "bad", "b"].map((id) => rowOf(id)) }, 3);
    await consumed([message]);
    expect(message.outcome).toBe("retry");
    expect((await stored()).map(({ id }) => id).sort()).toEqual(["a", "b"]);
    expect((await total(db, {})).requests).toBe(2);
  });

  it("writes few rows for a call", async () => {
    const written = async (from: number, count: number, fields = {}) => {
      const before = billed;
      const rows = Array.from({ length: count }, (_, i) =>
        rowOf(`call-${from + i}`, { startedAt: NOW + i, ...fields }),
      );
      await consumed([deliveryOf({ rows })]);
      return billed - before;
    };
    expect(await written(0, 100)).toBe(102); // calls, a slot of the key, a day's sum
    expect(await written(100, 100)).toBe(101);
    expect(await written(100, 100)).toBe(0); // a message that comes twice is free
    expect(await written(200, 100, { customerId: "c", callId: "mine" })).toBe(301);
    expect(await written(300, 100, { tags: ["a", "b"] })).toBe(103);
  });
});

it("pauses as LEDGER_PAUSES says, and as usual where that cannot be read", () => {
  const usual = { notes: 250, deliveries: 2000 };
  expect(pausesOf({})).toEqual(usual);
  const own = { notes: 20, deliveries: 50 };
  expect(pausesOf({ LEDGER_PAUSES: own })).toEqual(own);
  const unusable = [JSON.stringify(own), null, 5, { notes: 20 }, { ...own, deliveries: 0 }, { ...own, notes: "20" }];
  for (const LEDGER_PAUSES of unusable) expect(pausesOf({ LEDGER_PAUSES })).toEqual(usual);
});
