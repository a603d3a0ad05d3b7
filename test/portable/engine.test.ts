/**
 * The engine, with clock, chance and upstreams in the test's hands. The tables are those of LiteLLM's router
 * (`headers-and-routing`, 4.3 and 4.4), a row a case.
 */
import { describe, expect, it } from "vitest";
import {
  APIConnectionError,
  APIError,
  AuthenticationError,
  BadGatewayError,
  BadRequestError,
  ContentPolicyViolationError,
  ContextWindowExceededError,
  InternalServerError,
  NotFoundError,
  PermissionDeniedError,
  RateLimitError,
  ServiceUnavailableError,
  SluiceError,
  Timeout,
  UnprocessableEntityError,
} from "../../src/formats/errors.ts";
import type { Deployment } from "../../src/router/deployment.ts";
import { type Choice, RoutingEngine } from "../../src/router/engine.ts";
import { ModelGroups } from "../../src/router/groups.ts";
import {
  DEFAULT_ROUTING,
  type FallbackTable,
  type RouteRequest,
  type RoutingSettings,
} from "../../src/router/request.ts";
import { MemoryRouterState } from "../../src/router/state.ts";
import { candidate, NOW, request, seeded } from "../router/candidates.ts";

const ERRORS = {
  400: new BadRequestError("bad"),
  401: new AuthenticationError("who"),
  403: new PermissionDeniedError("no"),
  404: new NotFoundError("gone"),
  408: new Timeout("slow"),
  409: new APIError("conflict", { status: 409 }),
  422: new UnprocessableEntityError("odd"),
  429: new RateLimitError("busy"),
  500: new InternalServerError("broken"),
  502: new BadGatewayError("gateway"),
  503: new ServiceUnavailableError("away"),
  window: new ContextWindowExceededError("long"),
  policy: new ContentPolicyViolationError("naughty"),
  connection: new APIConnectionError("litellm.APIConnectionError: reset"),
} as const;
type Kind = keyof typeof ERRORS;

/** A new error each time: the engine writes into the message. */
function errorOf(kind: Kind, headers: Record<string, string> = {}): SluiceError {
  const { message, status } = ERRORS[kind];
  const Class = ERRORS[kind].constructor as new (message: string, details: object) => SluiceError; // as those above
  return new Class(message, { status, headers });
}

function deployment(id: string, fields: Partial<Deployment> = {}): Deployment {
  return candidate(id, { modelName: id.split("-")[0] ?? id, ...fields }).deployment;
}

type Answer = string | Kind | SluiceError | ((choice: Choice) => Promise<string>);

/** An engine in a world of its own. Ids are `group-number`; what has no answers of its own answers with its id. */
function world(
  deployments: readonly Deployment[],
  settings: Partial<RoutingSettings> = {},
  answers: Record<string, Answer | Answer[]> = {},
) {
  const clock = { now: NOW };
  const asked: string[] = [];
  const choices: Choice[] = [];
  const pauses: number[] = [];
  const sleepers: { at: number; wake(): void }[] = [];
  const state = new MemoryRouterState();
  const engine = new RoutingEngine({
    groups: new ModelGroups(deployments),
    settings: { ...DEFAULT_ROUTING, ...settings },
    state,
    now: () => clock.now,
    random: seeded(7),
    sleep: (milliseconds, signal) => {
      if (settings.hedgeAfter === undefined) {
        pauses.push(milliseconds);
        clock.now += milliseconds;
        return Promise.resolve();
      }
      return new Promise((resolve, reject) => {
        sleepers.push({ at: clock.now + milliseconds, wake: resolve });
        signal?.addEventListener("abort", () => reject(signal.reason));
      });
    },
  });
  const ask = async (choice: Choice): Promise<string> => {
    const { id } = choice.deployment;
    asked.push(id);
    choices.push(choice);
    const script = answers[id] ?? id;
    const answer = Array.isArray(script) ? (script.length > 1 ? script.shift() : script[0]) : script;
    if (typeof answer === "function") return answer(choice);
    if (answer instanceof SluiceError) throw answer;
    if (answer !== undefined && answer in ERRORS) throw errorOf(answer as Kind); // just checked
    choice.ticket.succeeded({ tokens: 10, completionTokens: 5 });
    return String(answer);
  };
  return {
    clock,
    asked,
    choices,
    pauses,
    answers,
    run: (fields: Partial<RouteRequest> = {}) => engine.run(request({ model: "a", ...fields }), ask),
    /** How a call ends: its answer, or its error. */
    end: (fields: Partial<RouteRequest> = {}) =>
      engine.run(request({ model: "a", ...fields }), ask).then(
        ({ value, retries, fallbacks }) => ({ value, retries, fallbacks, error: undefined }),
        (error: SluiceError) => ({ value: undefined, retries: undefined, fallbacks: undefined, error }),
      ),
    stats: (id: string) => state.stats(id.split("-")[0] ?? id, id, clock.now),
    isCooling: (id: string) => state.stats(id.split("-")[0] ?? id, id, clock.now).cooldownUntil > clock.now,
    /** Lets the time pass that hedges wait for. */
    async pass(milliseconds: number) {
      clock.now += milliseconds;
      for (const sleeper of sleepers) if (sleeper.at <= clock.now) sleeper.wake();
      await settled();
    },
  };
}

