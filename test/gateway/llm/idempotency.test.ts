import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Reply } from "../../../src/call/call.ts";
import { CLAIM_TIME, type IdempotencyStore, MemoryIdempotency } from "../../../src/call/idempotency.ts";
import { answerOnce, parseKey } from "../../../src/gateway/llm/idempotency.ts";

const DONE = "data: [DONE]\n\n";
const REQUEST = { callId: "call-1", key: "key-1", caller: "sk-1", target: "/v1/chat/completions", body: "{}" };

function setUp(store: IdempotencyStore = new MemoryIdempotency()) {
  const faults: unknown[] = [];
  const log = { record() {}, notice() {}, fault: (_: string, error: unknown) => void faults.push(error) };
  const pending: Promise<unknown>[] = [];
  const ports = { store, log, waitUntil: (promise: Promise<unknown>) => void pending.push(promise) };
  const ask = (perform: () => Promise<Reply>, changed: Partial<typeof REQUEST> = {}) =>
    answerOnce(ports, { ...REQUEST, ...changed }, DONE, perform);
  return { ask, faults, settled: () => Promise.all(pending) };
}

const whole = (body: string, status = 200, headers: Record<string, string> = {}) =>
  vi.fn(async (): Promise<Reply> => ({ status, headers, body, ended: Promise.resolve("success") }));

function stream(parts: string[], outcome: Awaited<Reply["ended"]>, close = true) {
  return vi.fn(async (): Promise<Reply> => {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
        if (close) controller.close();
      },
    });
    return { status: 200, headers: { "content-type": "text/event-stream" }, body, ended: Promise.resolve(outcome) };
  });
}

describe("the key", () => {
  it.each([
    ["8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324"],
    ['"8e03978e-40d5"', "8e03978e-40d5"],
    ['"with \\"quotes\\" and \\\\"', 'with "quotes" and \\'],
    ["a, b", "a, b"],
    ["x".repeat(255), "x".repeat(255)],
  ])("%s is taken", (header, key) => {
    expect(parseKey(header)).toBe(key);
  });

  it.each([[""], ['""'], ["x".repeat(256)], ["clé"], ["tab\tbed"], ['"open'], ['"a"b"'], ['"a";p=1'], ['"bad \\n"']])(
    "%s is refused",
    (header) => {
      expect(() => parseKey(header)).toThrow(expect.objectContaining({ status: 400, param: "Idempotency-Key" }));
    },
  );
});

describe("a repeat", () => {
  it("gets status, body and lasting headers", async () => {
    const { ask } = setUp();
    const perform = whole('{"a":1}', 400, {
      "content-type": "application/json",
      "x-litellm-model-id": "m",
      "x-litellm-response-cost": "0.1",
      "x-ratelimit-remaining-requests": "4",
      "llm_provider-x-request-id": "req_1",
    });
    await (await ask(perform)).text();
    const again = await ask(perform, { callId: "call-2" });
    expect([again.status, await again.text()]).toEqual([400, '{"a":1}']);
    expect(Object.fromEntries(again.headers)).toEqual({
      "content-type": "application/json",
      "idempotent-replayed": "true",
      "llm_provider-x-request-id": "req_1",
      "x-litellm-model-id": "m",
      "x-sluice-original-call-id": "call-1",
    });
    expect(perform).toHaveBeenCalledOnce();
  });

  it.each([
    ["body", { body: "{ }" }],
    ["path", { target: "/v1/embeddings" }],
  ])("with another %s is refused", async (_, changed) => {
    const { ask } = setUp();
    await ask(whole("{}"));
    await expect(ask(whole("{}"), changed)).rejects.toMatchObject({ status: 422, type: "idempotency_error" });
  });

  it("of another caller is another request", async () => {
    const { ask } = setUp();
    await ask(whole("first"));
    const other = await ask(whole("second"), { caller: "sk-2", body: "{ }" });
    expect(await other.text()).toBe("second");
  });

  it("is told to wait while the first runs, in step with how long it has run", async () => {
    let now = 0;
    const { ask } = setUp(new MemoryIdempotency(() => now));
    const running = Promise.withResolvers<Reply>();
    const first = ask(() => running.promise);
    await expect.poll(() => ask(whole("{}")).catch((error: Error) => error.name)).toBe("ConflictError");
    for (const [elapsed, wait] of [
      [0, 1],
      [7200, 8],
      [90_000, 30],
    ] as const) {
      now = elapsed;
      await expect(ask(whole("{}"))).rejects.toMatchObject({ status: 409, retryAfter: wait });
    }
    running.resolve(await whole("{}")());
    expect((await first).status).toBe(200);
    expect((await ask(whole("{}"))).headers.get("idempotent-replayed")).toBe("true");
  });

  it.each([429, 500, 503])("asks anew after %i", async (status) => {
    const { ask } = setUp();
    expect((await ask(whole("{}", status))).status).toBe(status);
    expect((await ask(whole("{}"))).status).toBe(200);
  });

  it("asks anew where the answer was too large to keep, and a header said so", async () => {
    const { ask } = setUp();
    const perform = whole("x".repeat(8 * 1024 * 1024 + 1));
    expect((await ask(perform)).headers.get("x-sluice-idempotency")).toBe("too-large");
    await ask(perform);
    expect(perform).toHaveBeenCalledTimes(2);
  });

  it("asks anew after a fault", async () => {
    const { ask } = setUp();
    await expect(ask(() => Promise.reject(new Error("boom")))).rejects.toThrow("boom");
    expect((await ask(whole("{}"))).status).toBe(200);
  });
});

