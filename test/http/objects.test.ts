/** What providers keep, by the `openai` package, against the running gateway: two teams, one provider. */
import type OpenAI from "openai";
import { toFile } from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MASTER_KEY, startGateway, type TestGateway } from "./gateway.ts";
import { answerObjects, atProvider } from "./openai-objects.ts";
import { failureOf, recordOf, sdkFor } from "./sdk.ts";
import { type Received, startUpstream } from "./upstream.ts";

const OURS = /^[a-z]+[-_]slc[0-9a-f]{32}$/;

let upstream: Awaited<ReturnType<typeof startUpstream>>;
let gateway: TestGateway;
/** Two tenants, and the admin. */
let one: OpenAI;
let other: OpenAI;
let admin: OpenAI;
/** May use one model alone. */
let narrow: OpenAI;

const last = (): Received => upstream.received.at(-1) as Received; // each test has just called

async function keyOf(fields: object): Promise<string> {
  const answer = (await (await gateway.call("/key/generate", fields)).json()) as { key: string };
  return answer.key;
}

async function teamKey(alias: string): Promise<string> {
  const team = (await (await gateway.call("/team/new", { team_alias: alias })).json()) as { team_id: string };
  return keyOf({ team_id: team.team_id });
}

beforeAll(async () => {
  upstream = await startUpstream((request, response) => void answerObjects(request, response));
  gateway = await startGateway(
    {
      model_list: [
        {
          model_name: "small",
          litellm_params: { model: "openai/gpt-4o-mini", api_base: `${upstream.url}/v1`, api_key: "sk-env" },
        },
        {
          model_name: "film",
          litellm_params: { model: "openai/sora-2", api_base: `${upstream.url}/v1`, api_key: "sk-env" },
        },
        {
          model_name: "elsewhere",
          litellm_params: { model: "openai/gpt-4o", api_base: `${upstream.url}/two/v1`, api_key: "sk-two" },
        },
        {
          model_name: "mixed",
          litellm_params: { model: "openai/gpt-4o", api_base: `${upstream.url}/v1`, api_key: "sk-env" },
        },
        {
          model_name: "mixed",
          litellm_params: { model: "openai/gpt-4o", api_base: `${upstream.url}/two/v1`, api_key: "sk-two" },
        },
        { model_name: "old", litellm_params: { model: "text-completion-openai/x", api_key: "sk-x" } },
      ],
      finetune_settings: [{ custom_llm_provider: "openai", api_base: `${upstream.url}/v1`, api_key: "sk-tune" }],
      vector_store_registry: [
        {
          vector_store_name: "shared",
          litellm_params: {
            vector_store_id: "vs_shared",
            custom_llm_provider: "openai",
            api_base: `${upstream.url}/v1`,
            api_key: "sk-shared",
          },
        },
      ],
    },
    { OPENAI_API_KEY: "sk-env", OPENAI_BASE_URL: `${upstream.url}/v1` },
  );
  one = sdkFor(gateway, await teamKey("one"));
  other = sdkFor(gateway, await teamKey("other"));
  admin = sdkFor(gateway, MASTER_KEY);
  narrow = sdkFor(gateway, await keyOf({ models: ["small"] }));
}, 60_000);

afterAll(async () => {
  await gateway?.stop();
  await upstream?.close();
});

/** A file that only the provider knows of, as an answer names it. */
async function fileOf(client: OpenAI): Promise<string> {
  const store = await client.vectorStores.create({});
  const assistant = await client.beta.assistants.create({ model: "gpt-4o" });
  const thread = await client.beta.threads.create({});
  const events = await client.beta.threads.runs.create(thread.id, { assistant_id: assistant.id, stream: true });
  for await (const { event, data } of events)
    if (event === "thread.message.completed" && data.content[0]?.type === "image_file")
      return data.content[0].image_file.file_id;
  throw new Error(`the stream of ${store.id} named no file`);
}

