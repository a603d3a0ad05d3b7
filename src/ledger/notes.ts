/** What an isolate tells a ledger object of its calls. */
import type { Charge } from "../limits/demand.ts";
import type { SpendRow } from "./row.ts";

/** A call was let in. */
export interface OpenedNote {
  /** What is stored if the call is lost (`openRow`). */
  row: SpendRow;
  /** What is charged then: to each scope the reserved money. */
  charges: readonly Charge[];
}

/** A call is over. */
export interface ClosedNote {
  row: SpendRow;
  charges: readonly Charge[];
  /** The object was told that it was opened. If it does not know the call, it has closed it itself. */
  wasOpened: boolean;
}

/** What is told at once. Sent again unchanged, with the same number, until the object says that it has it. */
export interface Batch {
  /** The isolate. */
  sender: string;
  /** Higher than that of the sender's batch before. */
  sequence: number;
  opened: OpenedNote[];
  closed: ClosedNote[];
  /** Calls that are still under way. */
  alive: string[];
}
