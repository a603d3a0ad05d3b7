/** How rows become messages of the queue, and charges of many calls become parcels for scopes. */
import type { Charge, ScopeId } from "../limits/demand.ts";
import { byteLength, type SpendRow } from "./row.ts";

/** A message of the spend queue. */
export interface SpendMessage {
  rows: SpendRow[];
}

/** Bytes of a message as JSON; the queue takes 128 KB, with its own part in it. */
const LARGEST_MESSAGE = 115_000;
/** Of what is sent at once the queue takes 256 KB. */
const LARGEST_SENDING = 240_000;
const MOST_MESSAGES = 100;

/** Messages as few as possible, in sendings the queue takes. */
export function packRows(rows: readonly SpendRow[]): SpendMessage[][] {
  const sendings: SpendMessage[][] = [];
  let message: SpendMessage | undefined;
  let messageSize = 0;
  let sendingSize = 0;
  for (const row of rows) {
    const size = byteLength(JSON.stringify(row)) + 1;
    const sending = sendings.at(-1);
    if (message === undefined || sending === undefined || messageSize + size > LARGEST_MESSAGE) {
      message = { rows: [] };
      messageSize = '{"rows":[]}'.length;
      if (
        sending === undefined ||
        sendingSize + messageSize + size > LARGEST_SENDING ||
        sending.length >= MOST_MESSAGES
      ) {
        sendings.push([message]);
        sendingSize = 0;
      } else sending.push(message);
      sendingSize += messageSize;
    } else if (sendingSize + size > LARGEST_SENDING) {
      message = { rows: [] };
      messageSize = sendingSize = '{"rows":[]}'.length;
      sendings.push([message]);
    }
    message.rows.push(row);
    messageSize += size;
    sendingSize += size;
  }
  return sendings;
}

/**
 * Charges by scope; those of one holder for the same meters are one. Nothing is charged by a charge of nothing, unless it ends
 * what is held.
 */
export function chargesByScope(charges: Iterable<Charge>): Map<ScopeId, Charge[]> {
  const sums = new Map<string, Charge>();
  for (const { scope, holder, meters, amount, hold, mark } of charges) {
    if (amount === 0 && hold === undefined) continue;
    const counters = meters.map(({ id, windowStart, leased }) => [id, windowStart, leased]);
    const key = JSON.stringify([scope, holder, counters, hold]);
    const sum = sums.get(key);
    sums.set(key, {
      scope,
      holder,
      meters,
      amount: (sum?.amount ?? 0) + amount,
      ...(hold && { hold }),
      ...(mark && { mark }),
    });
  }
  return Map.groupBy(sums.values(), ({ scope }) => scope);
}
