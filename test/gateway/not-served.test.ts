import { expect, it } from "vitest";
import { notServed } from "../../src/gateway/not-served.ts";

it.each([
  ["/v1/organization/users", "admin keys"],
  ["/organization/costs", "admin keys"],
  ["/v1/chatkit/sessions", "a secret"],
  ["/v1/agents", "agents run at the provider"],
  ["/v1/complete", "POST /v1/messages"],
])("says why %s is not served", (path, reason) => {
  const error = notServed("GET", path);
  expect(error.status).toBe(404);
  expect(error.message).toContain(`GET ${path} is not served: `);
  expect(error.message).toContain(reason);
});

it.each(["/v1/agentsmith", "/v1/completed", "/nothing", "/v1/x/agents"])("knows no reason for %s", (path) => {
  expect(notServed("POST", path).message).toBe(`Not found: POST ${path}. GET /routes lists what there is.`);
});