/** Long enough for every promise that can be settled. */
async function settled() {
  for (let turn = 0; turn < 50; turn++) await Promise.resolve();
}

const [a1, a2, a3] = [deployment("a-1"), deployment("a-2"), deployment("a-3")];
const b1 = deployment("b-1");
const c1 = deployment("c-1");

describe("retries", () => {
  // error, deployments in the group, settings, attempts in all
  const table: [Kind, number, Partial<RoutingSettings>, number][] = [
    [408, 1, {}, 3],
    [409, 1, {}, 3],
    [429, 1, {}, 3],
    [500, 1, {}, 3],
    [502, 1, {}, 3],
    [503, 1, {}, 3],
    ["connection", 1, {}, 3],
    [500, 3, {}, 3],
    [400, 2, {}, 1],
    [422, 2, {}, 1],
    [404, 3, {}, 1],
    [401, 1, {}, 1],
    [403, 1, {}, 1],
    [401, 3, {}, 3],
    [403, 3, {}, 3],
    ["window", 2, {}, 1],
    ["policy", 2, {}, 1],
    ["window", 2, { contextWindowFallbacks: [], retryPolicy: { BadRequest: 2 } }, 3],
    [500, 1, { numRetries: 0 }, 1],
    [500, 1, { numRetries: 5 }, 6],
    // Nothing is retried where no healthy deployment is left: each of the two cools with its 429.
    [429, 2, {}, 2],
    [429, 2, { disableCooldowns: true }, 3],
    [429, 2, { fallbacks: [{ a: ["b"] }] }, 2],
    // A policy settles both whether and how often.
    [500, 1, { retryPolicy: { InternalServer: 4 } }, 5],
    [500, 1, { retryPolicy: { InternalServer: 0 } }, 1],
    [500, 1, { retryPolicy: { RateLimit: 0 } }, 3],
    [400, 2, { retryPolicy: { BadRequest: 2 } }, 3],
    [401, 1, { retryPolicy: { Authentication: 1 } }, 1], // it cools even alone, so nobody is left
    [408, 1, { retryPolicy: { Timeout: 1 } }, 2],
    [429, 1, { retryPolicy: { RateLimit: 3 } }, 4],
    ["policy", 2, { retryPolicy: { BadRequest: 0, ContentPolicyViolation: 2 } }, 3],
    ["policy", 2, { retryPolicy: { BadRequest: 1 } }, 2],
    [500, 1, { retryPolicy: { InternalServer: 0 }, groupRetryPolicies: { a: { InternalServer: 1 } } }, 2],
    [500, 1, { groupRetryPolicies: { b: { InternalServer: 0 } } }, 3],
  ];

  it.each(table)("%s in a group of %i with %o: %i attempts", async (kind, size, settings, attempts) => {
    const group = [a1, a2, a3].slice(0, size);
    const { run, asked } = world(group, settings, { "a-1": kind, "a-2": kind, "a-3": kind });
    await expect(run()).rejects.toBeInstanceOf(ERRORS[kind].constructor);
    expect(asked).toHaveLength(attempts);
  });

  it("takes the count of the deployment before the request's before the router's", async () => {
    const own = world([deployment("a-1", { numRetries: 1 })], { numRetries: 4 }, { "a-1": 500 });
    await own.end({ numRetries: 3 });
    expect(own.asked).toHaveLength(2);
    const asked = world([a1], { numRetries: 4 }, { "a-1": 500 });
    await asked.end({ numRetries: 3 });
    expect(asked.asked).toHaveLength(4);
  });

  it("goes to deployments that have not failed this call, at once", async () => {
    const { run, asked, pauses } = world([a1, a2, a3], {}, { "a-1": 500, "a-2": 500 });
    for (let call = 0; call < 4; call++) {
      const { value, retries } = await run();
      expect(value).toBe("a-3");
      expect(asked.length).toBe(retries + 1);
      expect(new Set(asked).size).toBe(asked.length);
      asked.length = 0;
    }
    expect(pauses).toEqual([]);
  });

  it.each([
    [
      "doubles",
      {},
      {},
      3,
      [
        [500, 1250],
        [1000, 1750],
        [2000, 2750],
      ],
    ],
    ["is 8 seconds at most, and jitter", {}, {}, 7, Array(7).fill([500, 8750])],
    [
      "is retry_after at least",
      { retryAfter: 3 },
      {},
      2,
      [
        [3000, 3750],
        [3000, 3750],
      ],
    ],
    [
      "is what the provider asks for",
      {},
      { "retry-after": "7" },
      2,
      [
        [7000, 7000],
        [7000, 7000],
      ],
    ],
    ["is not more than a minute of it", {}, { "retry-after": "61" }, 1, [[500, 1250]]],
  ] as const)("the pause before a deployment that is alone %s", async (_, settings, headers, numRetries, expected) => {
    const { end, pauses } = world([a1], settings, { "a-1": () => Promise.reject(errorOf(500, headers)) });
    await end({ numRetries });
    expect(pauses).toHaveLength(expected.length);
    for (const [index, [least, most]] of expected.entries()) {
      expect(pauses[index]).toBeGreaterThanOrEqual(least);
      expect(pauses[index]).toBeLessThanOrEqual(most);
    }
  });

  it("tells the error that came first where nobody is left to retry at", async () => {
    const { end } = world([a1, a2], { tagFiltering: true }, { "a-1": 429, "a-2": 500 });
    const { error } = await end();
    expect(error?.message).toMatch(/busy|broken/);
  });

  it("does not retry for a client that has left, nor after a pause it left in", async () => {
    const before = new AbortController();
    const leave = () => {
      before.abort();
      return Promise.reject(errorOf(500));
    };
    const leaving = world([a1, a2], {}, { "a-1": leave, "a-2": leave });
    await leaving.end({ signal: before.signal });
    expect(leaving.asked).toHaveLength(1);
    expect(leaving.stats(leaving.asked[0]!)).toMatchObject({ inFlight: 0, failures: 0 });

    const signal = new AbortController();
    const asked: string[] = [];
    const engine = new RoutingEngine({
      groups: new ModelGroups([a1]),
      settings: DEFAULT_ROUTING,
      state: new MemoryRouterState(),
    });
    const call = engine.run(request({ model: "a", signal: signal.signal }), async ({ deployment: { id } }) => {
      asked.push(id);
      setTimeout(() => signal.abort(), 10);
      throw errorOf(500);
    });
    await expect(call).rejects.toBeInstanceOf(InternalServerError);
    expect(asked).toEqual(["a-1"]);
  });

  it("are bounded in an outage, and not where one of three is bad", async () => {
    const outage = world([a1, a2, a3], { disableCooldowns: true }, { "a-1": 500, "a-2": 500, "a-3": 500 });
    for (let call = 0; call < 200; call++) await outage.end();
    expect(outage.asked.length).toBeLessThanOrEqual(200 * 1.2 + 1);
    expect(outage.asked.length).toBeGreaterThanOrEqual(200 * 1.2 - 2);
    outage.clock.now += 11_000;
    outage.asked.length = 0;
    await outage.end();
    expect(outage.asked).toHaveLength(3); // forgotten

    const oneBad = world([a1, a2, a3], { disableCooldowns: true }, { "a-2": 500 });
    for (let call = 0; call < 300; call++) expect((await oneBad.end()).error).toBeUndefined();
  });
});

