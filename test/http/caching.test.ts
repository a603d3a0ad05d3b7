/** The response cache at the running gateway: what is given again, to whom, and what it costs. */
import OpenAI from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import { answerAll, MESSAGE } from "./messages-upstream.ts";
import { findRow } from "./rows.ts";
import { json, startUpstream, until } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
/** Speaks Anthropic's own format. */
let claude: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Answers so far: each has its number in it. */
let answers = 0;

const PRICES = { input_cost_per_token: 0.000_01, output_cost_per_token: 0.000_02 };
const USAGE = { prompt_tokens: 8, completion_tokens: 5, total_tokens: 13 };

function deployment(name: string, model = `openai/${name}`) {
  const litellm_params = { model, api_key: "sk-upstream", api_base: `${upstream.url}/v1`, ...PRICES };
  return { model_name: name, litellm_params };
}

beforeAll(async () => {
  upstream = await startUpstream(async ({ path, body }, response) => {
    const text = `answer ${++answers}`;
    if (body["model"] === "broken") return json(response, 500, { error: { message: "down" } });
    if (path.endsWith("/embeddings")) {
      const inputs = body["input"] as string[];
      return json(response, 200, {
        object: "list",
        model: "embed",
        data: inputs.map((input, index) => ({ object: "embedding", index, embedding: [input.length, answers] })),
        usage: { prompt_tokens: inputs.join("").length, total_tokens: inputs.join("").length },
      });
    }
    if (path.endsWith("/transcriptions")) return json(response, 200, { text });
    if (path.endsWith("/responses"))
      return json(response, 200, {
        id: `resp_${answers}`,
        object: "response",
        created_at: 1,
        status: "completed",
        model: "native",
        output: [{ type: "message", id: "msg_1", role: "assistant", status: "completed", content: [outputText(text)] }],
        usage: { input_tokens: 8, output_tokens: 5, total_tokens: 13 },
      });
    const wish = String((body["messages"] as { content: string }[] | undefined)?.at(-1)?.content);
    if (wish.startsWith("fail"))
      return json(response, 400, { error: { message: "no", type: "invalid_request_error" } });
    if (wish.startsWith("slow")) await new Promise((next) => setTimeout(next, 200));
    const finish_reason = wish.startsWith("filtered") ? "content_filter" : "stop";
    const head = { id: `chatcmpl-${answers}`, created: 1, model: "m" };
    if (body["stream"] !== true)
      return json(response, 200, {
        ...head,
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason }],
        usage: USAGE,
      });
    response.writeHead(200, { "content-type": "text/event-stream" });
    const say = (choice: object) =>
      response.write(
        `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [{ index: 0, ...choice }] })}\n\n`,
      );
    for (const word of text.split(/(?= )/)) say({ delta: { role: "assistant", content: word }, finish_reason: null });
    if (wish.startsWith("cut")) return void response.destroy();
    say({ delta: {}, finish_reason });
    response.write(
      `data: ${JSON.stringify({ ...head, object: "chat.completion.chunk", choices: [], usage: USAGE })}\n\n`,
    );
    response.end("data: [DONE]\n\n");
  });
  claude = await startUpstream(answerAll);
  gateway = await startGateway({
    model_list: [
      deployment("broken"),
      { model_name: "claude", litellm_params: { model: "anthropic/claude", api_key: "k", api_base: claude.url } },
      deployment("chat"),
      deployment("twin"),
      deployment("apart"),
      deployment("embed"),
      deployment("hear"),
    ],
    router_settings: {
      num_retries: 0,
      caching_groups: [["chat", "twin"]],
      fallbacks: [{ broken: ["apart", "embed"] }],
      disable_cooldowns: true,
    },
    litellm_settings: { cache: true, cache_params: { type: "local", ttl: 60 } },
  });
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([upstream?.close(), claude?.close()]);
});

beforeEach(async () => {
  expect((await gateway.call("/cache/flushall", {})).status).toBe(200);
});