describe("vector stores", () => {
  it("are the tenant's alone, from making to deleting", async () => {
    const store = await one.vectorStores.create({ name: "mine", metadata: { of: "one" } });
    expect(store).toMatchObject({ object: "vector_store", name: "mine", metadata: { of: "one" } });
    expect(store.id).toMatch(/^vs_slc[0-9a-f]{32}$/);
    expect(last().headers.authorization).toBe("Bearer sk-env");
    expect(await one.vectorStores.retrieve(store.id)).toEqual(store);
    expect(await admin.vectorStores.retrieve(store.id)).toEqual(store);

    for (const attempt of [
      () => other.vectorStores.retrieve(store.id),
      () => other.vectorStores.update(store.id, { name: "theirs" }),
      () => other.vectorStores.delete(store.id),
      () => other.vectorStores.search(store.id, { query: "x" }),
      () => other.vectorStores.files.list(store.id),
    ]) {
      const asked = upstream.received.length;
      const failure = await failureOf(Promise.resolve(attempt()));
      expect([failure.status, failure.message]).toEqual([404, `404 No object found with id '${store.id}'.`]);
      expect(upstream.received).toHaveLength(asked);
    }

    expect(await one.vectorStores.update(store.id, { name: "still mine" })).toMatchObject({ name: "still mine" });
    const listed = await one.vectorStores.list();
    expect(listed.data.find(({ id }) => id === store.id)).toMatchObject({ name: "still mine" });
    expect((await other.vectorStores.list()).data.map(({ id }) => id)).not.toContain(store.id);
    expect((await admin.vectorStores.list()).data.map(({ id }) => id)).toContain(store.id);

    expect(await one.vectorStores.delete(store.id)).toEqual({
      id: store.id,
      object: "vector_store.deleted",
      deleted: true,
    });
    expect((await failureOf(one.vectorStores.retrieve(store.id))).status).toBe(404);
    expect((await one.vectorStores.list()).data.map(({ id }) => id)).not.toContain(store.id);
  });

  it("take files by the gateway's ids, and name them so", async () => {
    const file = await fileOf(one);
    expect(file).toMatch(/^file-slc/);
    const store = await one.vectorStores.create({});
    const added = await one.vectorStores.files.create(store.id, { file_id: file, attributes: { file_id: file } });
    expect(added).toMatchObject({ id: file, vector_store_id: store.id, attributes: { file_id: file } });
    expect(last().body["file_id"]).toMatch(/^file-up/);
    expect(last().body["attributes"]).toEqual({ file_id: file }); // the client's own words
    expect((await one.vectorStores.files.list(store.id)).data.map(({ id }) => id)).toEqual([file]);
    expect((await one.vectorStores.files.retrieve(file, { vector_store_id: store.id })).id).toBe(file);
    const found = await one.vectorStores.search(store.id, { query: "where?" });
    expect(found.data[0]).toMatchObject({ file_id: file, content: [{ text: "found" }] });
    const batch = await one.vectorStores.fileBatches.create(store.id, { file_ids: [file] });
    expect(batch).toMatchObject({ vector_store_id: store.id, object: "vector_store.file_batch" });
    expect(await one.vectorStores.fileBatches.retrieve(batch.id, { vector_store_id: store.id })).toMatchObject({
      id: batch.id,
    });
    const files = await one.vectorStores.fileBatches.listFiles(batch.id, { vector_store_id: store.id });
    expect(files.data.map(({ id }) => id)).toEqual([file]);
    expect(await one.vectorStores.files.delete(file, { vector_store_id: store.id })).toMatchObject({ id: file });
    expect(
      (
        await failureOf(
          Promise.resolve(other.vectorStores.files.create((await other.vectorStores.create({})).id, { file_id: file })),
        )
      ).status,
    ).toBe(404);
  });

  it("page as OpenAI's lists do", async () => {
    const client = sdkFor(gateway, await teamKey("paging"));
    const made: string[] = [];
    for (let count = 0; count < 5; count++) made.push((await client.vectorStores.create({ name: `${count}` })).id);
    const all: string[] = [];
    for await (const store of client.vectorStores.list({ limit: 2 })) all.push(store.id);
    expect(all).toEqual(made.toReversed());
    const first = await client.vectorStores.list({ limit: 2, order: "asc" });
    expect(first.data.map(({ id }) => id)).toEqual(made.slice(0, 2));
    expect(first.has_more).toBe(true);
    const before = await client.vectorStores.list({ limit: 2, order: "asc", before: made[3] });
    expect(before.data.map(({ id }) => id)).toEqual(made.slice(1, 3));
    expect((await failureOf(client.vectorStores.list({ limit: 0 }))).status).toBe(400);
    expect(
      (await failureOf(client.vectorStores.list({ after: "vs_slc00000000000000000000000000000000" }))).status,
    ).toBe(404);
    expect((await failureOf(client.vectorStores.list({ order: "up" as "asc" }))).status).toBe(400);
  });

  it("keep provider's own ids from whoever is no admin", async () => {
    const store = await one.vectorStores.create({});
    const own = await fetchJson(`/v1/vector_stores/${store.id}`);
    expect(own).toMatchObject({ id: store.id });
    const theirs = String(last().path.split("/").at(-1));
    expect(atProvider(theirs)).toBeDefined();
    expect((await failureOf(one.vectorStores.retrieve(theirs))).status).toBe(404);
    expect((await failureOf(one.vectorStores.files.create(store.id, { file_id: "file-up1" }))).message).toContain(
      "No file found",
    );
    expect(await admin.vectorStores.retrieve(theirs)).toMatchObject({ id: theirs });
  });

  it("are searched where an admin registered them, and no more than that", async () => {
    const failure = await failureOf(Promise.resolve(one.vectorStores.search("vs_shared", { query: "x" })));
    expect(failure.message).toContain("No object found with id 'vs_shared'"); // as the provider says it
    expect(last().headers.authorization).toBe("Bearer sk-shared");
    const asked = upstream.received.length;
    expect((await failureOf(one.vectorStores.delete("vs_shared"))).status).toBe(404);
    expect(upstream.received).toHaveLength(asked);
  });

  it("show the files of a registered one without giving them away", async () => {
    const { id } = await admin.vectorStores.create({});
    const store = String((await admin.vectorStores.retrieve(id)) && last().path.split("/").at(-1));
    const file = await fileOf(admin);
    await admin.vectorStores.files.create(id, { file_id: file });
    const registered = { vector_store_id: store, custom_llm_provider: "openai" };
    expect((await gateway.call("/vector_store/new", registered)).status).toBe(200);

    const found = (await other.vectorStores.search(store, { query: "x" })).data[0]?.file_id ?? "";
    const listed = (await other.vectorStores.files.list(store)).data[0]?.id ?? "";
    expect(found).toBe(listed);
    expect(found).not.toBe("");
    const asked = upstream.received.length;
    expect((await failureOf(other.files.delete(found))).status).toBe(404);
    expect((await failureOf(other.files.content(found))).status).toBe(404);
    expect(upstream.received).toHaveLength(asked);

    expect((await one.vectorStores.create({ file_ids: [] })).id).toMatch(OURS);
    expect((await admin.vectorStores.files.list(store)).data[0]?.id).toBe(file);
  });
});

