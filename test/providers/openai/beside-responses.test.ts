import { expect, it } from "vitest";
import { besides } from "../../../src/providers/openai/beside-responses.ts";

it.each([
  ["https://host/v1/responses", "/resp_1", "https://host/v1/responses/resp_1"],
  ["https://host/responses?api-version=1", "/resp_1?limit=2", "https://host/responses/resp_1?api-version=1&limit=2"],
  ["https://host/responses/", "/compact", "https://host/responses/compact"],
])("%s and %s", (url, path, joined) => {
  expect(besides(url, path)).toBe(joined);
});
