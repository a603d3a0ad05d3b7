import { describe, expect, test } from "vitest";
import type { Candidate, RouteRequest, RoutingSettings, StrategyName } from "../../src/router/request.ts";
import { GroupState, type RouterEvent } from "../../src/router/state.ts";
import { strategies } from "../../src/router/strategies/index.ts";
import { pick } from "../../src/router/strategies/simple-shuffle.ts";
import { candidate, context, NOW, request, seeded } from "./candidates.ts";

const CHOICES = 10_000;
/** Five standard deviations of a fair coin thrown 10,000 times. */
const TOLERANCE = 0.025;

/** Share of the choices each deployment gets; `none` where none is chosen. */
async function shares(
  strategy: StrategyName,
  candidates: readonly Candidate[],
  settings: Partial<RoutingSettings> = {},
  asked: Partial<RouteRequest> = {},
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  const surroundings = context({ strategy, ...settings }, { random: seeded(42) });
  const question = request(asked);
  for (let choice = 0; choice < CHOICES; choice++) {
    const chosen = await strategies[strategy](candidates, question, surroundings);
    const id = chosen?.id ?? "none";
    counts[id] = (counts[id] ?? 0) + 1 / CHOICES;
  }
  return counts;
}

function expectShares(measured: Record<string, number>, expected: Record<string, number>): void {
  expect(Object.keys(measured).sort()).toEqual(Object.keys(expected).sort());
  for (const [id, share] of Object.entries(expected))
    expect(Math.abs((measured[id] ?? 0) - share), `${id}: ${measured[id]}, expected ${share}`).toBeLessThan(TOLERANCE);
}

type Case = [
  name: string,
  strategy: StrategyName,
  candidates: Candidate[],
  expected: Record<string, number>,
  more?: { settings?: Partial<RoutingSettings>; asked?: Partial<RouteRequest> },
];

const priced = (input?: number, output?: number) => ({
  target: {
    info: {
      ...(input !== undefined && { input_cost_per_token: input }),
      ...(output !== undefined && { output_cost_per_token: output }),
    },
  },
});