describe("cooldowns", () => {
  /** Statuses one after the other at `a-1`, whose group has so many deployments. Does it cool after the last? */
  async function cools(kinds: readonly (Kind | "ok")[], size: number, settings: Partial<RoutingSettings>) {
    const answers: Answer[] = kinds.map((kind) => (kind === "ok" ? "fine" : kind));
    const { run, isCooling } = world(
      [a1, ...[a2, a3].slice(0, size - 1).map((other) => ({ ...other, order: 9 }))].map((one) => ({
        ...one,
        order: one.order ?? 1,
      })),
      { numRetries: 0, ...settings },
      { "a-1": answers },
    );
    for (const _ of kinds) {
      expect(isCooling("a-1")).toBe(false);
      await run({ disableFallbacks: true }).catch(() => {});
    }
    return isCooling("a-1");
  }
  const times = (count: number, kind: Kind | "ok") => Array<Kind | "ok">(count).fill(kind);

  // what comes, deployments in the group, settings, does it cool then
  const table: [(Kind | "ok")[], number, Partial<RoutingSettings>, boolean][] = [
    [[429], 2, {}, true],
    [[429], 1, {}, false],
    [[401], 1, {}, true],
    [[401], 2, {}, true],
    [[404], 1, {}, true],
    [[404], 2, {}, true],
    [times(20, 400), 2, {}, false],
    [times(20, 403), 2, {}, false],
    [times(20, 422), 2, {}, false],
    [times(20, "window"), 2, {}, false],
    [times(20, "policy"), 2, {}, false],
    [times(20, "connection"), 2, {}, false],
    [times(4, 500), 2, {}, false],
    [times(5, 500), 2, {}, true],
    [times(5, 408), 2, {}, true],
    [times(5, 503), 2, {}, true],
    [times(5, 500), 1, {}, false],
    [times(999, 500), 1, {}, false],
    [times(1000, 500), 1, {}, true],
    [[...times(3, "ok"), ...times(3, 500)], 2, {}, false], // half is not more than half
    [[...times(3, "ok"), ...times(4, 500)], 2, {}, true],
    [["ok", 500, 500, 500], 2, {}, false], // three quarters, but of four
    [["ok", "ok", 500, 500, 500], 2, {}, true],
    [[...times(4, 400), 500], 2, {}, false], // a client's mistakes are no requests that failed
    [[429], 2, { disableCooldowns: true }, false],
    [[429], 2, { cooldownTime: 0 }, false],
    [times(3, 500), 2, { allowedFails: 2 }, true],
    [times(2, 500), 2, { allowedFails: 2 }, false],
    [times(3, 500), 1, { allowedFails: 2 }, true],
    [times(2, 429), 2, { allowedFails: 2 }, false],
    [times(9, 400), 2, { allowedFails: 2 }, false],
    [[...times(9, 400), 500], 2, { allowedFails: 2 }, false],
    [times(9, "connection"), 2, { allowedFails: 2 }, false],
    [[500], 2, { allowedFails: 0 }, true],
    [times(2, 408), 2, { allowedFailsPolicy: { Timeout: 1 } }, true],
    [[408], 2, { allowedFailsPolicy: { Timeout: 1 } }, false],
    [times(3, 500), 2, { allowedFailsPolicy: { Timeout: 1 } }, false], // the policy is silent: allowed_fails, 3
    [times(4, 500), 2, { allowedFailsPolicy: { Timeout: 1 } }, true],
  ];

  it.each(table)("%j in a group of %i with %o: %s", async (kinds, size, settings, expected) => {
    expect(await cools(kinds, size, settings)).toBe(expected);
  });

  it("counts failures within cooldown_time only", async () => {
    const { run, isCooling, clock } = world([a1, b1], { numRetries: 0, allowedFails: 2 }, { "a-1": 500 });
    for (let call = 0; call < 6; call++) {
      await run().catch(() => {});
      clock.now += 3000;
    }
    expect(isCooling("a-1")).toBe(false);
  });

  it.each([
    ["the deployment's own", { cooldownTime: 30 }, { "retry-after": "20" }, 30],
    ["what the provider asked for", {}, { "retry-after": "20" }, 20],
    ["the router's", {}, {}, 12],
    ["none at all, where the provider says 0", {}, { "retry-after": "0" }, 0],
  ])("last as long as %s", async (_, fields, headers, seconds) => {
    const { end, stats } = world(
      [deployment("a-1", { order: 1, ...fields }), a2],
      { cooldownTime: 12, numRetries: 0 },
      { "a-1": errorOf(429, headers as Record<string, string>) },
    );
    await end();
    expect(stats("a-1").cooldownUntil).toBe(seconds === 0 ? 0 : NOW + seconds * 1000);
  });

  it("answer 429 where all cool, with the seconds until the first is back", async () => {
    const answers = { "a-1": errorOf(429, { "retry-after": "40" }), "a-2": errorOf(429, { "retry-after": "30" }) };
    const { end, clock, asked } = world([a1, a2], {}, answers);
    await end();
    expect(asked).toHaveLength(2);
    clock.now += 10_500;
    const { error } = await end();
    expect(asked).toHaveLength(2);
    expect(error).toBeInstanceOf(RateLimitError);
    expect(error?.status).toBe(429);
    expect(error?.retryAfter).toBe(20);
    expect(error?.message).toBe(
      "No deployments available for selected model, Try again in 20 seconds. Passed model=a. pre-call-checks=False, " +
        "cooldown_list=['a-1', 'a-2']. Received Model Group=a\nAvailable Model Group Fallbacks=None",
    );
  });

  it("end with one request that tries it out, while others are there", async () => {
    let answerProbe: (() => void) | undefined;
    const { run, asked, answers, clock, stats } = world([a1, a2], {}, { "a-1": [429] });
    while (!asked.includes("a-1")) await run();
    clock.now += 5001;
    answers["a-1"] = () => new Promise((resolve) => (answerProbe = () => resolve("back")));
    asked.length = 0;
    const calls = Array.from({ length: 40 }, () => run());
    await settled();
    expect(asked.filter((id) => id === "a-1")).toHaveLength(1);
    answerProbe?.();
    const choice = (await Promise.all(calls)).find(({ value }) => value === "back")?.choice;
    choice?.ticket.contentBegan();
    expect(stats("a-1").onProbation).toBe(false);
  });

  it("begin anew where that one fails", async () => {
    const { run, asked, clock, isCooling } = world([a1, a2], {}, { "a-1": [429, 500] });
    while (!asked.includes("a-1")) await run();
    clock.now += 5001;
    expect(isCooling("a-1")).toBe(false);
    asked.length = 0;
    while (!asked.includes("a-1")) await run();
    expect(isCooling("a-1")).toBe(true);
  });

  it("are not ended by an answer that was asked for before", async () => {
    const { run, end, answers, stats, clock } = world([deployment("a-1", { order: 1 }), a2]);
    answers["a-1"] = () => Promise.resolve("still on its way");
    const { choice } = await run();
    answers["a-1"] = 429;
    await end();
    clock.now += 5001;
    choice.ticket.contentBegan();
    choice.ticket.succeeded({ tokens: 1, completionTokens: 1 });
    expect(stats("a-1").onProbation).toBe(true);
    answers["a-1"] = "well";
    expect((await run()).value).toBe("well");
    expect(stats("a-1").onProbation).toBe(false);
  });

  it("do not hang on a probe that never ends", async () => {
    const { run, asked, answers, clock } = world([a1, a2], {}, { "a-1": [429] });
    while (!asked.includes("a-1")) await run();
    clock.now += 5001;
    answers["a-1"] = () => new Promise(() => {});
    asked.length = 0;
    for (let call = 0; call < 20; call++) void run();
    await settled();
    expect(asked.filter((id) => id === "a-1")).toHaveLength(1);
    clock.now += 10_000;
    for (let call = 0; call < 20; call++) void run();
    await settled();
    expect(asked.filter((id) => id === "a-1")).toHaveLength(2);
  });
});

