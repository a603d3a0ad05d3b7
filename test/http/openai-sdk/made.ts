/** What a tenant makes for the methods that are about something. */
import type OpenAI from "openai";
import { toFile } from "openai";
import type { CreateEvalJSONLRunDataSource } from "openai/resources/evals/runs/runs";
import { expect } from "vitest";
import { user } from "../sdk.ts";

export interface Served {
  /** What the method is about, made by the tenant it belongs to; nobody else gets to it. */
  about?(owner: OpenAI): Promise<string>;
  call(client: OpenAI, id: string): Promise<unknown>;
  /** What comes back has this in it. */
  says: object;
}

export const SLOW = { pollIntervalMs: 10 };
export const id = async (made: Promise<{ id: string }>) => (await made).id;
export const text = (content: string, name: string) => toFile(Buffer.from(content), name);
export const picture = () => toFile(Buffer.from("png"), "a.png", { type: "image/png" });
export const sound = () => toFile(Buffer.from("mp3"), "a.mp3", { type: "audio/mpeg" });

export const batchFile = (client: OpenAI) =>
  text(
    JSON.stringify({
      custom_id: "1",
      method: "POST",
      url: "/v1/chat/completions",
      body: { model: "small", messages: user("Hi") },
    }),
    "lines.jsonl",
  ).then((file) => id(client.files.create({ file, purpose: "batch" })));
export const file = async (client: OpenAI) =>
  id(client.files.create({ file: await text("text", "a.txt"), purpose: "user_data" }));
export const batch = async (client: OpenAI) =>
  id(
    client.batches.create({
      input_file_id: await batchFile(client),
      endpoint: "/v1/chat/completions",
      completion_window: "24h",
    }),
  );
export const stored = (client: OpenAI) =>
  id(client.chat.completions.create({ model: "small", messages: user("Hi"), store: true, metadata: { of: "table" } }));
/** One that is not made yet, so that it can be stopped. */
export const response = (client: OpenAI) =>
  id(client.responses.create({ model: "small", input: "Hi", background: true }));
export const upload = (client: OpenAI) =>
  id(client.uploads.create({ bytes: 4, filename: "a.txt", mime_type: "text/plain", purpose: "user_data" }));
export const conversation = (client: OpenAI) => id(client.conversations.create({ metadata: { of: "table" } }));
export const skill = async (client: OpenAI) => id(client.skills.create({ files: [await text("# A", "a/SKILL.md")] }));
export const consent = async (client: OpenAI) =>
  id(client.audio.voiceConsents.create({ language: "en", name: "me", recording: await sound() }));
export const voice = async (client: OpenAI) =>
  id(client.audio.voices.create({ audio_sample: await sound(), consent: await consent(client), name: "mine" }));
export const job = async (client: OpenAI) =>
  id(client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: await file(client) }));
export const store = (client: OpenAI) => id(client.vectorStores.create({ name: "docs" }));
export const assistant = (client: OpenAI) => id(client.beta.assistants.create({ model: "gpt-4o" }));
export const thread = (client: OpenAI) => id(client.beta.threads.create({}));
export const container = (client: OpenAI) => id(client.containers.create({ name: "box" }));
export const video = (client: OpenAI) => id(client.videos.create({ model: "sora-2", prompt: "a cat" }));
export const evaluation = (client: OpenAI) =>
  id(
    client.evals.create({
      name: "table",
      data_source_config: { type: "custom", item_schema: {} },
      testing_criteria: [{ type: "string_check", name: "is", input: "{{item.a}}", operation: "eq", reference: "a" }],
    }),
  );
export const evalSource: CreateEvalJSONLRunDataSource = {
  type: "jsonl",
  source: { type: "file_content", content: [{ item: { a: "a" } }] },
};

/** Two ids in one, for what exists only inside of another object. */
export const both = (...ids: string[]) => ids.join(" ");
export const parts = (ids: string) => ids.split(" ") as [string, string];

export const storeFile = async (client: OpenAI) => {
  const [outer, inner] = [await store(client), await file(client)];
  await client.vectorStores.files.create(outer, { file_id: inner });
  return both(outer, inner);
};
export const fileBatch = async (client: OpenAI) => {
  const outer = await store(client);
  return both(outer, await id(client.vectorStores.fileBatches.create(outer, { file_ids: [await file(client)] })));
};
export const message = async (client: OpenAI) => {
  const outer = await thread(client);
  return both(outer, await id(client.beta.threads.messages.create(outer, { role: "user", content: "Hi" })));
};
export const DONE = { metadata: { status: "completed" } };
export const run = async (client: OpenAI) => {
  const outer = await thread(client);
  return both(
    outer,
    await id(client.beta.threads.runs.create(outer, { assistant_id: await assistant(client), ...DONE })),
  );
};
export const containerFile = async (client: OpenAI) => {
  const outer = await container(client);
  return both(outer, await id(client.containers.files.create(outer, { file: await text("text", "a.txt") })));
};
export const evalRun = async (client: OpenAI) => {
  const outer = await evaluation(client);
  return both(outer, await id(client.evals.runs.create(outer, { data_source: evalSource })));
};

export const chatRequest = { model: "small", messages: user("Hi") };
export const HELLO = { choices: [{ message: { content: "Hello" } }] };
export const tool = {
  type: "function" as const,
  function: { name: "now", description: "", parameters: {}, function: () => "noon" },
};
export const grader = { type: "string_check", name: "g", input: "a", operation: "eq", reference: "a" } as const;
/** A list with something in it. */
export const list = { data: expect.arrayContaining([expect.anything()]) };
