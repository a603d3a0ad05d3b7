import { beforeEach, describe, expect, it } from "vitest";
import { BatchBook } from "../../src/batches/book.ts";
import { LANE_TIMEOUT } from "../../src/batches/plan.ts";
import { done, linesOf, NOW, specOf } from "./specs.ts";
import { Crash, TestStorage } from "./storage.ts";

let storage: TestStorage;
let book: BatchBook;

beforeEach(() => {
  storage = new TestStorage();
  book = new BatchBook(storage);
});

/** A batch of so many lines, read and begun. */
function begun(count: number, fields = {}): void {
  book.create(specOf(fields));
  const to = { number: count + 1, offset: count * 10 };
  book.learn({ from: { offset: 0 }, to, lines: linesOf(count), models: ["m"], errors: [], isEnd: true }, NOW);
  book.begin(NOW);
}

const textOf = (ok: boolean) => [...book.results(ok)].join("");
const claimed = (lane: number, session: string, most: number, now = NOW) =>
  book.claim(lane, session, most, now)?.lines.map(({ number }) => number);

describe("a batch's book", () => {
  it("reads, runs and ends, in the words of OpenAI", () => {
    book.create(specOf());
    expect(book.view()).toMatchObject({ status: "validating", request_counts: { total: 0, completed: 0, failed: 0 } });
    expect(book.tick(NOW)).toMatchObject({ wake: [0], finalize: false });
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "read", from: { number: 1, offset: 0 } });
    const part = { lines: linesOf(2), models: ["m"], errors: [] };
    book.learn({ ...part, from: { offset: 0 }, to: { number: 3, offset: 20 }, isEnd: false }, NOW);
    book.learn({ ...part, from: { offset: 0 }, to: { number: 3, offset: 20 }, isEnd: false }, NOW); // told twice
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "read", from: { number: 3, offset: 20 } });
    book.learn(
      { from: { offset: 20 }, to: { number: 3, offset: 20 }, lines: [], models: ["m"], errors: [], isEnd: true },
      NOW,
    );
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "decide", models: ["m"] });
    book.begin(NOW + 1000);
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "run" });
    expect(claimed(0, "a", 5)).toEqual([1, 2]);
    expect(book.claim(0, "a", 5, NOW)).toBeUndefined(); // all are under way
    book.report(0, "a", 1, done(1), NOW);
    book.report(0, "a", 1, done(1, false), NOW); // the first result counts
    book.report(0, "a", 2, done(2, false), NOW);
    book.leave(0, "a");
    expect(book.tick(NOW + 2000)).toEqual({ wake: [], finalize: true, next: NOW + 2000 });
    expect(book.view()).toMatchObject({ status: "finalizing", model: "m" });
    expect(textOf(true)).toBe('{"custom_id":"line-1","ok":true}\n');
    expect(textOf(false)).toBe('{"custom_id":"line-2","ok":false}\n');
    expect(book.ending()).toBeUndefined();
    book.finish(NOW + 3000, { output: 33, error: 34 });
    book.finish(NOW + 9000, { output: 0, error: 0 });
    expect(book.view()).toMatchObject({
      status: "completed",
      in_progress_at: Math.floor(NOW / 1000) + 1,
      finalizing_at: Math.floor(NOW / 1000) + 2,
      completed_at: Math.floor(NOW / 1000) + 3,
      output_file_id: "file-out",
      error_file_id: "file-err",
      request_counts: { total: 2, completed: 1, failed: 1 },
      usage: { input_tokens: 20, output_tokens: 10, total_tokens: 30 },
    });
    const { files, body } = book.ending() ?? {};
    expect(body).toMatchObject({ status: "completed" });
    expect(files).toMatchObject([
      { id: "file-out", kind: "file", owner: "key:token", body: { bytes: 33, purpose: "batch_output" } },
      { id: "file-err", expires_at: NOW + 3000 + 3600_000 },
    ]);
    expect(book.enter(0, "b", NOW)).toEqual({ kind: "none" });
    expect(book.cancel(NOW)).toBe(false);
  });

  it("nobody has a line that another has, and whoever is not heard of loses his", () => {
    begun(60);
    expect(book.tick(NOW).wake).toEqual([0, 1, 2]);
    expect(book.tick(NOW).wake).toEqual([]); // they are on their way
    book.enter(0, "a", NOW);
    book.enter(1, "b", NOW);
    expect(claimed(0, "a", 3)).toEqual([1, 2, 3]);
    expect(claimed(1, "b", 3)).toEqual([4, 5, 6]);
    expect(book.enter(0, "c", NOW + LANE_TIMEOUT - 1)).toEqual({ kind: "none" });
    expect(book.beat(1, "b", NOW + LANE_TIMEOUT)).toBe(true);
    expect(book.enter(0, "c", NOW + LANE_TIMEOUT)).toMatchObject({ kind: "run" });
    expect(claimed(0, "a", 3, NOW + LANE_TIMEOUT)).toBeUndefined();
    expect(claimed(0, "c", 3, NOW + LANE_TIMEOUT)).toEqual([1, 2, 3]);
    // What the former one still brings is as good as any; the later one's is not kept.
    book.report(0, "a", 1, done(1), NOW + LANE_TIMEOUT);
    book.report(0, "c", 1, done(1, false), NOW + LANE_TIMEOUT);
    expect(book.view()?.request_counts).toEqual({ total: 60, completed: 1, failed: 0 });
    expect(book.notes()?.notes).toHaveLength(1);
    // The clock finds it out by itself, too.
    book.tick(NOW + 3 * LANE_TIMEOUT);
    book.enter(1, "d", NOW + 3 * LANE_TIMEOUT);
    expect(claimed(1, "d", 5, NOW + 3 * LANE_TIMEOUT)).toEqual([2, 3, 4, 5, 6]);
  });

  it("a line that is refused waits, and with a limit so does the batch", () => {
    begun(3);
    book.enter(0, "a", NOW);
    expect(claimed(0, "a", 1)).toEqual([1]);
    book.report(0, "a", 1, { kind: "again", after: 30_000, isLimit: true }, NOW);
    expect(book.claim(0, "a", 3, NOW)).toEqual({ lines: [], readyAt: NOW + 5000 });
    expect(claimed(0, "a", 3, NOW + 5000)).toEqual([2, 3]);
    book.report(0, "a", 2, { kind: "again", after: 1000, isLimit: false }, NOW + 5000);
    book.report(0, "a", 3, done(3), NOW + 5000);
    expect(book.claim(0, "a", 3, NOW + 5500)).toEqual({ lines: [], readyAt: NOW + 6000 });
    expect(book.claim(0, "a", 3, NOW + 6000)?.lines).toMatchObject([{ number: 2, tries: 1 }]);
    book.report(0, "a", 2, done(2), NOW + 6000);
    book.leave(0, "a");
    expect(book.tick(NOW + 7000)).toEqual({ wake: [], finalize: false, next: NOW + 30_000 });
    expect(book.tick(NOW + 30_000).wake).toEqual([0]);
  });

  it("what is not done when the window is over is expired, what is under way may end", () => {
    begun(3, { expiresAt: NOW + 60_000 });
    book.enter(0, "a", NOW);
    expect(claimed(0, "a", 1)).toEqual([1]);
    book.beat(0, "a", NOW + 59_000);
    expect(book.tick(NOW + 60_000).finalize).toBe(false);
    expect(book.claim(0, "a", 5, NOW + 60_000)).toBeUndefined();
    book.report(0, "a", 1, done(1), NOW + 61_000);
    expect(book.tick(NOW + 61_000).finalize).toBe(true);
    const lines = textOf(false).trim().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { custom_id: "line-2", response: null, error: { code: "batch_expired" } },
      { custom_id: "line-3" },
    ]);
    book.finish(NOW + 62_000, { output: 1, error: 1 });
    expect(book.view()).toMatchObject({ status: "expired", request_counts: { total: 3, completed: 1, failed: 2 } });
  });

  it("one whose last line is lost after the window ends none the less", () => {
    begun(1, { expiresAt: NOW + 60_000 });
    book.enter(0, "a", NOW + 59_000);
    expect(claimed(0, "a", 1, NOW + 59_000)).toEqual([1]);
    expect(book.tick(NOW + 60_000).finalize).toBe(false);
    expect(book.tick(NOW + 60_000 + LANE_TIMEOUT).finalize).toBe(true);
    book.finish(NOW + 80_000, { output: 0, error: 1 });
    expect(book.view()?.status).toBe("expired");
  });

  it("cancelled: what is under way ends, what is not begun is not run", () => {
    begun(3);
    book.enter(0, "a", NOW);
    claimed(0, "a", 1);
    expect(book.cancel(NOW)).toBe(true);
    expect(book.cancel(NOW)).toBe(true);
    expect(book.beat(0, "a", NOW)).toBe(false);
    expect(book.tick(NOW).finalize).toBe(false);
    book.report(0, "a", 1, done(1), NOW);
    expect(book.tick(NOW).finalize).toBe(true);
    book.finish(NOW, { output: 1, error: 0 });
    expect(book.view()).toMatchObject({ status: "cancelled", request_counts: { total: 3, completed: 1, failed: 0 } });
    expect(book.view()?.cancelling_at).toEqual(expect.any(Number));
  });

  it("stopped: the rest fails for the reason", () => {
    begun(3);
    book.enter(0, "a", NOW);
    claimed(0, "a", 1);
    book.stop({ code: "expired_key", message: "gone" });
    book.report(0, "a", 1, done(1), NOW);
    expect(book.tick(NOW).finalize).toBe(true);
    expect(textOf(false).split("\n")).toHaveLength(3);
    expect(textOf(false)).toContain('"code":"expired_key"');
  });

  it("too much is wrong, or too long", () => {
    book.create(specOf());
    const errors = Array.from({ length: 150 }, (_, index) => ({
      code: "x",
      message: "",
      param: null,
      line: 200 - index,
    }));
    book.learn({ from: { offset: 0 }, to: { number: 1, offset: 9 }, lines: [], models: [], errors, isEnd: false }, NOW);
    const data = book.view()?.errors?.data ?? [];
    expect(book.view()?.status).toBe("failed");
    expect(data).toHaveLength(100);
    expect(data[0]?.line).toBe(51);
    expect(book.enter(0, "a", NOW)).toEqual({ kind: "none" });
  });

  it("long results are kept whole", () => {
    begun(1);
    book.enter(0, "a", NOW);
    claimed(0, "a", 1);
    const text = `"${"x".repeat(499_998)}😀${"é".repeat(600_000)}"`;
    book.report(0, "a", 1, { ...done(1), text } as ReturnType<typeof done>, NOW);
    expect(textOf(true)).toBe(`${text}\n`);
  });

  it("notes go under the same number with the same content until they are delivered", () => {
    begun(3);
    book.enter(0, "a", NOW);
    claimed(0, "a", 3);
    book.report(0, "a", 1, done(1), NOW);
    const first = book.notes();
    book.report(0, "a", 2, done(2), NOW);
    expect(book.notes()).toEqual(first);
    book.delivered(7); // not the one
    book.delivered(first?.sequence ?? 0);
    const second = book.notes();
    expect(second?.sequence).toBe((first?.sequence ?? 0) + 1);
    expect(second?.notes.map(({ row }) => row.id)).toEqual(["call-2"]);
    book.delivered(second?.sequence ?? 0);
    expect(book.notes()).toBeUndefined();
    expect(book.hasNotes).toBe(false);
  });

  it("a provider's batch is looked at now and then, and paid for once", () => {
    book.create(specOf());
    expect(book.handOver(NOW)).toBe(true);
    expect(book.handOver(NOW)).toBe(true);
    expect(book.tick(NOW)).toEqual({ wake: [], finalize: false, next: NOW + 60_000 });
    expect(book.tick(NOW + 60_000).wake).toEqual([0]);
    expect(book.enter(0, "a", NOW + 60_000)).toMatchObject({ kind: "poll" });
    book.polled(false, NOW + 60_000);
    book.leave(0, "a");
    expect(book.tick(NOW + 60_000).next).toBe(NOW + 120_000);
    book.due(NOW + 70_000);
    expect(book.tick(NOW + 70_000).wake).toEqual([0]);
    book.enter(0, "b", NOW + 70_000);
    book.account([...(done(1) as { notes: Parameters<BatchBook["account"]>[0] }).notes]);
    book.account([...(done(2) as { notes: Parameters<BatchBook["account"]>[0] }).notes]);
    book.polled(true, NOW + 70_000);
    expect(book.notes()?.notes.map(({ row }) => row.id)).toEqual(["call-1"]);
    expect(book.ending()).toMatchObject({ isTold: true, files: [] });
    expect(book.tick(NOW + 80_000)).toEqual({ wake: [], finalize: false, next: undefined });
  });

  it("one that was cancelled before a provider had it is not handed over", () => {
    book.create(specOf());
    book.cancel(NOW);
    expect(book.handOver(NOW)).toBe(false);
    expect(book.tick(NOW).finalize).toBe(true);
  });

  it("what a crash leaves is whole: a change is kept with all it has, or not at all", () => {
    begun(2);
    book.enter(0, "a", NOW);
    claimed(0, "a", 2);
    storage.failsAt = storage.transactions + 1;
    expect(() => book.report(0, "a", 1, done(1), NOW)).toThrow(Crash);
    storage.failsAt = Number.POSITIVE_INFINITY;
    book = new BatchBook(storage);
    expect(book.view()?.request_counts).toEqual({ total: 2, completed: 0, failed: 0 });
    expect(textOf(true)).toBe("");
    expect(book.hasNotes).toBe(false);
    book.report(0, "a", 1, done(1), NOW);
    expect(book.view()?.request_counts.completed).toBe(1);
  });
});

