/** Ogg (Opus, Vorbis, Speex, FLAC) and FLAC by itself. Sources: RFC 3533, 7845, 9639; the Vorbis I specification. */
import { bigEndian, lastIndexOf, littleEndian, textAt } from "./bytes.ts";
import type { AudioSample } from "./sample.ts";

const OPUS_RATE = 48_000;

/** Seconds: the position the last page tells. */
export function oggDuration({ head, tail }: AudioSample): number | undefined {
  if (textAt(head, 0, 4) !== "OggS") return undefined;
  const packet = 27 + (head[26] ?? 0);
  const opus = textAt(head, packet, 8) === "OpusHead";
  const skipped = opus ? (littleEndian(head, packet + 10, 2) ?? 0) : 0;
  const rate = opus ? OPUS_RATE : rateOf(head, packet);
  const position = lastPosition(tail);
  if (!rate || position === undefined) return undefined;
  return Math.max(0, position - skipped) / rate;
}

function rateOf(head: Uint8Array, packet: number): number | undefined {
  if (textAt(head, packet + 1, 6) === "vorbis") return littleEndian(head, packet + 12, 4);
  if (textAt(head, packet, 5) === "Speex") return littleEndian(head, packet + 36, 4);
  if (textAt(head, packet + 1, 4) === "FLAC") return streamInfo(head, packet + 17)?.rate;
  return undefined;
}

/** Samples up to the end of the last page that completes a packet; the others say -1. */
function lastPosition(tail: Uint8Array): number | undefined {
  for (let end = tail.length; end > 0; ) {
    const page = lastIndexOf(tail.subarray(0, end), "OggS");
    if (page === -1) return undefined;
    const position = littleEndian(tail, page + 6, 6);
    const isNone = littleEndian(tail, page + 12, 2) !== 0; // 64 bits: more than 48 of them are none, or a lie
    if (position !== undefined && !isNone) return position;
    end = page;
  }
  return undefined;
}

/** What a FLAC file that tells no length shrinks to, of its samples. */
const FLAC_SHARE = 0.55;

/** Seconds; estimated where it was streamed and tells no length. */
export function flacDuration({ head, size }: AudioSample): number | undefined {
  if (textAt(head, 0, 4) !== "fLaC" || ((head[4] ?? 0) & 0x7f) !== 0) return undefined;
  const info = streamInfo(head, 8);
  if (info === undefined) return undefined;
  const { rate, channels, bits, samples } = info;
  return samples > 0 ? samples / rate : size / (((rate * channels * bits) / 8) * FLAC_SHARE);
}

/** The fields of a STREAMINFO block, which are packed by bits. */
function streamInfo(head: Uint8Array, at: number) {
  const packed = bigEndian(head, at + 10, 4);
  const low = bigEndian(head, at + 14, 4);
  if (packed === undefined || low === undefined) return undefined;
  const rate = Math.floor(packed / 2 ** 12);
  if (rate === 0) return undefined;
  const channels = ((packed >> 9) & 7) + 1;
  const bits = ((packed >> 4) & 31) + 1;
  return { rate, channels, bits, samples: (packed % 16) * 2 ** 32 + low };
}
