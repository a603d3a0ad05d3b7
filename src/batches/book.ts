/**
 * A batch that the gateway runs itself: which of its lines are undone, who is at work on which, what became of the others.
 * One writer, and each method is one transaction: after a crash anywhere it goes on from what is written. Times are
 * milliseconds since the epoch.
 */
import type { ClosedNote } from "../ledger/notes.ts";
import type { ObjectRow } from "../store/schema/index.ts";
import { type Batch, type BatchError, type BatchStatus, isOver } from "./batch.ts";
import { fileObject } from "./file-object.ts";
import { duplicate, EMPTY_FILE, MOST_ERRORS, MOST_LINES, TOO_MANY_LINES } from "./input.ts";
import { resultId, resultLine } from "./result.ts";
import type { BatchStorage } from "./storage.ts";

export interface BatchSpec {
  id: string;
  endpoint: string;
  inputFileId: string;
  /** Where the input is in the bucket. */
  inputKey: string;
  completionWindow: string;
  metadata: Record<string, string> | null;
  /** The model of lines that name none. */
  model?: string;
  /** Passed to this provider, whatever the lines name. */
  provider?: string;
  /** SHA-256 of the key on whose behalf lines are run: it is looked up anew whenever they are. */
  token: string;
  /** Whose it is, and its files are. */
  owner: string;
  createdBy: string | null;
  /** Ids of the files that will be made. */
  outputFileId: string;
  errorFileId: string;
  /** Seconds these are kept. */
  outputLifetime: number;
  createdAt: number;
  expiresAt: number;
}

/** Where a line is in the input file. */
export interface IndexedLine {
  number: number;
  customId: string;
  offset: number;
  length: number;
}

export interface ClaimedLine extends IndexedLine {
  /** How often it was refused and put back. */
  tries: number;
}

export type LineReport =
  /** It is over, with the text of its result (a line of a file), what it used, and its rows on the ledger. */
  | { kind: "done"; ok: boolean; text: string; tokens: { input: number; output: number }; notes: ClosedNote[] }
  /** It was refused for now: again after so many milliseconds. `isLimit`: others would be refused, too. */
  | { kind: "again"; after: number; isLimit: boolean };

/** What whoever comes to work is to do. */
export type Work =
  /** Read the input from here on. */
  | { kind: "read"; spec: BatchSpec; from: { number: number; offset: number } }
  /** The input is read and right: decide who runs it. */
  | {
      kind: "decide";
      spec: BatchSpec;
      models: string[];
      /** What its provider calls the input, if it was given to one before. */
      uploaded?: string;
    }
  /** Its provider runs it: see how it stands. */
  | { kind: "poll"; spec: BatchSpec }
  | { kind: "run"; spec: BatchSpec }
  /** Another is at work in this lane, or there is nothing to do. */
  | { kind: "none" };

export interface Plan {
  /** Lanes that somebody should work in. */
  wake: number[];
  /** All lines are done: write the files, then call `finish`. */
  finalize: boolean;
  /** When to look again. */
  next: number | undefined;
}

interface State {
  spec: BatchSpec;
  status: BatchStatus;
  /** How it ends, once nothing is under way any more. */
  ending?: "completed" | "expired" | "cancelled";
  read: { number: number; offset: number };
  isRead: boolean;
  models: string[];
  errors: BatchError[];
  total: number;
  completed: number;
  failed: number;
  tokens: { input: number; output: number };
  lanes: number;
  /** No line is handed out before: a limit was reached. */
  pausedUntil: number;
  /** Why lines were never run, by their number in `lines.reason`. */
  reasons: { code: string; message: string }[];
  times: Partial<Record<BatchStatus, number>>;
  /** Notes up to `upTo` are being delivered to the ledger, as its batch of this number. */
  delivering?: { sequence: number; upTo: number };
  sequence: number;
  /** Bytes of the files that were made. */
  written: { output: number; error: number };
  /** The database has the final state. */
  isTold: boolean;
  /** The input as a provider knows it, which is about to run it. */
  uploaded?: string;
  /** A provider runs it; it is looked at now and then. */
  passed?: { polls: number; nextAt: number };
  /** What a provider's batch cost is on the ledger. */
  isAccounted?: true;
}

