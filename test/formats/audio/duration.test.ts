import { describe, expect, it } from "vitest";
import { fileDuration, sampleDuration } from "../../../src/formats/audio/duration.ts";
import { wavHeader } from "../../../src/formats/audio/wav.ts";

const bytes = (...parts: (string | number[] | Uint8Array | number)[]): Uint8Array<ArrayBuffer> => {
  const all = parts.map((part) => {
    if (typeof part === "string") return Uint8Array.from(part, (character) => character.charCodeAt(0));
    return typeof part === "number" ? new Uint8Array(part) : Uint8Array.from(part);
  });
  const joined = new Uint8Array(all.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const part of all) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};
const big = (value: number, length: number) =>
  Array.from({ length }, (_, index) => Math.floor(value / 256 ** (length - 1 - index)) % 256);
const little = (value: number, length: number) => big(value, length).reverse();

const lengthOf = (...parts: Parameters<typeof bytes>) => fileDuration(new Blob([bytes(...parts)]));

const PCM = { rate: 16_000, channels: 2, bits: 16 };

/** MPEG 1, layer III, 128 kbit/s, 44.1 kHz: frames of 417 bytes. */
const mp3Frame = (content: number[] = []) => bytes([0xff, 0xfb, 0x90, 0x00], content, 417 - 4 - content.length);
/** AAC LC, 24 kHz, of so many bytes. */
const adtsFrame = (length: number) =>
  bytes([0xff, 0xf1, 0x58, 0x40 | (length >> 11), (length >> 3) & 255, ((length & 7) << 5) | 0x1f, 0xfc], length - 7);

function ogg(packet: Uint8Array, position: number, last = position) {
  const page = (at: number | undefined, content: Uint8Array) =>
    bytes(
      "OggS",
      [0, 0],
      at === undefined ? Array(8).fill(255) : little(at, 8),
      4 + 4 + 4,
      [1, content.length],
      content,
    );
  return bytes(
    page(0, packet),
    page(position, new Uint8Array(200)),
    page(last === position ? undefined : last, new Uint8Array(9)),
  );
}

const opusHead = bytes("OpusHead", [1, 1], little(312, 2), little(24_000, 4), [0, 0, 0]);
const vorbisHead = bytes([1], "vorbis", 4, [1], little(22_050, 4), 12);

const box = (name: string, ...content: Parameters<typeof bytes>) => {
  const inner = bytes(...content);
  return bytes(big(inner.length + 8, 4), name, inner);
};
const mvhd = box("mvhd", [0, 0, 0, 0], 8, big(1000, 4), big(12_500, 4), 80);

