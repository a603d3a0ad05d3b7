/** Bad days: a deployment that misbehaves in every way there is, and one beside it that does not. */
import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { events, sse, whole } from "./answers.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const SSE = { "content-type": "text/event-stream" };
const TEXT = "Good day";
const pause = (milliseconds: number) => new Promise((next) => setTimeout(next, milliseconds));
const piece = (text: string) => sse(events("openai", text).slice(0, 2)); // role, and the first content
const overloaded = { error: { message: "The server is overloaded", type: "overloaded_error", code: 503 } };

type Behaviour = (response: ServerResponse, asked: { stream: boolean; count: number }) => unknown;

/** By the name of the upstream's model. */
const behaviours: Record<string, Behaviour> = {
  good(response, { stream }) {
    if (stream) response.writeHead(200, SSE).end(sse(events("openai", "Good ", "day")));
    else json(response, 200, whole("openai", TEXT));
  },
  "500": (response) => json(response, 500, { error: { message: "Internal error" } }),
  "503-page": (response) => response.writeHead(503, { "content-type": "text/html" }).end("<h1>Down</h1>"),
  "429": (response) => json(response, 429, { error: { message: "Slow down" } }),
  "429-for-2": (response) => json(response, 429, { error: { message: "Slow down" } }, { "retry-after": "2" }),
  "429-once"(response, asked) {
    if (asked.count > 1) behaviours["good"]?.(response, asked);
    else json(response, 429, { error: { message: "Slow down" } }, { "retry-after": "1" });
  },
  "no-headers": () => {},
  "no-content": (response) => response.writeHead(200, SSE).flushHeaders(),
  "no-more"(response, { stream }) {
    if (stream) response.writeHead(200, SSE).write(piece("Go"));
    else response.writeHead(200, { "content-type": "application/json" }).write('{"id":"chat');
  },
  "reset-at-once": (response) => response.destroy(),
  "reset-midway"(response, { stream }) {
    if (stream) response.writeHead(200, SSE).write(piece("Go"));
    else response.writeHead(200, { "content-type": "application/json", "content-length": 900 }).write('{"id":"chat');
    setTimeout(() => response.destroy(), 30);
  },
  garbage(response, { stream }) {
    if (stream) response.writeHead(200, SSE).end('data: {"id":"chat\n\ndata: }}}}\n\n');
    else response.writeHead(200, { "content-type": "application/json" }).end('{"id":"chat');
  },
  "truncated-at-once": (response) => response.writeHead(200, SSE).end(sse(events("openai", TEXT).slice(0, 1))),
  truncated: (response) => response.writeHead(200, SSE).end(piece("Go")),
  "error-first": (response) => response.writeHead(200, SSE).end(sse([{ data: JSON.stringify(overloaded) }])),
  "error-later"(response) {
    response.writeHead(200, SSE).write(piece("Go"));
    setTimeout(() => response.end(sse([{ data: JSON.stringify(overloaded) }])), 30);
  },
  "a-page": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>"),
  "a-picture": (response) =>
    response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from([137, 80, 78, 71])),
  async "a-byte-a-second"(response, { stream }) {
    const text = stream ? sse(events("openai", TEXT)) : JSON.stringify(whole("openai", TEXT));
    response.writeHead(200, stream ? SSE : { "content-type": "application/json" });
    for (const byte of Buffer.from(text)) {
      if (response.destroyed) return;
      response.write(Buffer.of(byte));
      await pause(1000);
    }
  },
  async "slow-after-the-first"(response) {
    response.writeHead(200, SSE).write(piece("Go"));
    for (const byte of Buffer.from(sse(events("openai", "od day").slice(1)).slice(-40))) {
      response.write(Buffer.of(byte));
      await pause(60);
    }
    response.end();
  },
};

/** Those whose upstream is to be hung up on. */
const HANG = new Set(["no-headers", "no-content", "no-more", "a-byte-a-second"]);

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
const counts = new Map<string, number>();