/** Most lanes of a batch, and the lines that are worth one. */
const MOST_LANES = 4;
const LINES_A_LANE = 20;
/** Whoever was not heard of for so long is gone, and its lines are handed out again. */
export const LANE_TIMEOUT = 15_000;
/** A lane that was woken and where nobody came is woken again. */
const WAKE_AGAIN = 60_000;
/** The longest a batch waits for a limit before it tries another line. */
const LONGEST_PAUSE = 5000;
/** Characters of a text kept in one row: a row takes 2 MB. */
const PART = 500_000;
/** Milliseconds until a provider's batch is looked at again: longer each time. */
const FIRST_POLL = 60_000;
const LONGEST_POLL = 15 * 60_000;
/** A provider that tells nothing so long after the completion window is not asked any more. */
const LOOKS_AFTER_WINDOW = 7 * 86_400_000;
/** Notes delivered at once. */
const MOST_NOTES = 100;
const MOST_NOTE_BYTES = 500_000;

const WAITING = 0;
const RUNNING = 1;
const OK = 2;
const FAILED = 3;
/** Over without a call. */
const UNRUN = 4;

const EXPIRED = {
  code: "batch_expired",
  message: "This request could not be executed before the completion window expired.",
};

const TABLES = `
  CREATE TABLE IF NOT EXISTS batch (only_one INTEGER PRIMARY KEY CHECK (only_one = 1), state TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS lines (number INTEGER PRIMARY KEY, custom_id TEXT NOT NULL UNIQUE, place INTEGER NOT NULL,
    length INTEGER NOT NULL, state INTEGER NOT NULL DEFAULT 0, ready_at INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0, session TEXT, reason INTEGER);
  CREATE INDEX IF NOT EXISTS lines_open ON lines (state, ready_at, number) WHERE state < ${OK};
  CREATE TABLE IF NOT EXISTS results (number INTEGER NOT NULL, part INTEGER NOT NULL, ok INTEGER NOT NULL,
    text TEXT NOT NULL, PRIMARY KEY (number, part)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS notes (seq INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS lanes (lane INTEGER PRIMARY KEY, session TEXT, heard_at INTEGER, woken_at INTEGER);
`;

export class BatchBook {
  readonly #storage: BatchStorage;

  constructor(storage: BatchStorage) {
    this.#storage = storage;
    this.prepare();
  }

  /** Makes the tables where there are none. */
  prepare(): void {
    this.#storage.transaction(() => this.#storage.sql.exec(TABLES).toArray());
  }

