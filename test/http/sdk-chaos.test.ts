/**
 * The `openai` package against the running gateway while upstreams fail in every way aimock knows, and break off at
 * every place of an answer. A client gets the answer, or an error of the SDK's, and soon.
 */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aimock, deployments, FORMATS, startAimock } from "./aimock.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { sdkFor, user } from "./sdk.ts";
import { startUpstream, until } from "./upstream.ts";

const USAGE = { prompt_tokens: 11, completion_tokens: 7 };
const TEXT = "The quick brown 🦊 jumps over the lazy 🐶, and über den faulen Hund.";

let aimock: Aimock;
let cutter: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let client: OpenAI;

/** aimock's whole streams, by the path they were asked for on. */
const streams = new Map<string, Buffer>();

beforeAll(async () => {
  aimock = await startAimock();
  const { mock } = aimock;
  const answer = { content: TEXT, usage: USAGE };
  mock.onMessage("drop", answer, { chaos: { dropRate: 1 } });
  mock.onMessage("garble", answer, { chaos: { malformedRate: 1 } });
  mock.onMessage("refuse", answer, { chaos: { rateLimitRate: 1 } });
  mock.onMessage("hang up", answer, { chaos: { disconnectRate: 1 } });
  mock.onMessage("dawdle", answer, { streamingProfile: { ttft: 100, tps: 200 }, chaos: { latencyMs: 50 } });
  mock.onMessage("break off at once", answer, { truncateAfterChunks: 1 });
  mock.onMessage("break off midway", answer, { truncateAfterChunks: 6, latency: 5 });
  mock.onMessage("break off by the clock", answer, { disconnectAfterMs: 60, latency: 20 });
  mock.onMessage("behave", answer);
  for (const { name } of FORMATS) {
    const recovers = { userMessage: `get well, ${name}` };
    mock.on({ ...recovers, sequenceIndex: 0 }, answer, { chaos: { disconnectRate: 1 } });
    mock.on({ ...recovers, sequenceIndex: 1 }, answer, { chaos: { malformedRate: 1 } });
    mock.on(recovers, answer);
  }
  cutter = await startUpstream(({ path, body }, response) => {
    const [, where, how] = /cut at (\d+), (end|break)/.exec(JSON.stringify(body)) ?? [];
    response.writeHead(200, { "content-type": "text/event-stream" });
    const part = streams.get(path.split("?")[0] ?? "")?.subarray(0, Number(where));
    if (how === "end") response.end(part);
    else response.write(part ?? "", () => setTimeout(() => response.destroy(), 5)); // after the bytes are on their way
  });
  gateway = await startGateway({
    model_list: [
      ...deployments(aimock.url),
      ...deployments(cutter.url).map((entry) => ({ ...entry, model_name: `cut-${entry.model_name}` })),
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
  client = sdkFor(gateway, MASTER_KEY);
});

afterAll(async () => {
  await gateway?.stop();
  await cutter?.close();
  await aimock?.close();
});

type Outcome = { text: string; finish: string | null; error?: unknown };

/** How one call ended for its client. */
async function ask(model: string, words: string, stream: boolean, include_usage = false, tag = ""): Promise<Outcome> {
  const outcome: Outcome = { text: "", finish: null };
  const options = { headers: { "x-litellm-tags": tag } };
  try {
    if (!stream) {
      const { choices } = await client.chat.completions.create({ model, messages: user(words) }, options);
      return { text: choices[0]?.message.content ?? "", finish: choices[0]?.finish_reason ?? null };
    }
    const stream_options = { include_usage };
    const params = { model, messages: user(words), stream: true, stream_options } as const;
    const chunks = await client.chat.completions.create(params, options);
    for await (const { choices } of chunks) {
      outcome.text += choices[0]?.delta.content ?? "";
      outcome.finish ??= choices[0]?.finish_reason ?? null;
    }
  } catch (error) {
    outcome.error = error;
  }
  return outcome;
}

/**
 * Right, or failed in a way a client understands. A stream that passes untouched may break off within an event: the
 * SDK cannot parse that half, and says so.
 */
function expectHonest({ text, finish, error }: Outcome, untouched = false): void {
  if (error === undefined) expect([text, finish]).toEqual([TEXT, "stop"]);
  else {
    if (!(untouched && error instanceof SyntaxError)) expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(error).not.toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
    expect(TEXT.startsWith(text)).toBe(true); // what came before is no invention
  }
}

const ENDINGS: Record<string, { whole: number; stream: number }> = {
  drop: { whole: 500, stream: 500 },
  garble: { whole: 500, stream: 500 },
  refuse: { whole: 429, stream: 429 },
  "hang up": { whole: 500, stream: 500 },
  dawdle: { whole: 200, stream: 200 },
  "break off at once": { whole: 200, stream: 500 },
  "break off midway": { whole: 200, stream: 500 },
  "break off by the clock": { whole: 200, stream: 500 },
  behave: { whole: 200, stream: 200 },
};

describe("chaos", () => {
  it.each(Object.entries(ENDINGS))("%s", async (words, expected) => {
    const ways = FORMATS.flatMap(({ name }) => [
      { name, stream: false, include_usage: false, status: expected.whole },
      { name, stream: true, include_usage: false, status: expected.stream },
      { name, stream: true, include_usage: true, status: expected.stream },
    ]);
    const outcomes = await Promise.all(
      ways.map(({ name, stream, include_usage }) => ask(name, words, stream, include_usage)),
    );
    outcomes.forEach((outcome, position) => {
      expectHonest(outcome);
      const { status } = ways[position]!;
      expect([ways[position], outcome.error === undefined]).toEqual([ways[position], status === 200]);
      const error = outcome.error as InstanceType<typeof OpenAI.APIError> | undefined; // expectHonest saw to it
      // After the first content the status is sent, and the error comes as an event.
      if (error?.status !== undefined) expect(error.status).toBe(status);
      else if (error !== undefined) expect(outcome.text).not.toBe("");
      if (status === 429) expect(error?.headers?.get("retry-after")).toBe("1");
    });
  });

  it("all at once, and each call is on the record once", async () => {
    const tag = "all at once";
    const all = Object.keys(ENDINGS).flatMap((words) =>
      FORMATS.flatMap(({ name }) => [
        ask(name, words, false, false, tag),
        ask(name, words, true, false, tag),
        ask(name, words, true, true, tag),
      ]),
    );
    for (const outcome of await Promise.all(all)) expectHonest(outcome);
    const recorded = () => gateway.records().filter(({ tags }) => (tags as string[]).includes(tag));
    await until(() => recorded().length >= all.length);
    const records = recorded();
    expect(records).toHaveLength(all.length);
    expect(new Set(records.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(records.map(({ outcome }) => outcome))).toEqual(new Set(["success", "failure"]));
  });

  it("passes, where the SDK tries again", async () => {
    const recover = async (model: string) => {
      const messages = user(`get well, ${model}`);
      const answer = await client.chat.completions.create({ model, messages }, { maxRetries: 2 });
      expect(answer.choices[0]?.message.content).toBe(TEXT);
    };
    await Promise.all(FORMATS.map(({ name }) => recover(name)));
  });
});

describe("streams cut at every place", () => {
  const PATHS = {
    openai: "/v1/chat/completions",
    anthropic: "/v1/messages",
    gemini: "/v1beta/models/gemini-2.5-flash:streamGenerateContent",
  } as const;
  const BODIES = {
    openai: { model: "m", messages: user("behave"), stream: true, stream_options: { include_usage: true } },
    anthropic: { model: "m", max_tokens: 9, messages: user("behave"), stream: true },
    gemini: { contents: [{ role: "user", parts: [{ text: "behave" }] }] },
  };

  it.each(["openai", "anthropic", "gemini"] as const)("%s", async (name) => {
    const whole = Buffer.from(
      await (
        await fetch(`${aimock.url}${PATHS[name]}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(BODIES[name]),
        })
      ).arrayBuffer(),
    );
    streams.set(PATHS[name], whole);
    expectHonest(await ask(`cut-${name}`, `cut at ${whole.length}, end`, true));
    expect((await ask(`cut-${name}`, `cut at ${whole.length}, end`, true)).error).toBeUndefined();
    // At every end of an event, right before and after it, and here and there within.
    const places = new Set<number>();
    for (let at = whole.indexOf("\n\n"); at !== -1; at = whole.indexOf("\n\n", at + 2))
      for (const place of [at - 20, at - 1, at, at + 1, at + 2, at + 9])
        if (place >= 0 && place < whole.length) places.add(place);
    const cuts = [...places].flatMap((place) => [
      { place, how: "end", include_usage: place % 2 === 0 },
      { place, how: "break", include_usage: place % 2 === 1 },
    ]);
    for (let begin = 0; begin < cuts.length; begin += 40) {
      const outcomes = await Promise.all(
        cuts
          .slice(begin, begin + 40)
          .map(({ place, how, include_usage }) => ask(`cut-${name}`, `cut at ${place}, ${how}`, true, include_usage)),
      );
      outcomes.forEach((outcome, position) => {
        expectHonest(outcome, name === "openai" && cuts[begin + position]?.include_usage);
      });
    }
  });
});

describe("afterwards", () => {
  it("the gateway is as well as before", async () => {
    expect(gateway.child.exitCode).toBeNull();
    expect(await (await fetch(`${gateway.url}/health/liveliness`)).json()).toBe("I'm alive!");
    for (const { name } of FORMATS)
      for (const stream of [false, true]) expect((await ask(name, "behave", stream)).error).toBeUndefined();
  });
});
