import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { sha256 } from "../../src/router/digest.ts";

test("is SHA-256, at every length around a block", () => {
  for (let length = 0; length < 200; length++) {
    const text = "aé€😀".repeat(50).slice(0, length);
    const bytes = new TextEncoder().encode(text);
    expect(sha256(text)).toBe(createHash("sha256").update(bytes).digest("hex"));
  }
});
