import { expect, it } from "vitest";
import { routedPath } from "../../src/gateway/routed-path.ts";

const at = (path: string) => routedPath(new Request(`https://gateway.example${path}`));

it.each([
  ["/openai/responses?api-version=2025-04-01-preview", "/v1/responses"],
  ["/openai/v1/chat/completions?x=1&api-version=preview", "/v1/chat/completions"],
  ["/openai/responses/resp_1/input_items/?api-version=2025-04-01-preview", "/v1/responses/resp_1/input_items"],
  ["/openai/models?api-version=2024-10-21", "/v1/models"],
])("what Azure's clients ask for by %s is at %s", (asked, path) => {
  expect(at(asked)).toBe(path);
});

it.each([
  "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
  "/openai/responses",
  "/openai/v1/files?purpose=api-version=",
  "/azure/openai/responses?api-version=2025-04-01-preview",
  "/v1/responses?api-version=2025-04-01-preview",
  "/openai/?api-version=2024-10-21",
])("all else stays where it is: %s", (asked) => {
  expect(at(asked)).toBe(new URL(asked, "https://x.example").pathname.replace(/(.)\/$/, "$1"));
});