  /** May be called twice. */
  create(spec: BatchSpec): void {
    if (this.#state !== undefined) return;
    this.#save({
      spec,
      status: "validating",
      read: { number: 1, offset: 0 },
      isRead: false,
      models: [],
      errors: [],
      total: 0,
      completed: 0,
      failed: 0,
      tokens: { input: 0, output: 0 },
      lanes: 1,
      pausedUntil: 0,
      reasons: [],
      times: {},
      sequence: 0,
      written: { output: 0, error: 0 },
      isTold: false,
    });
  }

  get spec(): BatchSpec | undefined {
    return this.#state?.spec;
  }

  get isOver(): boolean {
    return isOver(this.#state?.status ?? "");
  }

  /** Somebody comes to work; from now on the lines of whoever was in the lane before are free. */
  enter(lane: number, session: string, now: number): Work {
    return this.#change((state) => {
      if (isOver(state.status) || state.status === "finalizing" || lane >= state.lanes) return { kind: "none" };
      const { session: before, heardAt } = this.#lane(lane);
      if (before !== undefined && before !== session && now - heardAt < LANE_TIMEOUT) return { kind: "none" };
      if (before !== undefined) this.#release(before);
      this.#exec(
        `INSERT INTO lanes (lane, session, heard_at) VALUES (?, ?, ?)
         ON CONFLICT (lane) DO UPDATE SET session = excluded.session, heard_at = excluded.heard_at, woken_at = NULL`,
        lane,
        session,
        now,
      );
      const { spec, read, models, isRead, status, uploaded, passed } = state;
      if (passed !== undefined) return { kind: "poll", spec };
      if (status !== "validating") return { kind: "run", spec };
      if (!isRead) return { kind: "read", spec, from: read };
      return { kind: "decide", spec, models, ...(uploaded !== undefined && { uploaded }) };
    });
  }

  /**
   * The input was read from `from` on, up to `to`. What was told before changes nothing.
   * @param isEnd it ends there
   */
  learn({ from, to, lines, models, errors, isEnd }: ReadPart, now: number): void {
    this.#change((state) => {
      if (state.status !== "validating" || state.isRead || state.read.offset !== from.offset) return;
      state.read = to;
      state.errors.push(...errors);
      state.models = [...new Set([...state.models, ...models])];
      for (const { number, customId, offset, length } of lines) {
        const [added] = this.#rows(
          `INSERT INTO lines (number, custom_id, place, length) VALUES (?, ?, ?, ?)
           ON CONFLICT (custom_id) DO NOTHING RETURNING number`,
          number,
          customId,
          offset,
          length,
        );
        if (added === undefined) state.errors.push(duplicate(customId, number));
        else state.total++;
      }
      if (state.total > MOST_LINES) state.errors.push(TOO_MANY_LINES);
      const isHopeless = state.errors.length >= MOST_ERRORS || state.total > MOST_LINES;
      if (!isEnd && !isHopeless) return;
      if (state.total === 0 && state.errors.length === 0) state.errors.push(EMPTY_FILE);
      state.isRead = true;
      if (state.errors.length === 0) return;
      state.errors.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)).splice(MOST_ERRORS);
      this.#fail(state, now);
    });
  }

  /** The batch cannot be run at all. */
  fail(error: BatchError, now: number): void {
    this.#change((state) => {
      if (isOver(state.status)) return;
      state.errors.push(error);
      this.#fail(state, now);
    });
  }

  /** The gateway runs it. May be called twice. */
  begin(now: number): void {
    this.#change((state) => {
      if (state.status !== "validating" || !state.isRead) return;
      state.lanes = Math.min(MOST_LANES, Math.ceil(state.total / LINES_A_LANE));
      this.#turn(state, "in_progress", now);
    });
  }

  /** A provider has the input, and is about to be asked to run it: whoever comes after a crash looks there first. */
  uploaded(fileId: string): void {
    this.#change((state) => {
      if (state.status === "validating") state.uploaded = fileId;
    });
  }

  /** A provider runs it. May be called twice. */
  handOver(now: number): void {
    this.#change((state) => {
      if (isOver(state.status) || state.passed !== undefined) return;
      state.passed = { polls: 0, nextAt: now + FIRST_POLL };
    });
    this.clear();
  }

  /** Look at it at once. */
  due(now: number): void {
    this.#change((state) => {
      if (state.passed !== undefined && !isOver(state.status)) state.passed.nextAt = Math.min(state.passed.nextAt, now);
    });
  }

  /** How it stands was seen. @param isAtEnd it will not change any more, and is accounted for */
  polled(isAtEnd: boolean, now: number): void {
    this.#change((state) => {
      if (state.passed === undefined || isOver(state.status)) return;
      const { polls } = state.passed;
      const isForgotten = now > state.spec.expiresAt + LOOKS_AFTER_WINDOW;
      if (isAtEnd || isForgotten) {
        state.isTold = true; // the provider's own words are in the database
        this.#turn(state, "completed", now);
      } else state.passed = { polls: polls + 1, nextAt: now + Math.min(LONGEST_POLL, FIRST_POLL * 1.5 ** polls) };
    });
  }

  /** What a provider's batch cost, for the ledger. The first time counts. */
  account(notes: readonly ClosedNote[]): void {
    this.#change((state) => {
      if (state.isAccounted) return;
      state.isAccounted = true;
      for (const note of notes) this.#exec("INSERT INTO notes (note) VALUES (?)", JSON.stringify(note));
    });
  }

  /** Lines to run, for this session alone. `undefined`: it is to stop. */
  claim(
    lane: number,
    session: string,
    most: number,
    now: number,
  ): { lines: ClaimedLine[]; readyAt?: number } | undefined {
    return this.#change((state) => {
      if (!this.#hear(lane, session, now) || state.status !== "in_progress" || now >= state.spec.expiresAt)
        return undefined;
      if (now < state.pausedUntil) return { lines: [], readyAt: state.pausedUntil };
      const found = this.#rows(
        `SELECT number, custom_id, place, length, tries FROM lines WHERE state = ${WAITING} AND ready_at <= ? ORDER BY ready_at, number LIMIT ?`,
        now,
        most,
      );
      const lines = found.map((row) => ({
        number: Number(row["number"]),
        customId: String(row["custom_id"]),
        offset: Number(row["place"]),
        length: Number(row["length"]),
        tries: Number(row["tries"]),
      }));
      for (const { number } of lines)
        this.#exec(`UPDATE lines SET state = ${RUNNING}, session = ? WHERE number = ?`, session, number);
      if (lines.length > 0) return { lines };
      const readyAt = this.#readyAt();
      return readyAt === undefined ? undefined : { lines, readyAt };
    });
  }

  /** What became of a line. The first result counts: of what is told later nothing is kept, nor put on the ledger. */
  report(lane: number, session: string, number: number, report: LineReport, now: number): void {
    this.#change((state) => {
      this.#hear(lane, session, now);
      const [line] = this.#rows("SELECT state, session, tries FROM lines WHERE number = ?", number);
      if (line === undefined || Number(line["state"]) >= OK) return;
      if (report.kind === "again") {
        if (line["session"] !== session) return; // another has it now
        const after = Math.max(0, report.after);
        if (report.isLimit) state.pausedUntil = Math.max(state.pausedUntil, now + Math.min(after, LONGEST_PAUSE));
        this.#exec(
          `UPDATE lines SET state = ${WAITING}, session = NULL, tries = tries + 1, ready_at = ? WHERE number = ?`,
          now + after,
          number,
        );
        return;
      }
      const { ok, text, tokens, notes } = report;
      this.#exec("UPDATE lines SET state = ?, session = NULL WHERE number = ?", ok ? OK : FAILED, number);
      for (const [part, piece] of piecesOf(`${text}\n`).entries())
        this.#exec("INSERT INTO results (number, part, ok, text) VALUES (?, ?, ?, ?)", number, part, ok ? 1 : 0, piece);
      for (const note of notes) this.#exec("INSERT INTO notes (note) VALUES (?)", JSON.stringify(note));
      if (ok) state.completed++;
      else state.failed++;
      state.tokens = { input: state.tokens.input + tokens.input, output: state.tokens.output + tokens.output };
    });
  }

  /** It is still at work. `false`: it is to stop. */
  beat(lane: number, session: string, now: number): boolean {
    return this.#change((state) => this.#hear(lane, session, now) && state.status === "in_progress");
  }

  /** It is done for now. */
  leave(lane: number, session: string): void {
    this.#change(() => {
      if (this.#lane(lane).session !== session) return;
      this.#release(session);
      this.#exec("UPDATE lanes SET session = NULL, heard_at = NULL, woken_at = NULL WHERE lane = ?", lane);
    });
  }

  /** Lines that nobody has begun are not run: whoever pays for them may not any more. */
  stop(reason: { code: string; message: string }): void {
    this.#change((state) => this.#drop(state, reason));
  }

  /** Nobody is to begin a line until then. */
  pause(until: number): void {
    this.#change((state) => {
      state.pausedUntil = Math.max(state.pausedUntil, until);
    });
  }

  /** @returns `false` where it is over already */
  cancel(now: number): boolean {
    return this.#change((state) => {
      if (isOver(state.status) || state.status === "finalizing") return false;
      if (state.status === "cancelling") return true;
      state.ending = "cancelled";
      this.#turn(state, "cancelling", now);
      return true;
    });
  }

  /** Moves on what time or the last report has made due, and says what is to be done. */
  tick(now: number): Plan {
    return this.#change((state) => {
      for (const { lane, session, heardAt } of this.#lanes())
        if (session !== undefined && now - heardAt >= LANE_TIMEOUT) {
          this.#release(session);
          this.#exec("UPDATE lanes SET session = NULL, heard_at = NULL, woken_at = NULL WHERE lane = ?", lane);
        }
      if (state.passed === undefined) {
        this.#expire(state, now);
        this.#close(state, now);
      }
      if (isOver(state.status)) return { wake: [], finalize: false, next: undefined };
      if (state.status === "finalizing" || this.#isReadyToEnd(state)) return { wake: [], finalize: true, next: now };
      const lanes = this.#lanes();
      const working = lanes.flatMap(({ session, heardAt }) => (session === undefined ? [] : [heardAt + LANE_TIMEOUT]));
      const times = state.passed === undefined ? [state.spec.expiresAt, ...working] : working;
      const wake: number[] = [];
      const readyAt = state.status === "cancelling" ? undefined : this.#workAt(state);
      if (readyAt !== undefined && readyAt > now) times.push(readyAt);
      if (readyAt !== undefined && readyAt <= now)
        for (let lane = 0; lane < state.lanes; lane++) {
          const { session, wokenAt } = this.#lane(lane);
          if (session !== undefined) continue;
          if (now - wokenAt >= WAKE_AGAIN) wake.push(lane);
          else times.push(wokenAt + WAKE_AGAIN);
        }
      for (const lane of wake)
        this.#exec(
          "INSERT INTO lanes (lane, woken_at) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET woken_at = excluded.woken_at",
          lane,
          now,
        );
      if (wake.length > 0) times.push(now + WAKE_AGAIN);
      return { wake, finalize: false, next: times.length === 0 ? undefined : Math.max(now, Math.min(...times)) };
    });
  }

  /** The lane could not be woken. */
  unwoken(lane: number): void {
    this.#exec("UPDATE lanes SET woken_at = NULL WHERE lane = ?", lane);
  }

  /** The files are written, of so many bytes. May be called twice. */
  finish(now: number, written: { output: number; error: number }): void {
    this.#change((state) => {
      if (isOver(state.status)) return;
      state.written = written;
      this.#turn(state, state.ending ?? "completed", now);
    });
  }

  /** What the database is to know of a batch that is over; `undefined` while it is not. */
  end(): { id: string; at: number; body: Record<string, unknown>; files: ObjectRow[]; isTold: boolean } | undefined {
    const state = this.#state;
    if (state === undefined || !isOver(state.status)) return undefined;
    const at = state.times[state.status] ?? state.spec.createdAt;
    const { output, error } = state.written;
    const files = [
      ...(output > 0 ? [fileRow(state.spec, state.spec.outputFileId, output, at)] : []),
      ...(error > 0 ? [fileRow(state.spec, state.spec.errorFileId, error, at)] : []),
    ];
    return { id: state.spec.id, at, body: { ...viewOf(state) }, files, isTold: state.isTold };
  }

  told(): void {
    this.#change((state) => {
      state.isTold = true;
    });
  }

  hasResults(ok: boolean): boolean {
    const { done } = this.resultTexts(ok).next();
    return done !== true;
  }

  /** The lines of one file, in the order of the input, as pieces of text. */
  *resultTexts(ok: boolean): Generator<string> {
    const id = this.spec?.id ?? "";
    const reasons = this.#state?.reasons ?? [];
    for (let after = { number: -1, part: -1 }; ; ) {
      const rows = this.#rows(
        `SELECT number, part, text, NULL AS custom_id, NULL AS reason FROM results
           WHERE ok = ?1 AND (number, part) > (?2, ?3)
         UNION ALL
         SELECT number, 0, NULL, custom_id, reason FROM lines WHERE ?1 = 0 AND state = ${UNRUN} AND (number, 0) > (?2, ?3)
         ORDER BY number, part LIMIT 20`,
        ok ? 1 : 0,
        after.number,
        after.part,
      );
      for (const row of rows) {
        const number = Number(row["number"]);
        const error = reasons[Number(row["reason"])] ?? { code: "not_run", message: "This request was not run." };
        const isNotRun = row["custom_id"] !== null;
        if (isNotRun) yield `${resultLine(resultId(id, number), String(row["custom_id"]), { error })}\n`;
        else yield String(row["text"]);
        after = { number, part: Number(row["part"]) };
      }
      if (rows.length === 0) return;
    }
  }

  /** What is left once it is over: nothing of the lines. */
  clear(): void {
    this.#storage.transaction(() => {
      for (const table of ["lines", "results"]) this.#exec(`DELETE FROM ${table}`);
    });
  }

  /** Notes for the ledger: the same under the same number each time, until they are `delivered`. */
  notes(): { sequence: number; notes: ClosedNote[] } | undefined {
    return this.#change((state) => {
      const rows = this.#rows("SELECT seq, note FROM notes ORDER BY seq LIMIT ?", MOST_NOTES);
      if (rows.length === 0) return undefined;
      if (state.delivering === undefined) {
        let bytes = 0;
        const fitting = rows.filter((row, index) => {
          bytes += String(row["note"]).length;
          return index === 0 || bytes <= MOST_NOTE_BYTES;
        });
        state.sequence++;
        state.delivering = { sequence: state.sequence, upTo: Number(fitting.at(-1)?.["seq"]) };
      }
      const { sequence, upTo } = state.delivering;
      const due = rows.filter(({ seq }) => Number(seq) <= upTo);
      return { sequence, notes: due.map(({ note }) => JSON.parse(String(note)) as ClosedNote) }; // as `report` wrote it
    });
  }

  delivered(sequence: number): void {
    this.#change((state) => {
      if (state.delivering?.sequence !== sequence) return;
      this.#exec("DELETE FROM notes WHERE seq <= ?", state.delivering.upTo);
      delete state.delivering;
    });
  }

  get hasNotes(): boolean {
    return this.#rows("SELECT 1 AS one FROM notes LIMIT 1").length > 0;
  }

  /** As clients see it; `undefined` before it is made. */
  view(): Batch | undefined {
    const state = this.#state;
    return state && viewOf(state);
  }

  #lane(lane: number) {
    const [row] = this.#rows("SELECT session, heard_at, woken_at FROM lanes WHERE lane = ?", lane);
    return laneOf(lane, row);
  }

  #lanes() {
    return this.#rows("SELECT lane, session, heard_at, woken_at FROM lanes").map((row) =>
      laneOf(Number(row["lane"]), row),
    );
  }

  /** @returns whether the lane is still its own */
  #hear(lane: number, session: string, now: number): boolean {
    if (this.#lane(lane).session !== session) return false;
    this.#exec("UPDATE lanes SET heard_at = ? WHERE lane = ? AND heard_at < ?", now, lane, now - 1000);
    return true;
  }

  /** Lines of a session that is gone are for others. */
  #release(session: string): void {
    this.#exec(`UPDATE lines SET state = ${WAITING}, session = NULL WHERE state = ${RUNNING} AND session = ?`, session);
  }

  #drop(state: State, reason: { code: string; message: string }): void {
    const dropped = this.#rows(
      `UPDATE lines SET state = ${UNRUN}, reason = ? WHERE state = ${WAITING} RETURNING 1 AS one`,
      state.reasons.length,
    );
    if (dropped.length === 0) return;
    state.reasons.push(reason);
    state.failed += dropped.length;
  }

  /** Lines nobody has begun are not run any more; those under way may end. */
  #expire(state: State, now: number): void {
    if (now < state.spec.expiresAt) return;
    if (state.status === "validating") this.#turn(state, "expired", now);
    if (state.status !== "in_progress") return;
    const failed = state.failed;
    this.#drop(state, EXPIRED);
    if (state.failed > failed) state.ending = "expired";
  }

  /** Nothing is to be done or under way any more. */
  #close(state: State, now: number): void {
    if (state.status === "in_progress" && !this.#isOpen()) {
      state.ending ??= "completed";
      this.#turn(state, "finalizing", now);
    }
  }

  #isReadyToEnd(state: State): boolean {
    return state.status === "cancelling" && !this.#isRunning();
  }

  #isOpen(): boolean {
    return this.#rows(`SELECT 1 AS one FROM lines WHERE state < ${OK} LIMIT 1`).length > 0;
  }

  #isRunning(): boolean {
    return this.#rows(`SELECT 1 AS one FROM lines WHERE state = ${RUNNING} LIMIT 1`).length > 0;
  }

  /** When the next line may be run; `undefined` where all are under way. */
  #readyAt(): number | undefined {
    const [row] = this.#rows(`SELECT min(ready_at) AS at FROM lines WHERE state = ${WAITING}`);
    return row?.["at"] == null ? undefined : Number(row["at"]);
  }

  #workAt(state: State): number | undefined {
    if (state.passed !== undefined) return Math.max(state.passed.nextAt, state.pausedUntil);
    if (state.status === "validating") return state.pausedUntil;
    const readyAt = this.#readyAt();
    return readyAt === undefined ? undefined : Math.max(readyAt, state.pausedUntil);
  }

  #fail(state: State, now: number): void {
    state.total = 0;
    this.#turn(state, "failed", now);
  }

  #turn(state: State, status: BatchStatus, now: number): void {
    state.status = status;
    state.times[status] = now;
  }

  get #state(): State | undefined {
    const [row] = this.#rows("SELECT state FROM batch");
    return row === undefined ? undefined : (JSON.parse(String(row["state"])) as State); // as `#save` wrote it
  }

  #save(state: State): void {
    this.#exec(
      "INSERT INTO batch (only_one, state) VALUES (1, ?) ON CONFLICT (only_one) DO UPDATE SET state = excluded.state",
      JSON.stringify(state),
    );
  }

  #change<T>(change: (state: State) => T): T {
    return this.#storage.transaction(() => {
      const state = this.#state;
      if (state === undefined) throw new Error("there is no such batch");
      const before = JSON.stringify(state);
      const result = change(state);
      if (JSON.stringify(state) !== before) this.#save(state);
      return result;
    });
  }

  #exec(query: string, ...values: (string | number | null)[]): void {
    this.#storage.sql.exec(query, ...values).toArray();
  }

  #rows(query: string, ...values: (string | number | null)[]) {
    return this.#storage.sql.exec(query, ...values).toArray();
  }
}

