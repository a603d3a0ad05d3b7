/** What a batch is kept in: SQLite, synchronous, as a Durable Object has it. */
export type SqlValue = string | number | null | ArrayBuffer;

export interface BatchStorage {
  sql: { exec(query: string, ...values: SqlValue[]): { toArray(): Record<string, SqlValue>[] } };
  /** All that is written within is kept, or nothing. */
  transaction<T>(work: () => T): T;
}
