/** MPEG audio (MP3 and its elder layers) and AAC in ADTS frames. Sources: ISO 11172-3, 13818-3 and 13818-7. */
import { bigEndian, textAt } from "./bytes.ts";
import type { AudioSample } from "./sample.ts";

/** One frame, as its header tells it. */
interface Frame {
  /** Bytes, its header included. */
  length: number;
  samples: number;
  /** Samples a second. */
  rate: number;
}

/** Kilobits a second by MPEG version (1, or 2 and 2.5) and layer. */
const BITRATES: Readonly<Record<string, readonly number[]>> = {
  "1.1": [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  "1.2": [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  "1.3": [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  "2.1": [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  "2.2": [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  "2.3": [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
};

const MPEG_RATES = [44_100, 48_000, 32_000];
const ADTS_RATES = [
  96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350,
];

/** Seconds: by the number of frames where a header tells it, else by the average of the frames that are here. */
export function mpegDuration(sample: AudioSample): number | undefined {
  return (
    durationByFrames(sample, mpegFrame, ({ head }, at, frame) => frameCount(head, at, frame)) ??
    durationByFrames(sample, adtsFrame)
  );
}

/** The highest of the bitrates: a header that tells fewer frames than they take lies. */
const MOST_BYTES_A_SECOND = 448_000 / 8;

/** Bytes before the first frame that are looked through. */
const FARTHEST = 4096;

function durationByFrames(
  sample: AudioSample,
  frameAt: (head: Uint8Array, at: number) => Frame | undefined,
  count: (sample: AudioSample, at: number, frame: Frame) => number | undefined = () => undefined,
): number | undefined {
  const { head, size } = sample;
  const start = firstFrame(head, frameAt);
  const first = start === undefined ? undefined : frameAt(head, start);
  if (start === undefined || first === undefined) return undefined;
  const told = count(sample, start, first);
  if (told !== undefined) return Math.max((told * first.samples) / first.rate, (size - start) / MOST_BYTES_A_SECOND);
  let bytes = 0;
  let seconds = 0;
  for (let at = start, frame: Frame | undefined = first; frame !== undefined; frame = frameAt(head, at)) {
    at += frame.length;
    bytes += frame.length;
    seconds += frame.samples / frame.rate;
  }
  return (seconds * (size - start)) / bytes;
}

/** Any two bytes may look like a frame; two frames in a row, or one that fills all there is, are one. */
function firstFrame(
  head: Uint8Array,
  frameAt: (head: Uint8Array, at: number) => Frame | undefined,
): number | undefined {
  for (let at = 0; at < Math.min(head.length, FARTHEST); at++) {
    const frame = head[at] === 0xff ? frameAt(head, at) : undefined;
    if (frame === undefined) continue;
    const next = at + frame.length;
    if (next >= head.length ? at === 0 : frameAt(head, next) !== undefined) return at;
  }
  return undefined;
}

function mpegFrame(head: Uint8Array, at: number): Frame | undefined {
  const header = bigEndian(head, at, 4);
  if (header === undefined || Math.floor(header / 2 ** 21) !== 0x7ff) return undefined;
  const version = (header >> 19) & 3; // 0: 2.5, 2: 2, 3: 1
  const layer = 4 - ((header >> 17) & 3);
  const rateIndex = (header >> 10) & 3;
  if (version === 1 || layer === 4 || rateIndex === 3) return undefined;
  const bitrate = (BITRATES[`${version === 3 ? 1 : 2}.${layer}`]?.[(header >> 12) & 15] ?? 0) * 1000;
  const rate = (MPEG_RATES[rateIndex] ?? 0) / (version === 3 ? 1 : version === 2 ? 2 : 4);
  if (bitrate === 0 || rate === 0) return undefined;
  const padding = (header >> 9) & 1;
  if (layer === 1) return { length: (Math.floor((12 * bitrate) / rate) + padding) * 4, samples: 384, rate };
  const samples = layer === 3 && version !== 3 ? 576 : 1152;
  return { length: Math.floor((samples / 8) * (bitrate / rate)) + padding, samples, rate };
}

/** Of a variable bitrate: the encoder writes it into the first frame (`Xing`, `Info`, `VBRI`). */
function frameCount(head: Uint8Array, at: number, { length }: Frame): number | undefined {
  for (let offset = at + 4; offset < at + Math.min(length, 200); offset++) {
    const name = textAt(head, offset, 4);
    const hasCount = (bigEndian(head, offset + 4, 4) ?? 0) % 2 === 1;
    if ((name === "Xing" || name === "Info") && hasCount) return bigEndian(head, offset + 8, 4) || undefined;
    if (name === "VBRI") return bigEndian(head, offset + 14, 4) || undefined;
  }
  return undefined;
}

function adtsFrame(head: Uint8Array, at: number): Frame | undefined {
  const first = bigEndian(head, at, 4);
  const length = (((head[at + 3] ?? 0) & 3) << 11) | ((head[at + 4] ?? 0) << 3) | ((head[at + 5] ?? 0) >> 5);
  if (first === undefined || at + 7 > head.length || length < 7) return undefined;
  const isAdts = Math.floor(first / 2 ** 20) === 0xfff && ((first >> 17) & 3) === 0;
  const rate = ADTS_RATES[(first >> 10) & 15];
  const blocks = ((head[at + 6] ?? 0) & 3) + 1;
  return isAdts && rate !== undefined ? { length, samples: 1024 * blocks, rate } : undefined;
}
