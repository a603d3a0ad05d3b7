/** Looking into bytes of which nothing is proven: what lies outside is `undefined`, never an exception. */

/** The ASCII characters from `at` on. */
export function textAt(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

/** An unsigned number of 1 to 6 bytes, big-endian. */
export function bigEndian(bytes: Uint8Array, at: number, length: number): number | undefined {
  if (at < 0 || at + length > bytes.length) return undefined;
  let value = 0;
  for (let index = 0; index < length; index++) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** The same, little-endian. */
export function littleEndian(bytes: Uint8Array, at: number, length: number): number | undefined {
  if (at < 0 || at + length > bytes.length) return undefined;
  let value = 0;
  for (let index = length - 1; index >= 0; index--) value = value * 256 + (bytes[at + index] ?? 0);
  return value;
}

/** Where these characters stand last. */
export function lastIndexOf(bytes: Uint8Array, text: string): number {
  const wanted = [...text].map((character) => character.charCodeAt(0));
  for (let at = bytes.length - wanted.length; at >= 0; at--)
    if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
  return -1;
}
