/** How much of what is available one call, and one holder, is given. */

/** Above this part of the limit a holder may have a chunk in hand; below it everyone gets what a call needs (exact mode). */
const EXACT_BELOW = 0.1;
/** One call without a bound, or one holder's chunk, gets an eighth of what is available. */
const PARTS = 8;

/** What a call gets of so much: all it may use if that is little of it, else an eighth, but what it needs in any case. 0: refused. */
export function share({ least, most }: { least: number; most: number }, available: number): number {
  if (available < least) return 0;
  const part = Math.floor(available / PARTS);
  return most <= part ? most : Math.min(most, Math.max(least, part));
}

/** The most a holder may have in hand, beside what its calls need. */
export function chunkOf(limit: number, available: number): number {
  if (available === Number.POSITIVE_INFINITY) return available;
  return available <= 0 || available < limit * EXACT_BELOW ? 0 : Math.floor(available / PARTS);
}