async function fetchJson(path: string): Promise<unknown> {
  return (await gateway.call(path)).json();
}

describe("fine-tuning jobs", () => {
  it("are made by the credentials for them, and followed", async () => {
    const file = await fileOf(one);
    const made = await one.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: file });
    expect(made).toMatchObject({ object: "fine_tuning.job", model: "gpt-4o-mini-2024", training_file: file });
    expect(made.id).toMatch(OURS);
    expect(last().body["training_file"]).toMatch(/^file-up/);
    const job = await one.fineTuning.jobs.retrieve(made.id);
    const theirs = String(last().path.split("/").at(-1));

    expect((await failureOf(other.fineTuning.jobs.retrieve(made.id))).status).toBe(404);
    expect((await failureOf(other.fineTuning.jobs.create({ model: "gpt-4o", training_file: file }))).status).toBe(404);

    // The provider goes on, and the list says so.
    Object.assign(atProvider(theirs) ?? {}, {
      status: "succeeded",
      fine_tuned_model: "ft:gpt-4o-mini:x",
      result_files: ["file-up-result"],
    });
    const listed = (await one.fineTuning.jobs.list()).data.find(({ id }) => id === job.id);
    expect(listed).toMatchObject({ status: "succeeded", fine_tuned_model: "ft:gpt-4o-mini:x", training_file: file });
    expect(listed?.result_files[0]).toMatch(/^file-slc/);
    expect((await one.fineTuning.jobs.retrieve(job.id)).result_files).toEqual(listed?.result_files);

    expect((await one.fineTuning.jobs.listEvents(job.id)).data[0]?.id).toBe("ftevent-1");
    const checkpoints = await one.fineTuning.jobs.checkpoints.list(job.id);
    expect(checkpoints.data[0]?.fine_tuning_job_id).toBe(job.id);
    expect((await one.fineTuning.jobs.cancel(job.id)).status).toBe("cancelled");
  });

  it("are for models the key may use, under the provider's name for them", async () => {
    const file = await fileOf(admin);
    await admin.fineTuning.jobs.create({ model: "small", training_file: file });
    expect(last().body["model"]).toBe("gpt-4o-mini");
    const refused = await failureOf(narrow.post("/fine_tuning/jobs", { body: { model: "gpt-4o" } }));
    expect([401, 403]).toContain(refused.status);
    const response = await gateway.call("/fine_tuning/jobs", { model: "gpt-4o", custom_llm_provider: "openai" });
    expect(response.status).toBe(200);
    expect(last().headers.authorization).toBe("Bearer sk-tune");
    expect(last().body).toEqual({ model: "gpt-4o" });
  });
});

