/** WAV: RIFF chunks, little-endian. Source: Microsoft's "Multimedia Programming Interface and Data Specifications 1.0". */
import { littleEndian, textAt } from "./bytes.ts";
import type { AudioSample } from "./sample.ts";

const PCM = 1;
const FLOAT = 3;

/** Seconds. Streams write no size into their header, or the largest there is. */
export function wavDuration({ head, size }: AudioSample): number | undefined {
  if (textAt(head, 0, 4) !== "RIFF" || textAt(head, 8, 4) !== "WAVE") return undefined;
  let rate: number | undefined;
  for (let at = 12; at + 8 <= head.length; ) {
    const name = textAt(head, at, 4);
    const length = littleEndian(head, at + 4, 4) ?? 0;
    if (name === "fmt ") rate = bytesPerSecond(head, at + 8);
    if (name === "data") {
      const rest = size - at - 8;
      return rate === undefined ? undefined : (length === 0 ? rest : Math.min(length, rest)) / rate;
    }
    at += 8 + length + (length % 2);
  }
  return undefined;
}

/** Of a `fmt ` chunk. The rate it states is believed only where it cannot be computed. */
function bytesPerSecond(head: Uint8Array, at: number): number | undefined {
  const format = littleEndian(head, at, 2);
  const channels = littleEndian(head, at + 2, 2) ?? 0;
  const samples = littleEndian(head, at + 4, 4) ?? 0;
  const bits = littleEndian(head, at + 14, 2) ?? 0;
  const computed = format === PCM || format === FLOAT ? (samples * channels * bits) / 8 : 0;
  return computed || littleEndian(head, at + 8, 4) || undefined;
}

export interface PcmFormat {
  /** Samples a second. */
  rate: number;
  channels: number;
  bits: number;
}

/** A size that says "as long as it goes on". */
const OPEN_END = 0xffffffff;

/** The header that makes raw samples a WAV file. @param length of the samples in bytes; without it the end is open */
export function wavHeader({ rate, channels, bits }: PcmFormat, length?: number): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(44);
  const view = new DataView(header.buffer);
  const text = (at: number, characters: string) => header.set(new TextEncoder().encode(characters), at);
  const frame = (channels * bits) / 8;
  text(0, "RIFF");
  view.setUint32(4, length === undefined ? OPEN_END : 36 + length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, rate * frame, true);
  view.setUint16(32, frame, true);
  view.setUint16(34, bits, true);
  text(36, "data");
  view.setUint32(40, length ?? OPEN_END, true);
  return header;
}