describe("order", () => {
  const first = deployment("a-1", { order: 1 });
  const second = deployment("a-2", { order: 2 });
  const last = deployment("a-3");

  it("keeps to the lowest level while it can be asked", async () => {
    const { run, asked } = world([last, second, first]);
    for (let call = 0; call < 20; call++) await run();
    expect(new Set(asked)).toEqual(new Set(["a-1"]));
  });

  it("goes up level by level, each with its retries, before fallbacks", async () => {
    const answers = { "a-1": 500, "a-2": 500, "a-3": 500 } as const;
    const { run, asked, pauses } = world(
      [last, second, first, b1],
      { fallbacks: [{ a: ["b"] }], numRetries: 1 },
      answers,
    );
    expect(await run()).toMatchObject({ value: "b-1", retries: 3, fallbacks: 3 });
    expect(asked).toEqual(["a-1", "a-1", "a-2", "a-2", "a-3", "a-3", "b-1"]);
    expect(pauses.length).toBeLessThanOrEqual(1); // only the last of them is alone
  });

  it("passes over a level that cools, as no fallback", async () => {
    const { run, asked } = world([first, second], {}, { "a-1": 429 });
    expect(await run()).toMatchObject({ value: "a-2", retries: 1, fallbacks: 0 });
    expect(await run()).toMatchObject({ value: "a-2", retries: 0, fallbacks: 0 });
    expect(asked).toEqual(["a-1", "a-2", "a-2"]);
  });

  it.each([["window"], ["policy"]] as const)("does not go up with what is the prompt's fault: %s", async (kind) => {
    const { end, asked } = world([first, second], {}, { "a-1": kind });
    expect((await end()).error).toBeInstanceOf(ERRORS[kind].constructor);
    expect(asked).toEqual(["a-1"]);
  });

  it("does not go up with disable_fallbacks", async () => {
    const { end, asked } = world([first, second], { numRetries: 0 }, { "a-1": 500 });
    expect((await end({ disableFallbacks: true })).error?.message).toBe("broken");
    expect(asked).toEqual(["a-1"]);
  });
});

