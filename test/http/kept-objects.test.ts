/** What is kept beside the objects of `objects.test.ts`: where it goes, who names it, and what nobody may ask. */
import type { ServerResponse } from "node:http";
import Anthropic from "@anthropic-ai/sdk";
import type OpenAI from "openai";
import { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerOpenAi } from "./openai-sdk/upstream.ts";
import { failureOf, sdkFor, user } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
let one: OpenAI;
let other: OpenAI;
let claude: Anthropic;
let otherClaude: Anthropic;

const last = (): Received => upstream.received.at(-1) as Received; // each test has just called

async function keyOf(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  const answer = await gateway.call("/key/generate", { team_id: team.team_id });
  return ((await answer.json()) as { key: string }).key;
}

const anthropicFor = (apiKey: string) =>
  new Anthropic({ baseURL: gateway.url, apiKey, maxRetries: 0, logLevel: "off" });

const kept = new Map<string, Record<string, unknown>>();

/** Anthropic, as far as it keeps files and skills. */
function answerAnthropic(request: Received, response: ServerResponse): unknown {
  const [, , what = "", id, more] = (request.path.split("?")[0] ?? "").split("/");
  if (request.headers["x-api-key"] !== "sk-ant")
    return json(response, 401, {
      type: "error",
      error: { type: "authentication_error", message: "invalid x-api-key" },
    });
  if (what === "messages")
    return json(response, 200, {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude",
      content: [{ type: "text", text: JSON.stringify(request.body["messages"]) }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 1, output_tokens: 1 },
    });
  if (request.method === "POST" && id === undefined) {
    const made =
      what === "files"
        ? { id: `file_01${kept.size}`, type: "file", filename: (request.body["file"] as File).name, size_bytes: 4 }
        : { id: `skill_01${kept.size}`, type: "skill", source: "custom" };
    kept.set(made.id, made);
    return json(response, 200, made);
  }
  const object = kept.get(id ?? "");
  if (object === undefined)
    return json(response, 404, { type: "error", error: { type: "not_found_error", message: `no ${id}` } });
  if (more === "content") return json(response, 200, { content: "text" });
  if (more === "versions") return json(response, 200, { id: "v1", type: "skill_version", skill_id: id, version: "1" });
  return json(response, 200, request.method === "DELETE" ? { id, type: `${what.slice(0, -1)}_deleted` } : object);
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => {
    if (request.path.startsWith("/claude/")) answerAnthropic({ ...request, path: request.path.slice(7) }, response);
    else answerOpenAi(request, response);
  });
  const model = (model_name: string, model: string, api_base: string, api_key: string) => ({
    model_name,
    litellm_params: { model, api_base: `${upstream.url}${api_base}`, api_key },
  });
  gateway = await startGateway(
    {
      model_list: [
        model("small", "openai/gpt-4o-mini", "/v1", "sk-env"),
        model("voice", "openai/gpt-4o-mini-tts", "/v1", "sk-env"),
        model("claude", "anthropic/claude-sonnet-4-5", "/claude", "sk-ant"),
      ],
    },
    {
      OPENAI_API_KEY: "sk-env",
      OPENAI_BASE_URL: `${upstream.url}/v1`,
      ANTHROPIC_API_KEY: "sk-ant",
      ANTHROPIC_BASE_URL: `${upstream.url}/claude`,
    },
  );
  const [first, second] = [await keyOf("one"), await keyOf("other")];
  one = sdkFor(gateway, first);
  other = sdkFor(gateway, second);
  claude = anthropicFor(first);
  otherClaude = anthropicFor(second);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