function fileRow(spec: BatchSpec, id: string, bytes: number, at: number): ObjectRow {
  const expiresAt = at + spec.outputLifetime * 1000;
  const name = id === spec.outputFileId ? "output" : "error";
  const body = fileObject({ id, bytes, filename: `${spec.id}_${name}.jsonl`, purpose: "batch_output", at, expiresAt });
  return {
    id,
    kind: "file",
    owner: spec.owner,
    created_by: spec.createdBy,
    deployment_id: null,
    provider: null,
    provider_id: null,
    model: null,
    body,
    state: null,
    created_at: at,
    expires_at: expiresAt,
  };
}

/** A part of the input, read. */
export interface ReadPart {
  from: { offset: number };
  to: { number: number; offset: number };
  lines: IndexedLine[];
  models: string[];
  errors: BatchError[];
  isEnd: boolean;
}

function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let begin = 0; begin < text.length; ) {
    // A character of two halves stays whole.
    const end = begin + PART + ((text.codePointAt(begin + PART - 1) ?? 0) > 0xffff ? 1 : 0);
    pieces.push(text.slice(begin, end));
    begin = end;
  }
  return pieces;
}

function laneOf(lane: number, row: Record<string, unknown> | undefined) {
  const never = Number.NEGATIVE_INFINITY;
  return {
    lane,
    session: typeof row?.["session"] === "string" ? row["session"] : undefined,
    heardAt: typeof row?.["heard_at"] === "number" ? row["heard_at"] : never,
    wokenAt: typeof row?.["woken_at"] === "number" ? row["woken_at"] : never,
  };
}