function outputText(text: string) {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

interface Answered {
  text: string;
  hit: string | null;
  cacheKey: string | null;
  headers: Headers;
  status: number;
}

async function ask(content: string, fields: object = {}, headers: Record<string, string> = {}): Promise<Answered> {
  const body = { model: "chat", messages: [{ role: "user", content }], ...fields };
  const response = await gateway.call("/v1/chat/completions", body, headers);
  const answer = (await response.json()) as { choices?: { message: { content: string } }[] };
  return {
    text: answer.choices?.[0]?.message.content ?? JSON.stringify(answer),
    hit: response.headers.get("x-litellm-cache-hit"),
    cacheKey: response.headers.get("x-litellm-cache-key"),
    headers: response.headers,
    status: response.status,
  };
}

async function newKey(fields: object = {}): Promise<{ key: string; token: string }> {
  return (await (await gateway.call("/key/generate", fields)).json()) as { key: string; token: string };
}

const as = ({ key }: { key: string }) => ({ authorization: `Bearer ${key}` });

describe("chat", () => {
  it("is answered once for all who ask the same, in whatever order they say it", async () => {
    const first = await ask("what is one?", { temperature: 0, top_p: 1 });
    const second = await ask("what is one?", { top_p: 1, temperature: 0, user: "somebody" });
    expect(first).toMatchObject({ hit: "false", status: 200 });
    expect(second).toMatchObject({ hit: "true", text: first.text, cacheKey: first.cacheKey });
    expect(first.cacheKey).toMatch(/^[0-9a-f]{64}$/);
    expect(second.headers.get("x-litellm-response-cost")).toMatch(/^0(\.0*)?$/);
    expect(second.headers.get("x-litellm-model-id")).toBe(first.headers.get("x-litellm-model-id"));
  });

  it("is asked anew where anything differs that decides the answer", async () => {
    const first = await ask("what is two?");
    for (const fields of [
      { temperature: 0.5 },
      { model: "apart" },
      { top_k: 3 },
      { seed: 1 },
      { extra_headers: { "x-mode": "b" } },
      { mock_response: "made up" },
    ])
      expect(await ask("what is two?", fields), JSON.stringify(fields)).toMatchObject({ hit: "false" });
    expect(await ask("what is two? ")).toMatchObject({ hit: "false" });
    expect(await ask("what is two?")).toMatchObject({ hit: "true", text: first.text });
  });

  it("shares answers between the models of a caching group", async () => {
    const { text } = await ask("shared?");
    expect(await ask("shared?", { model: "twin" })).toMatchObject({ hit: "true", text });
  });

  it("is told as a stream what came whole, and whole what came as a stream", async () => {
    const client = new OpenAI({ apiKey: "sk-test-master-key-0123456789", baseURL: `${gateway.url}/v1` });
    const messages = [{ role: "user" as const, content: "stream me" }];
    const streamed = async (options: object = {}) => {
      let [text, finish, usage, chunks]: [string, string | null, unknown, number] = ["", null, undefined, 0];
      for await (const chunk of await client.chat.completions.create({
        model: "chat",
        messages,
        stream: true,
        ...options,
      })) {
        chunks++;
        text += chunk.choices[0]?.delta.content ?? "";
        finish = chunk.choices[0]?.finish_reason ?? finish;
        usage = chunk.usage ?? usage;
      }
      return { text, finish, usage, chunks };
    };
    const first = await streamed();
    expect(first).toMatchObject({ finish: "stop", usage: undefined });
    const before = answers;
    const again = await streamed({ stream_options: { include_usage: true } });
    expect(again).toMatchObject({ text: first.text, finish: "stop", usage: USAGE });
    const whole = await client.chat.completions.create({ model: "chat", messages });
    expect(whole.choices[0]).toMatchObject({ message: { content: first.text }, finish_reason: "stop" });
    expect(whole).toMatchObject({ object: "chat.completion", usage: USAGE });
    expect(answers).toBe(before);
  });

  it("keeps the whole of a stream whose bytes passed untouched", async () => {
    const fields = { stream: true, stream_options: { include_usage: true } };
    const body = { model: "chat", messages: [{ role: "user", content: "relayed" }], ...fields };
    await (await gateway.call("/v1/chat/completions", body)).text();
    const text = `answer ${answers}`;
    await until(() => gateway.records().length > 0);
    expect(await ask("relayed")).toMatchObject({ hit: "true", text });
  });

  it.each(["fail", "filtered"])("does not keep an answer that %s", async (wish) => {
    await ask(`${wish} now`);
    expect(await ask(`${wish} now`)).not.toMatchObject({ hit: "true" });
  });

  it("does not keep a stream that was cut", async () => {
    const body = { model: "chat", stream: true, messages: [{ role: "user", content: "cut it" }] };
    const text = await (await gateway.call("/v1/chat/completions", body)).text();
    expect(text).toContain('"error"');
    expect(await (await gateway.call("/v1/chat/completions", body)).headers.get("x-litellm-cache-hit")).toBe("false");
  });

  it("does not keep what a fallback answered, and finds what it keeps for itself", async () => {
    const first = await ask("instead", { model: "broken" });
    expect(first).toMatchObject({ status: 200, hit: "false" });
    const second = await ask("instead", { model: "broken" });
    expect(second.hit).toBe("false");
    expect(second.text).not.toBe(first.text);
  });

  it("answers 50 at once, and all after", async () => {
    const all = await Promise.all(Array.from({ length: 50 }, () => ask("slow for all")));
    expect(all.every(({ status }) => status === 200)).toBe(true);
    const before = answers;
    const after = await Promise.all(Array.from({ length: 50 }, () => ask("slow for all")));
    expect(new Set(after.map(({ hit }) => hit))).toEqual(new Set(["true"]));
    expect(new Set(after.map(({ text }) => text)).size).toBe(1);
    expect(answers).toBe(before);
  });

  it("is not kept where the provider keeps it, or tools do things", async () => {
    for (const fields of [{ store: true }, { tools: [{ type: "code_interpreter" }] }]) {
      await ask("state", fields);
      expect((await ask("state", fields)).hit).toBeNull();
    }
  });
});

describe("controls", () => {
  it("ttl: for so long and no longer", async () => {
    await ask("short", { cache: { ttl: 1 } });
    expect(await ask("short")).toMatchObject({ hit: "true" });
    await new Promise((next) => setTimeout(next, 1100));
    expect(await ask("short")).toMatchObject({ hit: "false" });
  });

  it("no-cache asks anew and keeps that; no-store keeps nothing", async () => {
    const first = await ask("fresh");
    const second = await ask("fresh", { cache: { "no-cache": true } });
    expect(second.text).not.toBe(first.text);
    expect(await ask("fresh")).toMatchObject({ hit: "true", text: second.text });
    await ask("secret", { cache: { "no-store": true } });
    expect(await ask("secret")).toMatchObject({ hit: "false" });
    expect(await ask("secret", { caching: false })).toMatchObject({ hit: null });
  });

  it("s-maxage: no older than that; and the same by Cache-Control", async () => {
    const { text } = await ask("aged");
    await new Promise((next) => setTimeout(next, 1100));
    expect(await ask("aged", { cache: { "s-maxage": 60 } })).toMatchObject({ hit: "true", text });
    expect(await ask("aged", {}, { "cache-control": "max-age=60" })).toMatchObject({ hit: "true" });
    expect(await ask("aged", { cache: { "s-maxage": 1, "no-store": true } })).toMatchObject({ hit: "false" });
    expect(await ask("aged", {}, { "cache-control": "no-cache, no-store" })).toMatchObject({ hit: null });
  });

  it("namespace: nothing of another is seen, and it stands before the name", async () => {
    const first = await ask("spaced", { cache: { namespace: "a:b" } });
    expect(first.cacheKey).toMatch(/^a%3Ab:[0-9a-f]{64}$/);
    expect(await ask("spaced")).toMatchObject({ hit: "false" });
    expect(await ask("spaced", { cache: { namespace: "a" } })).toMatchObject({ hit: "false" });
    expect(await ask("spaced", { cache: { namespace: "a:b" } })).toMatchObject({ hit: "true", text: first.text });
  });

  it.each([{ cache: "yes" }, { cache: { ttl: -1 } }, { cache: { "no-cache": 3 } }, { cache: { namespace: "" } }])(
    "refuses what it cannot mean: %j",
    async (fields) => {
      const { status, text } = await ask("x", fields);
      expect(status).toBe(400);
      expect(text).toContain("invalid_request_error");
    },
  );

  it("lets a key set only those it may", async () => {
    const key = await newKey({ allowed_cache_controls: ["no-cache"] });
    expect((await ask("mine", { cache: { "no-cache": true } }, as(key))).status).toBe(200);
    expect((await ask("mine", { cache: { ttl: 5 } }, as(key))).status).toBe(403);
  });
});

describe("tenants", () => {
  it("share what their keys were answered, and nothing with others", async () => {
    const team = (await (await gateway.call("/team/new", { team_alias: "one" })).json()) as { team_id: string };
    const other = (await (await gateway.call("/team/new", { team_alias: "two" })).json()) as { team_id: string };
    const [a, b, c] = await Promise.all([
      newKey({ team_id: team.team_id }),
      newKey({ team_id: team.team_id }),
      newKey({ team_id: other.team_id }),
    ]);
    const first = await ask("whose?", {}, as(a));
    expect(await ask("whose?", {}, as(b))).toMatchObject({ hit: "true", text: first.text });
    expect(await ask("whose?", {}, as(c))).toMatchObject({ hit: "false" });
    expect(await ask("whose?", { cache: { namespace: `team:${team.team_id}` } }, as(c))).toMatchObject({
      hit: "false",
    });
  });

  it("of which there are none are one", async () => {
    const [a, b] = await Promise.all([newKey(), newKey()]);
    await ask("nobody's", {}, as(a));
    expect(await ask("nobody's", {}, as(b))).toMatchObject({ hit: "true" });
  });
});

describe("the ledger", () => {
  it("has a row for each answer, and nothing is paid for those given again", async () => {
    const key = await newKey({ max_budget: 1, rpm_limit: 3 });
    const first = await ask("row", {}, as(key));
    const second = await ask("row", {}, as(key));
    const paid = await findRow(gateway, key.token, first.headers.get("x-litellm-call-id"));
    const free = await findRow(gateway, key.token, second.headers.get("x-litellm-call-id"));
    expect(paid).toMatchObject({ cache_hit: "False", spend: 0.000_18, total_tokens: 13, cache_key: first.cacheKey });
    expect(free).toMatchObject({
      cache_hit: "True",
      cache_key: first.cacheKey,
      spend: 0,
      total_tokens: 13,
      prompt_tokens: 8,
      completion_tokens: 5,
      status: "success",
      model: "chat",
      custom_llm_provider: "openai",
      model_group: "chat",
    });
    const info = (await (await gateway.call(`/key/info?key=${key.token}`)).json()) as { info: { spend: number } };
    expect(info.info.spend).toBeCloseTo(0.000_18, 9);
    // Requests are counted, whoever answers.
    expect((await ask("row", {}, as(key))).status).toBe(200);
    expect((await ask("row", {}, as(key))).status).toBe(429);
  });

  it("is told by /global/activity/cache_hits", async () => {
    const key = await newKey({ key_alias: "counted" });
    await ask("count", {}, as(key));
    const second = await ask("count", {}, as(key));
    await findRow(gateway, key.token, second.headers.get("x-litellm-call-id"));
    const day = new Date().toISOString().slice(0, 10);
    const rows = (await (
      await gateway.call(`/global/activity/cache_hits?start_date=${day}&end_date=${day}`)
    ).json()) as { api_key: string }[];
    expect(rows.find(({ api_key }) => api_key === "counted")).toMatchObject({
      total_rows: 2,
      cache_hit_true_rows: 1,
      cached_completion_tokens: 5,
      generated_completion_tokens: 5,
    });
  });
});

describe("other operations", () => {
  it("embeddings: only the inputs that are missing are asked for", async () => {
    const client = new OpenAI({ apiKey: "sk-test-master-key-0123456789", baseURL: `${gateway.url}/v1` });
    await client.embeddings.create({ model: "embed", input: ["a", "bbb"] });
    const second = await client.embeddings.create({ model: "embed", input: ["bbb", "cc", "a"] });
    expect(upstream.received.at(-1)?.body["input"]).toEqual(["cc"]);
    expect(second.data.map(({ index, embedding }) => [index, embedding[0]])).toEqual([
      [0, 3],
      [1, 2],
      [2, 1],
    ]);
    expect(second.usage).toEqual({ prompt_tokens: 6, total_tokens: 6 });
    const before = answers;
    const response = await gateway.call("/v1/embeddings", { model: "embed", input: ["cc", "a"] });
    expect(response.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(await response.json()).toMatchObject({ data: [{ embedding: [2, before] }, { index: 1 }] });
    const one = await gateway.call("/v1/embeddings", { model: "embed", input: "cc", encoding_format: "base64" });
    expect(one.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(answers).toBe(before);
  });

  it("embeddings: what a fallback answers is not put together with what is known", async () => {
    const embed = async (model: string, ...input: string[]) => {
      const answer = await (await gateway.call("/v1/embeddings", { model, input })).json();
      return (answer as { data: { embedding: number[] }[] }).data.map(({ embedding }) => embedding[1]);
    };
    expect(new Set(await embed("broken", "a", "b")).size).toBe(1);
    expect(new Set(await embed("broken", "b", "c")).size).toBe(1);
  });

  it("transcriptions: by the file's content", async () => {
    const hear = async (content: string, name: string) => {
      const form = new FormData();
      form.set("model", "hear");
      form.set("file", new File([content], name, { type: "audio/wav" }));
      const response = await fetch(`${gateway.url}/v1/audio/transcriptions`, {
        method: "POST",
        headers: { authorization: "Bearer sk-test-master-key-0123456789" },
        body: form,
      });
      const hit = response.headers.get("x-litellm-cache-hit");
      return { hit, ...((await response.json()) as object) };
    };
    const first = await hear("sound", "one.wav");
    expect(first).toMatchObject({ hit: "false" });
    expect(await hear("sound", "two.wav")).toEqual({ ...first, hit: "true" });
    expect(await hear("noise", "one.wav")).toMatchObject({ hit: "false" });
  });

  it("responses: those nobody keeps", async () => {
    const respond = (fields: object) =>
      gateway.call("/v1/responses", { model: "chat", input: "respond", ...fields }).then(async (response) => {
        return { hit: response.headers.get("x-litellm-cache-hit"), text: await response.text() };
      });
    const first = await respond({ store: false });
    const again = await respond({ store: false });
    expect([first.hit, again.hit]).toEqual(["false", "true"]);
    expect(JSON.parse(again.text)).toEqual(JSON.parse(first.text));
    const streamed = await respond({ store: false, stream: true });
    expect(streamed.hit).toBe("true");
    expect(streamed.text).toContain("event: response.completed");
    for (const fields of [{}, { store: true }, { store: false, include: ["reasoning.encrypted_content"] }])
      expect([(await respond(fields)).hit, (await respond(fields)).hit]).toEqual([null, null]);
  });

  it("messages, of a model that speaks them: the bytes pass, and all of it is kept", async () => {
    const body = { model: "claude", max_tokens: 50, messages: [{ role: "user", content: "hello" }] };
    const streamed = await (await gateway.call("/v1/messages", { ...body, stream: true })).text();
    expect(streamed).toContain("event: ping");
    await until(() => gateway.records().some(({ modelGroup }) => modelGroup === "claude"));
    const whole = await gateway.call("/v1/messages", body);
    expect(whole.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(await whole.json()).toEqual(MESSAGE);
    const again = await gateway.call("/v1/messages", { ...body, stream: true });
    expect(await again.text()).toContain('"partial_json":"{\\"path\\":\\"a\\"}"');
    const beta = { "anthropic-beta": "other-2026-01-01" };
    expect((await gateway.call("/v1/messages", body, beta)).headers.get("x-litellm-cache-hit")).toBe("false");
    expect(claude.received).toHaveLength(2);
  });

  it("messages and generateContent, of a model that speaks neither", async () => {
    const message = (fields: object = {}) =>
      gateway.call("/v1/messages", {
        model: "chat",
        max_tokens: 50,
        messages: [{ role: "user", content: "hello" }],
        ...fields,
      });
    const first = (await (await message()).json()) as { content: { text: string }[] };
    const again = await message({ metadata: { user_id: "me" } });
    expect(again.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(await again.json()).toEqual(first);
    const events = await (await message({ stream: true })).text();
    expect(events).toContain("event: message_stop");
    expect(events).toContain(JSON.stringify(first.content[0]?.text).slice(1, -1));

    const generate = (method: string) =>
      gateway.call(`/v1beta/models/chat:${method}`, { contents: [{ role: "user", parts: [{ text: "hello" }] }] });
    const made = await (await generate("generateContent")).json();
    const given = await generate("generateContent");
    expect(given.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(await given.json()).toEqual(made);
    const stream = await generate("streamGenerateContent?alt=sse");
    expect(stream.headers.get("x-litellm-cache-hit")).toBe("true");
    expect(await stream.text()).toContain("candidates");
  });
});

describe("the admin's routes", () => {
  it("tell and forget", async () => {
    const ping = (await (await gateway.call("/cache/ping")).json()) as Record<string, unknown>;
    expect(ping).toMatchObject({ status: "healthy", cache_type: "local", ping_response: true });
    const { cacheKey } = await ask("forget me");
    expect(await ask("forget me")).toMatchObject({ hit: "true" });
    expect((await gateway.call("/cache/delete", { keys: [cacheKey] })).status).toBe(200);
    expect(await ask("forget me")).toMatchObject({ hit: "false" });
    expect((await gateway.call("/cache/delete", { keys: "no" })).status).toBe(422);
    expect((await gateway.call("/cache/redis/info")).status).toBe(400);
    const settings = (await (await gateway.call("/cache/settings")).json()) as { current_values: object };
    expect(settings.current_values).toMatchObject({ type: "local", ttl: 60 });
    const key = await newKey();
    for (const path of ["/cache/ping", "/cache/settings", "/cache/redis/info"])
      expect((await gateway.call(path, undefined, as(key))).status).toBe(403);
    expect((await gateway.call("/cache/flushall", {}, as(key))).status).toBe(403);
  });
});
