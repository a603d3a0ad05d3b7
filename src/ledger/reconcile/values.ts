/** Days, counts and money as exports write them. */
import { toNano } from "../../models/money.ts";
import { UsageExportError } from "./usage.ts";

/** The day (UTC) of an RFC 3339 time, a date, or Unix seconds. */
export function dayOf(value: string | number, line?: number): string {
  const isSeconds = typeof value === "number" || /^\d{9,11}$/.test(value);
  // A time without a zone is UTC in every export there is.
  const text = String(value).trim();
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/.test(text) || !text.includes(":");
  const time = isSeconds ? Number(value) * 1000 : Date.parse(hasZone ? text : `${text.replace(" ", "T")}Z`);
  if (!Number.isFinite(time)) throw new UsageExportError(`${JSON.stringify(value)} is no time`, { line });
  return new Date(time).toISOString().slice(0, 10);
}

/** A number of tokens or requests; an empty cell is none. */
export function countOf(text: string | undefined, column: string, line?: number): number {
  const count = Number((text ?? "").trim() || 0);
  if (!Number.isSafeInteger(count) || count < 0)
    throw new UsageExportError(`${column} is ${JSON.stringify(text)}, which is no count`, { line });
  return count;
}

/**
 * Money as nano-dollars, exactly: the decimal as it is written, rounded once.
 * @param smallerBy power of ten: 2 for cents
 */
export function nanoOf(value: string | number, smallerBy = 0, line?: number): number {
  const match = /^(-)?(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(String(value).trim());
  if (match === null) throw new UsageExportError(`${JSON.stringify(value)} is no amount of money`, { line });
  const [, minus, whole = "0", fraction = "", exponent = "0"] = match;
  const scale = fraction.length - Number(exponent) + smallerBy;
  const digits = BigInt(whole + fraction);
  const nano = toNano(scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 });
  return minus === undefined || nano === 0 ? nano : -nano; // credits are negative
}
