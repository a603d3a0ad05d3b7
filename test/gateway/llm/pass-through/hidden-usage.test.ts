import { describe, expect, it } from "vitest";
import { refuseHidden } from "../../../../src/gateway/llm/pass-through/hidden-usage.ts";
import { chat } from "../../../../src/operations/chat.ts";
import { generateContent } from "../../../../src/operations/generate-content.ts";

const path = (query: string) => `/v1beta/models/gemini-3-flash:generateContent${query}`;
const key = { role: "key" as const };

describe("what would hide the usage of a call", () => {
  it.each([
    "?fields=candidates",
    "?%24fields=candidates",
    "?alt=proto",
    "?$alt=proto",
    "?alt=media",
    "?Fields=x",
    "?alt=",
  ])("is refused: %s", (query) => {
    const operation = generateContent;
    expect(refuseHidden({ operation }, path(query), key)?.status).toBe(400);
    expect(refuseHidden({ operation }, path(query), { role: "proxy_admin" })).toBeUndefined();
    expect(refuseHidden({ operation: chat }, path(query), key)).toBeUndefined();
  });

  it.each(["", "?alt=sse", "?alt=json", "?$alt=json;enum-encoding=int", "?prettyPrint=false"])(
    "passes: %s",
    (query) => {
      expect(refuseHidden({ operation: generateContent }, path(query), key)).toBeUndefined();
    },
  );
});
