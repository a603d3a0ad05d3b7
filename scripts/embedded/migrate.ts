/** Applies migrations as `wrangler d1 migrations apply` does, and writes down what is applied in the same table. */

export interface Migration {
  /** The file's, within `migrations/`. */
  name: string;
  sql: string;
}

export interface MigrationFailure {
  name: string;
  error: string;
}

const APPLIED = `CREATE TABLE IF NOT EXISTS "d1_migrations"(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  name       TEXT UNIQUE,
  applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL
)`;

/** Each in a transaction, in the order given. What comes after a failure is not applied. */
export function migrate(
  storage: Pick<DurableObjectStorage, "sql" | "transactionSync">,
  migrations: readonly Migration[],
): MigrationFailure | undefined {
  const { sql } = storage;
  sql.exec(APPLIED);
  const applied = new Set(sql.exec<{ name: string }>("SELECT name FROM d1_migrations").toArray().map(nameOf));
  for (const { name, sql: statements } of migrations) {
    if (applied.has(name)) continue;
    try {
      storage.transactionSync(() => {
        sql.exec(statements);
        sql.exec("INSERT INTO d1_migrations (name) VALUES (?)", name);
      });
    } catch (error) {
      return { name, error: error instanceof Error ? error.message : String(error) };
    }
  }
  return undefined;
}

const nameOf = ({ name }: { name: string }) => name;