describe("a batch whose lines a job runs", () => {
  const job = { id: "job-1", model: "m" };
  const MINUTE = 60_000;

  function given(count: number): void {
    book.create(specOf());
    const to = { number: count + 1, offset: count * 10 };
    book.learn({ from: { offset: 0 }, to, lines: linesOf(count), models: ["m"], errors: [], isEnd: true }, NOW);
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "decide", total: count });
    book.uploaded("Converse");
    expect(book.enter(0, "a", NOW)).toMatchObject({ kind: "decide", uploaded: "Converse" });
    expect(book.handOver(NOW, job)).toBe(true);
    expect(book.handOver(NOW, job)).toBe(true); // told twice
    book.leave(0, "a");
  }

  it("is not asked for where the batch was cancelled while its file was on the way", () => {
    book.create(specOf());
    const to = { number: 2, offset: 10 };
    book.learn({ from: { offset: 0 }, to, lines: linesOf(1), models: ["m"], errors: [], isEnd: true }, NOW);
    expect(book.uploaded("Converse")).toBe(true);
    expect(book.cancel(NOW)).toBe(true);
    expect(book.uploaded("Converse")).toBe(false);
    expect(book.handOver(NOW, job)).toBe(false);
  });

  it("stays the gateway's: nobody runs its lines, their results come from the job", () => {
    given(3);
    expect(book.view()).toMatchObject({ status: "in_progress", request_counts: { total: 3, completed: 0 } });
    expect(book.tick(NOW)).toEqual({ wake: [], finalize: false, next: NOW + MINUTE });
    expect(book.tick(NOW + MINUTE).wake).toEqual([0]);
    expect(book.enter(0, "b", NOW + MINUTE)).toMatchObject({ kind: "job", job, isCancelled: false });
    book.polled(false, NOW + MINUTE);
    book.leave(0, "b");
    expect(book.places([3, 1, 9])).toEqual([linesOf(3)[0], linesOf(3)[2]]);
    book.report(0, "c", 3, done(3), NOW);
    book.report(0, "c", 1, done(1, false), NOW);
    book.report(0, "d", 3, done(3, false), NOW); // told again after a crash: the first counts
    expect(book.places([3])).toEqual([linesOf(3)[2]]); // what it cost is summed up anew
    book.collected("completed", { code: "not_answered", message: "none" }, NOW);
    book.collected("cancelled", undefined, NOW);
    expect(book.tick(NOW)).toMatchObject({ finalize: true });
    expect(textOf(true)).toBe('{"custom_id":"line-3","ok":true}\n');
    expect(textOf(false)).toContain('"custom_id":"line-2","response":null,"error":{"code":"not_answered"');
    book.finish(NOW, { output: 1, error: 1 });
    expect(book.view()).toMatchObject({
      status: "completed",
      request_counts: { total: 3, completed: 1, failed: 2 },
      usage: { total_tokens: 30 },
    });
    expect(book.ending()?.files).toHaveLength(2);
    expect(book.handOver(NOW, { id: "job-2", model: "m" })).toBe(false);
  });

  it("is looked at where somebody asks, but not more often than each five seconds", () => {
    given(1);
    book.due(NOW + 1);
    expect(book.tick(NOW + 1).wake).toEqual([0]);
    book.enter(0, "a", NOW + 1);
    book.polled(false, NOW + 1);
    book.leave(0, "a");
    book.due(NOW + 2);
    expect(book.tick(NOW + 2)).toEqual({ wake: [], finalize: false, next: NOW + 5001 });
  });

  it("is over only when its job is, also where it is cancelled or its time is up", () => {
    given(2);
    expect(book.tick(NOW + 30 * 86_400_000).finalize).toBe(false);
    expect(book.view()?.status).toBe("in_progress");
    book.enter(0, "a", NOW + 1); // who looks does not know yet
    expect(book.cancel(NOW + 1)).toBe(true);
    expect(book.tick(NOW + 1).finalize).toBe(false);
    book.polled(false, NOW + 2);
    book.leave(0, "a");
    expect(book.tick(NOW + 2).next).toBe(NOW + 5002);
    expect(book.tick(NOW + 5002).wake).toEqual([0]);
    expect(book.enter(0, "b", NOW + 5002)).toMatchObject({ kind: "job", isCancelled: true });
    book.report(0, "b", 1, done(1), NOW + 5002);
    book.collected("completed", undefined, NOW + 5002);
    expect(book.tick(NOW + 5002).finalize).toBe(true);
    book.finish(NOW + 5002, { output: 1, error: 0 });
    expect(book.view()).toMatchObject({ status: "cancelled", request_counts: { total: 2, completed: 1, failed: 0 } });
  });

  it("is not begun where it was cancelled meanwhile, and fails where its job does", () => {
    begun(1);
    book.cancel(NOW);
    expect(book.handOver(NOW, job)).toBe(false);
    storage = new TestStorage();
    book = new BatchBook(storage);
    given(1);
    book.fail({ code: "provider_job_failed", message: "why", param: null, line: null }, NOW);
    expect(book.view()).toMatchObject({ status: "failed", errors: { data: [{ message: "why" }] } });
    expect(book.enter(0, "a", NOW)).toEqual({ kind: "none" });
  });
});