describe("assistants", () => {
  it("run threads, streamed and not, in the gateway's ids", async () => {
    const assistant = await one.beta.assistants.create({ model: "small", tools: [{ type: "file_search" }] });
    expect(assistant).toMatchObject({ id: expect.stringMatching(/^asst_slc/), model: "gpt-4o-mini" });
    expect(last().headers["openai-beta"]).toBe("assistants=v2");
    const store = await one.vectorStores.create({}, { headers: { "custom-llm-provider": "openai" } });
    const thread = await one.beta.threads.create({});
    const message = await one.beta.threads.messages.create(thread.id, { role: "user", content: thread.id });
    expect(message).toMatchObject({ thread_id: thread.id, content: [{ text: { value: thread.id } }] });
    expect(await one.beta.threads.messages.retrieve(message.id, { thread_id: thread.id })).toMatchObject({
      id: message.id,
    });
    const run = await one.beta.threads.runs.create(thread.id, { assistant_id: assistant.id });
    expect(run).toMatchObject({ assistant_id: assistant.id, thread_id: thread.id });
    expect(await one.beta.threads.runs.retrieve(run.id, { thread_id: thread.id })).toMatchObject({ id: run.id });

    const events: string[] = [];
    const ids = new Set<string>();
    for await (const { event, data } of await one.beta.threads.runs.create(thread.id, {
      assistant_id: assistant.id,
      stream: true,
    })) {
      events.push(event);
      if ("thread_id" in data) ids.add(data.thread_id ?? "");
      if ("assistant_id" in data) ids.add(data.assistant_id ?? "");
    }
    expect(events).toEqual([
      "thread.run.created",
      "thread.message.created",
      "thread.message.delta",
      "thread.message.completed",
      "thread.run.completed",
    ]);
    expect(ids).toEqual(new Set([thread.id, assistant.id]));

    expect((await failureOf(other.beta.threads.runs.create(thread.id, { assistant_id: assistant.id }))).status).toBe(
      404,
    );
    const theirs = await other.beta.threads.create({});
    expect((await failureOf(other.beta.threads.runs.create(theirs.id, { assistant_id: assistant.id }))).status).toBe(
      404,
    );
    expect((await failureOf(one.beta.threads.retrieve(assistant.id))).status).toBe(404);
    expect(store.id).toMatch(OURS);
    expect(await one.beta.assistants.delete(assistant.id)).toMatchObject({ id: assistant.id, deleted: true });
  });

  it("make a thread with its run", async () => {
    const assistant = await one.beta.assistants.create({ model: "small" });
    const run = await one.beta.threads.createAndRun({ assistant_id: assistant.id });
    expect(run).toMatchObject({ assistant_id: assistant.id, thread_id: expect.stringMatching(/^thread_slc/) });
    expect(await one.beta.threads.retrieve(run.thread_id)).toMatchObject({ id: run.thread_id });
    expect((await failureOf(other.beta.threads.retrieve(run.thread_id))).status).toBe(404);
    const events = await one.beta.threads
      .createAndRunStream({ assistant_id: assistant.id })
      .finalRun()
      .catch((error) => error);
    expect(events).toBeDefined();
  });

  it("are refused where no provider knows all that is named", async () => {
    const here = await one.vectorStores.create({});
    const failure = await failureOf(
      one.beta.assistants.create({
        model: "elsewhere",
        tool_resources: { file_search: { vector_store_ids: [here.id] } },
      }),
    );
    expect([failure.status, failure.message]).toEqual([400, expect.stringContaining("elsewhere is not served where")]);
    const unable = await failureOf(one.beta.assistants.create({ model: "old" }));
    expect(unable.status).toBe(400);
  });
});