const cases: Case[] = [
  [
    "uniform",
    "simple-shuffle",
    [candidate("a"), candidate("b"), candidate("c"), candidate("d")],
    { a: 0.25, b: 0.25, c: 0.25, d: 0.25 },
  ],
  ["by weight", "simple-shuffle", [candidate("a", { weight: 9 }), candidate("b", { weight: 1 })], { a: 0.9, b: 0.1 }],
  [
    "by weight, a canary of 2 %",
    "simple-shuffle",
    [candidate("stable", { weight: 0.98 }), candidate("canary", { weight: 0.02 })],
    { stable: 0.98, canary: 0.02 },
  ],
  [
    "weight goes before rpm",
    "simple-shuffle",
    [candidate("a", { weight: 1, rpm: 1000 }), candidate("b", { weight: 3, rpm: 1 })],
    { a: 0.25, b: 0.75 },
  ],
  ["by rpm", "simple-shuffle", [candidate("a", { rpm: 600 }), candidate("b", { rpm: 200 })], { a: 0.75, b: 0.25 }],
  [
    "by tpm",
    "simple-shuffle",
    [candidate("a", { tpm: 100 }), candidate("b", { tpm: 300 }), candidate("c", { tpm: 100 })],
    { a: 0.2, b: 0.6, c: 0.2 },
  ],
  ["a missing weight is 0", "simple-shuffle", [candidate("a", { weight: 1 }), candidate("b", { rpm: 9 })], { a: 1 }],
  [
    "the first has none: uniform",
    "simple-shuffle",
    [candidate("a"), candidate("b", { weight: 9 })],
    { a: 0.5, b: 0.5 },
  ],
  [
    "all weights 0: uniform",
    "simple-shuffle",
    [candidate("a", { weight: 0 }), candidate("b", { weight: 0 })],
    { a: 0.5, b: 0.5 },
  ],
  ["rpm is no limit", "simple-shuffle", [candidate("a", { rpm: 1 }, { requests: 99 })], { a: 1 }],

  [
    "fewest under way, ties at random",
    "least-busy",
    [candidate("a", {}, { inFlight: 3 }), candidate("b", {}, { inFlight: 1 }), candidate("c", {}, { inFlight: 1 })],
    { b: 0.5, c: 0.5 },
  ],

  ...(["usage-based-routing", "usage-based-routing-v2"] as const).flatMap((strategy): Case[] => [
    [
      "fewest tokens this minute, ties at random",
      strategy,
      [candidate("a", {}, { tokens: 900 }), candidate("b", {}, { tokens: 10 }), candidate("c", {}, { tokens: 10 })],
      { b: 0.5, c: 0.5 },
    ],
    [
      "tokens and prompt above tpm",
      strategy,
      [candidate("a", { tpm: 1000 }, { tokens: 901 }), candidate("b", { tpm: 5000 }, { tokens: 4000 })],
      { b: 1 },
    ],
    ["tokens and prompt just at tpm", strategy, [candidate("a", { tpm: 1000 }, { tokens: 900 })], { a: 1 }],
    [
      "one request above rpm",
      strategy,
      [candidate("a", { rpm: 10 }, { requests: 10 }), candidate("b", { rpm: 10 }, { requests: 9, tokens: 500 })],
      { b: 1 },
    ],
    ["all above", strategy, [candidate("a", { rpm: 1 }, { requests: 1 }), candidate("b", { tpm: 99 })], { none: 1 }],
  ]),

  [
    "the lowest mean",
    "latency-based-routing",
    [candidate("a", {}, { latencies: [10, 30] }), candidate("b", {}, { latencies: [19, 19] })],
    { b: 1 },
  ],
  [
    "those within the buffer alike",
    "latency-based-routing",
    [
      candidate("a", {}, { latencies: [100] }),
      candidate("b", {}, { latencies: [149] }),
      candidate("c", {}, { latencies: [151] }),
    ],
    { a: 0.5, b: 0.5 },
    { settings: { strategyArgs: { lowestLatencyBuffer: 0.5 } } },
  ],
  [
    "an unseen one counts 0",
    "latency-based-routing",
    [candidate("a", {}, { latencies: [1] }), candidate("new", {})],
    { new: 1 },
  ],
  [
    "of streams the first content",
    "latency-based-routing",
    [
      candidate("a", {}, { latencies: [1], firstContents: [500] }),
      candidate("b", {}, { latencies: [9], firstContents: [200] }),
    ],
    { b: 1 },
    { asked: { stream: true } },
  ],
  [
    "of others the whole answer",
    "latency-based-routing",
    [
      candidate("a", {}, { latencies: [1], firstContents: [500] }),
      candidate("b", {}, { latencies: [9], firstContents: [200] }),
    ],
    { a: 1 },
  ],
  [
    "only the newest latencies",
    "latency-based-routing",
    [candidate("a", {}, { latencies: [999, 999, 1] }), candidate("b", {}, { latencies: [2, 2, 2] })],
    { a: 1 },
    { settings: { strategyArgs: { maxLatencyListSize: 1 } } },
  ],
  [
    "forgotten after ttl",
    "latency-based-routing",
    [
      candidate("a", {}, { latencies: [9000], peakAt: NOW - 61_000 }),
      candidate("b", {}, { latencies: [5], peakAt: NOW - 59_000 }),
    ],
    { a: 1 },
    { settings: { strategyArgs: { ttl: 60 } } },
  ],
  [
    "not above its limits",
    "latency-based-routing",
    [candidate("a", { rpm: 5 }, { requests: 5, latencies: [1] }), candidate("b", {}, { latencies: [9] })],
    { b: 1 },
  ],

  [
    "the cheapest",
    "cost-based-routing",
    [candidate("a", priced(2e-6, 8e-6)), candidate("b", priced(5e-6, 1e-6)), candidate("c", priced(1e-6, 9e-6))],
    { b: 1 },
  ],
  ["an unknown price is 5 $", "cost-based-routing", [candidate("a"), candidate("b", priced(4, 4))], { b: 1 }],
  ["half a price too", "cost-based-routing", [candidate("a", priced(0)), candidate("b", priced(2, 2))], { b: 1 }],
  ["free is a price", "cost-based-routing", [candidate("a", priced(0, 0)), candidate("b", priced(1e-9, 0))], { a: 1 }],
  [
    "not above its limits",
    "cost-based-routing",
    [candidate("a", { ...priced(1e-6, 1e-6), tpm: 50 }), candidate("b", priced(2e-6, 2e-6))],
    { b: 1 },
  ],

  [
    "each pair to the less loaded",
    "power-of-two-choices",
    // of three, two are drawn; the best wins both its pairs, the second one of its two
    [
      candidate("fast", {}, { peak: 100, peakAt: NOW, inFlight: 0 }),
      candidate("slow", {}, { peak: 900, peakAt: NOW, inFlight: 0 }),
      candidate("busy", {}, { peak: 100, peakAt: NOW, inFlight: 4 }),
    ],
    { fast: 2 / 3, busy: 1 / 3 },
  ],
  [
    "equals alike",
    "power-of-two-choices",
    ["a", "b", "c", "d"].map((id) => candidate(id, {}, { peak: 50, peakAt: NOW })),
    { a: 0.25, b: 0.25, c: 0.25, d: 0.25 },
  ],
  [
    "an unseen one is tried",
    "power-of-two-choices",
    [candidate("a", {}, { peak: 1, peakAt: NOW }), candidate("new")],
    { new: 1 },
  ],
  [
    "an unseen one under way is no better than the other",
    "power-of-two-choices",
    [candidate("a", {}, { peak: 1, peakAt: NOW }), candidate("new", {}, { inFlight: 1 })],
    { a: 1 },
  ],
  [
    "a peak fades",
    "power-of-two-choices",
    [candidate("a", {}, { peak: 9000, peakAt: NOW - 60_000 }), candidate("b", {}, { peak: 100, peakAt: NOW })],
    { a: 1 },
  ],
  [
    "not above its limits",
    "power-of-two-choices",
    [candidate("a", { rpm: 1 }, { requests: 1 }), candidate("b", {}, { peak: 9000, peakAt: NOW })],
    { b: 1 },
  ],
];

