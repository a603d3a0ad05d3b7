/** The `openai` package against the running gateway, with upstreams that answer as no upstream should. */
import { createHash } from "node:crypto";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:net";
import { brotliCompressSync, gzipSync } from "node:zlib";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { deployments } from "./aimock.ts";
import { events, NAMES, type Name, sse, whole } from "./answers.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, sdkFor, user } from "./sdk.ts";
import { json, type Received, startUpstream, until } from "./upstream.ts";

const TEXT = "Grüße 😀";
const BIG = '0123456789 "quoted" 😀\n'.repeat(90_000); // 2 MB and more
const SSE = { "content-type": "text/event-stream" };
const pause = (milliseconds: number) => new Promise((next) => setTimeout(next, milliseconds));

interface Ask {
  name: Name;
  stream: boolean;
  request: Received;
}

/** What the upstream does, by the words of the user. */
const behaviours: Record<string, (response: ServerResponse, ask: Ask) => unknown> = {
  proper(response, { name, stream }) {
    if (stream) response.writeHead(200, SSE).end(sse(events(name, "Grü", "ße 😀")));
    else json(response, 200, whole(name, TEXT));
  },
  "only-headers"(response, { stream }) {
    response.writeHead(200, stream ? SSE : { "content-type": "application/json" });
    response.flushHeaders();
  },
  "half-of-it"(response, { name, stream }) {
    if (stream) response.writeHead(200, SSE).write(sse(events(name, TEXT).slice(0, 1)).slice(0, 40));
    else
      response
        .writeHead(200, { "content-type": "application/json" })
        .write(JSON.stringify(whole(name, TEXT)).slice(0, 60));
  },
  "one-big-event"(response, { name, stream }) {
    if (stream) response.writeHead(200, SSE).end(sse(events(name, BIG)));
    else json(response, 200, whole(name, BIG));
  },
  async "byte-by-byte"(response, { name }) {
    response.socket?.setNoDelay(true);
    response.writeHead(200, SSE);
    for (const byte of Buffer.from(sse(events(name, "Grü", "ße 😀")))) {
      response.write(Buffer.of(byte));
      await new Promise(setImmediate);
    }
    response.end();
  },
  "odd-lines"(response, { name }) {
    const text = `\uFEFF: hello\r\n\r\nretry: 10\r\n\r\n${sse(events(name, "Grü", "ße 😀"), "\r\n")
      .replaceAll("event: ", ": a comment\r\nid: 7\r\nevent:")
      .replaceAll("data: ", "unknown: field\r\ndata:")}: goodbye\r\n\r\n`;
    response.writeHead(200, { "content-type": "text/event-stream;charset=UTF-8" }).end(text);
  },
  "invalid-utf-8"(response, { name, stream }) {
    const text = stream ? sse(events(name, "a|b", TEXT)) : JSON.stringify(whole(name, `a|b${TEXT}`));
    const bytes = Buffer.from(text);
    bytes[bytes.indexOf("|")] = 0xff;
    response.writeHead(200, stream ? SSE : { "content-type": "application/json" }).end(bytes);
  },
  "no-stream": (response, { name }) => json(response, 200, whole(name, TEXT)),
  "stream-by-another-name"(response, { name }) {
    response.writeHead(200, { "content-type": "application/json" }).end(sse(events(name, "Grü", "ße 😀")));
  },
  "no-type"(response, { name, stream }) {
    response.writeHead(200).end(stream ? sse(events(name, "Grü", "ße 😀")) : JSON.stringify(whole(name, TEXT)));
  },
  "error-as-200": (response, { name }) =>
    json(response, 200, {
      ...(name === "anthropic" && { type: "error" }),
      error: { message: "The server is overloaded", type: "overloaded_error", code: 503 },
    }),
  "error-as-stream"(response, { name }) {
    const error = { message: "The server is overloaded", type: "overloaded_error", code: 503 };
    const data = JSON.stringify(name === "anthropic" ? { type: "error", error } : { error });
    response.writeHead(200, SSE).end(sse([{ ...(name === "anthropic" && { event: "error" }), data }]));
  },
  nothing: (response) => response.writeHead(204).end(),
  "nothing-but-ok": (response, { stream }) =>
    response.writeHead(200, stream ? SSE : { "content-type": "application/json" }).end(),
  null: (response) => json(response, 200, null),
  "a-list": (response) => json(response, 200, [1, "two"]),
  "other-object": (response) => json(response, 200, { hello: "world" }),
  "a-page": (response) => response.writeHead(200, { "content-type": "text/html" }).end("<html>Welcome</html>"),
  "page-as-error": (response) =>
    response.writeHead(502, { "content-type": "text/html" }).end("<h1>502 Bad Gateway</h1>"),
  teapot: (response) => response.writeHead(418, { "content-type": "application/json" }).end("{"),
  "redirect-302": (response, { request }) => response.writeHead(302, { location: elsewhere.url + request.path }).end(),
  "redirect-307": (response, { request }) => response.writeHead(307, { location: elsewhere.url + request.path }).end(),
  "redirect-308": (response, { request }) =>
    response.writeHead(308, { location: elsewhere.url + request.path }).end("moved"),
  gzip(response, { name, stream }) {
    const bytes = gzipSync(stream ? sse(events(name, "Grü", "ße 😀")) : JSON.stringify(whole(name, TEXT)));
    const type = stream ? SSE : { "content-type": "application/json" };
    response.writeHead(200, { ...type, "content-encoding": "gzip", "content-length": bytes.length }).end(bytes);
  },
  brotli(response, { name, stream }) {
    const bytes = brotliCompressSync(stream ? sse(events(name, "Grü", "ße 😀")) : JSON.stringify(whole(name, TEXT)));
    response
      .writeHead(200, { ...(stream ? SSE : { "content-type": "application/json" }), "content-encoding": "br" })
      .end(bytes);
  },
  "gzip-error": (response) =>
    response
      .writeHead(429, { "content-type": "application/json", "content-encoding": "gzip", "retry-after": "3" })
      .end(gzipSync(JSON.stringify({ error: { message: "Slow down, please", type: "rate_limit_error" } }))),
  "two-answers"(response, { name, stream }) {
    if (!stream) {
      const list = name === "openai" ? "choices" : "candidates";
      const answer = whole(name, TEXT) as Record<string, unknown[]>; // of which only the list is read
      const other = JSON.parse(second(JSON.stringify(answer))) as typeof answer;
      return json(response, 200, { ...answer, [list]: [answer[list], other[list]].flat() });
    }
    const one = events(name, TEXT);
    const both = one.flatMap((event) =>
      event.data.includes('"index":0') ? [event, { data: second(event.data) }] : [event],
    );
    response.writeHead(200, SSE).end(sse(both));
  },
  async "bit-by-bit"(response, { name }) {
    const list = events(name, "G", "r", "ü", "ß", "e 😀");
    const begun = name === "anthropic" ? 3 : 2;
    response.writeHead(200, SSE).write(sse(list.slice(0, begun)));
    for (const event of list.slice(begun)) {
      await pause(150);
      response.write(sse([event]));
    }
    response.end();
  },
};

