/** The name somebody meant. */

/**
 * The candidate nearest to a name that is written wrong, if one is near: at most one slip in three letters.
 * `-` and `_` are the same letter, and so are capitals.
 */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  const plain = normal(name);
  let best: string | undefined;
  let least = Math.floor(plain.length / 3) + 1;
  for (const candidate of candidates) {
    const slips = editDistance(plain, normal(candidate), least);
    if (slips < least) {
      best = candidate;
      least = slips;
    }
  }
  return best;
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll("-", "_");
}

/**
 * How many letters to put in, take out, change or swap with their neighbour to turn one word into the other.
 * Gives `limit` where it is that much or more.
 */
export function editDistance(from: string, to: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(from.length - to.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      let least = Math.min(at(last, column) + 1, at(current, column - 1) + 1, at(last, column - 1) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) least = Math.min(least, at(beforeLast, column - 2) + 1);
      current.push(least);
    }
    beforeLast = last;
    last = current;
  }
  return Math.min(at(last, to.length), limit);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
