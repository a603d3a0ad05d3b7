/** What the spend routes ask, of a real database. */
import { applyD1Migrations, type D1Migration, reset } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { deleteOldLogs, retentionPeriod } from "../../src/ledger/retention.ts";
import type { SpendRow } from "../../src/ledger/row.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { openDatabase } from "../../src/store/database.ts";
import { dailyActivity } from "../../src/store/spend/activity.ts";
import { newLogId } from "../../src/store/spend/log-id.ts";
import { findLog, type LogCursor, logPage, numberedLogPage, sessionLogs } from "../../src/store/spend/logs.ts";
import { deleteLogsBefore } from "../../src/store/spend/retention.ts";
import { dailyTotals, dailyTotalsBy, distinctTags, total, totalsBy } from "../../src/store/spend/sums.ts";
import { addSpend } from "../../src/store/spend/write.ts";
import { NOW, rowOf } from "../ledger/world.ts";
import { seeded } from "../router/candidates.ts";

const { DB, TEST_MIGRATIONS } = env as unknown as Bindings & { TEST_MIGRATIONS: D1Migration[] }; // as vitest.config.ts binds them

/** Rows the last queries read, as D1 counts them. */
let read = 0;
const counted = (results: D1Result[]) => {
  for (const { meta } of results) read += meta.rows_read;
};
const db = openDatabase(DB);

const DAY = 86_400_000;
beforeEach(() => applyD1Migrations(DB, TEST_MIGRATIONS));
afterEach(reset);

/** Calls over ten days, of several keys and so on. */
function someRows(count: number): SpendRow[] {
  const random = seeded(5);
  const pick = <T>(...values: T[]) => values[Math.floor(random() * values.length)]!;
  return Array.from({ length: count }, (_, i) => {
    const startedAt = NOW - Math.floor(random() * 10 * DAY);
    const outcome = pick("success", "success", "failure", "aborted", "lost");
    return rowOf(newLogId(startedAt), {
      startedAt,
      endedAt: startedAt + Math.floor(random() * 9000),
      keyHash: pick("k1", "k2", "k3"),
      teamId: pick("t1", "t2", undefined),
      userId: pick("u1", undefined),
      customerId: pick("c1", "c2", undefined),
      sessionId: pick("s1", undefined, undefined),
      organizationId: pick("o1", undefined),
      projectId: pick("p1", undefined),
      callId: i % 3 === 0 ? `mine-${i % 9}` : undefined,
      model: pick("gpt-4o", "claude"),
      modelGroup: pick("smart", "fast"),
      provider: pick("openai", "anthropic"),
      callType: pick("chat", "embeddings"),
      tags: pick(["a"], ["a", "b"], []),
      outcome,
      status: outcome === "success" ? 200 : 500,
      error: outcome === "failure" ? "RateLimitError" : undefined,
      errorMessage: outcome === "failure" ? "Too MANY requests" : undefined,
      cost: Math.floor(random() * 1_000_000),
      promptTokens: Math.floor(random() * 100),
      cacheReadTokens: Math.floor(random() * 10),
    });
  });
}

async function store(rows: SpendRow[]) {
  for (let i = 0; i < rows.length; i += 500) await addSpend(db, rows.slice(i, i + 500));
}

const newestFirst = (rows: readonly SpendRow[]) =>
  rows.toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
const isoDay = (time: number) => new Date(time).toISOString().slice(0, 10);
const sumOf = (rows: readonly SpendRow[]) => rows.reduce((sum, { cost }) => sum + cost, 0);