describe("shares of 10,000 choices", () => {
  test.each(cases)("%s: %s", async (_name, strategy, candidates, expected, more = {}) => {
    expectShares(await shares(strategy, candidates, more.settings, more.asked), expected);
  });

  test.each(Object.keys(strategies) as StrategyName[])("%s: the only one there is", async (strategy) => {
    expectShares(await shares(strategy, [candidate("only")]), { only: 1 });
  });

  test.each(Object.keys(strategies) as StrategyName[])("%s: none of none", async (strategy) => {
    expectShares(await shares(strategy, []), { none: 1 });
  });
});

test("the prompt is counted only where a deployment limits tokens", async () => {
  const inputTokens = () => Promise.reject(new Error("counted"));
  const choose = (candidates: Candidate[]) =>
    strategies["usage-based-routing-v2"](candidates, request({ inputTokens }), context());
  await expect(choose([candidate("a", { rpm: 5 })])).resolves.toHaveProperty("id", "a");
  await expect(choose([candidate("a", { tpm: 5 })])).rejects.toThrow("counted");
});

test("simple-shuffle never gives a deployment of weight 0 what rounding leaves over", () => {
  const deployments = [0, 0.1, 0.2, 0.3, 0].map((weight, index) => candidate(`${index}`, { weight }).deployment);
  expect(pick(deployments, () => 1 - Number.EPSILON / 2).id).toBe("3");
  expect(pick(deployments, () => 0).id).toBe("1");
});

/** A request every 30 ms to four deployments, one of them ten times as slow; each is slower the more it has under way. */
async function simulate(strategy: StrategyName): Promise<Record<string, number>> {
  const state = new GroupState();
  const random = seeded(7);
  const speeds: Record<string, number> = { a: 100, b: 100, c: 100, slow: 1000 };
  const underWay: { event: RouterEvent; at: number }[] = [];
  const counts: Record<string, number> = {};
  for (let now = NOW, count = 0; count < CHOICES; now += 30, count++) {
    for (const { event } of underWay.filter(({ at }) => at <= now)) state.apply(event);
    underWay.splice(0, underWay.length, ...underWay.filter(({ at }) => at > now));
    const candidates = Object.keys(speeds).map((id) => ({ ...candidate(id), stats: state.stats(id, now) }));
    const chosen = await strategies[strategy](candidates, request(), context({ strategy }, { now, random }));
    const id = chosen?.id ?? "none";
    counts[id] = (counts[id] ?? 0) + 1 / CHOICES;
    const latency = (speeds[id] ?? 0) * (state.stats(id, now).inFlight + 1);
    state.apply({ type: "begin", id, at: now });
    const at = now + latency;
    underWay.push({ at, event: { type: "success", id, at, latency, tokens: 10, completionTokens: 5 } });
  }
  return counts;
}

describe("four deployments, one ten times as slow", () => {
  test.each(["power-of-two-choices", "least-busy"] as const)("%s spares the slow one", async (strategy) => {
    const { slow = 0 } = await simulate(strategy);
    expect(slow).toBeLessThan(0.1);
  });

  test("power-of-two-choices spreads the load over the fast ones", async () => {
    const { a = 0, b = 0, c = 0 } = await simulate("power-of-two-choices");
    for (const share of [a, b, c]) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.05);
  });
});
