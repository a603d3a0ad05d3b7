import { expect, it } from "vitest";
import { type Outcome, type Scenario, simulate, simulateRate } from "./simulation.ts";

/** Scenarios of each kind; `SEEDS=5000` for a night's worth. */
const SEEDS = Number(process.env["SEEDS"] ?? 60);
const BAD_NETWORK = { delay: 400, lostThere: 0.03, lostBack: 0.03, doubled: 0.1, restarts: 0.1, clocks: 300 };

it.each<[string, Omit<Scenario, "seed" | "calls">]>([
  ["with no trouble", { trouble: {} }],
  ["on a slow way", { trouble: { delay: 150 } }],
  ["with lost, late and repeated messages, restarts and clocks that jump", { trouble: BAD_NETWORK }],
  ["with crashing isolates on top", { trouble: BAD_NETWORK, crashes: true }],
  ["with room for all", { trouble: { delay: 150 }, isRoomy: true }],
  [
    "with room for all, restarts, repeated messages and clocks that jump",
    {
      trouble: { ...BAD_NETWORK, lostThere: 0, lostBack: 0 },
      isRoomy: true,
    },
  ],
])(
  "no limit is exceeded and nothing is left over: %s",
  async (name, scenario) => {
    const outcomes: Outcome[] = [];
    const broken: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await simulate({ ...scenario, seed, calls: 60 });
      outcomes.push(outcome);
      for (const text of new Set(outcome.broken)) broken.push(`seed ${seed}: ${text}`);
    }
    console.info(name, figures(outcomes));
    expect(broken).toEqual([]);
    // All five meters are scarce at once, and for a moment what one call waits for may be held for one that is refused.
    const { refused, falselyRefused } = figures(outcomes);
    if (!name.includes("trouble") && !name.includes("slow")) return;
    expect(falselyRefused / refused).toBeLessThan(0.01);
  },
  3_600_000,
);

it.each([
  ["a good network", { delay: 40 }],
  ["a bad one", BAD_NETWORK],
])(
  "in any 60 seconds no more is admitted than the limit, on %s that is cut off at times",
  async (name, trouble) => {
    const broken: string[] = [];
    let admitted = 0;
    let fullest = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const outcome = await simulateRate(seed, trouble);
      admitted += outcome.admitted;
      fullest = Math.max(fullest, outcome.requests, outcome.tokens);
      if (outcome.requests > 1 || outcome.tokens > 1) broken.push(`seed ${seed}: ${JSON.stringify(outcome)}`);
    }
    console.info(name, { admitted, fullest });
    expect(broken).toEqual([]);
  },
  3_600_000,
);

function figures(outcomes: readonly Outcome[]) {
  const sum = (read: (outcome: Outcome) => number) => outcomes.reduce((total, outcome) => total + read(outcome), 0);
  const most = (read: (outcome: Outcome) => number) => Math.max(...outcomes.map(read));
  return {
    admitted: sum(({ admitted }) => admitted),
    refused: sum(({ refused }) => refused),
    falselyRefused: sum(({ falselyRefused }) => falselyRefused),
    unavailable: sum(({ unavailable }) => unavailable),
    exchanges: sum(({ exchanges }) => exchanges),
    requests: most(({ fullest }) => fullest.requests),
    tokens: most(({ fullest }) => fullest.tokens),
    slots: most(({ fullest }) => fullest.slots),
    money: most(({ fullest }) => fullest.money),
  };
}
