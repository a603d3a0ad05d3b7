/**
 * Money without rounding errors. Prices are decimal fractions of a dollar (2.5e-6), which binary numbers only
 * approximate; here they are integers with a power of ten, so that products and sums are exact.
 */

/** `digits × 10^-scale` */
export interface Decimal {
  digits: bigint;
  scale: number;
}

export const zero: Decimal = { digits: 0n, scale: 0 };
export const one: Decimal = { digits: 1n, scale: 0 };

/**
 * The decimal a number was written as: 2.5e-6 is 25 × 10^-7, not the nearest binary fraction. That is what JavaScript
 * prints, the shortest decimal that reads back as the same number.
 *
 * @throws RangeError for what is not finite
 */
export function decimal(value: number): Decimal {
  const known = decimals.get(value);
  if (known !== undefined) return known;
  const made = readDecimal(value);
  if (decimals.size >= MOST_DECIMALS) decimals.clear();
  decimals.set(value, made);
  return made;
}

/** Prices and small counts come again and again. */
const decimals = new Map<number, Decimal>();
const MOST_DECIMALS = 5000;

function readDecimal(value: number): Decimal {
  const match = /^(-?\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(String(value));
  if (!match) throw new RangeError(`not a finite number: ${value}`);
  const [, whole = "0", fraction = "", exponent = "0"] = match;
  const scale = fraction.length - Number(exponent);
  const digits = BigInt(whole + fraction);
  return scale >= 0 ? { digits, scale } : { digits: digits * 10n ** BigInt(-scale), scale: 0 };
}

export const multiply = (a: Decimal, b: Decimal): Decimal => ({
  digits: a.digits * b.digits,
  scale: a.scale + b.scale,
});

export function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale < b.scale) return add(b, a);
  return { digits: a.digits + b.digits * 10n ** BigInt(a.scale - b.scale), scale: a.scale };
}

/**
 * Dollars as whole nano-dollars, halves rounded up. Exact to $9,007,199.
 *
 * @param dollars not negative
 */
export function toNano({ digits, scale }: Decimal): number {
  if (scale <= 9) return Number(digits * 10n ** BigInt(9 - scale));
  const unit = 10n ** BigInt(scale - 9);
  return Number((digits + unit / 2n) / unit);
}

/** Nano-dollars in a dollar. */
export const NANO = 1e9;

/** Nano-dollars as a plain decimal of dollars, without exponent and trailing zeros: 2500 is `0.0000025`. */
export function formatUsd(nano: number): string {
  const sign = nano < 0 ? "-" : "";
  const text = String(BigInt(Math.abs(Math.round(nano)))).padStart(10, "0");
  const fraction = text.slice(-9).replace(/0+$/, "");
  return `${sign}${text.slice(0, -9)}${fraction && `.${fraction}`}`;
}

/** Nano-dollars as dollars, for JSON that holds dollars as numbers. */
export const toUsd = (nano: number): number => Number(formatUsd(nano));
