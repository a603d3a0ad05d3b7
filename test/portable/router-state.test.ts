/** What isolates tell one another: the arithmetic of events, reports and snapshots. */
import { describe, expect, it } from "vitest";
import { SharedRouterState } from "../../src/objects/shared-router-state.ts";
import { coalesced } from "../../src/router/coalesce.ts";
import { GAUGE_LIFETIME, type Report, SharedGroup } from "../../src/router/exchange.ts";
import { RecentMap } from "../../src/router/recent.ts";
import { GroupState, type RouterEvent } from "../../src/router/state.ts";
import { NOW, seeded } from "../router/candidates.ts";

const begin = (at = NOW, id = "a"): RouterEvent => ({ type: "begin", id, at });
const success = (at = NOW, latency = 100): RouterEvent => ({
  type: "success",
  id: "a",
  at,
  latency,
  tokens: 10,
  completionTokens: 1,
});
const failure = (at = NOW): RouterEvent => ({ type: "failure", id: "a", at, latency: 5, failsFor: 5000 });
const cooldown = (until: number, at = NOW): RouterEvent => ({ type: "cooldown", id: "a", at, until, cause: "429" });

function stateOf(...events: RouterEvent[]) {
  const state = new GroupState();
  for (const event of events) state.apply(event);
  return state;
}

describe("GroupState", () => {
  it("counts within the minute, and never for one that is over", () => {
    const state = stateOf(begin(), success(), begin(), failure());
    expect(state.stats("a", NOW)).toMatchObject({ requests: 2, successes: 1, failures: 1, tokens: 10, inFlight: 0 });
    expect(state.stats("a", NOW + 60_000)).toMatchObject({ requests: 0, successes: 0, failures: 0, tokens: 0 });
    state.apply(begin(NOW + 60_000));
    state.apply(begin(NOW)); // told late, by another
    expect(state.stats("a", NOW + 60_000)).toMatchObject({ requests: 1, inFlight: 2 });
  });

  it("cools as long as the longest asks for", () => {
    const state = stateOf(cooldown(NOW + 60_000), cooldown(NOW + 5000));
    expect(state.stats("a", NOW).cooldownUntil).toBe(NOW + 60_000);
  });

  it("takes a deployment that fails fast for no faster", () => {
    const state = stateOf(begin(), success(NOW, 1000), begin(), failure(NOW + 60_000));
    expect(state.stats("a", NOW + 60_000).peak).toBe(1000);
  });

  it("recalls what was known, however often", () => {
    const before = stateOf(begin(), begin(), success(), cooldown(NOW + 5000)).snapshot();
    const state = stateOf(begin(), begin(), begin(), success(NOW, 7));
    state.recall(before);
    const once = state.snapshot();
    expect(once["a"]).toMatchObject({ requests: 3, successes: 1, cooldownUntil: NOW + 5000, onProbation: true });
    state.recall(before);
    expect(state.snapshot()).toEqual(once);
    const other = new GroupState(before);
    other.recall(stateOf(begin(), begin(), begin(), success(NOW, 7)).snapshot());
    expect(other.stats("a", NOW)).toMatchObject({ requests: 3, successes: 1, cooldownUntil: NOW + 5000 });
  });
});

describe("coalesced", () => {
  it("tells the same with fewer events", () => {
    const random = seeded(3);
    const events: RouterEvent[] = Array.from({ length: 2000 }, (_, number) => {
      const [at, pick] = [NOW + number * 10, random()];
      if (pick < 0.45) return begin(at);
      if (pick < 0.8) return success(at, Math.floor(random() * 1000));
      if (pick < 0.9) return failure(at);
      if (pick < 0.95) return { type: "content", id: "a", at, wait: Math.floor(random() * 500) };
      return cooldown(at + Math.floor(random() * 9000), at);
    });
    const few = coalesced(events);
    expect(few.length).toBeLessThan(50);
    expect(coalesced(few).length).toBeLessThanOrEqual(few.length);
    const [all, folded] = [stateOf(...events), stateOf(...few)].map((state) => state.stats("a", NOW + 20_000));
    const { peak, peakAt, fails, failsUntil, probedAt, inFlight, ...exact } = all!;
    expect(folded).toMatchObject(exact);
    const { requests, successes, failures, tokens } = stateOf(...coalesced([...few, ...events.slice(0, 5)])).stats(
      "a",
      NOW + 20_000,
    );
    expect([requests + successes + failures, tokens / 10]).toEqual([
      exact.requests + exact.successes + exact.failures + 5,
      exact.tokens / 10 + events.slice(0, 5).filter(({ type }) => type === "success").length,
    ]);
  });
});

