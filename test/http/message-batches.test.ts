/** Anthropic's Message Batches at the running gateway, by Anthropic's SDK. */
import Anthropic from "@anthropic-ai/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let status = "in_progress";

const THEIRS = "msgbatch_01Theirs";
const batch = () => ({
  id: THEIRS,
  type: "message_batch",
  processing_status: status,
  request_counts: { processing: 0, succeeded: 2, errored: 0, canceled: 0, expired: 0 },
  ended_at: status === "ended" ? "2026-01-01T00:00:00Z" : null,
  created_at: "2026-01-01T00:00:00Z",
  expires_at: "2026-01-02T00:00:00Z",
  archived_at: null,
  cancel_initiated_at: null,
  results_url: status === "ended" ? `https://api.anthropic.com/v1/messages/batches/${THEIRS}/results` : null,
});
const result = (custom_id: string) => ({
  custom_id,
  result: {
    type: "succeeded",
    message: {
      id: `msg_${custom_id}`,
      type: "message",
      role: "assistant",
      model: "claude-haiku-4-5-20251001",
      content: [{ type: "text", text: "6" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 1000, output_tokens: 100, service_tier: "batch" },
    },
  },
});

beforeAll(async () => {
  upstream = await startUpstream(({ path, method, headers }, response) => {
    if (headers["x-api-key"] !== "sk-ant-theirs")
      return json(response, 401, {
        type: "error",
        error: { type: "authentication_error", message: "invalid x-api-key" },
      });
    if (path === "/v1/messages/batches" && method === "POST") return json(response, 200, batch());
    if (path === `/v1/messages/batches/${THEIRS}/results`) {
      response.writeHead(200, { "content-type": "application/x-jsonl" });
      return void response.end(`${["a", "b"].map((id) => JSON.stringify(result(id))).join("\n")}\n`);
    }
    if (path === `/v1/messages/batches/${THEIRS}/cancel`)
      return json(response, 200, { ...batch(), processing_status: "canceling" });
    if (path === `/v1/messages/batches/${THEIRS}`)
      return json(response, 200, method === "DELETE" ? { id: THEIRS, type: "message_batch_deleted" } : batch());
    return json(response, 404, { type: "error", error: { type: "not_found_error", message: `no ${path}` } });
  });
  gateway = await startGateway({
    model_list: [
      {
        model_name: "haiku",
        litellm_params: { model: "anthropic/claude-haiku-4-5", api_key: "sk-ant-theirs", api_base: upstream.url },
      },
      { model_name: "elsewhere", litellm_params: { model: "openai/gpt-4o-mini", api_key: "x" } },
    ],
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const client = (apiKey: string) => new Anthropic({ apiKey, baseURL: gateway.url, maxRetries: 0 });
const keyOf = async (fields: Record<string, unknown> = {}) =>
  ((await (await gateway.call("/key/generate", fields)).json()) as { key: string }).key;
const request = (custom_id: string, model: string) => ({
  custom_id,
  params: { model, max_tokens: 16, messages: [{ role: "user" as const, content: "2 + 4?" }] },
});
const received = (): Received | undefined => upstream.received.at(-1);

describe("batches of messages", () => {
  it("are Anthropic's, under ids and addresses of the gateway's, and are paid for once", async () => {
    status = "in_progress";
    const key = await keyOf();
    const anthropic = client(key);
    const made = await anthropic.messages.batches.create({ requests: [request("a", "haiku"), request("b", "haiku")] });
    expect(made).toMatchObject({ type: "message_batch", processing_status: "in_progress", results_url: null });
    expect(made.id).toMatch(/^msgbatch_slc/);
    expect(received()?.body).toMatchObject({
      requests: [{ custom_id: "a", params: { model: "claude-haiku-4-5", max_tokens: 16 } }, { custom_id: "b" }],
    });
    expect((await anthropic.messages.batches.cancel(made.id)).processing_status).toBe("canceling");
    const other = client(await keyOf());
    await expect(other.messages.batches.retrieve(made.id)).rejects.toMatchObject({
      status: 404,
      error: { type: "error", error: { type: "not_found_error" } },
    });
    expect((await other.messages.batches.list()).data).toEqual([]);
    status = "ended";
    const ids = [];
    for await (const one of await anthropic.messages.batches.results(made.id)) ids.push(one.custom_id);
    expect(ids).toEqual(["a", "b"]);
    expect((await anthropic.messages.batches.list()).data).toMatchObject([{ id: made.id, processing_status: "ended" }]);
    // Half of 1 and 5 dollars a million.
    const price = (2000 * 0.5 + 200 * 2.5) / 1e6;
    let spend = 0;
    for (let waited = 0; spend === 0 && waited < 80; waited++) {
      await new Promise((next) => setTimeout(next, 200));
      const { info } = (await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } };
      spend = info.spend;
    }
    expect(spend).toBeCloseTo(price, 9);
    await anthropic.messages.batches.retrieve(made.id);
    await new Promise((next) => setTimeout(next, 3000));
    const { info } = (await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } };
    expect(info.spend).toBeCloseTo(price, 9);
    expect(await anthropic.messages.batches.delete(made.id)).toEqual({ id: made.id, type: "message_batch_deleted" });
    await expect(anthropic.messages.batches.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
  }, 60_000);

  it("models are checked, and must be Anthropic's", async () => {
    const anthropic = client(await keyOf({ models: ["haiku", "elsewhere"] }));
    const create = (model: string) => anthropic.messages.batches.create({ requests: [request("a", model)] });
    await expect(create("elsewhere")).rejects.toMatchObject({ status: 400 });
    await expect(create("claude-opus-4-5")).rejects.toMatchObject({ status: 403 });
    await expect(anthropic.messages.batches.create({ requests: [] })).rejects.toMatchObject({
      status: 400,
      error: { type: "error", error: { type: "invalid_request_error" } },
    });
  }, 60_000);
});