describe("pages of calls", () => {
  const filters: [string, Parameters<typeof logPage>[1], (row: SpendRow) => boolean][] = [
    ["all", {}, () => true],
    ["a key", { keyHashes: ["k1"] }, ({ keyHash }) => keyHash === "k1"],
    [
      "a key in a range",
      { keyHashes: ["k2"], from: NOW - 3 * DAY, to: NOW - DAY },
      (row) => row.keyHash === "k2" && row.startedAt >= NOW - 3 * DAY && row.startedAt < NOW - DAY,
    ],
    ["keys", { keyHashes: ["k1", "k2", "nobody"] }, ({ keyHash }) => keyHash !== "k3"],
    ["a team", { teamIds: ["t1"] }, ({ teamId }) => teamId === "t1"],
    ["a user", { userIds: ["u1"] }, ({ userId }) => userId === "u1"],
    ["a customer", { customerIds: ["c1"] }, ({ customerId }) => customerId === "c1"],
    [
      "an organization and a project",
      { organizationIds: ["o1"], projectIds: ["p1"] },
      (row) => row.organizationId === "o1" && row.projectId === "p1",
    ],
    ["a session", { sessionId: "s1" }, ({ sessionId }) => sessionId === "s1"],
    ["a tag", { tag: "b" }, ({ tags }) => tags.includes("b")],
    ["a model", { model: "gpt-4o" }, ({ model }) => model === "gpt-4o"],
    ["a public name", { model: "smart" }, ({ modelGroup }) => modelGroup === "smart"],
    ["successes", { status: "success" }, ({ outcome }) => outcome === "success"],
    ["failures", { status: "failure" }, ({ outcome }) => outcome !== "success"],
    ["an error", { errorCode: "RateLimitError", errorMessage: "many" }, ({ error }) => error !== undefined],
    ["a status", { errorCode: "500" }, ({ status }) => status === 500],
    ["spend", { minCost: 100_000, maxCost: 500_000 }, ({ cost }) => cost >= 100_000 && cost <= 500_000],
    ["a client's id", { requestId: "mine-3" }, ({ callId }) => callId === "mine-3"],
    ["no key", { keyHashes: [] }, () => false],
  ];

  it.each(filters)("%s: by keyset and by number the same, each call once", async (_, filter, isWanted) => {
    const rows = someRows(400);
    await store(rows);
    const wanted = newestFirst(rows.filter(isWanted));
    const seen: string[] = [];
    let before: LogCursor | undefined;
    do {
      const page = await logPage(db, filter, { limit: 17, ...(before && { before }) });
      expect(page.logs.length).toBeLessThanOrEqual(17);
      seen.push(...page.logs.map(({ id }) => id));
      before = page.next;
    } while (before !== undefined);
    expect(seen).toEqual(wanted);
    const numbered = await numberedLogPage(db, filter, { page: 2, pageSize: 50 });
    expect(numbered.logs.map(({ id }) => id)).toEqual(wanted.slice(50, 100));
    expect(numbered).toMatchObject({ total: wanted.length, page: 2, totalPages: Math.ceil(wanted.length / 50) });
  });

  it("are in the order that is asked for", async () => {
    const rows = someRows(60);
    await store(rows);
    for (const [orderBy, value] of [
      ["spend", "cost"],
      ["total_tokens", "totalTokens"],
      ["endTime", "endedAt"],
      ["startTime", "startedAt"],
    ] as const)
      for (const ascending of [true, false]) {
        const { logs } = await numberedLogPage(db, {}, { orderBy, ascending, pageSize: 100 });
        const values = logs.map((log) => log[value]);
        expect(values).toEqual(values.toSorted((a, b) => (ascending ? a - b : b - a)));
      }
  });

  it("find one call by the row's id or the client's, with what was asked and answered", async () => {
    const rows = someRows(50);
    rows[7] = { ...rows[7]!, messages: '[{"role":"user"}]', response: "{}" };
    await store(rows);
    expect(await findLog(db, rows[7]!.id)).toMatchObject({ id: rows[7]!.id, messages: '[{"role":"user"}]' });
    expect(await findLog(db, "mine-0")).toMatchObject({ callId: "mine-0" });
    expect(await findLog(db, "nothing")).toBeUndefined();
    const { logs } = await logPage(db, {}, { limit: 100 });
    expect(logs.every((log) => !("messages" in log))).toBe(true);
  });

  it("show a session", async () => {
    const rows = someRows(100);
    await store(rows);
    const own = rows.filter(({ sessionId }) => sessionId === "s1");
    const { logs, totals } = await sessionLogs(db, "s1", { pageSize: 5 });
    expect(logs.map(({ id }) => id)).toEqual(newestFirst(own).reverse().slice(0, 5));
    expect(totals).toMatchObject({ calls: own.length, cost: sumOf(own) });
    expect((await sessionLogs(db, "none")).totals).toEqual({
      calls: 0,
      cost: 0,
      totalTokens: 0,
      startedAt: null,
      endedAt: null,
    });
  });

  it("C3 #27: read what they give, not the whole table", async () => {
    const rows = Array.from({ length: 6000 }, (_, i) => {
      const startedAt = NOW + i * 10_000;
      return rowOf(newLogId(startedAt), {
        startedAt,
        keyHash: i % 1000 === 0 ? "rare" : "busy",
        customerId: i % 1000 === 1 ? "c" : undefined,
        callId: i === 3000 ? "mine" : undefined,
      });
    });
    await store(rows);
    const pages: [string, Parameters<typeof logPage>[1], Parameters<typeof logPage>[2], number][] = [
      ["newest", {}, { limit: 20 }, 30],
      ["far back", {}, { limit: 20, before: { startedAt: NOW + 100_000, id: "" } }, 30],
      ["a rare key", { keyHashes: ["rare"] }, { limit: 6 }, 6 * 70],
      ["a customer", { customerIds: ["c"] }, { limit: 6 }, 30],
      ["a client's id", { requestId: "mine" }, { limit: 6 }, 10],
      ["a row's id", { requestId: rows[3000]!.id }, { limit: 6 }, 10],
    ];
    for (const [name, filter, options, most] of pages) {
      read = 0;
      const { logs } = await logPage(measured, filter, options);
      expect(logs.length, name).toBeGreaterThan(0);
      expect(read, name).toBeLessThanOrEqual(most);
    }
  });
});

