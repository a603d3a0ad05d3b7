/**
 * Requests with an `Idempotency-Key`, answered again but paid once: what becomes of a key, as a pure state machine, and
 * the store that holds the keys. `docs/idempotency.md` tells the user's side.
 *
 *     free ──claim──▶ claimed ──keep──▶ kept ──24 hours──▶ free
 *                       └──release, or nobody renewed it──▶ free
 */

/** How long a claim lasts without a renewal, in milliseconds: a key is stuck no longer when its holder dies. */
export const CLAIM_TIME = 120_000;

/** How often a holder renews its claim, in milliseconds: two renewals may be lost. */
export const RENEWAL_INTERVAL = 40_000;

/** How long an answer is kept, in milliseconds. */
export const KEEPING_TIME = 24 * 3600 * 1000;

/** One request that wants a key. */
export interface Claim {
  /** Digest of what is asked: another request with the same key has another one. */
  fingerprint: string;
  /** Random, one for each request: tells the first from its repeats. */
  holder: string;
}

export interface AnswerHead {
  status: number;
  headers: Record<string, string>;
}

export interface KeptAnswer extends AnswerHead {
  body: Uint8Array;
}

/** What a key is, other than free. Times in milliseconds since the epoch. */
export type KeyState = { fingerprint: string; expiresAt: number } & (
  | { kind: "claimed"; holder: string; since: number }
  | { kind: "kept"; head: AnswerHead }
);

/** What a claim comes to. */
export type Verdict<Answer = KeptAnswer> =
  /** The key is the claimer's until it keeps or releases it. */
  | { kind: "claimed" }
  /** Another request holds it, since so many milliseconds. */
  | { kind: "running"; elapsed: number }
  /** It belongs to a different request. */
  | { kind: "mismatch" }
  | { kind: "kept"; answer: Answer };

/** A verdict, and the state that follows where it is another. */
export function claimKey(
  state: KeyState | undefined,
  { fingerprint, holder }: Claim,
  now: number,
): { verdict: Verdict<AnswerHead>; next?: KeyState } {
  const claimed: KeyState = { kind: "claimed", fingerprint, holder, since: now, expiresAt: now + CLAIM_TIME };
  if (state === undefined || state.expiresAt <= now) return { verdict: { kind: "claimed" }, next: claimed };
  if (state.fingerprint !== fingerprint) return { verdict: { kind: "mismatch" } };
  if (state.kind === "kept") return { verdict: { kind: "kept", answer: state.head } };
  // The same claim again: its first reply was lost.
  if (state.holder === holder) return { verdict: { kind: "claimed" }, next: { ...claimed, since: state.since } };
  return { verdict: { kind: "running", elapsed: now - state.since } };
}

/** The claim, extended; `undefined` where it is the holder's no more. */
export function renewKey(state: KeyState | undefined, holder: string, now: number): KeyState | undefined {
  return holds(state, holder) ? { ...state, expiresAt: now + CLAIM_TIME } : undefined;
}

/** The answer in place of the claim; `undefined` where the claim is the holder's no more. */
export function keepAnswer(
  state: KeyState | undefined,
  holder: string,
  head: AnswerHead,
  now: number,
): KeyState | undefined {
  if (!holds(state, holder)) return undefined;
  return { kind: "kept", fingerprint: state.fingerprint, head, expiresAt: now + KEEPING_TIME };
}

/** Is this the holder's claim? One that ran out is, until another takes it: nobody else has been answered. */
export function holds(state: KeyState | undefined, holder: string): state is KeyState & { kind: "claimed" } {
  return state?.kind === "claimed" && state.holder === holder;
}

/** Statuses below 500 that a repeat may well not get: they come of keys, quotas, time and what else is going on. */
const PASSING = new Set([401, 402, 403, 408, 409, 425, 429]);

/** Is an answer of this status kept? All others free the key, so that a repeat can do better. */
export function isLasting(status: number): boolean {
  return status < 500 && !PASSING.has(status);
}

/** The keys of all callers. A key's name is a digest of caller and key. */
export interface IdempotencyStore {
  claim(name: string, claim: Claim): Promise<Verdict>;
  /** These three do nothing where the claim is the holder's no more. */
  renew(name: string, holder: string): Promise<void>;
  keep(name: string, holder: string, answer: KeptAnswer): Promise<void>;
  release(name: string, holder: string): Promise<void>;
}

/** Keys in this process's memory. */
export class MemoryIdempotency implements IdempotencyStore {
  readonly #keys = new Map<string, { state: KeyState; body: KeptAnswer["body"] }>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  async claim(name: string, claim: Claim): Promise<Verdict> {
    const now = this.#now();
    for (const [other, { state }] of this.#keys) if (state.expiresAt <= now) this.#keys.delete(other);
    const found = this.#keys.get(name);
    const { verdict, next } = claimKey(found?.state, claim, now);
    this.#set(name, next);
    return verdict.kind === "kept"
      ? { kind: "kept", answer: { ...verdict.answer, body: found?.body ?? new Uint8Array() } }
      : verdict;
  }

  async renew(name: string, holder: string): Promise<void> {
    this.#set(name, renewKey(this.#keys.get(name)?.state, holder, this.#now()));
  }

  async keep(name: string, holder: string, { status, headers, body }: KeptAnswer): Promise<void> {
    this.#set(name, keepAnswer(this.#keys.get(name)?.state, holder, { status, headers }, this.#now()), body);
  }

  async release(name: string, holder: string): Promise<void> {
    if (holds(this.#keys.get(name)?.state, holder)) this.#keys.delete(name);
  }

  #set(name: string, state: KeyState | undefined, body: KeptAnswer["body"] = new Uint8Array()): void {
    if (state !== undefined) this.#keys.set(name, { state, body });
  }
}
