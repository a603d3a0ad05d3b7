/** Batches that Vertex AI and Bedrock run, as jobs over files in their buckets. */
import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Clouds, type Job, linesOf, type Outcome, SECRET, startClouds } from "./batch-clouds.ts";
import { startGateway, type TestGateway } from "./gateway.ts";
import { serviceAccount } from "./vertex-upstream.ts";

let clouds: Clouds;
let gateway: TestGateway;
let settings: Record<string, unknown>;

const INPUT = 0.000_002;
const OUTPUT = 0.000_008;
/** Of a line that uses 10 tokens for 5, at the price for batches. */
const COST = (10 * INPUT + 5 * OUTPUT) / 2;

beforeAll(async () => {
  clouds = await startClouds();
  const prices = { input_cost_per_token: INPUT, output_cost_per_token: OUTPUT };
  const google = {
    api_base: clouds.url,
    vertex_credentials: JSON.stringify(await serviceAccount(clouds.url)),
    gcs_bucket_name: "acme-batches/llm",
    gcs_endpoint_url: clouds.url,
    ...prices,
  };
  const amazon = {
    aws_bedrock_runtime_endpoint: clouds.url,
    aws_access_key_id: "AKIDTEST",
    aws_secret_access_key: SECRET,
    aws_region_name: "us-west-2",
    aws_batch_role_arn: "arn:aws:iam::123456789012:role/batches",
    s3_bucket_name: "acme-batches",
    s3_endpoint_url: `${clouds.url}/s3`,
    ...prices,
  };
  const entry = (model_name: string, litellm_params: object) => ({
    model_name,
    litellm_params,
    model_info: { mode: "batch" },
  });
  settings = {
    model_list: [
      entry("gemini", { model: "vertex_ai/gemini-2.5-flash", ...google }),
      entry("claude-at-google", { model: "vertex_ai/claude-sonnet-4-5@20250929", ...google }),
      entry("claude-with-beta", {
        model: "vertex_ai/claude-sonnet-4-5@20250929",
        ...google,
        extra_headers: { "anthropic-beta": "context-1m-2025-08-07" },
      }),
      entry("nova", { model: "bedrock/us.amazon.nova-lite-v1:0", ...amazon }),
      entry("claude", { model: "bedrock/invoke/us.anthropic.claude-sonnet-4-5-20250929-v1:0", ...amazon }),
      entry("titan", { model: "bedrock/amazon.titan-embed-text-v2:0", ...amazon }),
      entry("no-bucket", { model: "vertex_ai/gemini-2.5-flash", ...google, gcs_bucket_name: "" }),
    ],
    files_settings: [{ custom_llm_provider: "vertex_ai", ...google }],
    environment_variables: { SLUICE_GOOGLE_TOKEN_ORIGINS: clouds.url },
    router_settings: { num_retries: 0, disable_cooldowns: true },
  };
  gateway = await startGateway(settings);
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await clouds?.close();
});

beforeEach(() => {
  clouds.refusals = {};
  clouds.cutAt = undefined;
  clouds.asked.length = 0;
});

const at = (apiKey: string) => new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });

async function newKey(fields: Record<string, unknown> = {}): Promise<string> {
  return ((await (await gateway.call("/key/generate", fields)).json()) as { key: string }).key;
}

const line = (customId: string, model: string, content: string, fields: object = {}) =>
  JSON.stringify({
    custom_id: customId,
    method: "POST",
    url: "/v1/chat/completions",
    body: { model, messages: [{ role: "user", content }], max_tokens: 100, ...fields },
  });

const manyLines = (model: string, count = 100) =>
  Array.from({ length: count }, (_, index) => line(`request-${index}`, model, `say ${index}`));

async function start(openai: OpenAI, lines: readonly string[], fields: object = {}) {
  const file = await openai.files.create({
    file: await toFile(Buffer.from(lines.join("\n")), "x.jsonl"),
    purpose: "batch",
  });
  const request = { input_file_id: file.id, endpoint: "/v1/chat/completions", completion_window: "24h", ...fields };
  return openai.batches.create(request as OpenAI.BatchCreateParams);
}

async function became(openai: OpenAI, id: string, ...statuses: string[]): Promise<OpenAI.Batch> {
  const end = Date.now() + 40_000;
  for (;;) {
    const batch = await openai.batches.retrieve(id);
    if (statuses.includes(batch.status)) return batch;
    if (Date.now() > end) throw new Error(`still ${batch.status}: ${JSON.stringify(batch)}`);
    await new Promise((next) => setTimeout(next, 200));
  }
}

