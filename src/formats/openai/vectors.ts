/** Vectors as OpenAI writes them in base64: 32-bit floats, little-endian. */
import { APIResponseValidationError } from "../errors.ts";

/** `fromCharCode` takes its bytes as arguments, of which there may not be too many. */
const PIECE = 8192;

export function encodeVector(numbers: readonly number[]): string {
  const view = new DataView(new ArrayBuffer(numbers.length * 4));
  numbers.forEach((number, index) => {
    view.setFloat32(index * 4, number, true);
  });
  const bytes = new Uint8Array(view.buffer);
  let text = "";
  for (let start = 0; start < bytes.length; start += PIECE)
    text += String.fromCharCode(...bytes.subarray(start, start + PIECE));
  return btoa(text);
}

/** @throws APIResponseValidationError where it is no base64 of whole numbers */
export function decodeVector(text: string): number[] {
  const bytes = bytesOf(text);
  if (bytes.length % 4 !== 0) throw noVector(text);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, index) => view.getFloat32(index * 4, true));
}

/** Numbers from -128 to 127, one byte each (Perplexity's `base64_int8`). @throws APIResponseValidationError */
export function decodeInt8Vector(text: string): number[] {
  return Array.from(new Int8Array(bytesOf(text).buffer));
}

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw noVector(text, cause);
  }
}

function noVector(text: string, cause?: unknown): APIResponseValidationError {
  return new APIResponseValidationError(
    `litellm.APIResponseValidationError: an embedding is no base64 of 32-bit numbers: ${text.slice(0, 60)}`,
    { cause },
  );
}
