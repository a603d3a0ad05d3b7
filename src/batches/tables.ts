/** The tables of one batch (docs/storage.md): its state, its lines, their results, notes for the ledger, who is at work. */
import type { ClosedNote } from "../ledger/notes.ts";
import { resultId, resultLine } from "./result.ts";
import type { BatchState, ClaimedLine, IndexedLine, Reason } from "./state.ts";

export type SqlValue = string | number | null | ArrayBuffer;

/** SQLite, synchronous, as a Durable Object has it. */
export interface BatchStorage {
  sql: { exec(query: string, ...values: SqlValue[]): { toArray(): Record<string, SqlValue>[] } };
  /** All that is written within is kept, or nothing. */
  transaction<T>(work: () => T): T;
}

/** Characters of a text kept in one row: a row takes 2 MB. */
const PART = 500_000;
/** Results read at once. */
const PAGE = 20;

const WAITING = 0;
const RUNNING = 1;
const OK = 2;
const FAILED = 3;
/** Over without a call. */
const UNRUN = 4;

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

export interface Lane {
  lane: number;
  /** Who is at work. */
  session: string | undefined;
  heardAt: number;
  wokenAt: number;
}

export class BatchTables {
  readonly #storage: BatchStorage;

  constructor(storage: BatchStorage) {
    this.#storage = storage;
    this.prepare();
  }

  /** Makes the tables where there are none. */
  prepare(): void {
    this.transaction(() => this.#exec(TABLES));
  }

  transaction<T>(work: () => T): T {
    return this.#storage.transaction(work);
  }

  get state(): BatchState | undefined {
    const [row] = this.#exec("SELECT state FROM batch");
    return row === undefined ? undefined : (JSON.parse(String(row["state"])) as BatchState); // as `save` wrote it
  }

  save(state: BatchState): void {
    this.#exec(
      "INSERT INTO batch (only_one, state) VALUES (1, ?) ON CONFLICT (only_one) DO UPDATE SET state = excluded.state",
      JSON.stringify(state),
    );
  }