describe("containers", () => {
  it("hold files, are paid for by the session, and are the tenant's alone", async () => {
    const { data: container, response } = await one.containers.create({ name: "box" }).withResponse();
    expect(container).toMatchObject({ id: expect.stringMatching(/^cntr_slc/), object: "container", status: "running" });
    expect(await recordOf(gateway, response.headers.get("x-litellm-call-id"))).toMatchObject({
      operation: "containers.create",
      cost: 30_000_000,
    });
    const file = await one.containers.files.create(container.id, { file: await toFile(Buffer.from("hello"), "a.txt") });
    expect(file).toMatchObject({ container_id: container.id, path: "/mnt/data/a.txt", bytes: 5 });
    expect((await one.containers.files.list(container.id)).data).toEqual([file]);
    expect(await one.containers.files.retrieve(file.id, { container_id: container.id })).toEqual(file);
    const content = await one.containers.files.content.retrieve(file.id, { container_id: container.id });
    expect(await content.text()).toBe("bytes");
    expect((await failureOf(other.containers.files.list(container.id))).status).toBe(404);
    expect((await one.containers.list()).data.map(({ id }) => id)).toContain(container.id);
    await one.containers.delete(container.id);
    expect((await failureOf(one.containers.retrieve(container.id))).status).toBe(404);
  });
});

describe("evals", () => {
  it("name models and files as the provider does, and answer as the client does", async () => {
    const file = await fileOf(one);
    const made = await one.evals.create({
      name: "good?",
      data_source_config: { type: "custom", item_schema: { type: "object" } },
      testing_criteria: [
        {
          type: "label_model",
          name: "g",
          model: "small",
          input: [{ role: "user", content: "x" }],
          labels: ["a"],
          passing_labels: ["a"],
        },
      ],
    });
    expect(last().body["testing_criteria"]).toMatchObject([{ model: "gpt-4o-mini" }]);
    const run = await one.evals.runs.create(made.id, {
      data_source: { type: "completions", model: "small", source: { type: "file_id", id: file } },
    });
    expect(run).toMatchObject({ eval_id: made.id, data_source: { source: { type: "file_id", id: file } } });
    expect(last().body["data_source"]).toMatchObject({
      model: "gpt-4o-mini",
      source: { id: expect.stringMatching(/^file-up/) },
    });
    expect((await one.evals.runs.list(made.id)).data.map(({ id }) => id)).toEqual([run.id]);
    expect(await one.evals.runs.retrieve(run.id, { eval_id: made.id })).toMatchObject({ id: run.id });
    expect((await failureOf(other.evals.retrieve(made.id))).status).toBe(404);
    const refused = await failureOf(
      narrow.evals.create({
        data_source_config: { type: "custom", item_schema: {} },
        testing_criteria: [
          { type: "label_model", name: "g", model: "elsewhere", input: [], labels: [], passing_labels: [] },
        ],
      }),
    );
    expect([401, 403]).toContain(refused.status);
    expect((await one.evals.list()).data.map(({ id }) => id)).toContain(made.id);
  });
});

