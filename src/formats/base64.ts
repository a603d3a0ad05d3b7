/** Base64 of bytes, a piece at a time: files are large. */

/** `fromCharCode` takes its bytes as arguments, of which there may not be too many; a multiple of three is base64 without padding. */
const PIECE = 3 * 4096;

export function toBase64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let start = 0; start < bytes.length; start += PIECE)
    pieces.push(btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE))));
  return pieces.join("");
}

/** Bytes of base64; `undefined` where it is none. */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const characters = atob(text);
    const bytes = new Uint8Array(characters.length);
    for (let index = 0; index < characters.length; index++) bytes[index] = characters.charCodeAt(index);
    return bytes;
  } catch {
    return undefined;
  }
}
