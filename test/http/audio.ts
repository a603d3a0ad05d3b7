/** Small audio for tests: silence. */
import { wavHeader } from "../../src/formats/audio/wav.ts";

/** So many seconds of silence. */
export function silence(seconds: number): Uint8Array<ArrayBuffer> {
  const format = { rate: 8000, channels: 1, bits: 16 };
  const samples = new Uint8Array(seconds * format.rate * 2);
  const header = wavHeader(format, samples.length);
  const file = new Uint8Array(header.length + samples.length);
  file.set(header);
  file.set(samples, header.length);
  return file;
}

export function wav(seconds: number, name = "speech.wav"): File {
  return new File([silence(seconds)], name, { type: "audio/wav" });
}