describe("videos", () => {
  it("cost by the second when they are asked for", async () => {
    const { data: video, response } = await one.videos
      .create({ model: "film" as "sora-2", prompt: "a cat", seconds: "8" })
      .withResponse();
    expect(video).toMatchObject({
      id: expect.stringMatching(/^video_slc/),
      status: "queued",
      model: "sora-2",
      seconds: "8",
    });
    expect(last().body).toMatchObject({ model: "sora-2", prompt: "a cat", seconds: "8" });
    expect(await recordOf(gateway, response.headers.get("x-litellm-call-id"))).toMatchObject({
      operation: "videos.create",
      cost: 800_000_000,
    });
    expect(await one.videos.retrieve(video.id)).toMatchObject({ id: video.id });
    const bytes = new Uint8Array(await (await one.videos.downloadContent(video.id)).arrayBuffer());
    expect([...bytes]).toEqual([0, 1, 2, 255]);
    const remix = await one.videos.remix(video.id, { prompt: "a dog" }).withResponse();
    expect(remix.data).toMatchObject({ remixed_from_video_id: video.id, id: expect.stringMatching(/^video_slc/) });
    expect(remix.data.id).not.toBe(video.id);
    expect(await recordOf(gateway, remix.response.headers.get("x-litellm-call-id"))).toMatchObject({
      cost: 800_000_000,
    });
    const edited = await one.videos.edit({ video: { id: video.id }, prompt: "rain" });
    expect(edited.id).toMatch(OURS);
    expect((await failureOf(other.videos.downloadContent(video.id))).status).toBe(404);
    expect((await failureOf(other.videos.remix(video.id, { prompt: "x" }))).status).toBe(404);
    expect((await failureOf(other.videos.edit({ video: { id: video.id }, prompt: "x" }))).status).toBe(404);
    expect((await one.videos.list()).data.map(({ id }) => id)).toEqual(
      expect.arrayContaining([video.id, remix.data.id]),
    );
    expect((await other.videos.list()).data.map(({ id }) => id)).not.toContain(video.id);
    expect(await one.videos.delete(video.id)).toMatchObject({ id: video.id, deleted: true });
  });

  it("have characters", async () => {
    const video = await toFile(Buffer.from([1, 2, 3]), "me.mp4", { type: "video/mp4" });
    const character = await one.videos.createCharacter({ name: "me", video });
    expect(character).toMatchObject({ id: expect.stringMatching(/^char_slc/), name: "me" });
    expect(last().body["video"]).toBeInstanceOf(File);
    expect(await one.videos.getCharacter(character.id ?? "")).toMatchObject({ id: character.id });
    expect((await failureOf(other.videos.getCharacter(character.id ?? ""))).status).toBe(404);
  });
});