/** A database that counts what single statements read too. */
const measured = openDatabase(
  new Proxy(DB, {
    get(target, name) {
      if (name !== "prepare") return Reflect.get(target, name).bind(target);
      return (sql: string) => ({
        bind: (...params: unknown[]) => ({
          raw: async () => {
            const result = await target
              .prepare(sql)
              .bind(...params)
              .all();
            counted([result]);
            return target
              .prepare(sql)
              .bind(...params)
              .raw();
          },
        }),
      });
    },
  }),
);

describe("sums", () => {
  it("are the sums of the rows, by every dimension", async () => {
    const rows = someRows(500);
    await store(rows);
    await store(rows.slice(0, 100)); // again
    expect(await total(db, {})).toMatchObject({
      spend: sumOf(rows),
      requests: 500,
      promptTokens: rows.reduce((sum, row) => sum + row.promptTokens, 0),
      cacheReadTokens: rows.reduce((sum, row) => sum + row.cacheReadTokens, 0),
      successful: rows.filter(({ outcome }) => outcome === "success" || outcome === "aborted").length,
      failed: rows.filter(({ outcome }) => outcome === "failure" || outcome === "lost").length,
    });
    const dimensions = {
      key: (row: SpendRow) => row.keyHash,
      user: (row: SpendRow) => row.userId,
      team: (row: SpendRow) => row.teamId,
      organization: (row: SpendRow) => row.organizationId,
      project: (row: SpendRow) => row.projectId,
      customer: (row: SpendRow) => row.customerId,
      model: (row: SpendRow) => row.model,
      modelGroup: (row: SpendRow) => row.modelGroup,
      provider: (row: SpendRow) => row.provider,
      endpoint: (row: SpendRow) => row.callType,
    } as const;
    for (const by of Object.keys(dimensions) as (keyof typeof dimensions)[]) {
      const groups = Map.groupBy(rows, (row) => dimensions[by](row) ?? "");
      const totals = await totalsBy(db, by, {});
      expect(totals.map(({ id, spend, requests }) => [id, spend, requests])).toEqual(
        [...groups]
          .map(([id, group]) => [id, sumOf(group), group.length] as const)
          .toSorted((a, b) => b[1] - a[1])
          .map((one) => [...one]),
      );
    }
    for (const { id, spend, requests } of await totalsBy(db, "tag", {})) {
      const tagged = rows.filter(({ tags }) => tags.includes(id));
      expect([spend, requests]).toEqual([sumOf(tagged), tagged.length]);
    }
    expect(await totalsBy(db, "team", {}, { withoutNone: true, limit: 1 })).toHaveLength(1);
  });

  it("are by day, within a range, of those who are asked for", async () => {
    const rows = someRows(300);
    await store(rows);
    const [from, to] = [isoDay(NOW - 4 * DAY), isoDay(NOW - 2 * DAY)];
    const within = rows.filter(({ startedAt, teamId }) => {
      const day = isoDay(startedAt);
      return day >= from && day <= to && teamId === "t1";
    });
    const days = await dailyTotals(db, { from, to, teamIds: ["t1"] });
    expect(days.map(({ day, spend }) => [day, spend])).toEqual(
      [...Map.groupBy(within, ({ startedAt }) => isoDay(startedAt))]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([day, group]) => [day, sumOf(group)]),
    );
    const byModel = await dailyTotalsBy(db, "model", { from, to, teamIds: ["t1"] });
    expect(byModel.reduce((sum, { spend }) => sum + spend, 0)).toBe(sumOf(within));
    expect(await distinctTags(db)).toEqual(["a", "b"]);
    await expect(totalsBy(db, "tag", { teamIds: ["t1"] })).rejects.toThrow(RangeError);
  });

  it("show daily activity with what each day is made of", async () => {
    const rows = someRows(300);
    await store(rows);
    const own = rows.filter(({ teamId }) => teamId === "t1" || teamId === "t2");
    const first = await dailyActivity(db, "team", { teamIds: ["t1", "t2"] }, { page: 1, pageSize: 4 });
    expect(first.total.spend).toBe(sumOf(own));
    expect(first.days).toHaveLength(4);
    const rest = await dailyActivity(db, "team", { teamIds: ["t1", "t2"] }, { page: 2, pageSize: 400 });
    expect(rest).toMatchObject({ days: [], totalPages: 1 });
    for (const { day, metrics, breakdown } of first.days) {
      const group = own.filter(({ startedAt }) => isoDay(startedAt) === day);
      expect(metrics.spend).toBe(sumOf(group));
      const { keys, ...parts } = breakdown;
      for (const part of Object.values(parts)) {
        const sums = Object.values(part);
        expect(sums.reduce((sum, one) => sum + one.metrics.spend, 0)).toBe(metrics.spend);
        for (const one of sums)
          expect(Object.values(one.keys).reduce((sum, { requests }) => sum + requests, 0)).toBe(one.metrics.requests);
      }
      expect(Object.values(keys).reduce((sum, { spend }) => sum + spend, 0)).toBe(metrics.spend);
      expect(Object.keys(breakdown.entities).every((id) => ["t1", "t2"].includes(id))).toBe(true);
    }
    const tags = await dailyActivity(db, "tag", { tags: ["b"] });
    expect(tags.total.requests).toBe(rows.filter(({ tags: own }) => own.includes("b")).length);
  });
});