describe("stored chat completions", () => {
  it("are found again after a stream", async () => {
    const request = { model: "small", messages: user("Hi"), store: true, metadata: { of: "stream" } };
    const ids = new Set<string>();
    for await (const chunk of await one.chat.completions.create({ ...request, stream: true })) ids.add(chunk.id);
    expect([...ids]).toEqual([expect.stringMatching(/^chatcmpl-slc[0-9a-f]{32}$/)]);
    const [id = ""] = ids;
    const page = await one.chat.completions.list({ metadata: { of: "stream" } });
    expect(page.data).toMatchObject([{ id, choices: [{ message: { content: "Hello" } }] }]); // asked of the provider
    expect(await one.chat.completions.retrieve(id)).toMatchObject({ id, choices: [{ message: { content: "Hello" } }] });
    expect((await other.chat.completions.list()).data).toEqual([]);
  });

  it("are listed by model and metadata, the oldest first", async () => {
    const make = (of: string) =>
      one.chat.completions.create({ model: "small", messages: user("Hi"), store: true, metadata: { 'a"b': of } });
    const [first, second] = [await make("x"), await make("x")];
    await make("y");
    const idsOf = (page: { data: { id: string }[] }) => page.data.map(({ id }) => id);
    expect(idsOf(await one.chat.completions.list({ metadata: { 'a"b': "x" } }))).toEqual([first.id, second.id]);
    expect(idsOf(await one.chat.completions.list({ metadata: { 'a"b': "x" }, order: "desc", limit: 1 }))).toEqual([
      second.id,
    ]);
    expect(idsOf(await one.chat.completions.list({ model: "nothing" }))).toEqual([]);
  });

  it("have the provider's id where they are not stored", async () => {
    const said = await one.chat.completions.create({ model: "small", messages: user("Hi") });
    expect(said.id).toMatch(/^chatcmpl-up/);
    expect((await failureOf(one.chat.completions.retrieve(said.id))).status).toBe(404);
  });
});

describe("conversations", () => {
  it("are gone on with in responses of their owner", async () => {
    const conversation = await one.conversations.create();
    const theirs = /^conv_up/;
    for (const named of [conversation.id, { id: conversation.id }]) {
      await one.responses.create({ model: "small", input: "Hi", conversation: named });
      const said = last().body["conversation"];
      expect(typeof said === "string" ? said : (said as { id: string }).id).toMatch(theirs);
    }
    const asked = upstream.received.length;
    const failure = await failureOf(
      other.responses.create({ model: "small", input: "Hi", conversation: conversation.id }),
    );
    expect(failure.status).toBe(404);
    expect(upstream.received).toHaveLength(asked);
  });

  it("stay where they are kept", async () => {
    const conversation = await one.conversations.create();
    const failure = await failureOf(
      one.responses.create({ model: "claude", input: "Hi", conversation: conversation.id }),
    );
    expect([failure.status, failure.message]).toEqual([400, expect.stringContaining("not served where")]);
  });
});

describe("creates", () => {
  it("make one object for one idempotency key", async () => {
    const headers = { "idempotency-key": "conversation-1" };
    const first = await one.conversations.create({ metadata: { a: "1" } }, { headers });
    const asked = upstream.received.length;
    expect((await one.conversations.create({ metadata: { a: "1" } }, { headers })).id).toBe(first.id);
    expect(upstream.received).toHaveLength(asked);
    expect((await failureOf(one.conversations.create({ metadata: { a: "2" } }, { headers }))).status).toBe(422);
    expect((await other.conversations.create({ metadata: { a: "1" } }, { headers })).id).not.toBe(first.id);
  });

  it("make one of the same form, whatever its boundary", async () => {
    const headers = { "idempotency-key": "skill-1" };
    const make = async (text: string) =>
      one.skills.create({ files: [await toFile(Buffer.from(text), "a/SKILL.md")] }, { headers });
    const first = await make("# A");
    expect((await make("# A")).id).toBe(first.id);
    expect((await failureOf(make("# B"))).status).toBe(422);
  });
});

describe("what would go around the gateway", () => {
  it("is no batch that came in parts", async () => {
    const failure = await failureOf(
      one.uploads.create({ bytes: 1, filename: "a.jsonl", mime_type: "application/jsonl", purpose: "batch" }),
    );
    expect([failure.status, failure.message]).toEqual([400, expect.stringContaining("POST /v1/files")]);
  });

  it("is no eval of what others have stored", async () => {
    const criteria = { type: "string_check", name: "x", input: "a", operation: "eq", reference: "a" } as const;
    const make = (client: OpenAI) =>
      client.evals.create({ data_source_config: { type: "logs" }, testing_criteria: [criteria] });
    expect((await failureOf(make(one))).status).toBe(403);
    expect((await make(sdkFor(gateway, MASTER_KEY))).id).toMatch(/^eval_slc/);
    const mine = await one.evals.create({
      data_source_config: { type: "custom", item_schema: {} },
      testing_criteria: [criteria],
    });
    const run = one.evals.runs.create(mine.id, {
      data_source: { type: "completions", source: { type: "stored_completions" }, model: "small" },
    });
    expect((await failureOf(run)).status).toBe(403);
  });

  it("is no model of another's", async () => {
    const failure = await failureOf(one.models.delete("small"));
    expect([failure.status, failure.message]).toEqual([404, expect.stringContaining("POST /model/delete")]);
  });
});

