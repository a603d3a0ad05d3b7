import { describe, expect, it } from "vitest";
import { linesOf, turnsOf } from "../../../src/formats/audio/segments.ts";
import { toSrt, toVtt } from "../../../src/formats/audio/subtitles.ts";

const word = (text: string, start: number, speaker?: string) => ({
  word: text,
  start,
  end: start + 0.4,
  ...(speaker !== undefined && { speaker }),
});

describe("subtitles", () => {
  it("times, and texts that would break the format", () => {
    const segments = [
      { start: 0, end: 1.0004, text: " One\n\ntwo " },
      { start: 3599.9996, end: 360_000, text: "a --> b" },
    ];
    expect(toSrt(segments)).toBe(
      "1\n00:00:00,000 --> 00:00:01,000\nOne\ntwo\n\n2\n01:00:00,000 --> 100:00:00,000\na -> b\n\n",
    );
    expect(toVtt(segments)).toBe(
      "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nOne\ntwo\n\n01:00:00.000 --> 100:00:00.000\na -> b\n\n",
    );
    expect([toSrt([]), toVtt([])]).toEqual(["", "WEBVTT\n\n"]);
  });

  it("lines end with a sentence, a speaker, or what one can read", () => {
    expect(linesOf([word("Hello", 0, "0"), word("there.", 1, "0"), word("And", 2, "0"), word("you?", 3, "1")])).toEqual(
      [
        { id: 0, start: 0, end: 1.4, text: "Hello there.", speaker: "0" },
        { id: 1, start: 2, end: 2.4, text: "And", speaker: "0" },
        { id: 2, start: 3, end: 3.4, text: "you?", speaker: "1" },
      ],
    );
    const slow = linesOf(Array.from({ length: 20 }, (_, index) => word("word", index)));
    expect(slow.map(({ start, end }) => end - start).every((seconds) => seconds <= 7)).toBe(true);
    expect(slow).toHaveLength(3);
    const long = linesOf([word("x".repeat(80), 0), word("y".repeat(80), 0.5)]);
    expect(long.map(({ text }) => text[0])).toEqual(["x", "y"]);
    expect(linesOf([word("Hel", 0), word(" lo", 1)])[0]?.text).toBe("Hel lo");
    expect(linesOf([])).toEqual([]);
  });

  it("turns are what each speaker says", () => {
    const words = [word("Hello.", 0, "0"), word("You?", 1, "0"), word("Me.", 2, "1")];
    expect(turnsOf(words).map(({ text, speaker }) => [speaker, text])).toEqual([
      ["0", "Hello. You?"],
      ["1", "Me."],
    ]);
  });
});
