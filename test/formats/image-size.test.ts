import { expect, test } from "vitest";
import { aspectRatioOf, pixelsOf, resolutionOf } from "../../src/formats/image-size.ts";

test("sizes in pixels, and what is none", () => {
  expect(pixelsOf("1024x1536")).toEqual({ width: 1024, height: 1536 });
  expect(pixelsOf("512*256")).toEqual({ width: 512, height: 256 });
  for (const none of ["auto", "16:9", "2K", "0x5", "", null, undefined]) expect(pixelsOf(none)).toBeUndefined();
});

test.each([
  ["1024x1024", "1:1"],
  ["1792x1024", "16:9"],
  ["1024x1792", "9:16"],
  ["1536x1024", "4:3"],
  ["896x1280", "3:4"],
  ["21:9", "21:9"],
  ["auto", undefined],
  [null, undefined],
])("the shape of %s is %s", (size, ratio) => {
  expect(aspectRatioOf(size, ["1:1", "3:4", "4:3", "9:16", "16:9"])).toBe(ratio);
});

test.each([
  ["1024x1024", "1K"],
  ["1792x1024", "1K"],
  ["2048x2048", "2K"],
  ["3840x2160", "2K"],
  ["4096x4096", "4K"],
  ["2k", "2K"],
  ["auto", undefined],
  ["16:9", undefined],
])("the class of %s is %s", (size, resolution) => {
  expect(resolutionOf(size)).toBe(resolution);
});