describe("voices", () => {
  it("speak for whoever they belong to, under the provider's id", async () => {
    const sound = await toFile(Buffer.from("mp3"), "a.mp3", { type: "audio/mpeg" });
    const consent = await one.audio.voiceConsents.create({ language: "en", name: "me", recording: sound });
    const { id } = await one.audio.voices.create({ audio_sample: sound, consent: consent.id, name: "mine" });
    await one.audio.speech.create({ model: "voice", voice: { id }, input: "Hi" });
    expect(last().body["voice"]).toEqual({ id: expect.stringMatching(/^voice_up/) });
    const theft = other.audio.speech.create({ model: "voice", voice: { id }, input: "Hi" });
    expect((await failureOf(theft)).status).toBe(404);
  });
});

describe("Anthropic's client", () => {
  const failure = async (promise: Promise<unknown>) => {
    const error = await promise.then(
      () => undefined,
      (cause: unknown) => cause,
    );
    expect(error).toBeInstanceOf(Anthropic.APIError);
    const { status, error: body } = error as InstanceType<typeof Anthropic.APIError>; // just checked
    expect(body).toMatchObject({ type: "error", error: { type: expect.any(String), message: expect.any(String) } });
    return { status, message: (body as { error: { message: string } }).error.message };
  };

  it("keeps files, and names them in messages", async () => {
    const file = await claude.beta.files.upload({
      file: await toFile(Buffer.from("text"), "a.txt"),
      betas: ["files-api-2025-04-14"],
    });
    expect(file).toMatchObject({ id: expect.stringMatching(/^file-slc/), type: "file", filename: "a.txt" });
    expect(last().headers["anthropic-beta"]).toContain("files-api");
    expect((await claude.beta.files.retrieveMetadata(file.id)).id).toBe(file.id);
    expect((await claude.beta.files.list()).data.map(({ id }) => id)).toEqual([file.id]);
    expect(await (await claude.beta.files.download(file.id)).text()).toContain("text");
    await claude.beta.messages.create({
      model: "claude",
      max_tokens: 10,
      betas: ["files-api-2025-04-14"],
      messages: [{ role: "user", content: [{ type: "document", source: { type: "file", file_id: file.id } }] }],
    });
    expect(JSON.stringify(last().body["messages"])).toContain('"file_id":"file_01');
    expect((await failure(Promise.resolve(otherClaude.beta.files.retrieveMetadata(file.id)))).status).toBe(404);
    expect((await otherClaude.beta.files.list()).data).toEqual([]);
    expect(await claude.beta.files.delete(file.id)).toEqual({ id: file.id, type: "file_deleted" });
    expect((await one.files.list()).data.filter(({ id }) => id === file.id)).toEqual([]);
  });

  it("keeps skills", async () => {
    const files = [await toFile(Buffer.from("# A"), "a/SKILL.md")];
    const skill = await claude.beta.skills.create({ files });
    expect(skill).toMatchObject({ id: expect.stringMatching(/^skill_slc/), source: "custom" });
    expect((await claude.beta.skills.list()).data.map(({ id }) => id)).toEqual([skill.id]);
    expect((await one.skills.list()).data.map(({ id }) => id)).not.toContain(skill.id);
    expect((await claude.beta.skills.versions.retrieve("1", { skill_id: skill.id })).skill_id).toBe(skill.id);
    expect((await failure(Promise.resolve(otherClaude.beta.skills.retrieve(skill.id)))).status).toBe(404);
    expect(await claude.beta.skills.delete(skill.id)).toMatchObject({ id: skill.id });
  });

  it("lists models, and hears in its own format of one that is not there", async () => {
    const listed = await claude.models.list();
    expect(listed.data.map(({ id }) => id)).toContain("claude");
    expect((await failure(Promise.resolve(claude.models.retrieve("nothing")))).status).toBe(404);
  });

  it("is refused in its own format what is not served", async () => {
    const agents = await failure(Promise.resolve(claude.beta.agents.list()));
    expect(agents).toEqual({ status: 404, message: expect.stringContaining("agents run at the provider") });
    const legacy = await failure(Promise.resolve(claude.post("/v1/complete", { body: { prompt: "x" } })));
    expect(legacy).toEqual({ status: 404, message: expect.stringContaining("POST /v1/messages") });
    const unknown = await failure(Promise.resolve(claude.get("/v1/nothing")));
    expect(unknown).toEqual({ status: 404, message: expect.stringContaining("GET /routes") });
    const stranger = new Anthropic({ baseURL: gateway.url, apiKey: "sk-wrong", maxRetries: 0 });
    expect((await failure(Promise.resolve(stranger.models.list()))).status).toBe(401);
  });
});
