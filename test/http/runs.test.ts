/** What a provider goes on with after the call that began it: it is paid for once it is over, whoever looks. */
import type { ServerResponse } from "node:http";
import type OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startGateway, type TestGateway } from "./gateway.ts";
import type { Row } from "./rows.ts";
import { failureOf, sdkFor } from "./sdk.ts";
import { json, type Received, startUpstream } from "./upstream.ts";

type Json = Record<string, unknown>;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
const kept = new Map<string, Json>();
let made = 0;
/** Left open until the test says so. */
let streaming: ServerResponse | undefined;

const PATHS: Record<string, string> = {
  "/v1/fine_tuning/jobs": "fine_tuning.job",
  "/v1/assistants": "assistant",
  "/v1/threads": "thread",
  "/v1/evals": "eval",
};

/** Keeps what is made; the test says when it is over. */
function answer({ method, path, body }: Received, response: ServerResponse): void {
  const { pathname } = new URL(path, "http://upstream");
  if (/\/content$/.test(pathname)) return void response.end(kept.get(pathname)?.["content"] as string);
  if (pathname === "/v1/fine_tuning/alpha/graders/run")
    return void json(response, 200, {
      reward: 1,
      metadata: { token_usage: 150, sampled_model_name: null },
      model_grader_token_usage_per_model: {
        "gpt-4o-2024-08-06": { prompt_tokens: 100, completion_tokens: 50, total_tokens: 150 },
      },
    });
  const run = /^\/v1\/(threads|evals)(?:\/([^/]+))?\/runs$/.exec(pathname);
  const object = run ? (run[1] === "threads" ? "thread.run" : "eval.run") : PATHS[pathname];
  if (method === "POST" && object !== undefined) {
    const id = `${object.replaceAll(".", "_")}_up${++made}`;
    const inside = run?.[1] === "threads" ? { thread_id: run[2] ?? `thread_new${made}` } : run && { eval_id: run[2] };
    const one = { ...body, id, object, status: "queued", created_at: 1_700_000_000, ...inside, usage: null };
    kept.set(id, one);
    if (body["stream"] !== true) return void json(response, 200, one);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(`event: thread.run.created\ndata: ${JSON.stringify(one)}\n\n`);
    streaming = response;
    return;
  }
  const one = kept.get(
    pathname
      .replace(/\/cancel$/, "")
      .split("/")
      .at(-1) ?? "",
  );
  if (one === undefined)
    return void json(response, 404, { error: { message: `no ${path}`, type: "invalid_request_error" } });
  json(response, 200, one);
}

/** How the provider tells of it from now on. @returns its id there */
function becomes(kind: string, fields: Json): string {
  const [id, one] = [...kept].findLast(([, { object }]) => object === kind) ?? [];
  if (id === undefined) throw new Error(`no ${kind} was made`);
  kept.set(id, { ...one, ...fields });
  return id;
}