describe("a stream", () => {
  it("is kept once its last event is here, before the client has it", async () => {
    const { ask } = setUp();
    const perform = stream(["data: 1\n\n", `data: 2\n\n${DONE.slice(0, 5)}`, DONE.slice(5)], "success");
    const reader = (await ask(perform)).body!.getReader();
    let text = "";
    while (!text.endsWith(DONE)) text += new TextDecoder().decode((await reader.read()).value);
    const again = await ask(perform);
    expect(await again.text()).toBe(text);
    expect(again.headers.get("content-type")).toBe("text/event-stream");
    expect(perform).toHaveBeenCalledOnce();
  });

  it.each([
    ["failed", stream(["data: 1\n\n", "data: error\n\n"], "failure"), 3],
    ["failed and said it was done", stream(["data: error\n\n", DONE], "failure"), 3],
    ["was left", stream(["data: 1\n\n"], "aborted", false), 1],
    ["is too large", stream(["x".repeat(5e6), "x".repeat(5e6), DONE], "success"), 4],
  ])("that %s frees the key", async (_, perform, reads) => {
    const { ask, settled } = setUp();
    const reader = (await ask(perform)).body!.getReader();
    for (let i = 0; i < reads; i++) await reader.read();
    await reader.cancel();
    await settled();
    await ask(perform);
    expect(perform).toHaveBeenCalledTimes(2);
  });

  it("that was left when complete is kept", async () => {
    const { ask, settled } = setUp();
    const perform = stream(["data: 1\n\n", DONE], "aborted");
    const reader = (await ask(perform)).body!.getReader();
    await reader.read();
    await reader.read();
    await reader.cancel();
    await settled();
    await (await ask(perform)).text();
    expect(perform).toHaveBeenCalledOnce();
  });

  it("that was left when all of it was on its way is kept whole", async () => {
    const { ask, settled } = setUp();
    const parts = ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n", "data: 4\n\n", DONE];
    const perform = stream(parts, "success");
    const reader = (await ask(perform)).body!.getReader();
    await reader.read();
    await reader.cancel();
    await settled();
    expect(await (await ask(perform)).text()).toBe(parts.join(""));
    expect(perform).toHaveBeenCalledOnce();
  });

  it("without a last event is kept at its end", async () => {
    const { ask } = setUp();
    const perform = stream(["bytes"], "success");
    expect(await (await ask(perform)).text()).toBe("bytes");
    expect(await (await ask(perform)).text()).toBe("bytes");
    expect(perform).toHaveBeenCalledOnce();
  });
});

describe("with time passing", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("a long call keeps its claim", async () => {
    const store = new MemoryIdempotency();
    const { ask } = setUp(store);
    const running = Promise.withResolvers<Reply>();
    const first = ask(() => running.promise);
    await vi.advanceTimersByTimeAsync(3 * CLAIM_TIME);
    await expect(ask(whole("{}"))).rejects.toMatchObject({ status: 409 });
    running.resolve(await whole("late")());
    expect(await (await first).text()).toBe("late");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("a stream whose upstream lingers does not hold back its last event", async () => {
    const { ask } = setUp();
    const reader = (await ask(stream([DONE], "success", false))).body!.getReader();
    const last = reader.read();
    await vi.advanceTimersByTimeAsync(1000);
    expect(new TextDecoder().decode((await last).value)).toBe(DONE);
  });

  it("a store that hangs is 503, and the claim is given back should it come through", async () => {
    const store = new MemoryIdempotency();
    const asked = Promise.withResolvers<void>();
    const claimed = Promise.withResolvers<void>();
    const slow = Object.assign(Object.create(store) as IdempotencyStore, {
      claim(...args: Parameters<IdempotencyStore["claim"]>) {
        asked.resolve();
        return claimed.promise.then(() => store.claim(...args));
      },
      release: store.release.bind(store),
    });
    const { ask, settled } = setUp(slow);
    const perform = whole("{}");
    const refused = expect(ask(perform)).rejects.toMatchObject({ status: 503, retryAfter: 5 });
    await asked.promise; // the digest before it takes its own time
    await vi.advanceTimersByTimeAsync(5000);
    await refused;
    claimed.resolve();
    await settled();
    expect(perform).not.toHaveBeenCalled();
    const { ask: askLater } = setUp(store);
    expect((await askLater(perform)).headers.has("idempotent-replayed")).toBe(false);
  });
});

it("a store that fails at the claim is 503; at the end, the client has its answer", async () => {
  const broken = () => Promise.reject(new Error("object unreachable"));
  const store = new MemoryIdempotency();
  const refused = setUp({ claim: broken, renew: broken, keep: broken, release: broken });
  const perform = whole("{}");
  await expect(refused.ask(perform)).rejects.toMatchObject({ status: 503, retryAfter: 5 });
  expect(perform).not.toHaveBeenCalled();
  expect(refused.faults).toHaveLength(1);
  const late = setUp({ claim: store.claim.bind(store), renew: broken, keep: broken, release: broken });
  expect(await (await late.ask(perform)).text()).toBe("{}");
  expect(late.faults).toHaveLength(1);
});
