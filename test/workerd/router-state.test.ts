/** The router's state in its Durable Object: isolates are played by states of their own with the same binding. */
import { abortAllDurableObjects, evictDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import { RateLimitError } from "../../src/formats/errors.ts";
import type { Bindings } from "../../src/objects/bindings.ts";
import { routerStateObjects } from "../../src/objects/router-state.ts";
import { SharedRouterState } from "../../src/objects/shared-router-state.ts";
import { RoutingEngine } from "../../src/router/engine.ts";
import { ModelGroups } from "../../src/router/groups.ts";
import { DEFAULT_ROUTING, type RoutingSettings } from "../../src/router/request.ts";
import type { RouterState } from "../../src/router/state.ts";
import { candidate, request } from "../router/candidates.ts";

const { ROUTER_STATE } = env as unknown as Bindings; // as vitest.config.ts binds it
/** Counts are of a minute: what compares them before and after must not run into the next. */
async function withinOneMinute(milliseconds: number): Promise<void> {
  const left = 60_000 - (Date.now() % 60_000);
  if (left < milliseconds) await pause(left);
}
const pause = (milliseconds: number) => new Promise((next) => setTimeout(next, milliseconds));

/** An isolate that serves a group of two, of which the first fails with a 429 that asks for half a minute. */
function isolate(
  group: string,
  state: RouterState = routerStateObjects(ROUTER_STATE, () => {}),
  settings: Partial<RoutingSettings> = {},
) {
  const asked: string[] = [];
  const deployments = ["bad", "good"].map((id) => candidate(id, { modelName: group }).deployment);
  const engine = new RoutingEngine({
    groups: new ModelGroups(deployments),
    settings: { ...DEFAULT_ROUTING, ...settings },
    state,
  });
  const call = () =>
    engine.run(request({ model: group }), async ({ deployment: { id }, ticket }) => {
      asked.push(id);
      if (id === "bad") throw new RateLimitError("busy", { headers: { "retry-after": "30" } });
      ticket.succeeded({ tokens: 1, completionTokens: 1 });
      return id;
    });
  const stats = (id: string) => state.stats(group, id, Date.now());
  /** Calls, again and again, until the bad one has been asked. */
  const untilBad = async () => {
    while (!asked.includes("bad")) await call();
  };
  return { asked, call, stats, untilBad };
}

it("one isolate's cooldown is the other's within a second", async () => {
  const [one, two] = [isolate("within-a-second"), isolate("within-a-second")];
  two.stats("bad");
  await pause(50);
  await one.untilBad();
  await pause(450);
  two.stats("bad"); // whoever serves calls all the time reads all the time
  await pause(100);
  two.stats("bad");
  await pause(350);
  for (let call = 0; call < 40; call++) expect((await two.call()).value).toBe("good");
  expect(two.asked).not.toContain("bad");
  expect(two.stats("bad").cooldownUntil).toBe(one.stats("bad").cooldownUntil);
});

it("an isolate that starts later knows of it after its first call", async () => {
  await withinOneMinute(5000);
  const one = isolate("later");
  await one.untilBad();
  await pause(300);
  const two = isolate("later");
  await two.call();
  await pause(300);
  two.asked.length = 0;
  for (let call = 0; call < 20; call++) await two.call();
  expect(two.asked).not.toContain("bad");
  expect(two.stats("good").requests).toBeGreaterThanOrEqual(20);
}, 40_000);

it.each([
  ["evicted", (group: string) => evictDurableObject(ROUTER_STATE.getByName(group))],
  ["aborted", () => abortAllDurableObjects()],
])(
  "an object that is %s costs nobody a call, and is told again",
  async (how, end) => {
    const group = `object-${how}`;
    await withinOneMinute(8000);
    const one = isolate(group);
    await one.untilBad();
    await pause(300);
    const { requests, cooldownUntil } = one.stats("bad");
    await end(group);
    for (let call = 0; call < 30; call++) {
      expect((await one.call()).value).toBe("good");
      await pause(30);
    }
    await pause(1200);
    expect(one.stats("bad")).toMatchObject({ requests, cooldownUntil });
    const two = isolate(group);
    two.stats("bad");
    await pause(300);
    expect(two.stats("bad")).toMatchObject({ requests, cooldownUntil, onProbation: true });
    expect(two.stats("good").requests).toBe(one.stats("good").requests);
  },
  40_000,
);

it("a reply that is lost is not counted twice", async () => {
  const group = "lost-reply";
  await withinOneMinute(20_000);
  let lost = 3;
  const lossy = new SharedRouterState({
    async exchange(name, report) {
      const reply = await ROUTER_STATE.getByName(name).exchange(report);
      if (report.events.length > 0 && lost-- > 0) throw new Error("Network connection lost");
      return reply;
    },
    waitUntil: () => {},
    onFailure: () => {},
  });
  const one = isolate(group, lossy, { numRetries: 0 });
  for (let call = 0; call < 10; call++) {
    await one.call().catch(() => {});
    await pause(20);
  }
  await expect.poll(() => lost, { timeout: 20_000 }).toBeLessThanOrEqual(0);
  const two = isolate(group);
  // Each look asks the object again: nothing is told twice however long one waits.
  const counted = () => two.stats("good").requests + two.stats("bad").requests;
  await expect.poll(counted, { timeout: 20_000 }).toBe(10);
  await pause(1500);
  expect(counted()).toBe(10);
  expect(two.stats("good").successes).toBe(one.asked.filter((id) => id === "good").length);
}, 90_000);

it("an object that cannot be reached is no error for anybody", async () => {
  const failures: unknown[] = [];
  const state = new SharedRouterState({
    exchange: () => Promise.reject(new Error("unreachable")),
    waitUntil: () => {},
    onFailure: (_, error) => failures.push(error),
  });
  const one = isolate("unreachable", state);
  await one.untilBad();
  for (let call = 0; call < 20; call++) {
    expect((await one.call()).value).toBe("good");
    await pause(20);
  }
  expect(one.asked.filter((id) => id === "bad")).toHaveLength(1);
  expect(failures).toHaveLength(1);
});
