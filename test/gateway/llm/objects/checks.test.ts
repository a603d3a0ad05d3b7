import { expect, it } from "vitest";
import { refuseBatchFile, refuseStoredData } from "../../../../src/gateway/llm/objects/checks.ts";
import type { Principal } from "../../../../src/tenancy/principal.ts";

const of = (role: Principal["role"]) => ({ role }) as Principal; // the checks read nothing else
const FORBIDDEN = expect.objectContaining({ status: 403 });

it("files for batches come whole", () => {
  expect(() => refuseBatchFile({ purpose: "batch" })).toThrow(expect.objectContaining({ status: 400 }));
  expect(() => refuseBatchFile({ purpose: "fine-tune" })).not.toThrow();
  expect(() => refuseBatchFile({})).not.toThrow();
});

it.each([
  { data_source_config: { type: "logs", metadata: { a: "b" } } },
  { data_source_config: { type: "stored_completions" } },
  { data_source: { type: "completions", source: { type: "stored_completions" } } },
  { data_source: { type: "responses", source: { type: "responses" } } },
])("data of the whole account is for admins: %j", (body) => {
  expect(() => refuseStoredData(body, of("internal_user"))).toThrow(FORBIDDEN);
  expect(() => refuseStoredData(body, of("proxy_admin"))).not.toThrow();
});

it.each([
  {},
  { data_source_config: { type: "custom" } },
  { data_source: { type: "responses", source: { type: "file_content", content: [] } } },
  { data_source: { type: "jsonl", source: { type: "file_id", id: "file-1" } } },
  { data_source: null, data_source_config: "logs" },
])("data of one's own is anybody's: %j", (body) => {
  expect(() => refuseStoredData(body, of("internal_user"))).not.toThrow();
});