  /** @returns `false` where another line has its `custom_id` */
  addLine({ number, customId, offset, length }: IndexedLine): boolean {
    const added = this.#exec(
      `INSERT INTO lines (number, custom_id, place, length) VALUES (?, ?, ?, ?)
       ON CONFLICT (custom_id) DO NOTHING RETURNING number`,
      number,
      customId,
      offset,
      length,
    );
    return added.length > 0;
  }

  /** Lines nobody has, for this session. */
  take(session: string, most: number, now: number): ClaimedLine[] {
    const rows = this.#exec(
      `SELECT number, custom_id, place, length, tries FROM lines WHERE state = ${WAITING} AND ready_at <= ?
       ORDER BY ready_at, number LIMIT ?`,
      now,
      most,
    );
    return rows.map((row) => {
      const number = Number(row["number"]);
      this.#exec(`UPDATE lines SET state = ${RUNNING}, session = ? WHERE number = ?`, session, number);
      return { ...placeOf(row), tries: Number(row["tries"]) };
    });
  }

  /** Where lines are in the input. */
  places(numbers: readonly number[]): IndexedLine[] {
    return this.#exec(
      `SELECT number, custom_id, place, length FROM lines
       WHERE number IN (SELECT value FROM json_each(?)) ORDER BY number`,
      JSON.stringify(numbers),
    ).map(placeOf);
  }

  /** Who runs a line that is not over. */
  open(number: number): { session: string | undefined } | undefined {
    const [row] = this.#exec(`SELECT session FROM lines WHERE number = ? AND state < ${OK}`, number);
    return row && { session: typeof row["session"] === "string" ? row["session"] : undefined };
  }

  putBack(number: number, readyAt: number): void {
    this.#exec(
      `UPDATE lines SET state = ${WAITING}, session = NULL, tries = tries + 1, ready_at = ? WHERE number = ?`,
      readyAt,
      number,
    );
  }

  /** @param text with its end of line */
  keepResult(number: number, ok: boolean, text: string): void {
    this.#exec("UPDATE lines SET state = ?, session = NULL WHERE number = ?", ok ? OK : FAILED, number);
    for (const [part, piece] of piecesOf(text).entries())
      this.#exec("INSERT INTO results (number, part, ok, text) VALUES (?, ?, ?, ?)", number, part, ok ? 1 : 0, piece);
  }

  /** Lines of a session that is gone are for others. */
  release(session: string): void {
    this.#exec(`UPDATE lines SET state = ${WAITING}, session = NULL WHERE state = ${RUNNING} AND session = ?`, session);
  }

  /** Lines nobody has begun are over. @returns how many */
  drop(reason: number): number {
    const dropped = this.#exec(
      `UPDATE lines SET state = ${UNRUN}, reason = ? WHERE state = ${WAITING} RETURNING 1 AS one`,
      reason,
    );
    return dropped.length;
  }

  get isOpen(): boolean {
    return this.#exec(`SELECT 1 AS one FROM lines WHERE state < ${OK} LIMIT 1`).length > 0;
  }

  get isRunning(): boolean {
    return this.#exec(`SELECT 1 AS one FROM lines WHERE state = ${RUNNING} LIMIT 1`).length > 0;
  }

  /** When the next line may be run; `undefined` where all are under way or over. */
  get readyAt(): number | undefined {
    const [row] = this.#exec(`SELECT min(ready_at) AS at FROM lines WHERE state = ${WAITING}`);
    return row?.["at"] == null ? undefined : Number(row["at"]);
  }

  /** Lines of one file in the order of the input, as pieces of text. */
  *results(id: string, ok: boolean, reasons: readonly Reason[]): Generator<string> {
    for (let after = { number: -1, part: -1 }; ; ) {
      const rows = this.#exec(
        `SELECT number, part, text, NULL AS custom_id, NULL AS reason FROM results
           WHERE ok = ?1 AND (number, part) > (?2, ?3)
         UNION ALL
         SELECT number, 0, NULL, custom_id, reason FROM lines
           WHERE ?1 = 0 AND state = ${UNRUN} AND (number, 0) > (?2, ?3)
         ORDER BY number, part LIMIT ${PAGE}`,
        ok ? 1 : 0,
        after.number,
        after.part,
      );
      for (const row of rows) {
        const number = Number(row["number"]);
        const error = reasons[Number(row["reason"])] ?? NOT_RUN;
        const isUnrun = row["custom_id"] !== null;
        yield isUnrun
          ? `${resultLine(resultId(id, number), String(row["custom_id"]), { error })}\n`
          : String(row["text"]);
        after = { number, part: Number(row["part"]) };
      }
      if (rows.length === 0) return;
    }
  }

  addNotes(notes: readonly ClosedNote[]): void {
    for (const note of notes) this.#exec("INSERT INTO notes (note) VALUES (?)", JSON.stringify(note));
  }

  notes(most: number): { seq: number; text: string }[] {
    return this.#exec("SELECT seq, note FROM notes ORDER BY seq LIMIT ?", most).map(({ seq, note }) => ({
      seq: Number(seq),
      text: String(note),
    }));
  }

  removeNotes(upTo: number): void {
    this.#exec("DELETE FROM notes WHERE seq <= ?", upTo);
  }

  lane(lane: number): Lane {
    const [row] = this.#exec("SELECT session, heard_at, woken_at FROM lanes WHERE lane = ?", lane);
    return laneOf(lane, row);
  }

  lanes(): Lane[] {
    const rows = this.#exec("SELECT lane, session, heard_at, woken_at FROM lanes");
    return rows.map((row) => laneOf(Number(row["lane"]), row));
  }

  enterLane(lane: number, session: string, now: number): void {
    this.#exec(
      `INSERT INTO lanes (lane, session, heard_at) VALUES (?, ?, ?)
       ON CONFLICT (lane) DO UPDATE SET session = excluded.session, heard_at = excluded.heard_at, woken_at = NULL`,
      lane,
      session,
      now,
    );
  }

  heard(lane: number, now: number): void {
    this.#exec("UPDATE lanes SET heard_at = ? WHERE lane = ?", now, lane);
  }

  leaveLane(lane: number): void {
    this.#exec("UPDATE lanes SET session = NULL, heard_at = NULL, woken_at = NULL WHERE lane = ?", lane);
  }

  woken(lane: number, at: number | null): void {
    this.#exec(
      "INSERT INTO lanes (lane, woken_at) VALUES (?, ?) ON CONFLICT (lane) DO UPDATE SET woken_at = excluded.woken_at",
      lane,
      at,
    );
  }

  /** Nothing is left of the lines. */
  clear(): void {
    for (const table of ["lines", "results"]) this.#exec(`DELETE FROM ${table}`);
  }

  #exec(query: string, ...values: SqlValue[]) {
    return this.#storage.sql.exec(query, ...values).toArray();
  }
}

const NOT_RUN: Reason = { code: "not_run", message: "This request was not run." };

function placeOf(row: Record<string, SqlValue>): IndexedLine {
  return {
    number: Number(row["number"]),
    customId: String(row["custom_id"]),
    offset: Number(row["place"]),
    length: Number(row["length"]),
  };
}

function laneOf(lane: number, row: Record<string, unknown> | undefined): Lane {
  const time = (value: unknown) => (typeof value === "number" ? value : Number.NEGATIVE_INFINITY);
  return {
    lane,
    session: typeof row?.["session"] === "string" ? row["session"] : undefined,
    heardAt: time(row?.["heard_at"]),
    wokenAt: time(row?.["woken_at"]),
  };
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
