import { expect, test } from "vitest";
import { joinUrl } from "../../src/providers/http.ts";

test.each([
  ["https://h.test", "/chat/completions", "https://h.test/chat/completions"],
  ["https://h.test/v1//", "/chat/completions", "https://h.test/v1/chat/completions"],
  ["https://h.test/v1/chat/completions", "/chat/completions", "https://h.test/v1/chat/completions"],
  ["https://h.test/v1/chat/completions/", "/chat/completions", "https://h.test/v1/chat/completions"],
  ["https://h.test/v1", "/v1/models", "https://h.test/v1/models"],
  ["https://h.test/myv1", "/v1/models", "https://h.test/myv1/v1/models"],
  ["https://h.test/v1?a=1", "/models", "https://h.test/v1/models?a=1"],
  ["https://h.test/v1?a=1", "/models?b=2", "https://h.test/v1/models?a=1&b=2"],
])("%s and %s are %s", (base, path, expected) => expect(joinUrl(base, path)).toBe(expected));
