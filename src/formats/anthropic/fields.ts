/** Reading objects whose shape the other side decides, without trusting it. */

/** The string, or `""` where there is none. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The number, or `undefined` where there is none. */
export function count(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** A copy without the fields that are null or undefined: Anthropic refuses null where a field may only be absent. */
export function present<T extends object>(value: T): T {
  const copy = { ...value };
  // Object.keys forgets what it was given.
  for (const key of Object.keys(copy) as (keyof T)[])
    if (copy[key] === null || copy[key] === undefined) delete copy[key];
  return copy;
}