describe("fallbacks", () => {
  const none = { numRetries: 0 };
  const table: {
    name: string;
    settings?: Partial<RoutingSettings>;
    fields?: Partial<RouteRequest>;
    kind: Kind;
    asked: string[];
  }[] = [
    { name: "of the group", settings: { fallbacks: [{ a: ["b", "c"] }] }, kind: 500, asked: ["a-1", "b-1"] },
    { name: "for a client's mistake too", settings: { fallbacks: [{ a: ["b"] }] }, kind: 400, asked: ["a-1", "b-1"] },
    { name: "of another group are none", settings: { fallbacks: [{ c: ["b"] }] }, kind: 500, asked: ["a-1"] },
    { name: "for all", settings: { fallbacks: [{ "*": ["b"] }] }, kind: 500, asked: ["a-1", "b-1"] },
    {
      name: "of the group before those for all",
      settings: { fallbacks: [{ "*": ["b"] }, { a: ["c"] }] },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    { name: "by default", settings: { defaultFallbacks: ["c"] }, kind: 500, asked: ["a-1", "c-1"] },
    {
      name: "that nobody serves are passed over",
      settings: { fallbacks: [{ a: ["nobody", "b"] }] },
      kind: 500,
      asked: ["a-1", "b-1"],
    },
    {
      name: "to itself are passed over",
      settings: { fallbacks: [{ a: ["a", "b"] }] },
      kind: 500,
      asked: ["a-1", "b-1"],
    },
    {
      name: "for the window: only those",
      settings: { fallbacks: [{ a: ["b"] }], contextWindowFallbacks: [{ a: ["c"] }] },
      kind: "window",
      asked: ["a-1", "c-1"],
    },
    {
      name: "for the window, none for the group",
      settings: { fallbacks: [{ a: ["b"] }], contextWindowFallbacks: [{ b: ["c"] }] },
      kind: "window",
      asked: ["a-1"],
    },
    {
      name: "for the window, no list: ordinary ones",
      settings: { fallbacks: [{ a: ["b"] }] },
      kind: "window",
      asked: ["a-1", "b-1"],
    },
    {
      name: "for content: only those",
      settings: { fallbacks: [{ a: ["b"] }], contentPolicyFallbacks: [{ a: ["c"] }] },
      kind: "policy",
      asked: ["a-1", "c-1"],
    },
    {
      name: "for content, none for the group",
      settings: { fallbacks: [{ a: ["b"] }], contentPolicyFallbacks: [] },
      kind: "policy",
      asked: ["a-1"],
    },
    {
      name: "for content, no list: ordinary ones",
      settings: { fallbacks: [{ a: ["b"] }] },
      kind: "policy",
      asked: ["a-1", "b-1"],
    },
    {
      name: "of the request, names",
      settings: { fallbacks: [{ a: ["b"] }] },
      fields: { fallbacks: ["c"] },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request, for any error",
      settings: { contextWindowFallbacks: [{ a: ["b"] }] },
      fields: { fallbacks: ["c"] },
      kind: "window",
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request, parameter sets",
      fields: { fallbacks: [{ model: "c", messages: [] }] },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request, the model alone",
      fields: { fallbacks: [{ model: "b" }] },
      kind: 500,
      asked: ["a-1", "b-1"],
    },
    {
      name: "of the request, as in the config",
      fields: { fallbacks: [{ a: ["c"] }] },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request, as in the config, do not beat those for the window",
      settings: { contextWindowFallbacks: [{ a: ["b"] }] },
      fields: { fallbacks: [{ a: ["c"] }] },
      kind: "window",
      asked: ["a-1", "b-1"],
    },
    {
      name: "of the request for the window",
      settings: { contextWindowFallbacks: [{ a: ["b"] }] },
      fields: { contextWindowFallbacks: [{ a: ["c"] }] },
      kind: "window",
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request for content",
      fields: { contentPolicyFallbacks: [{ a: ["c"] }] },
      kind: "policy",
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request the client may not use",
      fields: { fallbacks: ["b", "c"], mayUse: (model) => model !== "b" },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the request the client may not use, as in the config",
      fields: { fallbacks: [{ a: ["b", "c"] }], mayUse: (model) => model !== "b" },
      kind: 500,
      asked: ["a-1", "c-1"],
    },
    {
      name: "of the config need not be the client's",
      settings: { fallbacks: [{ a: ["b"] }] },
      fields: { mayUse: () => false },
      kind: 500,
      asked: ["a-1", "b-1"],
    },
    {
      name: "switched off",
      settings: { fallbacks: [{ a: ["b"] }] },
      fields: { disableFallbacks: true },
      kind: 500,
      asked: ["a-1"],
    },
    { name: "at most none", settings: { fallbacks: [{ a: ["b"] }], maxFallbacks: 0 }, kind: 500, asked: ["a-1"] },
    {
      name: "at most none, as the request has it",
      settings: { fallbacks: [{ a: ["b"] }] },
      fields: { maxFallbacks: 0 },
      kind: 500,
      asked: ["a-1"],
    },
  ];

  it.each(table)("$name", async ({ settings, fields, kind, asked }) => {
    const outcome = world([a1, b1, c1], { ...none, ...settings }, { "a-1": kind });
    const { value, error, fallbacks } = await outcome.end(fields);
    expect(outcome.asked).toEqual(asked);
    if (asked.length === 1) expect(error).toBeInstanceOf(ERRORS[kind].constructor);
    else expect([value, fallbacks]).toEqual([asked.at(-1), 1]);
  });

  it("find a group by its name without the provider's", async () => {
    const prefixed = deployment("openai/a-1", { modelName: "openai/a" });
    const { end, asked } = world([prefixed, b1], { ...none, fallbacks: [{ a: ["b"] }] }, { "openai/a-1": 500 });
    await end({ model: "openai/a" });
    expect(asked).toEqual(["openai/a-1", "b-1"]);
  });

  it("have fallbacks of their own; none is asked twice", async () => {
    const fallbacks: FallbackTable = [{ a: ["b", "c"] }, { b: ["c", "a"] }, { c: ["a", "b"] }];
    const settings = { ...none, fallbacks };
    const { end, asked } = world([a1, b1, c1], settings, { "a-1": 500, "b-1": 503, "c-1": 502 });
    const { error } = await end();
    expect(asked).toEqual(["a-1", "b-1", "c-1"]);
    expect(error).toBeInstanceOf(InternalServerError); // the first
    expect(error?.message).toBe(
      "broken. Received Model Group=a\nAvailable Model Group Fallbacks=['b', 'c']\nError doing the fallback: gateway",
    );
  });

  it("of a request are all tried, once", async () => {
    const { end, asked } = world([a1, b1, c1], none, { "a-1": 500, "b-1": 500, "c-1": 500 });
    await end({ fallbacks: ["b", "c"] });
    expect(asked).toEqual(["a-1", "b-1", "c-1"]);
  });

  it("are at most max_fallbacks", async () => {
    const groups = ["a", "d", "e", "f", "g", "h", "i", "j"];
    const answers = Object.fromEntries(groups.map((group) => [`${group}-1`, 500 as const]));
    const { end, asked } = world(
      groups.map((group) => deployment(`${group}-1`)),
      { ...none, fallbacks: [{ a: groups }] },
      answers,
    );
    await end();
    expect(asked).toHaveLength(6);
    asked.length = 0;
    await end({ maxFallbacks: 2 });
    expect(asked).toHaveLength(3);
  });

  it("replace what the request says", async () => {
    const { run, choices } = world([a1, b1], none, { "a-1": 500 });
    await run({ fallbacks: [{ model: "b", messages: ["other"], temperature: 1 }] });
    expect(choices.map(({ overrides }) => overrides)).toEqual([{}, { messages: ["other"], temperature: 1 }]);
  });

  it("may be the same model with other parameters", async () => {
    const { run, asked } = world([a1], none, { "a-1": ["window", "short enough"] });
    expect(await run({ fallbacks: [{ messages: ["shorter"] }] })).toMatchObject({
      value: "short enough",
      fallbacks: 1,
    });
    expect(asked).toEqual(["a-1", "a-1"]);
  });

  it("have retries of their own", async () => {
    const settings = { numRetries: 1, fallbacks: [{ a: ["b"] }] };
    const { run, asked } = world([a1, b1], settings, { "a-1": 500, "b-1": [500, "b-1"] });
    expect(await run()).toMatchObject({ value: "b-1", retries: 2, fallbacks: 1 });
    expect(asked).toEqual(["a-1", "a-1", "b-1", "b-1"]);
  });

  it("by default stand in for a model nobody serves", async () => {
    const { run, end } = world([a1, b1], { defaultFallbacks: ["b"] });
    expect(await run({ model: "unheard-of" })).toMatchObject({ value: "b-1", fallbacks: 0 });
    const { error } = await world([a1]).end({ model: "unheard-of" });
    expect(error?.message).toContain("Invalid model name passed in model=unheard-of");
    expect((await end({ model: "b" })).value).toBe("b-1");
  });

  it.each([
    ["fallbacks", { fallbacks: [{ a: ["b"] }] }, "b-1", 0],
    ["context_window", { contextWindowFallbacks: [{ a: ["b"] }] }, "b-1", 0],
    ["content_policy", { contentPolicyFallbacks: [{ a: ["b"] }] }, "b-1", 0],
    ["rate_limit", {}, "a-1", 1],
    ["rate_limit", { numRetries: 0, fallbacks: [{ a: ["b"] }] }, "b-1", 0],
  ] as const)("can be tried out: %s", async (testing, settings, value, retries) => {
    const { run, asked, isCooling } = world([a1, b1], settings as Partial<RoutingSettings>);
    expect(await run({ testing })).toMatchObject({ value, retries, fallbacks: value === "b-1" ? 1 : 0 });
    expect(asked).toEqual([value]);
    expect(isCooling("a-1")).toBe(false);
  });

  it("leave a fault of our own alone", async () => {
    const settings = { fallbacks: [{ a: ["b"] }] };
    const { run, asked, stats } = world([a1, b1], settings, { "a-1": () => Promise.reject(new TypeError("a bug")) });
    await expect(run()).rejects.toThrow("a bug");
    expect(asked).toEqual(["a-1"]);
    expect(stats("a-1")).toMatchObject({ inFlight: 0, failures: 0 });
  });
});

describe("hedging", () => {
  const settings = { hedgeAfter: 2, hedgeBudget: 1, numRetries: 0 };

  /** An upstream that answers when told to. */
  function slow() {
    const answer = Promise.withResolvers<string>();
    let signal: AbortSignal | undefined;
    const ask = (choice: Choice) => {
      signal = choice.signal;
      return Promise.race([
        answer.promise,
        new Promise<string>((_, reject) => choice.signal.addEventListener("abort", () => reject(choice.signal.reason))),
      ]);
    };
    return { ask, answer: answer.resolve, fail: answer.reject, wasStopped: () => signal?.aborted };
  }

  async function hedged(more: Partial<RoutingSettings> = {}) {
    const [one, two] = [slow(), slow()];
    const w = world(
      [deployment("a-1", { order: 1 }), deployment("a-2", { order: 1 })],
      { ...settings, ...more },
      {
        "a-1": one.ask,
        "a-2": two.ask,
      },
    );
    const call = w.run({ stream: true });
    call.catch(() => {});
    await settled();
    const [first, second] = w.asked[0] === "a-1" ? [one, two] : [two, one];
    return { ...w, call, first, second };
  }

  it("is not done where the first is fast enough", async () => {
    const { call, first, asked, pass } = await hedged();
    await pass(1999);
    first.answer("in time");
    expect(await call).toMatchObject({ value: "in time", hedges: 0 });
    await pass(1000);
    expect(asked).toHaveLength(1);
  });

  it.each(["first", "second"] as const)("takes the %s where it answers first, and stops the other", async (winner) => {
    const { call, pass, stats, ...both } = await hedged();
    await pass(2000);
    expect(both.asked).toHaveLength(2);
    both[winner].answer(winner);
    const outcome = await call;
    expect(outcome).toMatchObject({ value: winner, hedges: 1, retries: 0 });
    expect(both[winner].wasStopped()).toBe(false);
    expect(both[winner === "first" ? "second" : "first"].wasStopped()).toBe(true);
    await settled();
    const loser = both.asked.find((id) => id !== outcome.choice.deployment.id)!;
    expect(stats(loser)).toMatchObject({ inFlight: 0, failures: 0, requests: 1 });
    expect(stats(outcome.choice.deployment.id).inFlight).toBe(1);
  });

  it("counts no request that answered too late as under way", async () => {
    const { call, pass, stats, first, second, asked } = await hedged();
    await pass(2000);
    first.answer("first");
    second.answer("second");
    const { choice } = await call;
    choice.ticket.succeeded({ tokens: 1, completionTokens: 1 });
    await settled();
    for (const id of asked) expect(stats(id).inFlight).toBe(0);
  });

  it("waits for the other where one fails", async () => {
    const { call, pass, first, second } = await hedged();
    await pass(2000);
    first.fail(errorOf(500));
    await settled();
    second.answer("second");
    expect(await call).toMatchObject({ value: "second", hedges: 1 });
  });

  it("fails where both do, with the first one's error", async () => {
    const { call, pass, first, second, asked, stats } = await hedged();
    await pass(2000);
    second.fail(errorOf(503));
    first.fail(errorOf(500));
    await expect(call).rejects.toThrow("broken");
    for (const id of asked) expect(stats(id)).toMatchObject({ failures: 1, inFlight: 0 });
  });

  it("keeps to its budget", async () => {
    const [one, two] = [slow(), slow()];
    const { run, asked, pass } = world([a1, a2], { ...settings, hedgeBudget: 0.1 }, { "a-1": one.ask, "a-2": two.ask });
    const calls = Array.from({ length: 40 }, () => run({ stream: true }));
    await settled();
    await pass(2000);
    expect(asked.length).toBeGreaterThanOrEqual(40 + 4);
    expect(asked.length).toBeLessThanOrEqual(40 + 5); // one that there is always, and a tenth
    one.answer("one");
    two.answer("two");
    expect(await Promise.all(calls)).toHaveLength(40);
  });

  it("of a percentile goes by the times to first content, and only for streams", async () => {
    const { run, pass, asked, answers, clock } = world([a1, a2], { ...settings, hedgeAfter: "p90" });
    for (let call = 0; call < 30; call++) {
      const { choice } = await run({ stream: true });
      clock.now += 100;
      choice.ticket.contentBegan();
    }
    answers["a-1"] = [(_: Choice) => new Promise<string>((resolve) => setTimeout(() => resolve("a-1"), 50)), "a-1"];
    answers["a-2"] = [(_: Choice) => new Promise<string>((resolve) => setTimeout(() => resolve("a-2"), 50)), "a-2"];
    const whole = run({ stream: false });
    await pass(10_000);
    expect((await whole).hedges).toBe(0);
    expect(asked).toHaveLength(31);
  });

  it("asks nobody twice", async () => {
    const one = slow();
    const { run, pass, asked } = world([a1], settings, { "a-1": one.ask });
    const call = run({ stream: true });
    await settled();
    await pass(5000);
    one.answer("done");
    expect(await call).toMatchObject({ value: "done", hedges: 0 });
    expect(asked).toEqual(["a-1"]);
  });

  it("stops both where the client leaves", async () => {
    const client = new AbortController();
    const [one, two] = [slow(), slow()];
    const { run, pass, stats } = world([a1, a2], settings, { "a-1": one.ask, "a-2": two.ask });
    const call = run({ stream: true, signal: client.signal });
    await settled();
    await pass(2000);
    client.abort();
    await expect(call).rejects.toThrow();
    for (const id of ["a-1", "a-2"]) expect(stats(id)).toMatchObject({ inFlight: 0, failures: 0 });
  });
});