describe("SharedGroup", () => {
  const report = (fields: Partial<Report>): Report => ({
    sender: "one",
    sequence: 1,
    events: [],
    inFlight: {},
    ...fields,
  });

  it("applies a batch once, whenever it comes again", () => {
    const group = new SharedGroup("epoch");
    group.exchange(report({ events: [begin()] }), NOW);
    group.exchange(report({ events: [begin()] }), NOW);
    group.exchange(report({ sequence: 2, events: [begin()] }), NOW);
    group.exchange(report({ events: [begin()] }), NOW); // the first, lost for a while
    const { snapshot } = group.exchange(report({ sender: "two", events: [begin()] }), NOW);
    expect(snapshot["a"]?.requests).toBe(3);
  });

  it("tells each the requests under way at the others, of a dead one for a minute", () => {
    const group = new SharedGroup("epoch");
    group.exchange(report({ inFlight: { a: 3 } }), NOW);
    group.exchange(report({ sender: "two", inFlight: { a: 2, b: 1 } }), NOW + 1000);
    const ask = (now: number) => group.exchange(report({ sender: "three" }), now).inFlightElsewhere;
    expect(ask(NOW + 1000)).toEqual({ a: 5, b: 1 });
    expect(ask(NOW + GAUGE_LIFETIME + 500)).toEqual({ a: 2, b: 1 });
    expect(ask(NOW + GAUGE_LIFETIME + 1500)).toEqual({});
    expect(group.exchange(report({ sequence: 2, inFlight: { a: 3 } }), NOW + 2000).inFlightElsewhere).toEqual({
      a: 2,
      b: 1,
    });
  });
});

it("RecentMap forgets what nobody asks for", () => {
  const map = new RecentMap(() => ({}));
  const kept = map.get("kept", NOW);
  for (let i = 0; i < 1000; i++) map.get(`name-${i}`, NOW);
  for (let minute = 1; minute <= 11; minute++) expect(map.get("kept", NOW + minute * 60_000)).toBe(kept);
  expect(map.size).toBe(1);
  const later = NOW + 12 * 60_000;
  for (let i = 0; i < 5000; i++) {
    map.get(`name-${i}`, later + i);
    if (i % 100 === 0) expect(map.get("kept", later + i)).toBe(kept);
  }
  expect(map.size).toBe(2000);
});

