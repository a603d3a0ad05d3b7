/** A field of a key that is more than its maker has, and the most it could be. */
export interface Excess {
  field: string;
  most: unknown;
}

/** Of two times (ISO 8601); `null` is never. */
export function earlierOf(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(one) <= Date.parse(other) ? one : other;
}
