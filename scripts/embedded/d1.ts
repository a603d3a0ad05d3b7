/**
 * D1 on this machine: one SQLite Durable Object behind workerd's own `D1Database` (its internal module `d1-api`), which
 * asks by HTTP: `POST /query` or `/execute` with `{sql, params}` or a list of them. The answer is a list of
 * `{success, results, meta}`, or `{success: false, error}`.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import type { EmbeddedBindings } from "./bindings.ts";
import { type MigrationFailure, migrate } from "./migrate.ts";

/** A blob is a list of its bytes. */
type Value = string | number | null | number[];

interface Query {
  sql: string;
  params?: Value[] | null;
}

interface Rows {
  columns: string[];
  rows: Value[][];
}

/** Header by which a session learns what it has seen. */
const BOOKMARK = "x-cf-d1-session-commit-token";

/** The service the gateway's `DB` is bound to. */
export class Database extends WorkerEntrypoint<EmbeddedBindings> {
  override fetch(request: Request): Promise<Response> {
    return this.env.DATABASE.getByName("DB").fetch(request);
  }
}

/** The database. Nothing reaches it before it is migrated. */
export class DatabaseObject extends DurableObject<EmbeddedBindings> {
  readonly #failure: MigrationFailure | undefined;

  constructor(context: DurableObjectState, env: EmbeddedBindings) {
    super(context, env);
    this.#failure = migrate(context.storage, env.MIGRATIONS);
  }

  /** The migration that could not be applied, if there is one. */
  migrationFailure(): MigrationFailure | undefined {
    return this.#failure;
  }

  override async fetch(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== "/query" && pathname !== "/execute")
      return failed(`${pathname} is not served on this machine`, 404);
    if (this.#failure) return failed(`migration ${this.#failure.name} failed: ${this.#failure.error}`);
    const queries = [await request.json<Query | Query[]>()].flat().filter(hasStatement);
    if (queries.length === 0) return failed("No SQL statements detected.");
    const asRows = searchParams.get("resultsFormat") === "ROWS_AND_COLUMNS";
    try {
      const answers = this.ctx.storage.transactionSync(() => queries.map((query) => this.#answer(query, asRows)));
      return Response.json(answers, { headers: { [BOOKMARK]: await this.ctx.storage.getCurrentBookmark() } });
    } catch (error) {
      return failed(error instanceof Error ? error.message : String(error));
    }
  }

  #answer({ sql, params }: Query, asRows: boolean) {
    const before = this.#counts();
    const startedAt = performance.now();
    const cursor = this.ctx.storage.sql.exec(sql, ...(params ?? []).map(toSqlite));
    const found: Rows = { columns: cursor.columnNames, rows: [...cursor.raw()].map((row) => row.map(fromSqlite)) };
    const duration = performance.now() - startedAt;
    const after = this.#counts();
    return {
      success: true,
      results: asRows ? found : toObjects(found),
      meta: {
        served_by: "sluice",
        served_by_primary: true,
        total_attempts: 1,
        timings: { sql_duration_ms: duration },
        duration,
        changes: after.changes - before.changes,
        last_row_id: after.lastRow,
        changed_db: after.changes !== before.changes || after.lastRow !== before.lastRow || after.size !== before.size,
        size_after: after.size,
        rows_read: cursor.rowsRead,
        rows_written: cursor.rowsWritten,
      },
    };
  }

  /** Since the database was opened. */
  #counts(): { changes: number; lastRow: number; size: number } {
    const { sql } = this.ctx.storage;
    const counts = sql
      .exec<{ changes: number; lastRow: number }>("SELECT total_changes() AS changes, last_insert_rowid() AS lastRow")
      .one();
    return { ...counts, size: sql.databaseSize };
  }
}

/** The protocol says failures in the body. */
function failed(error: string, status = 200): Response {
  return Response.json({ success: false, error }, { status });
}

/** `exec()` sends each line as a query, empty ones and comments among them. */
function hasStatement({ sql }: Query): boolean {
  return sql.replace(/^\s*--.*$/gm, "").trim() !== "";
}

function toSqlite(value: Value): string | number | null | ArrayBuffer {
  return Array.isArray(value) ? new Uint8Array(value).buffer : value;
}

function fromSqlite(value: SqlStorageValue): Value {
  return value instanceof ArrayBuffer ? [...new Uint8Array(value)] : value;
}

function toObjects({ columns, rows }: Rows): Record<string, Value | undefined>[] {
  return rows.map((row) => Object.fromEntries(columns.map((name, index) => [name, row[index]])));
}