/** The same answer, as the second of two. */
function second(json: string): string {
  return json.replaceAll('"index":0', '"index":1').replaceAll(TEXT, "Noch eine");
}

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let elsewhere: Awaited<ReturnType<typeof startUpstream>>;
let raw: Server;
let rawAnswer = Buffer.alloc(0);
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  elsewhere = await startUpstream((_, response) => json(response, 200, whole("openai", "stolen")));
  upstream = await startUpstream(async (request, response) => {
    const [, words = ""] = /do: ([\w-]+)/.exec(JSON.stringify(request.body).slice(0, 5000)) ?? [];
    const name = NAMES.find((known) => request.path.startsWith(`/${known}`))!;
    const stream = request.body["stream"] === true || request.path.includes("streamGenerateContent");
    await behaviours[words]?.(response, { name, stream, request });
  });
  raw = createServer((socket) => {
    socket.on("error", () => {}).once("data", () => socket.end(rawAnswer));
  });
  await new Promise<void>((done) => raw.listen(0, "127.0.0.1", done));
  const address = raw.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const models = (url: string, prefix: string, params: object = {}) =>
    deployments("", { ...params }).flatMap(({ model_name, litellm_params }) =>
      NAMES.some((name) => name === model_name)
        ? [
            {
              model_name: `${prefix}${model_name}`,
              litellm_params: { ...litellm_params, api_base: `${url}/${model_name}${litellm_params.api_base}` },
            },
          ]
        : [],
    );
  gateway = await startGateway({
    model_list: [
      ...models(upstream.url, ""),
      ...models(upstream.url, "hasty-", { timeout: 0.6, stream_timeout: 0.3 }),
      ...models(`http://127.0.0.1:${port}`, "raw-"),
    ],
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
  client = sdkFor(gateway, MASTER_KEY);
});

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
  await elsewhere?.close();
  raw?.close();
});

async function wholly(model: string, words: string): Promise<string> {
  const { choices } = await client.chat.completions.create({ model, messages: user(`do: ${words}`) });
  expect(choices[0]?.finish_reason).toBe("stop");
  return choices[0]?.message.content ?? "";
}

