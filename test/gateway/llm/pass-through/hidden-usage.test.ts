import { describe, expect, it } from "vitest";
import { refuseHidden } from "../../../../src/gateway/llm/pass-through/hidden-usage.ts";

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
    "?callback=x",
    "?%24callback=x",
    "?alt=",
  ])("is refused: %s", (query) => {
    for (const provider of ["gemini", "vertex_ai", "vertex_ai_beta"]) {
      expect(refuseHidden(provider, path(query), key)?.status).toBe(400);
      expect(refuseHidden(provider, path(query), { role: "proxy_admin" })).toBeUndefined();
    }
    expect(refuseHidden("openai", path(query), key)).toBeUndefined();
  });

  it.each(["", "?alt=sse", "?alt=json", "?$alt=json;enum-encoding=int", "?prettyPrint=false"])(
    "passes: %s",
    (query) => {
      expect(refuseHidden("gemini", path(query), key)).toBeUndefined();
    },
  );
});