function viewOf({
  spec,
  status,
  times,
  errors,
  total,
  completed,
  failed,
  models,
  tokens,
  written,
}: State): Batch & UsageView {
  const seconds = (at: number | undefined) => (at === undefined ? null : Math.floor(at / 1000));
  return {
    id: spec.id,
    object: "batch",
    endpoint: spec.endpoint,
    model: models.length === 1 ? (models[0] ?? null) : (spec.model ?? null),
    errors: errors.length === 0 || status !== "failed" ? null : { object: "list", data: errors },
    input_file_id: spec.inputFileId,
    completion_window: spec.completionWindow,
    status,
    output_file_id: written.output > 0 ? spec.outputFileId : null,
    error_file_id: written.error > 0 ? spec.errorFileId : null,
    created_at: Math.floor(spec.createdAt / 1000),
    in_progress_at: seconds(times.in_progress),
    expires_at: seconds(spec.expiresAt),
    finalizing_at: seconds(times.finalizing),
    completed_at: seconds(times.completed),
    failed_at: seconds(times.failed),
    expired_at: seconds(times.expired),
    cancelling_at: seconds(times.cancelling),
    cancelled_at: seconds(times.cancelled),
    request_counts: { total: status === "validating" ? 0 : total, completed, failed },
    usage: {
      input_tokens: tokens.input,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: tokens.output,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: tokens.input + tokens.output,
    },
    metadata: spec.metadata,
  };
}

interface UsageView {
  usage: Record<string, unknown>;
}
