/** MP4 and M4A: boxes within boxes, big-endian. Source: ISO 14496-12. */
import { bigEndian, textAt } from "./bytes.ts";

/** Boxes beside each other that are looked at. */
const MOST_BOXES = 64;

/** Reads so many bytes from a place in the file. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** Seconds, of the movie header, wherever in the file that is. */
export async function mp4Duration(read: ReadAt, size: number): Promise<number | undefined> {
  const movie = await findBox(read, "moov", 0, size);
  const header = movie && (await findBox(read, "mvhd", movie.start, movie.end));
  if (header === undefined) return undefined;
  const bytes = await read(header.start, 32);
  const isLong = bytes[0] === 1;
  const scale = bigEndian(bytes, isLong ? 20 : 12, 4);
  const duration = isLong ? bigEndian(bytes, 26, 6) : bigEndian(bytes, 16, 4);
  return scale && duration ? duration / scale : undefined;
}

async function findBox(
  read: ReadAt,
  wanted: string,
  from: number,
  to: number,
): Promise<{ start: number; end: number } | undefined> {
  let at = from;
  for (let seen = 0; seen < MOST_BOXES && at + 8 <= to; seen++) {
    const head = await read(at, 16);
    const short = bigEndian(head, 0, 4) ?? 0;
    const isLong = short === 1;
    const length = isLong ? (bigEndian(head, 10, 6) ?? 0) : short === 0 ? to - at : short;
    if (length < 8) return undefined;
    if (textAt(head, 4, 4) === wanted) return { start: at + (isLong ? 16 : 8), end: Math.min(to, at + length) };
    at += length;
  }
  return undefined;
}
