import type { Charge } from "../limits/demand.ts";
import type { EntryBody, EntryHead, LedgerStorage, Parcel, Progress } from "./storage.ts";

/** A ledger object's tables (docs/storage.md). A read of all heads leaves the bodies, which are long, on the disk. */
export function ledgerStorage(storage: DurableObjectStorage): LedgerStorage {
  const { sql } = storage;
  sql.exec(`
    CREATE TABLE IF NOT EXISTS entries (slot INTEGER PRIMARY KEY, number INTEGER NOT NULL, head TEXT NOT NULL,
      body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS progress (only INTEGER PRIMARY KEY CHECK (only = 1), sent INTEGER NOT NULL,
      charged INTEGER NOT NULL, charging INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS parcels (scope TEXT NOT NULL, sequence INTEGER NOT NULL, charges TEXT NOT NULL,
      PRIMARY KEY (scope, sequence)) WITHOUT ROWID;
  `);
  // These are read all the time and written by nobody else.
  let progress = sql
    .exec<Progress & Record<string, number>>("SELECT sent, charged, charging FROM progress")
    .toArray()[0] ?? { sent: 0, charged: 0, charging: 0 };
  let parcels = sql
    .exec<{ scope: string; sequence: number; charges: string }>("SELECT scope, sequence, charges FROM parcels")
    .toArray()
    .map(({ scope, sequence, charges }): Parcel => ({ scope, sequence, charges: JSON.parse(charges) as Charge[] }));

  return {
    transaction(work) {
      const before = { progress, parcels };
      try {
        storage.transactionSync(work);
      } catch (error) {
        ({ progress, parcels } = before);
        throw error;
      }
    },
    heads: () =>
      sql
        .exec<{ slot: number; number: number; head: string }>("SELECT slot, number, head FROM entries ORDER BY number")
        .toArray()
        .map(({ slot, number, head }) => ({
          ...(JSON.parse(head) as Omit<EntryHead, "slot" | "number">),
          slot,
          number,
        })),
    body: (slot) =>
      JSON.parse(sql.exec<{ body: string }>("SELECT body FROM entries WHERE slot = ?", slot).one().body) as EntryBody, // as it was written
    write({ slot, number, ...head }, body) {
      sql.exec(
        `INSERT INTO entries (slot, number, head, body) VALUES (?, ?, ?, ?)
           ON CONFLICT (slot) DO UPDATE SET number = excluded.number, head = excluded.head, body = excluded.body`,
        slot,
        number,
        JSON.stringify(head),
        JSON.stringify(body),
      );
    },
    erase(slots) {
      sql.exec("DELETE FROM entries WHERE slot IN (SELECT value FROM json_each(?))", JSON.stringify(slots));
    },
    progress: () => progress,
    setProgress(next) {
      progress = next;
      sql.exec(
        `INSERT INTO progress (only, sent, charged, charging) VALUES (1, ?, ?, ?)
           ON CONFLICT (only) DO UPDATE SET sent = excluded.sent, charged = excluded.charged, charging = excluded.charging`,
        next.sent,
        next.charged,
        next.charging,
      );
    },
    parcels: () => parcels,
    addParcel(parcel) {
      parcels = [...parcels, parcel];
      sql.exec(
        "INSERT OR IGNORE INTO parcels (scope, sequence, charges) VALUES (?, ?, ?)",
        parcel.scope,
        parcel.sequence,
        JSON.stringify(parcel.charges),
      );
    },
    removeParcel({ scope, sequence }) {
      parcels = parcels.filter((parcel) => parcel.scope !== scope || parcel.sequence !== sequence);
      sql.exec("DELETE FROM parcels WHERE scope = ? AND sequence = ?", scope, sequence);
    },
  };
}
