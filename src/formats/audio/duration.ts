/** How long audio lasts, by what its headers tell. */

import { textAt } from "./bytes.ts";
import { mp4Duration } from "./mp4.ts";
import { mpegDuration } from "./mpeg.ts";
import { flacDuration, oggDuration } from "./ogg.ts";
import { type AudioSample, HEAD, TAIL } from "./sample.ts";
import { wavDuration } from "./wav.ts";

/** Headers may lie: so many bytes a second (192 kHz, two channels of 32 bits) no audio is above. */
const MOST_BYTES_A_SECOND = 192_000 * 2 * 4;

/** Of what tells nothing: 32 kilobits a second, a recorded voice. */
const USUAL_BYTES_A_SECOND = 4_000;

/** Seconds of a file, above 0; estimated by its size where it does not tell. */
export async function fileDuration(file: Blob): Promise<number> {
  const read = async (at: number, length: number) => new Uint8Array(await file.slice(at, at + length).arrayBuffer());
  const start = tagLength(await read(0, 10));
  const sample = {
    head: await read(start, HEAD),
    tail: await read(Math.max(start, file.size - TAIL), TAIL),
    size: Math.max(0, file.size - start),
  };
  const isMp4 = textAt(sample.head, 4, 4) === "ftyp";
  const told = isMp4 ? await mp4Duration(read, file.size) : sampleDuration(sample);
  return plausible(told, sample.size) ?? Math.max(file.size, 1) / USUAL_BYTES_A_SECOND;
}

/** Seconds; `undefined` where it cannot be told. */
export function sampleDuration(sample: AudioSample): number | undefined {
  const told = wavDuration(sample) ?? flacDuration(sample) ?? oggDuration(sample) ?? mpegDuration(sample);
  return plausible(told, sample.size);
}

function plausible(seconds: number | undefined, size: number): number | undefined {
  if (seconds === undefined || !Number.isFinite(seconds) || seconds <= 0) return undefined;
  return Math.max(seconds, size / MOST_BYTES_A_SECOND);
}

/** Bytes of an ID3 tag (titles, pictures) before the audio; 0 where there is none. */
function tagLength(head: Uint8Array): number {
  if (textAt(head, 0, 3) !== "ID3" || head.length < 10) return 0;
  const [a = 0, b = 0, c = 0, d = 0] = head.subarray(6, 10);
  return 10 + (a & 127) * 2 ** 21 + (b & 127) * 2 ** 14 + (c & 127) * 2 ** 7 + (d & 127);
}