beforeAll(async () => {
  upstream = await startUpstream(answer);
  gateway = await startGateway(
    { model_list: [{ model_name: "mini", litellm_params: { model: "openai/gpt-4o-mini" } }] },
    { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` },
    undefined,
    { unreachable: [] }, // two isolates
  );
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

interface Client {
  openai: OpenAI;
  /** Rows that cost something, the newest last. */
  paid(count: number): Promise<(Row & { model: string; metadata: Json })[]>;
  spend(): Promise<number>;
}

async function client(fields: object = {}): Promise<Client> {
  const answer = await gateway.call("/key/generate", fields);
  const { key, token } = (await answer.json()) as { key: string; token: string };
  const rows = async () => {
    const all = (await (await gateway.call(`/spend/logs?api_key=${token}`)).json()) as Awaited<
      ReturnType<Client["paid"]>
    >;
    return all.filter(({ spend }) => spend > 0);
  };
  return {
    openai: sdkFor(gateway, key),
    paid: (count) =>
      vi.waitFor(
        async () => {
          const found = await rows();
          expect(found).toHaveLength(count);
          return found;
        },
        { timeout: 15_000, interval: 100 },
      ),
    async spend() {
      const { info } = (await (await gateway.call(`/key/info?key=${token}`)).json()) as { info: { spend: number } };
      return info.spend;
    },
  };
}

/** The price of gpt-4o-mini. */
const RUN = { prompt_tokens: 1000, completion_tokens: 100, total_tokens: 1100 };
const COST = (1000 * 0.15 + 100 * 0.6) / 1e6;

describe("fine-tuning", () => {
  const lines = (count: number) =>
    Array.from({ length: count }, () => JSON.stringify({ messages: [{ role: "user", content: "hi" }] })).join("\n");

  async function file({ openai }: Client, content: string): Promise<string> {
    const uploads = kept.size;
    kept.set(`/v1/files/file-up${uploads}/content`, { content });
    // As a provider's answer names it to whom it belongs.
    const thread = await openai.beta.threads.create({
      tool_resources: { code_interpreter: { file_ids: [] } },
      metadata: {},
    });
    const theirs = becomes("thread", { tool_resources: { code_interpreter: { file_ids: [`file-up${uploads}`] } } });
    expect(theirs).toBeDefined();
    const seen = await openai.beta.threads.retrieve(thread.id);
    return seen.tool_resources?.code_interpreter?.file_ids?.[0] ?? "";
  }

  it("costs the tokens it was trained with, once, when its end is seen", async () => {
    const one = await client();
    const training_file = await file(one, lines(10));
    const job = await one.openai.fineTuning.jobs.create({ model: "mini", training_file });
    becomes("fine_tuning.job", { status: "running", model: "gpt-4o-mini-2024-07-18" });
    expect((await one.openai.fineTuning.jobs.retrieve(job.id)).status).toBe("running");
    becomes("fine_tuning.job", { status: "succeeded", trained_tokens: 50_000 });
    await Promise.all([1, 2, 3].map(() => one.openai.fineTuning.jobs.retrieve(job.id)));
    const [row] = await one.paid(1);
    expect(row).toMatchObject({
      call_type: "fine_tuning",
      model: "gpt-4o-mini-2024-07-18",
      prompt_tokens: 50_000,
      spend: 0.15,
      estimated: false,
      metadata: { fine_tuning_job_id: job.id },
    });
    await one.openai.fineTuning.jobs.retrieve(job.id);
    await vi.waitFor(async () => expect(await one.spend()).toBe(0.15), { timeout: 10_000 });
    await one.paid(1);
  }, 40_000);

  it("is refused where the budget has not so much left, and asks nobody", async () => {
    const poor = await client({ max_budget: 0.002 });
    const training_file = await file(poor, lines(3000));
    const asked = upstream.received.length;
    const failure = await failureOf(poor.openai.fineTuning.jobs.create({ model: "mini", training_file }));
    expect(failure).toMatchObject({
      status: 422,
      message: expect.stringMatching(/Current cost: 0, Max budget: 0.002/),
    });
    expect(upstream.received.slice(asked).map(({ path }) => path)).toEqual([expect.stringMatching(/content$/)]);
    const small = await file(poor, lines(2));
    expect((await poor.openai.fineTuning.jobs.create({ model: "mini", training_file: small })).status).toBe("queued");
    // What is set aside for it is not there for another.
    const twice = await client({ max_budget: 0.02 });
    const tuning = { model: "mini", training_file: await file(twice, lines(10)), hyperparameters: { n_epochs: 30 } };
    await twice.openai.fineTuning.jobs.create(tuning);
    expect((await failureOf(twice.openai.fineTuning.jobs.create(tuning))).status).toBe(422);
    // A job that trained nothing gives it back.
    const theirs = becomes("fine_tuning.job", { status: "cancelled", trained_tokens: null });
    const { data } = await twice.openai.fineTuning.jobs.list();
    expect(theirs).toMatch(/up/);
    await twice.openai.fineTuning.jobs.cancel(data[0]?.id ?? "");
    await vi.waitFor(() => twice.openai.fineTuning.jobs.create(tuning), { timeout: 10_000 });
  }, 40_000);

  it("by reinforcement costs the hours from its start, and is for keys without limits", async () => {
    const one = await client();
    const method = {
      type: "reinforcement",
      reinforcement: { grader: {} },
    } as unknown as OpenAI.FineTuning.JobCreateParams.Method; // whatever the grader is
    const training_file = await file(one, lines(1));
    const tuning = { model: "openai/o4-mini", training_file, method };
    const failure = await failureOf(
      (await client({ rpm_limit: 5 })).openai.fineTuning.jobs.create({ ...tuning, training_file: "file-x" }),
    );
    expect(failure.status).toBe(404);
    const job = await one.openai.fineTuning.jobs.create({ ...tuning, model: "o4-mini-2025-04-16" });
    const theirs = becomes("fine_tuning.job", {
      status: "succeeded",
      trained_tokens: 12,
      finished_at: 1_700_003_800,
      method: { type: "reinforcement" },
    });
    kept.set("events", { data: [{ message: "Fine-tuning job started", created_at: 1_700_000_200 }] });
    expect(theirs).toMatch(/up/);
    await one.openai.fineTuning.jobs.retrieve(job.id);
    expect(await one.paid(1)).toMatchObject([{ call_type: "fine_tuning", spend: 100, estimated: true }]);
  }, 40_000);
});

describe("runs of threads", () => {
  async function threadOf({ openai }: Client) {
    const assistant = await openai.beta.assistants.create({ model: "mini" });
    const thread = await openai.beta.threads.create({});
    return { assistant_id: assistant.id, thread_id: thread.id };
  }

  it("cost what they used once they are over, by the model of the assistant", async () => {
    const one = await client();
    const { assistant_id, thread_id } = await threadOf(one);
    const run = await one.openai.beta.threads.runs.create(thread_id, { assistant_id });
    becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
    await one.openai.beta.threads.runs.retrieve(run.id, { thread_id });
    expect(await one.paid(1)).toMatchObject([
      { call_type: "threads.runs", spend: COST, prompt_tokens: 1000, metadata: { thread_id, run_id: run.id } },
    ]);
  }, 40_000);

  it("cost the same where they are streamed, to the end or not", async () => {
    const one = await client();
    const { assistant_id, thread_id } = await threadOf(one);
    const events = await one.openai.beta.threads.runs.create(thread_id, { assistant_id, stream: true });
    for await (const { event } of events) {
      if (event !== "thread.run.created") continue;
      const id = becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
      streaming?.end(
        `event: thread.run.completed\ndata: ${JSON.stringify(kept.get(id))}\n\nevent: done\ndata: [DONE]\n\n`,
      );
    }
    expect(await one.paid(1)).toMatchObject([{ call_type: "threads.runs", spend: COST }]);

    // The stream breaks off; the run goes on, and is looked for.
    const left = await one.openai.beta.threads.createAndRun({ assistant_id, stream: true });
    const read = async () => {
      for await (const { event } of left) {
        if (event !== "thread.run.created") continue;
        becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
        streaming?.destroy();
      }
    };
    await expect(read()).rejects.toThrow();
    expect(await one.paid(2)).toHaveLength(2);
  }, 40_000);

  it.each(["whole", "streamed"])("are begun once, however often a client asks with one key, %s", async (way) => {
    const one = await client();
    const { assistant_id, thread_id } = await threadOf(one);
    const ask = async () => {
      const answer = await fetch(`${gateway.url}/v1/threads/${thread_id}/runs`, {
        method: "POST",
        headers: { authorization: `Bearer ${one.openai.apiKey}`, "idempotency-key": `${way}-1` },
        body: JSON.stringify({ assistant_id, stream: way === "streamed" }),
      });
      if (way === "streamed" && answer.headers.get("idempotent-replayed") === null)
        streaming?.end("event: done\ndata: [DONE]\n\n");
      return answer.text();
    };
    const first = await ask();
    const begun = kept.size;
    expect(await ask()).toBe(first);
    expect(kept.size).toBe(begun);
  });

  it("are paid for once where all see the end at once, in two isolates", async () => {
    const one = await client({ max_budget: 1 });
    const { assistant_id, thread_id } = await threadOf(one);
    const bounds = { max_prompt_tokens: 1000, max_completion_tokens: 100 };
    const { id } = await one.openai.beta.threads.runs.create(thread_id, { assistant_id, ...bounds });
    becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
    const look = (url: string) =>
      fetch(`${url}/v1/threads/${thread_id}/runs/${id}`, { headers: { authorization: `Bearer ${one.openai.apiKey}` } });
    expect(gateway.twinUrl).toBeDefined();
    const looks = Array.from({ length: 20 }, (_, index) =>
      look((index % 2 === 0 ? undefined : gateway.twinUrl) ?? gateway.url),
    );
    expect(new Set((await Promise.all(looks)).map(({ status }) => status))).toEqual(new Set([200]));
    await one.paid(1);
    await vi.waitFor(async () => expect(await one.spend()).toBe(COST), { timeout: 10_000 });
    await new Promise((next) => setTimeout(next, 500)); // whatever else were on its way
    expect([(await one.paid(1)).length, await one.spend()]).toEqual([1, COST]);
  }, 40_000);

  it("cost the same where the thread is deleted before anybody looked", async () => {
    const one = await client();
    const { assistant_id, thread_id } = await threadOf(one);
    await one.openai.beta.threads.runs.create(thread_id, { assistant_id });
    await one.openai.beta.threads.runs.create(thread_id, { assistant_id });
    becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
    await one.openai.beta.threads.delete(thread_id);
    expect(await one.paid(1)).toMatchObject([{ call_type: "threads.runs", spend: COST }]); // the other has not ended
  }, 40_000);

  it("hold the most they may use", async () => {
    const one = await client({ max_budget: COST * 1.5 });
    const { assistant_id, thread_id } = await threadOf(one);
    const bounds = { max_prompt_tokens: 1000, max_completion_tokens: 100 };
    const unbounded = await failureOf(one.openai.beta.threads.runs.create(thread_id, { assistant_id }));
    expect(unbounded.status).toBe(422);
    const runs = await Promise.allSettled(
      [1, 2, 3].map(() => one.openai.beta.threads.runs.create(thread_id, { assistant_id, ...bounds })),
    );
    expect(runs.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    const id = becomes("thread.run", { status: "completed", model: "gpt-4o-mini", usage: RUN });
    await one.openai.beta.threads.runs.retrieve(id, { thread_id });
    await one.paid(1);
    await vi.waitFor(async () => expect(await one.spend()).toBe(COST), { timeout: 10_000 });
  }, 40_000);
});

describe("evals", () => {
  const criteria = [
    { type: "string_check" as const, name: "is", input: "{{item.x}}", reference: "y", operation: "eq" as const },
    {
      type: "score_model" as const,
      name: "grade",
      model: "mini",
      input: [{ role: "user" as const, content: "Grade {{sample.output_text}}" }],
      sampling_params: { max_completions_tokens: 10 },
    },
  ];
  const source = (max_completion_tokens: number) => ({
    type: "completions" as const,
    model: "mini",
    source: { type: "file_content" as const, content: [{ item: { x: "a" } }, { item: { x: "b" } }] },
    input_messages: { type: "template" as const, template: [{ role: "user" as const, content: "Say {{item.x}}" }] },
    sampling_params: { max_completion_tokens },
  });
  const evalOf = ({ openai }: Client) =>
    openai.evals.create({
      data_source_config: { type: "custom", item_schema: { type: "object" } },
      testing_criteria: criteria,
    });

  it("cost what each model used, a row for each", async () => {
    const one = await client();
    const { id } = await evalOf(one);
    const run = await one.openai.evals.runs.create(id, { data_source: source(100) });
    const told = (model_name: string) => ({ model_name, invocation_count: 2, ...RUN, cached_tokens: 0 });
    becomes("eval.run", { status: "completed", per_model_usage: [told("gpt-4o-mini"), told("gpt-4o-2024-08-06")] });
    await one.openai.evals.runs.retrieve(run.id, { eval_id: id });
    const rows = await one.paid(2);
    expect(rows.map(({ model, spend }) => [model, spend]).toSorted()).toEqual([
      ["gpt-4o-2024-08-06", (1000 * 2.5 + 100 * 10) / 1e6],
      ["gpt-4o-mini", COST],
    ]);
    expect(rows[0]).toMatchObject({ call_type: "evals.runs", metadata: { eval_id: id, run_id: run.id } });
  }, 40_000);

  it("are refused where the budget does not last for the longest answers", async () => {
    const one = await client({ max_budget: 0.0005 });
    const { id } = await evalOf(one);
    expect((await failureOf(one.openai.evals.runs.create(id, { data_source: source(1000) }))).status).toBe(422);
    expect((await one.openai.evals.runs.create(id, { data_source: source(10) })).status).toBe("queued");
  }, 40_000);

  it("of one sample cost what the grader used, at once", async () => {
    const one = await client();
    const grader = {
      type: "score_model" as const,
      name: "grade",
      model: "gpt-4o-2024-08-06",
      input: [{ role: "user" as const, content: "?" }],
    };
    await one.openai.fineTuning.alpha.graders.run({ grader, model_sample: "x" });
    expect(await one.paid(1)).toMatchObject([{ spend: (100 * 2.5 + 50 * 10) / 1e6, prompt_tokens: 100 }]);
  }, 40_000);
});
