/**
 * Ids of ledger rows: UUIDs of version 7, so that an id says when its call began, within a millisecond.
 * They are made here and never taken from a client: two calls with one id would be one row, and one of them free.
 */

/** @param at milliseconds since the epoch */
export function newLogId(at: number): string {
  const time = at.toString(16).padStart(12, "0");
  const random = crypto.randomUUID(); // its version and variant stand where ours do
  return `${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(15)}`;
}

/** Milliseconds since the epoch; `undefined` for what is no such id. */
export function timeOfLogId(id: string): number | undefined {
  if (!/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/.test(id)) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
