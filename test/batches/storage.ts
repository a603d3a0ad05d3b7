/** A batch's storage on Node's SQLite: the same statements, and transactions that are kept whole or not at all. */
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { BatchStorage } from "../../src/batches/tables.ts";

export class TestStorage implements BatchStorage {
  readonly #db = new DatabaseSync(":memory:");
  /** Transactions so far; the one of this number fails before it is kept, as in a crash. */
  transactions = 0;
  failsAt = Number.POSITIVE_INFINITY;

  readonly sql: BatchStorage["sql"] = {
    exec: (query, ...values) => {
      if (/;\s*\S/.test(query)) {
        this.#db.exec(query);
        return { toArray: () => [] };
      }
      const rows = this.#db.prepare(query).all(...(values as SQLInputValue[])); // of the same kinds
      return { toArray: () => rows as Record<string, string | number | null>[] }; // tables of a batch have no blobs
    },
  };

  transaction<T>(work: () => T): T {
    this.#db.exec("BEGIN");
    try {
      const result = work();
      this.transactions++;
      if (this.transactions >= this.failsAt) throw new Crash();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
}

export class Crash extends Error {}