describe("SharedRouterState", () => {
  /** Isolates around one object that can fail; time stands still unless it is passed. */
  function world() {
    const clock = { now: NOW };
    const sleepers: { at: number; wake(): void }[] = [];
    const failures: unknown[] = [];
    const link = { object: new SharedGroup("first"), isDown: false, loseReply: false, reports: [] as Report[] };
    const isolate = () =>
      new SharedRouterState({
        exchange: async (_, report) => {
          link.reports.push(structuredClone(report));
          if (link.isDown) throw new Error("unreachable");
          const reply = structuredClone(link.object.exchange(report, clock.now));
          if (!link.loseReply) return reply;
          throw new Error("Network connection lost");
        },
        waitUntil: () => {},
        onFailure: (_, error) => failures.push(error),
        now: () => clock.now,
        random: () => 1,
        sleep: (milliseconds) =>
          new Promise((wake) => {
            sleepers.push({ at: clock.now + milliseconds, wake });
          }),
      });
    const settled = async () => {
      for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    };
    const pass = async (milliseconds: number) => {
      for (const end = clock.now + milliseconds; clock.now < end; ) {
        clock.now += Math.min(10, end - clock.now);
        for (const sleeper of sleepers) if (sleeper.at <= clock.now) sleeper.wake();
        await settled();
      }
    };
    const read = (state: SharedRouterState) => state.stats("g", "a", clock.now);
    return { clock, link, failures, isolate, settled, pass, read };
  }

  it("tells a cooldown at once, and heeds one of another within 500 ms", async () => {
    const { clock, isolate, settled, pass, read } = world();
    const [one, two] = [isolate(), isolate()];
    read(one);
    read(two);
    await settled();
    one.record("g", begin());
    await settled();
    one.record("g", cooldown(clock.now + 5000));
    await settled();
    await pass(501);
    expect(read(two).cooldownUntil).toBe(0); // this reading starts the next exchange
    await settled();
    expect(read(two).cooldownUntil).toBe(NOW + 5000);
  });

  it("exchanges at most every 250 ms for all it has to tell", async () => {
    const { clock, link, isolate, pass, read } = world();
    const one = isolate();
    for (let i = 0; i < 400; i++) {
      one.record("g", begin(clock.now));
      one.record("g", success(clock.now));
      read(one);
      await pass(10);
    }
    expect(link.reports.length).toBeLessThanOrEqual(4000 / 250 + 1);
    for (const { events } of link.reports) expect(events.length).toBeLessThan(30);
    await pass(1000);
    expect(
      link.object.exchange({ sender: "x", sequence: 1, events: [], inFlight: {} }, clock.now).snapshot["a"],
    ).toMatchObject({
      requests: 400,
      successes: 400,
      tokens: 4000,
    });
  });

  it("does not count twice what was applied and not acknowledged", async () => {
    const { link, isolate, pass, read, failures } = world();
    const [one, two] = [isolate(), isolate()];
    link.loseReply = true;
    one.record("g", begin());
    await pass(300);
    one.record("g", begin());
    expect(read(one)).toMatchObject({ requests: 2, inFlight: 2 });
    link.loseReply = false;
    await pass(3000);
    expect(failures).toHaveLength(1);
    read(two);
    await pass(10);
    for (const state of [one, two]) expect(read(state)).toMatchObject({ requests: 2, inFlight: 2 });
  });

  it("goes on by itself while the object cannot be reached, and tells it all later", async () => {
    const { clock, link, isolate, pass, read, failures } = world();
    const [one, two] = [isolate(), isolate()];
    link.isDown = true;
    for (let i = 0; i < 200; i++) {
      one.record("g", begin(clock.now));
      one.record("g", success(clock.now));
      read(one);
      await pass(50);
    }
    one.record("g", cooldown(clock.now + 30_000, clock.now));
    expect(read(one)).toMatchObject({ requests: 200, inFlight: 0, cooldownUntil: clock.now + 30_000 });
    expect(failures).toHaveLength(1);
    expect(link.reports.length).toBeLessThan(10); // it backs off
    link.isDown = false;
    for (let i = 0; i < 11; i++) {
      read(one);
      await pass(1000);
    }
    read(two);
    await pass(10);
    expect(read(two)).toMatchObject({ requests: 200, successes: 200, onProbation: true });
  });

  it("tells an object that has forgotten", async () => {
    const { clock, link, isolate, pass, read } = world();
    const [one, two] = [isolate(), isolate()];
    one.record("g", begin());
    one.record("g", cooldown(NOW + 20_000));
    await pass(300);
    link.object = new SharedGroup("second");
    await pass(600);
    one.record("g", begin(clock.now));
    await pass(300);
    expect(read(one)).toMatchObject({ requests: 2, cooldownUntil: NOW + 20_000 });
    await pass(300);
    read(two);
    await pass(10);
    expect(read(two)).toMatchObject({ requests: 2, cooldownUntil: NOW + 20_000, inFlight: 2 });
  });

  it("does not wait for a request that has died with an exchange", async () => {
    const { clock, link, isolate, settled, read } = world();
    const one = isolate();
    const { exchange } = link.object;
    link.object.exchange = () => {
      throw new Error("never sent");
    };
    const dead = new SharedRouterState({
      exchange: async (_, report) => {
        link.reports.push(report);
        if (link.reports.length === 1) return new Promise(() => {});
        return exchange.call(link.object, report, clock.now);
      },
      waitUntil: () => {
        throw new Error("no request");
      },
      onFailure: () => {},
      now: () => clock.now,
      sleep: () => new Promise(() => {}),
    });
    dead.record("g", begin());
    await settled();
    clock.now += 5000;
    dead.record("g", begin(clock.now));
    await settled();
    expect(link.reports).toHaveLength(2);
    expect(link.reports[1]).toMatchObject({ sequence: 1, events: [begin()] });
    expect(read(one).requests).toBe(0);
  });
});
