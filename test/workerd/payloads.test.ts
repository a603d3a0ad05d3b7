/** Prompts and answers that are too big for a row of the ledger are kept in R2, where the settings say so. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { createApp } from "../../src/gateway/app.ts";
import { loadConfig } from "../../src/gateway/config/load.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { bucketPayloads } from "../../src/ledger/payloads.ts";
import type { SpendRow } from "../../src/ledger/row.ts";

const { PAYLOADS } = env as unknown as { PAYLOADS: R2Bucket }; // as vitest.config.ts binds it
const KEY = "sk-master-key-of-the-tests";

async function ask(content: string, store: boolean): Promise<SpendRow | undefined> {
  const rows: SpendRow[] = [];
  const config = {
    model_list: [{ model_name: "demo", litellm_params: { model: "openai/demo", mock_response: "hello" } }],
    general_settings: { master_key: KEY, store_prompts_in_spend_logs: store },
  };
  const log = { record() {}, notice() {}, fault() {} };
  const gateway = createGateway(loadConfig(config, {}), {
    log,
    payloads: bucketPayloads(PAYLOADS),
    journal: { opened() {}, closed: ({ row }) => void rows.push(row) },
  });
  const response = await createApp(gateway).request("/v1/chat/completions", {
    method: "POST",
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "demo", messages: [{ role: "user", content }] }),
  });
  expect(response.status).toBe(200);
  return rows[0];
}

describe("what was asked and answered", () => {
  it("stands in the row where it is small", async () => {
    const row = await ask("small", true);
    expect(row?.messages).toContain("small");
    expect(row?.response).toContain("hello");
    expect(row?.payloadRef).toBeUndefined();
  });

  it("is in R2 where it is big, and the row says where", async () => {
    const row = await ask("big ".repeat(20_000), true);
    expect(row?.messages).toBeUndefined();
    const ref = row?.payloadRef ?? "";
    expect(ref).toMatch(/^payloads\/\d{4}-\d\d-\d\d\/.*\.json$/);
    await expect
      .poll(() => bucketPayloads(PAYLOADS).get(ref))
      .toMatchObject({ response: expect.stringContaining("hello") });
    await bucketPayloads(PAYLOADS).delete([ref]);
    expect(await bucketPayloads(PAYLOADS).get(ref)).toBeUndefined();
  });

  it("is nowhere unless the settings say so", async () => {
    const row = await ask("secret", false);
    expect(JSON.stringify(row)).not.toContain("secret");
  });
});
