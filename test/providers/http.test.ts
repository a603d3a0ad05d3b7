import { expect, test } from "vitest";
import { joinUrl, plainPath, safePath } from "../../src/providers/http.ts";

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

test.each(["", "/", "/v1/files?a=..", "/v1/files/a%2Fb", "/v1/a..b/...", "/v1/na%C3%AFve", "/v1/100%", "/v1/a;b=1"])(
  "%s is a path",
  (path) => expect(safePath(path)).toBe(path),
);

test.each([
  "v1/x",
  "//evil.example/x",
  "/%2fevil.example/x",
  "/v1/../admin",
  "/v1/%2e%2E/admin",
  "/v1/x%2f..%2f..%2fadmin",
  "/v1/x%2f%2e%2e/admin",
  "/v1/%252e%252e/admin",
  "/v1/..%5cadmin",
  "/v1\\x",
  "/v1/a b",
  "/v1/a#b",
  "/v1/a%00b",
  "/v1/a%0d%0ab",
])("%s is none", (path) => expect(() => safePath(path)).toThrow("is no path"));

test.each([
  ["/v1/chat/completions?x=/other", "/v1/chat/completions"],
  ["/v1/chat/completions/", "/v1/chat/completions"],
  ["/v1//chat///completions//", "/v1/chat/completions"],
  ["/v1/chat/%63ompletions", "/v1/chat/completions"],
  ["/v1%2Fchat%2fcompletions", "/v1/chat/completions"],
  ["/v1/chat/%2563ompletions", "/v1/chat/completions"],
  ["/v1/chat/completions;a=b", "/v1/chat/completions"],
  ["/v1/chat;a=b/completions%3Bc", "/v1/chat/completions"],
  ["/v1/models/x%3Agenerate", "/v1/models/x:generate"],
  ["/v1/na%C3%AFve/%ff%zz", "/v1/na\u00efve/\u00ff%zz"],
  ["/", "/"],
])("%s may be read as %s", (path, expected) => expect(plainPath(path)).toBe(expected));