describe("retention", () => {
  it("C3 #23: deletes in bounded steps, the oldest first, and keeps the sums", async () => {
    const rows = someRows(2500);
    await store(rows.map((row, i) => (i === 3 ? { ...row, startedAt: NOW - 20 * DAY, payloadRef: "r2/3" } : row)));
    const before = await total(db, {});
    const old = rows.filter(({ startedAt }, i) => i === 3 || startedAt < NOW - 5 * DAY).length;
    expect(await deleteLogsBefore(db, NOW - 5 * DAY, 100)).toEqual({ deleted: 100, payloads: ["r2/3"] });
    const { logs } = await numberedLogPage(db, {}, { ascending: true, pageSize: 1 });
    expect(logs[0]!.startedAt).toBeGreaterThan(NOW - 10 * DAY);
    const ports = { db, now: () => NOW };
    expect(await deleteOldLogs(ports, retentionPeriod("5d"))).toEqual({ deleted: old - 100, isDone: true });
    expect(await deleteOldLogs(ports, retentionPeriod("5d"))).toEqual({ deleted: 0, isDone: true });
    expect((await numberedLogPage(db, {})).total).toBe(2500 - old);
    expect(await total(db, {})).toEqual(before);
    const slots = await DB.prepare("SELECT min(slot) * 300000 AS oldest FROM spend_log_keys").first<{
      oldest: number;
    }>();
    expect(slots!.oldest).toBeGreaterThanOrEqual(NOW - 5 * DAY - 300_000);
  });

  it("tells what is to be deleted elsewhere", async () => {
    await store([rowOf(newLogId(0), { startedAt: 0, payloadRef: "r2/a" })]);
    const deleted: string[] = [];
    const deletePayloads = async (keys: string[]) => void deleted.push(...keys);
    await deleteOldLogs({ db, now: () => NOW, deletePayloads }, DAY);
    expect(deleted).toEqual(["r2/a"]);
  });

  it.each([
    ["30s", 30_000],
    ["15m", 900_000],
    ["12h", 43_200_000],
    ["7d", 7 * DAY],
    ["2w", 14 * DAY],
    ["1mo", 30 * DAY],
    ["90", 90_000],
  ])("knows the period %s", (text, period) => {
    expect(retentionPeriod(text)).toBe(period);
  });

  it.each(["", "0d", "-1d", "7 years", "1.5d"])("refuses the period %j", (text) => {
    expect(() => retentionPeriod(text)).toThrow(RangeError);
  });
});
