/**
 * What an isolate (a holder of leases) and a scope's state say to each other.
 *
 * A lease is an allotment: how much of a meter the holder was given since ever, less what it gave back. Both sides say
 * absolute numbers and the newest exchange counts, so a message that is lost, late or repeated changes nothing.
 */
import type { MeterSpec, ScopeId } from "./demand.ts";

/** Milliseconds a holder may go on spending a lease of a rate meter, from when it asked. */
export const RATE_TERM = 2000;
/** The same for slots and money. Longer, for nothing falls due while they are held; shorter than the silences below. */
export const HELD_TERM = 20_000;
/** By how many milliseconds a holder's clock and the state's may differ, and jump, within a term. */
export const CLOCK_SLACK = 1000;
/** Milliseconds after which the slots of a silent holder are free. */
export const SLOT_SILENCE = 30_000;
/** Milliseconds after which the money that a silent holder had not reserved for a call is free. */
export const MONEY_SILENCE = 60_000;
/** Milliseconds for which money is kept that a silent holder had reserved for calls: until then the ledger charges them. */
export const LOST_CALL_TIME = 15 * 60_000;

export interface ExchangeRequest {
  holder: string;
  /** Counts the holder's exchanges of this scope, from 1 on. */
  sequence: number;
  /** It has had no reply yet: it need not be known. */
  isNew: boolean;
  meters: MeterRequest[];
}

export interface MeterRequest {
  meter: MeterSpec;
  /** What is used of the allotment. Rate: all that was taken of it. Slots: calls under way. Money: settled and reserved. */
  used: number;
  /** Money: what was settled of it. */
  settled: number;
  /** The holder gives back what the allotment is above this. */
  keep?: number;
  /** What a call needs now, at least and at most; 0: no call asks. */
  least: number;
  most: number;
  /** What other calls of the holder are asking for at this moment. */
  others: number;
  /** What it expects to need soon. */
  extra: number;
  /** Rate: what counts of each second of the holder's clock. Only those that have changed; absolute numbers. */
  seconds: SecondReport[];
}

export interface SecondReport {
  /** A name for it. */
  second: number;
  /** Taken in it, less what was given back since. */
  units: number;
  /** Milliseconds since the last was taken. */
  age: number;
}

export interface ExchangeReply {
  /** The newest exchange of the holder that the state has seen. If it is not the one that was sent, that did nothing. */
  sequence: number;
  /** Nothing is known of the holder, and it was not new: it is to begin anew. */
  isKnown: boolean;
  /** Of the scope's record, as the admin plane counts them. */
  version: number;
  /** In the order of the request. */
  meters: MeterReply[];
}

export interface MeterReply {
  allotment: number;
  /** What the call may take, between its least and most; 0 where that was refused or not asked. */
  amount: number;
  /** Of the limit, what is neither used nor leased to anybody. Below 0 where more was used than was reserved. */
  available: number;
  /** The most a holder is to keep in hand for calls to come; 0 near the limit. */
  chunk: number;
  /** Refused, but others hold as much without need, as far as is known: it may be back within a second. */
  isIdleElsewhere: boolean;
  /** Refused: milliseconds after which there will be enough, where that is known. */
  freeIn?: number;
  /** Money: spent in the window, as charged by the ledger; and of it what was charged to this holder's lease. */
  spent?: number;
  charged?: number;
}

/** Where scopes are kept. May reject, or never answer. */
export interface ScopeService {
  exchange(scope: ScopeId, request: ExchangeRequest): Promise<ExchangeReply>;
}
