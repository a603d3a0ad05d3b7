/** Failures and departures: the `openai` package, unmodified, through the running gateway, over every upstream format. */
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Aimock, deployments, FORMATS, startAimock } from "./aimock.ts";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { failureOf, recordOf, sdkFor, user } from "./sdk.ts";
import { type Received, until } from "./upstream.ts";

type Name = (typeof FORMATS)[number]["name"];

const USAGE = { prompt_tokens: 11, completion_tokens: 7 };
const SLOW_TEXT = "slowly ".repeat(2000);

let aimock: Aimock;
let gateway: TestGateway;
let client: OpenAI;

beforeAll(async () => {
  aimock = await startAimock();
  addFixtures();
  gateway = await startGateway({
    model_list: deployments(aimock.url),
    router_settings: { num_retries: 0, disable_cooldowns: true },
  });
  client = sdkFor(gateway, MASTER_KEY);
});

afterAll(async () => {
  await gateway?.stop();
  await aimock?.close();
});

/** What the model says, by the user's words. */
function addFixtures(): void {
  const { mock } = aimock;
  mock.onMessage("slowly", { content: SLOW_TEXT, usage: USAGE }, { latency: 20 });
  mock.onMessage("hold the line", { content: "Hello?", usage: USAGE }, { chaos: { latencyMs: 200 } });
  for (const [status, message] of Object.entries(FAILURES))
    mock.onMessage(`fail with ${status}.`, {
      error: { message, type: "some_error" },
      status: Number(status),
      ...(status === "429" ? { retryAfter: 9 } : {}),
    });
  for (const name of FORMATS.map(({ name }) => name)) {
    mock.onMessage(`too much for ${name}`, { error: { message: CONTEXT_WINDOW[name] }, status: 400 });
    const again = { userMessage: `try again at ${name}` };
    mock.on({ ...again, sequenceIndex: 0 }, { error: { message: "slow down" }, status: 429, retryAfter: 0 });
    mock.on({ ...again, sequenceIndex: 1 }, { error: { message: "oops" }, status: 500 });
    mock.on(again, { content: "third time lucky", usage: USAGE });
  }
}

const FAILURES: Record<string, string> = {
  400: "That is not how it is done",
  401: "No such key",
  403: "Not for you",
  404: "No such model",
  429: "Too many requests",
  500: "Something broke",
  503: "Come back later",
  529: "Overloaded",
};

const CONTEXT_WINDOW: Record<Name, string> = {
  openai: "This model's maximum context length is 128000 tokens. However, your messages resulted in 130011 tokens.",
  anthropic: "prompt is too long: 210000 tokens > 200000 maximum",
  gemini: "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).",
  groq: "Please reduce the length of the messages or completion. context_length_exceeded",
  openrouter: "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens",
};

/** What the gateway sent for the conversation that has these words in it; the last request is the last of them. */
function sent(words: string): Received[] {
  return aimock.received.filter(({ body }) => JSON.stringify(body).includes(words));
}

describe.each(FORMATS)("$name", ({ name }) => {
  it.each([
    ["400", OpenAI.BadRequestError, 400],
    ["401", OpenAI.AuthenticationError, 401],
    ["403", OpenAI.PermissionDeniedError, 403],
    ["404", OpenAI.NotFoundError, 404],
    ["429", OpenAI.RateLimitError, 429],
    ["500", OpenAI.InternalServerError, 500],
    ["503", OpenAI.InternalServerError, 503],
    ["529", OpenAI.InternalServerError, 500],
  ])("%s becomes the SDK's own error", async (given, Class, status) => {
    for (const stream of [false, true]) {
      const failure = await failureOf(
        client.chat.completions.create({ model: name, messages: user(`fail with ${given}.`), stream }),
      );
      expect(failure).toBeInstanceOf(Class);
      expect(failure.status).toBe(status);
      expect(failure.message).toContain(FAILURES[given]);
      expect(failure.code).toBe(String(status));
      if (given === "429") expect(failure.headers?.get("retry-after")).toBe("9");
      const id = failure.headers?.get("x-litellm-call-id") ?? null;
      expect(await recordOf(gateway, id)).toMatchObject({ outcome: "failure", status });
    }
  });

  it("says that the context window is exceeded", async () => {
    const failure = await failureOf(
      client.chat.completions.create({ model: name, messages: user(`too much for ${name}`) }),
    );
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError);
    expect(failure.message).toContain("ContextWindowExceededError");
    expect(failure.message).toContain(CONTEXT_WINDOW[name]);
  });

  it.each([true, false])("stops the upstream when the client aborts its stream (usage: %s)", async (include_usage) => {
    const words = `speak slowly, ${name}, ${include_usage}`;
    const abort = new AbortController();
    const { data: stream, response } = await client.chat.completions
      .create(
        { model: name, messages: user(words), stream: true, stream_options: { include_usage } },
        { signal: abort.signal },
      )
      .withResponse();
    let text = "";
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      if (text.length > 30) abort.abort();
    }
    expect(SLOW_TEXT.startsWith(text)).toBe(true);
    await until(() => sent(words)[0]?.aborted === true);
    const { outcome, usage, estimated } = await recordOf(gateway, response.headers.get("x-litellm-call-id"));
    expect({ outcome, estimated }).toEqual({ outcome: "aborted", estimated: true });
    expect((usage as OpenAI.CompletionUsage).completion_tokens).toBeGreaterThan(0);
    expect((usage as OpenAI.CompletionUsage).completion_tokens).toBeLessThan(200);
  });

  // workerd tells of a client that has left only when it writes; until then the upstream goes on.
  it.each([true, false])("accounts once for a client that does not wait (stream: %s)", async (stream) => {
    const words = `hold the line, ${name}, ${stream}`;
    const abort = new AbortController();
    const id = `held-${name}-${stream}`;
    const waiting = client.chat.completions.create(
      { model: name, messages: user(words), stream },
      { signal: abort.signal, headers: { "x-litellm-call-id": id } },
    );
    const outcome = expect(waiting).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await until(() => sent(words).length === 1);
    abort.abort();
    await outcome;
    await recordOf(gateway, id);
    expect(gateway.records().filter((call) => call["id"] === id)).toHaveLength(1);
  });
});

describe("the SDK's retries", () => {
  it("see errors they understand, from every format", async () => {
    const ask = async (name: Name) => {
      const words = `try again at ${name}`;
      const answer = await client.chat.completions.create({ model: name, messages: user(words) }, { maxRetries: 2 });
      expect(answer.choices[0]?.message.content).toBe("third time lucky");
      expect(sent(words)).toHaveLength(3);
    };
    await Promise.all(FORMATS.map(({ name }) => ask(name)));
  });
});