describe("objects in requests to models", () => {
  const asking = (id: string, text = "What does it say?") => [
    {
      role: "user" as const,
      content: [
        { type: "text" as const, text },
        { type: "file" as const, file: { file_id: id } },
      ],
    },
  ];

  it("go where they are kept, under the provider's id", async () => {
    const id = await fileOf(one);
    for (let time = 0; time < 5; time++) {
      const answer = await one.chat.completions.create({ model: "mixed", messages: asking(id, id) });
      expect(answer.choices[0]?.message).toMatchObject({ content: "read", annotations: [{ file: { file_id: id } }] });
      expect(last().path).toBe("/v1/chat/completions");
      expect(last().headers.authorization).toBe("Bearer sk-env");
      expect(last().body["messages"]).toMatchObject([
        { content: [{ text: id }, { file: { file_id: expect.stringMatching(/^file-up/) } }] },
      ]);
    }
    expect((await failureOf(other.chat.completions.create({ model: "mixed", messages: asking(id) }))).status).toBe(404);
    const elsewhere = await failureOf(one.chat.completions.create({ model: "elsewhere", messages: asking(id) }));
    expect([elsewhere.status, elsewhere.message]).toEqual([400, expect.stringContaining("is not served where")]);
    const owner = await failureOf(narrow.chat.completions.create({ model: "mixed", messages: asking(id) }));
    expect(owner.status).toBe(404);
  });

  it("are sent along where the gateway keeps them", async () => {
    const file = await one.files.create({ file: await toFile(Buffer.from("hello"), "a.txt"), purpose: "batch" });
    expect(file.id).toMatch(OURS);
    await one.chat.completions.create({ model: "elsewhere", messages: asking(file.id) });
    expect(last().body["messages"]).toMatchObject([
      { content: [{}, { file: { filename: "a.txt", file_data: "data:text/plain;base64,aGVsbG8=" } }] },
    ]);
    expect(JSON.stringify(last().body)).not.toContain(file.id);
    const misplaced = await one.vectorStores.create({});
    const failure = await failureOf(Promise.resolve(one.vectorStores.files.create(misplaced.id, { file_id: file.id })));
    expect([failure.status, failure.message]).toEqual([400, expect.stringContaining("is kept by the gateway")]);
  });
});

describe("failures", () => {
  it("are told in the provider's words, and are on the ledger", async () => {
    const taken = await one.vectorStores.create({ name: "refused" }).catch((error: unknown) => error);
    expect(taken).toMatchObject({ status: 400, code: "taken", param: "name", type: "invalid_request_error" });
    const down = await failureOf(one.vectorStores.create({ name: "down" }));
    expect([down.status, down.message]).toEqual([503, "503 The server is overloaded"]);
    const record = await recordOf(gateway, down.headers?.get("x-litellm-call-id") ?? null);
    expect(record).toMatchObject({ operation: "vector_stores.create", status: 503, outcome: "failure" });
    const thread = await one.beta.threads.create({});
    const gone = String((await gatewayIdAtProvider(thread.id)) ?? "");
    const missing = await failureOf(one.beta.threads.messages.retrieve("msg_none", { thread_id: thread.id }));
    expect(missing.message).toBe("404 No object found with id 'msg_none'.");
    expect(missing.message).not.toContain(gone);
  });

  it("name objects by the gateway's ids", async () => {
    const store = await one.vectorStores.create({});
    const theirs = await gatewayIdAtProvider(store.id);
    await admin.vectorStores.delete(theirs);
    const failure = await failureOf(one.vectorStores.retrieve(store.id));
    expect(failure.message).toBe(`404 No object found with id '${store.id}'.`);
  });

  it("refuse what is no request", async () => {
    const bad = await gateway.call("/v1/vector_stores", "{not json");
    expect([bad.status, await bad.json()]).toEqual([400, { error: expect.objectContaining({ code: "400" }) }]);
    expect((await gateway.call("/v1/vector_stores", "[1]")).status).toBe(400);
    expect((await gateway.call("/v1/vector_stores", { api_base: "http://evil" })).status).toBe(400);
    expect((await gateway.call("/v1/vector_stores", { custom_llm_provider: "nobody" })).status).toBe(400);
    expect((await gateway.call("/v1/vector_stores", { custom_llm_provider: 7 })).status).toBe(400);
    const deep = `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}`;
    expect((await gateway.call("/v1/vector_stores", deep)).status).toBe(400);
    expect((await gateway.call("/v1/vector_stores/..%2Ffiles")).status).toBeGreaterThanOrEqual(400);
    expect((await fetch(`${gateway.url}/v1/vector_stores`)).status).toBe(401);
  });
});

/** What the provider calls it. */
async function gatewayIdAtProvider(id: string): Promise<string> {
  const path = id.startsWith("thread") ? "threads" : "vector_stores";
  await gateway.call(`/v1/${path}/${id}`);
  return last().path.split("/").at(-1) ?? "";
}