beforeAll(async () => {
  upstream = await startUpstream(async ({ body }, response) => {
    const name = String(body["model"]);
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const [behaviour = ""] = name.split("/").slice(-1);
    await behaviours[behaviour]?.(response, { stream: body["stream"] === true, count });
  });
  const at = (group: string, model: string, params: object = {}) => ({
    model_name: group,
    litellm_params: { model: `openai/${group}/${model}`, api_base: upstream.url, api_key: "key", ...params },
    model_info: { id: `${group}-${model}` },
  });
  /** One that is always asked first, and one that serves where it does not. */
  const pair = (model: string, params: object = {}) => [
    at(model, model, { weight: 1, timeout: 0.5, stream_timeout: 0.4, ...params }),
    at(model, "good", { weight: 0 }),
  ];
  gateway = await startGateway({
    model_list: [
      ...Object.keys(behaviours).flatMap((model) =>
        ["good", "slow-after-the-first"].includes(model) ? [] : pair(model),
      ),
      ...pair("slow-after-the-first", { stream_timeout: 1.5 }), // a busy machine's pauses are not silence
      at("fine", "good"),
      ...pair("gone", { api_base: "http://127.0.0.1:1" }),
      at("alone", "429-once"),
      ...["one", "two"].map((name) => ({
        ...at("down", "429-for-2"),
        model_info: { id: `down-${name}` },
      })),
      at("with-fallback", "500"),
      at("fallback", "good"),
      at("thirds", "500", { cooldown_time: 0.5 }),
      { ...at("thirds", "good"), model_info: { id: "thirds-good-1" } },
      { ...at("thirds", "good"), model_info: { id: "thirds-good-2" } },
    ],
    router_settings: { fallbacks: [{ "with-fallback": ["fallback"] }] },
  });
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

const bodyFor = (model: string, stream = false) => ({ model, stream, messages: [{ role: "user", content: "Hi" }] });
const call = (model: string, stream = false, more: object = {}) =>
  gateway.call("/v1/chat/completions", { ...bodyFor(model, stream), ...more });

/** What a client has of a call. */
async function ask(model: string, stream: boolean) {
  const response = await call(model, stream);
  const body = await response.text();
  const lines = body.split("\n").flatMap((line) => (line.startsWith("data: {") ? [JSON.parse(line.slice(6))] : []));
  const answer = stream ? lines : [JSON.parse(body)];
  const text = answer
    .map(({ choices }) => choices?.[0]?.delta?.content ?? choices?.[0]?.message?.content ?? "")
    .join("");
  return {
    status: response.status,
    retries: response.headers.get("x-litellm-attempted-retries"),
    id: response.headers.get("x-litellm-model-id"),
    text,
    isDone: body.endsWith("data: [DONE]\n\n"),
    error: answer.find(({ error }) => error)?.error,
  };
}

/** How often a deployment was asked. */
const asked = (group: string, model = group) => counts.get(`${group}/${model}`) ?? 0;
const requestsTo = (group: string): Received[] =>
  upstream.received.filter(({ body }) => body["model"] === `${group}/${group}`);

describe("before the first content another deployment answers", () => {
  const both = [false, true];
  it.each([
    ["500", both],
    ["503-page", both],
    ["no-headers", both],
    ["no-content", [true]],
    ["no-more", [false]],
    ["reset-at-once", both],
    ["reset-midway", [false]],
    ["garbage", both],
    ["truncated-at-once", [true]],
    ["error-first", both],
    ["a-page", both],
    ["a-picture", [false]],
    ["a-byte-a-second", both],
    ["gone", both],
  ])("%s", async (model, ways) => {
    for (const stream of ways) {
      const begun = Date.now();
      const { id, status, text, retries, isDone } = await ask(model, stream);
      expect({ id, status, text, retries }).toEqual({ id: `${model}-good`, status: 200, text: TEXT, retries: "1" });
      if (stream) expect(isDone).toBe(true);
      expect(Date.now() - begun).toBeLessThan(3000);
    }
    if (model === "gone") return;
    expect(asked(model)).toBe(ways.length);
    await until(() => requestsTo(model).every(({ aborted }) => aborted || !HANG.has(model))); // nothing is left behind
  });
});

describe("after it the stream ends with an error event", () => {
  it.each([
    ["no-more", /went silent|Timeout/],
    ["reset-midway", /connection|APIConnectionError/i],
    ["truncated", /ended|cut|complete|before/i],
    ["error-later", /overloaded/],
  ])("%s", async (model, message) => {
    const begun = Date.now();
    const { status, text, error, isDone } = await ask(model, true);
    expect([status, text]).toEqual([200, "Go"]);
    expect(error?.message).toMatch(message);
    expect(isDone).toBe(false);
    expect(Date.now() - begun).toBeLessThan(3000);
    await until(() => requestsTo(model).every(({ aborted }) => aborted || !HANG.has(model)));
  });

  it("but not of one that is merely slow", async () => {
    const { status, error, isDone } = await ask("slow-after-the-first", true);
    expect([status, error, isDone]).toEqual([200, undefined, true]);
  });
});

describe("rate limits", () => {
  it("429 without Retry-After: asked once, then left alone", async () => {
    for (let i = 0; i < 5; i++) expect((await ask("429", i % 2 === 0)).text).toBe(TEXT);
    expect(asked("429")).toBe(1);
  });

  it("429 with Retry-After: left alone so long, then tried once", async () => {
    for (let i = 0; i < 5; i++) expect((await ask("429-for-2", i % 2 === 0)).text).toBe(TEXT);
    expect(asked("429-for-2")).toBe(1);
    await pause(2100);
    await Promise.all(Array.from({ length: 10 }, () => ask("429-for-2", false)));
    expect(asked("429-for-2")).toBe(2);
  });

  it("one that is alone is waited for as long as it asks", async () => {
    const begun = Date.now();
    expect(await ask("alone", false)).toMatchObject({ status: 200, text: TEXT, retries: "1" });
    expect(Date.now() - begun).toBeGreaterThanOrEqual(1000);
  });

  it("all down: 429 with the seconds to wait, and nobody is asked", async () => {
    const first = await call("down");
    expect(first.status).toBe(429);
    expect(asked("down", "429-for-2")).toBe(2);
    const response = await call("down");
    expect(response.status).toBe(429);
    expect(response.headers.get("retry-after")).toBe("2");
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error.code).toBe("429");
    expect(error.message).toContain(
      "No deployments available for selected model, Try again in 2 seconds. Passed model=down. " +
        "pre-call-checks=False, cooldown_list=['down-one', 'down-two']",
    );
    expect(asked("down", "429-for-2")).toBe(2);
    await pause(2100);
    expect((await call("down")).status).toBe(429);
    expect(asked("down", "429-for-2")).toBeGreaterThan(2);
  });
});

it("a group that fails whole falls back", async () => {
  const response = await call("with-fallback", false, { num_retries: 0 });
  expect(response.status).toBe(200);
  expect(response.headers.get("x-litellm-attempted-fallbacks")).toBe("1");
  expect(response.headers.get("x-litellm-model-group")).toBe("fallback");
  const refused = await call("with-fallback", false, { num_retries: 0, disable_fallbacks: true });
  expect(refused.status).toBe(500);
});

it("one of three bad at 1,000 requests: no client sees it, and it is hit only as often as the rules allow", async () => {
  const begun = Date.now();
  let left = 1000;
  const outcomes: string[] = [];
  const client = async () => {
    while (left-- > 0) {
      const { status, text, error } = await ask("thirds", left % 2 === 0);
      outcomes.push(status === 200 && text === TEXT && error === undefined ? "good" : JSON.stringify(error));
    }
  };
  await Promise.all(Array.from({ length: 20 }, client));
  expect(outcomes.filter((outcome) => outcome !== "good")).toEqual([]);
  expect(outcomes).toHaveLength(1000);
  // Until it cools: what is under way at once, and more than half of five. Then one try after each cooldown of 500 ms,
  // and in a new minute as many as at first.
  const seconds = (Date.now() - begun) / 1000;
  expect(asked("thirds", "500")).toBeLessThanOrEqual(20 + 5 + Math.ceil(seconds / 0.5));
  expect(asked("thirds", "500")).toBeGreaterThanOrEqual(5);
});

it("the gateway is as well as before", async () => {
  expect(gateway.child.exitCode).toBeNull();
  expect(await ask("fine", true)).toMatchObject({ status: 200, text: TEXT, retries: "0" });
  const state = (await (await gateway.call("/router/state")).json()) as unknown;
  expect(JSON.stringify(state)).not.toMatch(/"in_flight":[1-9]/);
});
