/** D1 through Drizzle. Whoever queries takes this type; nobody writes SQL as text. */
import { type DrizzleD1Database, drizzle } from "drizzle-orm/d1";
import { ServiceUnavailableError } from "../formats/errors.ts";

export type Database = DrizzleD1Database;

export function openDatabase(binding: D1Database): Database {
  return drizzle(binding);
}

/** Did the write run into a row that must be unique? */
export function isDuplicate(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (/UNIQUE constraint failed/i.test(cause.message)) return true;
  return false;
}

/** Seconds after which a client may try again. */
const RETRY_AFTER = "5";

/** What a client is told when the database cannot be asked: nothing of the inside. */
export function unavailable(cause: unknown): ServiceUnavailableError {
  return new ServiceUnavailableError("The database cannot be reached at the moment.", {
    type: "no_db_connection",
    headers: { "retry-after": RETRY_AFTER },
    cause,
  });
}