describe("how long audio lasts", () => {
  it("WAV: by its data, whatever else is in it, and where the header leaves it open", async () => {
    expect(await lengthOf(wavHeader(PCM, 128_000), 128_000)).toBe(2);
    expect(await lengthOf(wavHeader(PCM), 64_000)).toBe(1);
    const [riff, data] = [wavHeader(PCM, 64_000).slice(0, 36), wavHeader(PCM, 64_000).slice(36)];
    expect(await lengthOf(riff, "LIST", little(5, 4), 6, data, 64_000, "id3 ", little(900, 4), 900)).toBe(1);
  });

  it("WAV: a rate that lies is computed", async () => {
    const lying = wavHeader(PCM, 64_000);
    new DataView(lying.buffer).setUint32(28, 0x7fffffff, true);
    expect(await lengthOf(lying, 64_000)).toBe(1);
  });

  it("MP3: by the average of its frames, behind a tag with a picture, or by what its first frame counts", async () => {
    const frames = bytes(...Array.from({ length: 100 }, () => mp3Frame()));
    expect(await lengthOf(frames)).toBeCloseTo((100 * 1152) / 44_100, 6);
    const tag = bytes("ID3", [4, 0, 0, 0, 7, 0, 0], 7 * 128 ** 2);
    expect(await lengthOf(tag, frames)).toBeCloseTo((100 * 1152) / 44_100, 6);
    const counted = mp3Frame([...Array(32).fill(0), ...bytes("Xing"), 0, 0, 0, 1, ...big(1000, 4)]);
    expect(await lengthOf(counted, mp3Frame())).toBeCloseTo((1000 * 1152) / 44_100, 6);
  });

  it("MP3: a count of fewer frames than can be so large is a lie", async () => {
    const lying = mp3Frame([...Array(32).fill(0), ...bytes("Xing"), 0, 0, 0, 1, ...big(1, 4)]);
    expect(await lengthOf(lying, mp3Frame(), 1_000_000)).toBeCloseTo((2 * 417 + 1_000_000) / 56_000, 6);
  });

  it("AAC: by the average of its frames", async () => {
    const frames = Array.from({ length: 50 }, (_, index) => adtsFrame(index % 2 === 0 ? 100 : 300));
    expect(await lengthOf(...frames)).toBeCloseTo((50 * 1024) / 24_000, 6);
  });

  it("Ogg: by the last position, of Opus without what is skipped", async () => {
    expect(await lengthOf(ogg(opusHead, 48_000 * 3 + 312))).toBe(3);
    expect(await lengthOf(ogg(opusHead, 48_000, 48_000 * 5 + 312))).toBe(5);
    expect(await lengthOf(ogg(vorbisHead, 44_100))).toBe(2);
  });

  it("FLAC: by its samples, or by its size where it was streamed", async () => {
    const info = (samples: number) =>
      bytes("fLaC", [0x80, 0, 0, 34], 10, big(24_000 * 2 ** 12 + (0 << 9) + (15 << 4), 4), big(samples, 4), 16);
    expect(await lengthOf(info(48_000), 500)).toBe(2);
    const estimated = await lengthOf(info(0), 26_400 - 42);
    expect(estimated).toBeCloseTo(1, 3);
  });

  it("M4A: by the movie's header, before the data or behind it", async () => {
    const type = box("ftyp", "M4A ", 4);
    expect(await lengthOf(type, box("moov", mvhd), box("mdat", 100))).toBe(12.5);
    expect(await lengthOf(type, box("mdat", 200_000), box("moov", box("udta", 8), mvhd))).toBe(12.5);
    const long = box("mvhd", [1, 0, 0, 0], 16, big(600, 4), big(1200, 8), 80);
    expect(await lengthOf(type, box("moov", long))).toBe(2);
  });

  it.each([
    ["nothing", []],
    ["noise", [[1, 2, 3, 4, 5, 6, 7, 8]]],
    ["a header alone", ["RIFF"]],
    ["a WAV without a format", ["RIFF", 4, "WAVEdata", little(100, 4), 100]],
    ["a WAV of no samples a second", ["RIFF", 4, "WAVEfmt ", little(16, 4), 16, "data", little(100, 4), 100]],
    ["an Ogg without a last page", ["OggS", 30]],
    ["a FLAC that ends", ["fLaC", [0, 0, 0, 34]]],
    ["an M4A without a movie", [box("ftyp", "M4A ", 4), box("mdat", 100)]],
    ["an M4A of boxes that never end", [box("ftyp", "M4A ", 4), [0, 0, 0, 4], "moov"]],
    ["frames of no MPEG", [[0xff, 0xff, 0xff, 0xff], 100]],
  ])("%s is estimated by its size", async (_, parts) => {
    const size = bytes(...parts).length;
    expect(await lengthOf(...parts)).toBeCloseTo(Math.max(size, 1) / 4000, 6);
  });

  it("no header makes a large file short", async () => {
    expect(
      await lengthOf(
        bytes("fLaC", [0x80, 0, 0, 34], 10, big(655_350 * 2 ** 12 + (15 << 4), 4), big(1, 4), 16),
        1_536_000,
      ),
    ).toBeCloseTo(1, 3);
  });

  it("a part of a stream tells as much as it has", () => {
    const frames = bytes(...Array.from({ length: 20 }, () => mp3Frame()));
    const sample = { head: frames, tail: frames, size: frames.length * 10 };
    expect(sampleDuration(sample)).toBeCloseTo((200 * 1152) / 44_100, 6);
    expect(sampleDuration({ head: new Uint8Array(), tail: new Uint8Array(), size: 0 })).toBeUndefined();
  });
});