/** The job of a batch, once there is one. */
async function jobOf(id: string): Promise<Job> {
  const end = Date.now() + 20_000;
  for (;;) {
    const job = clouds.jobs.find(({ name }) => name === id.replaceAll("_", "-"));
    if (job !== undefined) return job;
    if (Date.now() > end) throw new Error(`no job: ${clouds.asked}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}

interface Line {
  custom_id: string;
  response: { status_code: number; body: Record<string, never> } | null;
  error: { code: string } | null;
}

async function linesIn(openai: OpenAI, id: string | null | undefined): Promise<Line[]> {
  if (!id) return [];
  const text = await (await openai.files.content(id)).text();
  return text
    .trimEnd()
    .split("\n")
    .map((one) => JSON.parse(one));
}

interface Row {
  spend: number;
  model: string;
  custom_llm_provider: string;
  prompt_tokens: number;
  metadata: Record<string, unknown>;
}

async function rowsOf(key: string): Promise<Row[]> {
  for (let waited = 0; ; waited++) {
    const rows = (await (await gateway.call(`/spend/logs?api_key=${key}&summarize=false`)).json()) as Row[];
    const paid = rows.filter(({ metadata }) => metadata["batch_id"] !== undefined);
    if (paid.length > 0 || waited > 60) return paid;
    await new Promise((next) => setTimeout(next, 300));
  }
}

async function spendOf(key: string): Promise<number> {
  return ((await (await gateway.call(`/key/info?key=${key}`)).json()) as { info: { spend: number } }).info.spend;
}

const geminiSays = (text: string) => ({
  answer: {
    candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }],
    usageMetadata: { promptTokenCount: 10, candidatesTokenCount: 5, totalTokenCount: 15 },
    modelVersion: "gemini-2.5-flash",
  },
});
const claudeSays = (text: string) => ({
  answer: {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-sonnet-4-5-20250929",
    content: [{ type: "text", text }],
    stop_reason: "end_turn",
    stop_sequence: null,
    usage: { input_tokens: 10, output_tokens: 5 },
  },
});
const novaSays = (text: string) => ({
  answer: {
    output: { message: { role: "assistant", content: [{ text }] } },
    stopReason: "end_turn",
    usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
    metrics: { latencyMs: 1 },
  },
});

/** What stands in a request, in whichever format. */
const textIn = (request: object) => /say [\w ]+/.exec(JSON.stringify(request))?.[0] ?? "";

describe("Vertex AI", () => {
  it("runs the lines as a job, and each answer is the result of its line, paid for at half the price", async () => {
    const key = await newKey({ max_budget: 1 });
    const openai = at(key);
    const failure = 'Bad Request: {"error": {"code": 400, "message": "too long", "status": "INVALID_ARGUMENT"}}';
    clouds.outcome = (request): Outcome =>
      textIn(request) === "say two" ? { failure } : geminiSays(`re: ${textIn(request)}`);
    const labels = { metadata: { team: "blue" } };
    const made = await start(openai, [
      line("söme id/1", "gemini", "say one", labels),
      line("2", "gemini", "say two"),
      line("3", "gemini", "say three", { messages: "none" }),
      line("4", "gemini", "say four"),
    ]);
    const job = await jobOf(made.id);
    expect(job.request).toMatchObject({
      model: "publishers/google/models/gemini-2.5-flash",
      inputConfig: { instancesFormat: "jsonl" },
      outputConfig: { predictionsFormat: "jsonl" },
    });
    const lines = linesOf(clouds, job);
    expect(lines).toHaveLength(3); // nobody can be asked for the third
    expect(lines[0]).toMatchObject({
      request: {
        contents: [{ role: "user", parts: [{ text: "say one" }] }],
        generationConfig: { maxOutputTokens: 100 },
        labels: { team: "blue", sluice_line: "line0000001" },
      },
    });
    const running = await became(openai, made.id, "in_progress");
    expect(running).toMatchObject({ id: made.id, request_counts: { total: 4 }, output_file_id: null });
    expect((await openai.batches.list()).data.map(({ id }) => id)).toEqual([made.id]);
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    const over = await became(openai, made.id, "completed");
    expect(over).toMatchObject({
      request_counts: { total: 4, completed: 2, failed: 2 },
      usage: { input_tokens: 20, output_tokens: 10 },
    });
    const good = await linesIn(openai, over.output_file_id);
    expect(good.map(({ custom_id }) => custom_id)).toEqual(["söme id/1", "4"]);
    expect(good[0]).toMatchObject({
      response: {
        status_code: 200,
        body: { object: "chat.completion", choices: [{ message: { content: "re: say one" }, finish_reason: "stop" }] },
      },
      error: null,
    });
    const bad = await linesIn(openai, over.error_file_id);
    expect(bad).toMatchObject([
      {
        custom_id: "2",
        response: { status_code: 400, body: { error: { message: expect.stringContaining("too long") } } },
      },
      { custom_id: "3", response: { status_code: 400 } },
    ]);
    const rows = await rowsOf(key);
    expect(rows).toMatchObject([
      { custom_llm_provider: "vertex_ai", prompt_tokens: 20, metadata: { batch_id: made.id, batch_requests: 2 } },
    ]);
    expect(rows[0]?.spend).toBeCloseTo(2 * COST, 9);
    expect(await spendOf(key)).toBeCloseTo(2 * COST, 9);
    const other = at(await newKey());
    await expect(other.batches.retrieve(made.id)).rejects.toMatchObject({ status: 404 });
    await expect(other.files.content(over.output_file_id ?? "")).rejects.toMatchObject({ status: 404 });
  }, 90_000);

  it("Claude has lines of its own, and answers in the format of the endpoint", async () => {
    const openai = at(await newKey());
    clouds.outcome = (request) => claudeSays(`re: ${textIn(request)}`);
    const text = JSON.stringify({
      custom_id: "a",
      method: "POST",
      url: "/v1/messages",
      body: { model: "claude-at-google", max_tokens: 9, messages: [{ role: "user", content: "say hi" }] },
    });
    const made = await start(openai, [text], { endpoint: "/v1/messages" });
    const job = await jobOf(made.id);
    expect(job.request).toMatchObject({ model: "publishers/anthropic/models/claude-sonnet-4-5@20250929" });
    expect(linesOf(clouds, job)).toEqual([
      {
        custom_id: "line0000001",
        request: {
          anthropic_version: "vertex-2023-10-16",
          max_tokens: 9,
          messages: [{ role: "user", content: "say hi" }],
        },
      },
    ]);
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    const over = await became(openai, made.id, "completed");
    const [answer] = await linesIn(openai, over.output_file_id);
    expect(answer?.response?.body).toMatchObject({ type: "message", content: [{ type: "text", text: "re: say hi" }] });
  }, 90_000);

  it("a model that only the provider's name stands for, by files_settings", async () => {
    const openai = new OpenAI({ apiKey: await newKey(), baseURL: `${gateway.url}/vertex_ai/v1`, maxRetries: 0 });
    clouds.outcome = () => geminiSays("hello");
    const made = await start(openai, [line("a", "gemini-2.0-flash-001", "say a")]);
    const job = await jobOf(made.id);
    expect(job.request["model"]).toBe("publishers/google/models/gemini-2.0-flash-001");
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    expect((await became(openai, made.id, "completed")).request_counts).toMatchObject({ completed: 1 });
    expect((await openai.batches.list()).data.map(({ id }) => id)).toContain(made.id);
  }, 90_000);

  it("a key that may not use the model gets no job", async () => {
    const openai = at(await newKey({ models: ["nova"] }));
    const over = await became(openai, (await start(openai, [line("a", "gemini", "say a")])).id, "completed");
    expect(over.request_counts).toMatchObject({ failed: 1 });
    expect(clouds.asked).toEqual([]);
  }, 90_000);

  it("a batch that is cancelled ends its job, keeps what is done, and is paid for that", async () => {
    const key = await newKey();
    const openai = at(key);
    clouds.outcome = (request) => (textIn(request) === "say one" ? geminiSays("done") : undefined);
    const made = await start(openai, [line("1", "gemini", "say one"), line("2", "gemini", "say two")]);
    const job = await jobOf(made.id);
    await became(openai, made.id, "in_progress");
    expect((await openai.batches.cancel(made.id)).status).toBe("cancelling");
    for (let waited = 0; job.state !== "JOB_STATE_CANCELLING" && waited < 100; waited++)
      await new Promise((next) => setTimeout(next, 100));
    expect(job.state).toBe("JOB_STATE_CANCELLING");
    expect((await openai.batches.retrieve(made.id)).status).toBe("cancelling");
    clouds.end(job, "JOB_STATE_CANCELLED");
    const over = await became(openai, made.id, "cancelled");
    expect(over.request_counts).toMatchObject({ total: 2, completed: 1, failed: 0 });
    expect((await linesIn(openai, over.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(["1"]);
    expect((await rowsOf(key))[0]?.spend).toBeCloseTo(COST, 9);
  }, 90_000);

  it("a job that fails is a batch that failed, in the provider's words, and what was set aside is free", async () => {
    const key = await newKey({ max_budget: 0.001 });
    const openai = at(key);
    const lines = [line("1", "gemini", "say one")]; // 100 tokens of output: 0.0004 dollars
    const made = await start(openai, lines);
    const job = await jobOf(made.id);
    job.message = "The bucket is in another region.";
    job.state = "JOB_STATE_FAILED";
    const over = await became(openai, made.id, "failed");
    expect(over.errors?.data).toMatchObject([
      { code: "provider_job_failed", message: "The bucket is in another region." },
    ]);
    expect(await spendOf(key)).toBe(0);
    clouds.outcome = () => geminiSays("ok");
    const again = await start(openai, [...lines, line("2", "gemini", "say two")]);
    clouds.end(await jobOf(again.id), "JOB_STATE_SUCCEEDED");
    expect((await became(openai, again.id, "completed")).request_counts).toMatchObject({ completed: 2 });
  }, 90_000);

  it("answers that are gone are paid for as they were reckoned", async () => {
    const key = await newKey({ max_budget: 1 });
    const openai = at(key);
    const made = await start(openai, [line("1", "gemini", "say one")]);
    const job = await jobOf(made.id);
    job.state = "JOB_STATE_SUCCEEDED"; // and no file
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toMatchObject({ completed: 0, failed: 1 });
    expect(await linesIn(openai, over.error_file_id)).toMatchObject([
      { custom_id: "1", error: { code: "results_lost" } },
    ]);
    const [row] = await rowsOf(key);
    expect(row?.spend).toBeGreaterThanOrEqual((100 * OUTPUT) / 2);
    expect(row?.spend).toBeLessThan(100 * OUTPUT);
  }, 90_000);

  it("answers that may not be read yet are asked for again", async () => {
    const openai = at(await newKey());
    clouds.outcome = () => geminiSays("late");
    const made = await start(openai, [line("1", "gemini", "say one")]);
    const job = await jobOf(made.id);
    clouds.refusals = { get: 403 };
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    for (let times = 0; times < 10; times++) {
      expect((await openai.batches.retrieve(made.id)).status).not.toBe("completed");
      await new Promise((next) => setTimeout(next, 200));
    }
    clouds.refusals = {};
    expect((await became(openai, made.id, "completed")).request_counts).toMatchObject({ completed: 1 });
  }, 90_000);

  it("answers that are cut off are read again", async () => {
    const key = await newKey();
    const openai = at(key);
    clouds.outcome = (request) => geminiSays(textIn(request));
    const made = await start(openai, manyLines("gemini", 3));
    const job = await jobOf(made.id);
    clouds.cutAt = 700;
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    for (let times = 0; times < 10; times++) {
      expect((await openai.batches.retrieve(made.id)).status).not.toBe("completed");
      await new Promise((next) => setTimeout(next, 200));
    }
    clouds.cutAt = undefined;
    expect((await became(openai, made.id, "completed")).request_counts).toMatchObject({ completed: 3 });
    expect((await rowsOf(key))[0]?.spend).toBeCloseTo(3 * COST, 9);
  }, 90_000);

  it("answers that come twice, to nothing that was asked, or make no sense, cost what was answered, and once", async () => {
    const key = await newKey();
    const openai = at(key);
    clouds.outcome = (request) => geminiSays(textIn(request));
    const made = await start(openai, manyLines("gemini", 120));
    const job = await jobOf(made.id);
    const labelled = (number: number | string, response: unknown) =>
      JSON.stringify({ request: { labels: { sluice_line: `line${number}` } }, status: "", response });
    clouds.end(job, "JOB_STATE_SUCCEEDED", (text) => {
      const lines = text.split("\n");
      const { response } = JSON.parse(lines[0] ?? "");
      return [
        ...lines.slice(0, 100),
        lines[0], // in the same group of lines, and in another one
        ...lines.slice(90),
        labelled("9999999", response),
        labelled("99999999999999999999999999999", response),
        labelled("0000000", response),
        labelled("-000001", response),
        '{"response":',
        "[]",
        "null",
      ].join("\n");
    });
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toEqual({ total: 120, completed: 120, failed: 0 });
    expect(over.usage).toMatchObject({ input_tokens: 1200, output_tokens: 600 });
    const [row] = await rowsOf(key);
    expect(row?.spend).toBeCloseTo(120 * COST, 9);
    expect(row?.metadata).toMatchObject({ batch_requests: 120 });
  }, 90_000);

  it("an answer that is none, or too long to be read, is the failure of its line alone", async () => {
    const openai = at(await newKey());
    const bodies: Record<string, object> = {
      "say 0": { candidates: "none" },
      "say 1": { candidates: [null] },
      "say 2": { candidates: [{ content: { parts: "none" } }], usageMetadata: "none" },
      "say 3": { candidates: [{ content: { parts: [null, 7] } }] },
    };
    clouds.outcome = (request) => {
      const body = bodies[textIn(request)];
      return body === undefined ? geminiSays("ok") : { answer: body };
    };
    const made = await start(openai, manyLines("gemini", 6));
    const job = await jobOf(made.id);
    clouds.end(job, "JOB_STATE_SUCCEEDED", (text) => {
      const lines = text.split("\n");
      const long = { ...JSON.parse(lines[0] ?? ""), more: "x".repeat(33 * 1024 * 1024) };
      return [JSON.stringify(long), ...lines.slice(1)].join("\n");
    });
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts?.total).toBe(6);
    expect((await linesIn(openai, over.output_file_id)).map(({ custom_id }) => custom_id)).toContain("request-4");
    const bad = await linesIn(openai, over.error_file_id);
    expect(bad.map(({ custom_id }) => custom_id)).toContain("request-5");
    expect(bad.find(({ custom_id }) => custom_id === "request-5")?.error).toMatchObject({ code: "not_answered" });
  }, 90_000);

  it("answers are given and paid for also where the input is deleted meanwhile", async () => {
    const key = await newKey();
    const openai = at(key);
    clouds.outcome = (request) => geminiSays(`re: ${textIn(request)}`);
    const made = await start(openai, manyLines("gemini", 2));
    const job = await jobOf(made.id);
    await became(openai, made.id, "in_progress");
    await openai.files.delete(made.input_file_id);
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toEqual({ total: 2, completed: 2, failed: 0 });
    expect((await linesIn(openai, over.output_file_id))[1]?.response?.body).toMatchObject({
      choices: [{ message: { content: "re: say 1" } }],
    });
    expect((await rowsOf(key))[0]?.spend).toBeCloseTo(2 * COST, 9);
  }, 90_000);

  it.each([
    ["the bucket refuses", "gemini", { put: 403 }],
    ["the job is refused", "gemini", { create: 400 }],
    ["there is no bucket", "no-bucket", {}],
  ])(
    "the gateway runs it where %s",
    async (_, model, refusals) => {
      clouds.refusals = refusals;
      const openai = at(await newKey());
      const over = await became(openai, (await start(openai, [line("1", model, "say one")])).id, "completed");
      expect(over.request_counts).toMatchObject({ total: 1, failed: 1 }); // this cloud answers no calls
      expect(clouds.asked.at(-1)).toContain("gemini-2.5-flash:generateContent");
    },
    90_000,
  );

  it("the gateway runs what is so long that its answer, which repeats it, could not be read", async () => {
    const openai = at(await newKey());
    const made = await start(openai, [line("1", "gemini", "x".repeat(17 * 1024 * 1024))]);
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toMatchObject({ total: 1, failed: 1 });
    expect(clouds.asked.at(-1)).toContain("gemini-2.5-flash:generateContent");
    expect(clouds.jobs.some(({ name }) => name === made.id.replaceAll("_", "-"))).toBe(false);
  }, 90_000);

  it("the gateway runs what a line cannot say", async () => {
    const openai = at(await newKey());
    const made = await start(openai, [line("1", "claude-with-beta", "say one")]);
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toMatchObject({ total: 1, failed: 1 });
    expect(clouds.asked.at(-1)).toContain(":rawPredict");
    expect(clouds.jobs.some(({ name }) => name === made.id.replaceAll("_", "-"))).toBe(false);
  }, 90_000);

  it("a gateway that dies finds its job again, and the answers are paid for once", async () => {
    const key = await newKey();
    clouds.outcome = (request) => geminiSays(textIn(request));
    clouds.delay = 2000;
    const made = await start(at(key), manyLines("gemini", 120));
    const job = await jobOf(made.id);
    await gateway.kill(); // before it knows that there is a job
    clouds.delay = 0;
    gateway = await startGateway(settings, {}, gateway.state);
    await became(at(key), made.id, "in_progress");
    clouds.end(job, "JOB_STATE_SUCCEEDED");
    await at(key).batches.retrieve(made.id);
    await new Promise((next) => setTimeout(next, 150));
    await gateway.kill();
    gateway = await startGateway(settings, {}, gateway.state);
    const openai = at(key);
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toEqual({ total: 120, completed: 120, failed: 0 });
    expect((await linesIn(openai, over.output_file_id)).map(({ custom_id }) => custom_id)).toEqual(
      Array.from({ length: 120 }, (_, index) => `request-${index}`),
    );
    expect(clouds.jobs.filter(({ name }) => name === job.name)).toHaveLength(1);
    await rowsOf(key);
    await new Promise((next) => setTimeout(next, 3000)); // were there more of them, they would come yet
    const rows = await rowsOf(key);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.spend).toBeCloseTo(120 * COST, 9);
  }, 180_000);
});

describe("Bedrock", () => {
  it("runs a hundred lines by Converse, and signs for S3 as well", async () => {
    const key = await newKey({ max_budget: 1 });
    const openai = at(key);
    clouds.outcome = (request): Outcome =>
      textIn(request) === "say 7"
        ? { failure: { errorCode: 400, errorMessage: "no 7" } }
        : textIn(request) === "say 8"
          ? { failure: { errorCode: 503, errorMessage: "not now" } }
          : novaSays(`re: ${textIn(request)}`);
    const made = await start(openai, manyLines("nova"), { completion_window: "7d" });
    const job = await jobOf(made.id);
    expect(job.request).toMatchObject({
      modelId: "us.amazon.nova-lite-v1:0",
      modelInvocationType: "Converse",
      roleArn: "arn:aws:iam::123456789012:role/batches",
      timeoutDurationInHours: 168,
      inputDataConfig: { s3InputDataConfig: { s3InputFormat: "JSONL" } },
    });
    expect(linesOf(clouds, job)[0]).toMatchObject({
      recordId: "line0000001",
      modelInput: {
        messages: [{ role: "user", content: [{ text: "say 0" }] }],
        inferenceConfig: { maxTokens: 100 },
      },
    });
    clouds.end(job, "Completed");
    const over = await became(openai, made.id, "completed");
    expect(over.request_counts).toEqual({ total: 100, completed: 98, failed: 2 });
    const good = await linesIn(openai, over.output_file_id);
    expect(good[0]).toMatchObject({
      custom_id: "request-0",
      response: { body: { choices: [{ message: { content: "re: say 0" } }], usage: { total_tokens: 15 } } },
    });
    const bad = await linesIn(openai, over.error_file_id);
    expect(bad.map(({ custom_id, response }) => [custom_id, response?.status_code])).toEqual([
      ["request-7", 400],
      ["request-8", 503],
    ]);
    const rows = await rowsOf(key);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.spend).toBeCloseTo(98 * COST, 9);
  }, 90_000);

  it("Claude and embeddings go by InvokeModel, in the model's own format", async () => {
    const openai = at(await newKey());
    clouds.outcome = (request) => claudeSays(`re: ${textIn(request)}`);
    const made = await start(openai, manyLines("claude"));
    const job = await jobOf(made.id);
    expect(job.request).toMatchObject({
      modelId: "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
      modelInvocationType: "InvokeModel",
    });
    expect(linesOf(clouds, job)[99]).toMatchObject({
      recordId: "line0000100",
      modelInput: { anthropic_version: "bedrock-2023-05-31", max_tokens: 100 },
    });
    clouds.end(job, "Completed");
    const over = await became(openai, made.id, "completed");
    expect((await linesIn(openai, over.output_file_id))[99]).toMatchObject({
      custom_id: "request-99",
      response: { body: { choices: [{ message: { content: "re: say 99" } }] } },
    });

    clouds.outcome = () => ({ answer: { embedding: [0.5, 0.25], inputTextTokenCount: 3 } });
    const texts = Array.from({ length: 100 }, (_, index) =>
      JSON.stringify({
        custom_id: `text-${index}`,
        method: "POST",
        url: "/v1/embeddings",
        body: { model: "titan", input: `text ${index}` },
      }),
    );
    const second = await start(openai, texts, { endpoint: "/v1/embeddings" });
    clouds.end(await jobOf(second.id), "Completed");
    const done = await became(openai, second.id, "completed");
    expect((await linesIn(openai, done.output_file_id))[0]).toMatchObject({
      custom_id: "text-0",
      response: { body: { object: "list", data: [{ embedding: [0.5, 0.25] }], usage: { prompt_tokens: 3 } } },
    });
  }, 120_000);

  it("a file of many megabytes goes in parts", async () => {
    const openai = at(await newKey());
    clouds.outcome = () => novaSays("ok");
    const long = "x".repeat(200_000);
    const lines = Array.from({ length: 100 }, (_, index) => line(`long-${index}`, "nova", `say ${index} ${long}`));
    const made = await start(openai, lines);
    const job = await jobOf(made.id);
    expect(clouds.asked.filter((one) => one.startsWith("PUT "))).toHaveLength(3);
    expect(linesOf(clouds, job)).toHaveLength(100);
    clouds.end(job, "Completed");
    expect((await became(openai, made.id, "completed")).request_counts).toMatchObject({ completed: 100 });
  }, 120_000);

  it("a job that ends with some of its lines undone, and one whose time is over", async () => {
    const openai = at(await newKey());
    clouds.outcome = (request) => (textIn(request) === "say 1" ? novaSays("one") : undefined);
    const first = await start(openai, manyLines("nova"));
    const job = await jobOf(first.id);
    job.message = "The job was throttled.";
    clouds.end(job, "PartiallyCompleted");
    const partly = await became(openai, first.id, "completed");
    expect(partly.request_counts).toEqual({ total: 100, completed: 1, failed: 99 });
    const [undone] = await linesIn(openai, partly.error_file_id);
    expect(undone).toMatchObject({
      custom_id: "request-0",
      error: { code: "not_answered", message: expect.stringContaining("The job was throttled.") },
    });
    const second = await start(openai, manyLines("nova"));
    clouds.end(await jobOf(second.id), "Expired");
    const expired = await became(openai, second.id, "expired");
    expect(expired.request_counts).toEqual({ total: 100, completed: 1, failed: 99 });
    expect((await linesIn(openai, expired.error_file_id))[0]?.error).toMatchObject({ code: "batch_expired" });
  }, 120_000);

  it("the gateway runs what is too small for a job, what the bucket refuses, and what a line cannot say", async () => {
    const openai = at(await newKey());
    const small = await became(openai, (await start(openai, manyLines("nova", 2))).id, "completed");
    expect(small.request_counts).toMatchObject({ total: 2 });
    expect(clouds.asked.every((one) => one.includes("/model/"))).toBe(true);
    clouds.asked.length = 0;
    clouds.refusals = { put: 403 };
    await became(openai, (await start(openai, manyLines("nova"))).id, "completed");
    expect(clouds.asked.some((one) => one.includes("/model/"))).toBe(true);
    clouds.asked.length = 0;
    clouds.refusals = {};
    const guardrailConfig = { guardrailIdentifier: "g", guardrailVersion: "1" };
    const guarded = Array.from({ length: 100 }, (_, index) =>
      JSON.stringify({
        custom_id: `${index}`,
        method: "POST",
        url: "/v1/chat/completions",
        body: { model: "claude", messages: [{ role: "user", content: "say hi" }], max_tokens: 9, guardrailConfig },
      }),
    );
    await became(openai, (await start(openai, guarded)).id, "completed");
    expect(clouds.asked.some((one) => one.startsWith("DELETE /s3/"))).toBe(true); // the upload that was begun
    expect(clouds.asked.some((one) => one.includes("/model-invocation-job"))).toBe(false);
  }, 120_000);
});
