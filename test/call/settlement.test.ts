import { describe, expect, it } from "vitest";
import type { CallDependencies } from "../../src/call/call.ts";
import { Settlement } from "../../src/call/settlement.ts";
import { Timeout } from "../../src/formats/errors.ts";
import type { Usage } from "../../src/formats/openai/chat.ts";
import type { ClosedNote } from "../../src/ledger/notes.ts";
import type { Admission, Used } from "../../src/limits/demand.ts";
import { PriceMemory } from "../../src/operations/price-memory.ts";
import type { Choice } from "../../src/router/engine.ts";

const INFO = { input_cost_per_token: 0.000_01, output_cost_per_token: 0.000_02, mode: "chat" };

function start(log: Partial<CallDependencies["log"]> = {}) {
  const closed: Omit<ClosedNote, "wasOpened">[] = [];
  const client = new AbortController();
  const dependencies = {
    now: () => 1000,
    log: { call: () => {}, record: () => {}, fault: () => {}, notice: () => {}, ...log },
    journal: { opened() {}, closed: (note: Omit<ClosedNote, "wasOpened">) => closed.push(note) },
    settings: {},
    prices: new PriceMemory(),
  } as unknown as CallDependencies; // what a settlement uses of it
  const caller = { attribution: {} } as never; // nobody
  const settlement = new Settlement(dependencies, "chat", { id: "1", isOwnId: true, caller, signal: client.signal });
  const choice = {
    deployment: { id: "d", target: { provider: "openai", model: "m", apiBase: "https://x.test" } },
    group: "g",
    ticket: { released() {}, failed() {}, succeeded() {}, contentBegan() {} },
  } as unknown as Choice; // what a settlement uses of it
  return { settlement, choice, closed, client };
}

function meter(usage?: Usage) {
  return {
    usage,
    answer: undefined,
    terms: {},
    chunk() {},
    response() {},
    estimate: async () => ({ prompt_tokens: 100, completion_tokens: 0, total_tokens: 100 }),
  };
}

/** Sends it upstream. */
function send({ settlement, choice }: ReturnType<typeof start>, usage?: Usage): void {
  const observer = settlement.attempt(choice);
  observer.begins(meter(usage), { provider: "openai", model: "m", info: INFO } as never);
  observer.asks("https://x.test/v1");
}

const left = new DOMException("the client left", "AbortError");

describe("a call that ends without an answer", () => {
  it("costs the question where the client left while the upstream was at work", async () => {
    const call = start();
    send(call);
    call.client.abort(left);
    call.settlement.failedAttempt(call.choice, left);
    call.settlement.fail(call.settlement.toError(left), true);
    await call.settlement.done;
    expect(call.closed[0]?.row).toMatchObject({ outcome: "aborted", promptTokens: 100, cost: 1_000_000, model: "m" });
  });

  it("costs nothing where the upstream had failed before, or was not asked", async () => {
    const failed = start();
    send(failed);
    failed.settlement.failedAttempt(failed.choice, new Error("503"));
    failed.client.abort(left);
    failed.settlement.fail(failed.settlement.toError(left), true);
    const unasked = start();
    unasked.settlement.attempt(unasked.choice);
    unasked.client.abort(left);
    unasked.settlement.fail(unasked.settlement.toError(left), true);
    await Promise.all([failed.settlement.done, unasked.settlement.done]);
    expect([failed.closed[0]?.row.cost, unasked.closed[0]?.row.cost]).toEqual([0, 0]);
  });

  it("costs the question where the client's own time was over, and nothing where the gateway's was", async () => {
    for (const [blameless, cost] of [
      [true, 1_000_000],
      [false, 0],
    ] as const) {
      const call = start();
      send(call);
      const late = new Timeout("late", { blameless });
      call.settlement.failedAttempt(call.choice, late);
      call.settlement.fail(late, false);
      await call.settlement.done;
      expect(call.closed[0]?.row.cost).toBe(cost);
    }
  });
});

describe("what was reserved of a deployment", () => {
  it("is given back where the call was over before it was reserved", async () => {
    const call = start();
    call.settlement.fail(new Timeout("late"), false);
    await call.settlement.done;
    const used: Used[] = [];
    call.settlement.attempt(call.choice, { settle: (one: Used) => used.push(one) } as unknown as Admission);
    expect(used).toEqual([{ tokens: 0, cost: 0 }]);
  });
});

it("is over even where it cannot be told", async () => {
  const call = start({
    record() {
      throw new Error("a sink that is broken");
    },
  });
  call.settlement.fail(new Timeout("late"), false);
  expect(await call.settlement.done).toBe("failure");
});
