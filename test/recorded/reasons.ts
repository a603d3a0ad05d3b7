/** Why the gateway may do something else than was recorded: each reason by name, found by the difference itself. */
import type { Difference } from "./difference.ts";
import type { Exchange } from "./exchanges.ts";
import type { SentRequest } from "./replay.ts";

export interface Circumstances {
  exchange: Exchange;
  slug: string;
  sent: SentRequest | undefined;
  /** The gateway's answer as text. */
  answer: string;
}

export interface Reason {
  id: string;
  explanation: string;
  holds(difference: Difference, circumstances: Circumstances): boolean;
}

export const REASONS: readonly Reason[] = [];

export function reasonOf(difference: Difference, circumstances: Circumstances): Reason | undefined {
  return REASONS.find((reason) => reason.holds(difference, circumstances));
}