async function streamed(model: string, words: string, include_usage: boolean): Promise<string> {
  const stream = await client.chat.completions.create({
    model,
    messages: user(`do: ${words}`),
    stream: true,
    stream_options: { include_usage },
  });
  let text = "";
  const finishes: unknown[] = [];
  let usage: OpenAI.CompletionUsage | null | undefined;
  for await (const chunk of stream) {
    text += chunk.choices[0]?.delta.content ?? "";
    if (chunk.choices[0]?.finish_reason) finishes.push(chunk.choices[0].finish_reason);
    usage = chunk.usage ?? usage;
  }
  expect(finishes).toEqual(["stop"]);
  if (include_usage) expect(usage).toMatchObject({ prompt_tokens: 11, completion_tokens: 7 });
  else expect(usage ?? null).toBeNull();
  return text;
}

/** Asks in the three ways there are: whole, streamed with usage (which may pass untouched), streamed without. */
function inEveryWay(model: string, words: string): Promise<string>[] {
  return [wholly(model, words), streamed(model, words, true), streamed(model, words, false)];
}

describe.each(NAMES)("%s", (name) => {
  it.each(["proper", "no-type", "gzip", "brotli"])("understands: %s", async (words) => {
    expect(await Promise.all(inEveryWay(name, words))).toEqual([TEXT, TEXT, TEXT]);
  });

  it.each(["byte-by-byte", "odd-lines", "no-stream", "stream-by-another-name"])(
    "understands a stream: %s",
    async (words) => {
      expect(await Promise.all([streamed(name, words, true), streamed(name, words, false)])).toEqual([TEXT, TEXT]);
    },
  );

  it.runIf(name !== "anthropic")("keeps two answers apart", async () => {
    const params = { model: name, messages: user("do: two-answers"), n: 2 };
    const { choices } = await client.chat.completions.create(params);
    expect(choices).toMatchObject([
      { index: 0, message: { content: TEXT }, finish_reason: "stop" },
      { index: 1, message: { content: "Noch eine" }, finish_reason: "stop" },
    ]);
    for (const include_usage of [true, false]) {
      const runner = client.chat.completions.stream({ ...params, stream_options: { include_usage } });
      expect((await runner.finalChatCompletion()).choices).toMatchObject([
        { index: 0, message: { content: TEXT }, finish_reason: "stop" },
        { index: 1, message: { content: "Noch eine" }, finish_reason: "stop" },
      ]);
    }
  });

  it("carries 2 MB in one event", async () => {
    const hash = (text: string) => createHash("sha256").update(text).digest("hex");
    const answers = await Promise.all(inEveryWay(name, "one-big-event"));
    expect(answers.map(hash)).toEqual(Array(3).fill(hash(BIG)));
  });

  it("survives bytes that are no text", async () => {
    const answers = await Promise.all(inEveryWay(name, "invalid-utf-8"));
    expect(answers).toEqual(Array(3).fill(`a\uFFFDb${TEXT}`));
  });

  it.each([
    ["error-as-200", name === "anthropic" ? 500 : 503],
    ["nothing", 500],
    ["nothing-but-ok", 500],
    ["null", 500],
    ["a-list", 500],
    ["other-object", 500],
    ["a-page", 500],
    ["page-as-error", 502],
    ["teapot", 418],
    ["redirect-302", 500],
    ["redirect-307", 500],
    ["redirect-308", 500],
    ["gzip-error", 429],
  ])("is told of no answer: %s", async (words, status) => {
    for (const failure of await Promise.all(inEveryWay(name, words).map(failureOf))) {
      expect(failure.status).toBe(status);
      expect(failure.message).toContain("litellm.");
      expect(JSON.stringify([failure, [...(failure.headers ?? [])]])).not.toContain(`key-of-${name}`);
    }
    expect(elsewhere.received).toEqual([]);
  });

  it("is told of an error that comes as the first event", async () => {
    for (const include_usage of [true, false]) {
      const failure = await failureOf(streamed(name, "error-as-stream", include_usage));
      expect(failure.status).toBe(name === "anthropic" ? 500 : 503);
      expect(failure.message).toContain("The server is overloaded");
    }
  });

  it.each(["only-headers", "half-of-it"])("does not wait for ever: %s", async (words) => {
    const failures = await Promise.all(inEveryWay(`hasty-${name}`, words).map(failureOf));
    for (const failure of failures) {
      expect(failure.status).toBe(408);
      expect(failure.message).toContain("litellm.Timeout");
    }
    const asked = upstream.received.filter(
      ({ path, body }) => path.startsWith(`/${name}`) && JSON.stringify(body).includes(`do: ${words}`),
    );
    await until(() => asked.every(({ aborted }) => aborted));
  });

  it("lets an answer that has begun take its time", async () => {
    const answers = [true, false].map((include_usage) => streamed(`hasty-${name}`, "bit-by-bit", include_usage));
    expect(await Promise.all(answers)).toEqual([TEXT, TEXT]);
  });

  it("carries an image of 20 MB", async () => {
    const data = Buffer.alloc(15 * 1024 * 1024, "not all the same ").toString("base64"); // 20 MB of base64
    const answer = await client.chat.completions.create({
      model: name,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "do: proper" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${data}` } },
          ],
        },
      ],
    });
    expect(answer.choices[0]?.message.content).toBe(TEXT);
    const sent = JSON.stringify(upstream.received.at(-1)?.body);
    expect(sent.includes(name === "openai" ? `"data:image/png;base64,${data}"` : `"${data}"`)).toBe(true);
    upstream.received.pop(); // 20 MB
  });
});

describe("many at once", () => {
  it("keeps 100 calls apart, most of them odd", async () => {
    const odd = ["proper", "byte-by-byte", "odd-lines", "gzip", "no-stream", "a-page", "nothing", "error-as-200"];
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, number) => {
        const words = odd[number % odd.length]!;
        return streamed(NAMES[number % NAMES.length]!, words, number % 2 === 0).then(
          (text) => [words, text],
          (error) => [words, error instanceof OpenAI.APIError ? "an error" : error],
        );
      }),
    );
    for (const [words, outcome] of outcomes)
      expect([words, outcome]).toEqual([words, odd.indexOf(words as string) < 5 ? TEXT : "an error"]);
  });
});

describe("an upstream's head", () => {
  const answerWith = (head: string, body = JSON.stringify(whole("openai", TEXT))) => {
    const length = Buffer.byteLength(body);
    rawAnswer = Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${head}\r\n`,
        "latin1",
      ),
      Buffer.from(body),
    ]);
  };

  it("may have odd headers", async () => {
    answerWith(
      [
        "x-latin: caf\xe9 \x80\xff",
        "x-utf-8: \xf0\x9f\x98\x80",
        "x-tab: a\tb",
        "x-empty:",
        "x_under.score~!#$%&'*+^`|: 1",
        "x-twice: 1",
        "x-twice: 2",
        `x-long: ${"y".repeat(3000)}`,
        "set-cookie: session=1; Domain=gateway",
        "set-cookie: b=2",
        "access-control-allow-origin: *",
        "strict-transport-security: max-age=1",
        "x-litellm-call-id: forged",
        "x-litellm-response-cost: 999",
        "x-ratelimit-remaining-requests: 41",
        "",
      ].join("\r\n"),
    );
    const { data, response } = await client.chat.completions
      .create({ model: "raw-openai", messages: user("Hi") })
      .withResponse();
    expect(data.choices[0]?.message.content).toBe(TEXT);
    expect(response.headers.get("llm_provider-x-twice")).toBe("1, 2");
    expect(response.headers.get("x-ratelimit-remaining-requests")).toBe("41");
    expect(response.headers.get("x-litellm-call-id")).not.toBe("forged");
    expect(Number(response.headers.get("x-litellm-response-cost"))).toBeLessThan(1);
    const names = [...response.headers.keys()].join();
    expect(names).not.toMatch(/set-cookie|llm_provider-(?:access-control|strict-transport|x-litellm)/);
  });

  it.each([
    ["is not HTTP", "SSH-2.0-OpenSSH_9.6\r\n"],
    ["is cut off", "HTTP/1.1 200 OK\r\ncontent-type: appl"],
    ["never comes", ""],
    [
      "promises more than there is",
      'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999\r\n\r\n{"id',
    ],
    [
      "promises chunks",
      "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\nnot a number\r\n",
    ],
    [
      "promises gzip",
      "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: 5\r\n\r\nplain",
    ],
  ])("that %s is an error", async (_, head) => {
    rawAnswer = Buffer.from(head, "latin1");
    const failures = await Promise.all(inEveryWay("raw-openai", "whatever").map(failureOf));
    expect(failures.map(({ status }) => status)).toEqual([500, 500, 500]);
  });
});

describe("afterwards", () => {
  it("the gateway is as well as before", async () => {
    expect(gateway.child.exitCode).toBeNull();
    expect(await (await fetch(`${gateway.url}/health/liveliness`)).json()).toBe("I'm alive!");
    for (const name of NAMES) expect(await Promise.all(inEveryWay(name, "proper"))).toEqual([TEXT, TEXT, TEXT]);
  });
});
