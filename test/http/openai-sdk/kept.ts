/** Files, stored completions, conversations, skills, voices and fine-tuning. */
import { expect } from "vitest";
import {
  batch,
  consent,
  conversation,
  file,
  grader,
  HELLO,
  job,
  list,
  type Served,
  skill,
  sound,
  stored,
  text,
  upload,
  voice,
} from "./made.ts";

const files: Record<string, Served> = {
  "files.create": {
    call: async (client) => client.files.create({ file: await text("text", "a.txt"), purpose: "user_data" }),
    says: { object: "file", filename: "a.txt", purpose: "user_data" },
  },
  "files.retrieve": { about: file, call: (client, one) => client.files.retrieve(one), says: { object: "file" } },
  "files.list": { call: (client) => client.files.list(), says: list },
  "files.delete": { about: file, call: (client, one) => client.files.delete(one), says: { deleted: true } },
  "files.content": {
    about: file,
    call: async (client, one) => ({ text: await (await client.files.content(one)).text() }),
    says: { text: "PK" },
  },
  "files.waitForProcessing": {
    about: file,
    call: (client, one) => client.files.waitForProcessing(one, { pollInterval: 10 }),
    says: { status: "processed" },
  },
  "uploads.create": {
    call: async (client) => ({ id: await upload(client) }),
    says: { id: expect.stringMatching(/^upload_slc/) },
  },
  "uploads.cancel": { about: upload, call: (client, one) => client.uploads.cancel(one), says: { status: "cancelled" } },
  "uploads.parts.create": {
    about: upload,
    call: async (client, one) => client.uploads.parts.create(one, { data: await text("text", "blob") }),
    says: { object: "upload.part", upload_id: expect.stringMatching(/^upload_slc/) },
  },
  "uploads.complete": {
    about: upload,
    async call(client, one) {
      const part = await client.uploads.parts.create(one, { data: await text("text", "blob") });
      const { file: made } = await client.uploads.complete(one, { part_ids: [part.id] });
      const { data } = await client.files.list();
      return { made: await client.files.retrieve(made?.id ?? ""), listed: data.filter((item) => item.id === made?.id) };
    },
    says: { made: { id: expect.stringMatching(/^file-slc/), filename: "a.txt" }, listed: [{ filename: "a.txt" }] },
  },
  "batches.create": {
    call: async (client) => ({ id: await batch(client) }),
    says: { id: expect.stringMatching(/^batch_/) },
  },
  "batches.retrieve": { about: batch, call: (client, one) => client.batches.retrieve(one), says: { object: "batch" } },
  "batches.list": { call: (client) => client.batches.list(), says: list },
  "batches.cancel": { about: batch, call: (client, one) => client.batches.cancel(one), says: { object: "batch" } },
};

const completions: Record<string, Served> = {
  "chat.completions.retrieve": {
    about: stored,
    call: (client, one) => client.chat.completions.retrieve(one),
    says: { ...HELLO, metadata: { of: "table" } },
  },
  "chat.completions.update": {
    about: stored,
    call: (client, one) => client.chat.completions.update(one, { metadata: { of: "another" } }),
    says: { metadata: { of: "another" } },
  },
  "chat.completions.list": {
    call: async (client) => {
      await stored(client);
      return client.chat.completions.list({ model: "small", metadata: { of: "table" } });
    },
    says: list,
  },
  "chat.completions.delete": {
    about: stored,
    call: (client, one) => client.chat.completions.delete(one),
    says: { deleted: true, id: expect.stringMatching(/^chatcmpl-slc/) },
  },
  "chat.completions.messages.list": {
    about: stored,
    call: (client, one) => client.chat.completions.messages.list(one),
    says: { data: [{ content: "Hi" }] },
  },
};

const conversations: Record<string, Served> = {
  "conversations.create": {
    call: (client) => client.conversations.create({ items: [{ type: "message", role: "user", content: "Hi" }] }),
    says: { id: expect.stringMatching(/^conv_slc/), seen: [{ content: "Hi" }] },
  },
  "conversations.retrieve": {
    about: conversation,
    call: (client, one) => client.conversations.retrieve(one),
    says: { metadata: { of: "table" } },
  },
  "conversations.update": {
    about: conversation,
    call: (client, one) => client.conversations.update(one, { metadata: { of: "another" } }),
    says: { metadata: { of: "another" } },
  },
  "conversations.delete": {
    about: conversation,
    call: (client, one) => client.conversations.delete(one),
    says: { object: "conversation.deleted", id: expect.stringMatching(/^conv_slc/) },
  },
  "conversations.items.create": {
    about: conversation,
    call: (client, one) =>
      client.conversations.items.create(one, { items: [{ type: "message", role: "user", content: "Hi" }] }),
    says: { data: [{ seen: [{ content: "Hi" }] }] },
  },
  "conversations.items.list": {
    about: conversation,
    call: (client, one) => client.conversations.items.list(one),
    says: list,
  },
  "conversations.items.retrieve": {
    about: conversation,
    call: (client, one) => client.conversations.items.retrieve("msg_1", { conversation_id: one }),
    says: { id: "msg_1" },
  },
  "conversations.items.delete": {
    about: conversation,
    call: (client, one) => client.conversations.items.delete("msg_1", { conversation_id: one }),
    says: { id: expect.stringMatching(/^conv_slc/) },
  },
};

const skills: Record<string, Served> = {
  "skills.create": {
    call: async (client) => client.skills.create({ files: [await text("# A", "a/SKILL.md")] }),
    says: { id: expect.stringMatching(/^skill_slc/), name: "a/SKILL.md" },
  },
  "skills.retrieve": { about: skill, call: (client, one) => client.skills.retrieve(one), says: { object: "skill" } },
  "skills.update": {
    about: skill,
    call: (client, one) => client.skills.update(one, { default_version: "2" }),
    says: { default_version: "2" },
  },
  "skills.list": { call: (client) => client.skills.list(), says: list },
  "skills.delete": { about: skill, call: (client, one) => client.skills.delete(one), says: { deleted: true } },
  "skills.content.retrieve": {
    about: skill,
    call: async (client, one) => ({ text: await (await client.skills.content.retrieve(one)).text() }),
    says: { text: "PK" },
  },
  "skills.versions.create": {
    about: skill,
    call: async (client, one) => client.skills.versions.create(one, { files: [await text("# B", "a/SKILL.md")] }),
    says: { version: "2", skill_id: expect.stringMatching(/^skill_slc/) },
  },
  "skills.versions.retrieve": {
    about: skill,
    call: (client, one) => client.skills.versions.retrieve("2", { skill_id: one }),
    says: { version: "2" },
  },
  "skills.versions.list": { about: skill, call: (client, one) => client.skills.versions.list(one), says: list },
  "skills.versions.delete": {
    about: skill,
    call: (client, one) => client.skills.versions.delete("2", { skill_id: one }),
    says: { deleted: true },
  },
  "skills.versions.content.retrieve": {
    about: skill,
    call: async (client, one) => ({
      text: await (await client.skills.versions.content.retrieve("2", { skill_id: one })).text(),
    }),
    says: { text: "PK" },
  },
};

const voices: Record<string, Served> = {
  "audio.voiceConsents.create": {
    call: async (client) => ({ id: await consent(client) }),
    says: { id: expect.stringMatching(/^cons_slc/) },
  },
  "audio.voiceConsents.retrieve": {
    about: consent,
    call: (client, one) => client.audio.voiceConsents.retrieve(one),
    says: { name: "me" },
  },
  "audio.voiceConsents.update": {
    about: consent,
    call: (client, one) => client.audio.voiceConsents.update(one, { name: "I" }),
    says: { name: "I" },
  },
  "audio.voiceConsents.list": { call: (client) => client.audio.voiceConsents.list(), says: list },
  "audio.voiceConsents.delete": {
    about: consent,
    call: (client, one) => client.audio.voiceConsents.delete(one),
    says: { deleted: true },
  },
  "audio.voices.create": {
    about: consent,
    call: async (client, one) =>
      client.audio.voices.create({ audio_sample: await sound(), consent: one, name: "mine" }),
    says: { id: expect.stringMatching(/^voice_slc/), name: "mine" },
  },
  "audio.voices.delete": {
    about: voice,
    call: (client, one) => client.audio.voices.delete(one),
    says: { deleted: true, id: expect.stringMatching(/^voice_slc/) },
  },
};

const fineTuning: Record<string, Served> = {
  "fineTuning.jobs.create": {
    about: file,
    call: (client, one) => client.fineTuning.jobs.create({ model: "gpt-4o-mini", training_file: one }),
    says: { id: expect.stringMatching(/^ftjob-slc/), training_file: expect.stringMatching(/^file-slc/) },
  },
  "fineTuning.jobs.retrieve": {
    about: job,
    call: (client, one) => client.fineTuning.jobs.retrieve(one),
    says: { object: "fine_tuning.job" },
  },
  "models.delete": {
    about: job,
    async call(client, one) {
      await client.fineTuning.jobs.cancel(one); // of which the upstream makes a model, where a job has ended
      const { fine_tuned_model: model } = await client.fineTuning.jobs.retrieve(one);
      return client.models.delete(model ?? "");
    },
    says: { object: "model", deleted: true },
  },
  "fineTuning.jobs.list": { call: (client) => client.fineTuning.jobs.list(), says: list },
  "fineTuning.jobs.cancel": {
    about: job,
    call: (client, one) => client.fineTuning.jobs.cancel(one),
    says: { status: "cancelled" },
  },
  "fineTuning.jobs.pause": { about: job, call: (client, one) => client.fineTuning.jobs.pause(one), says: {} },
  "fineTuning.jobs.resume": { about: job, call: (client, one) => client.fineTuning.jobs.resume(one), says: {} },
  "fineTuning.jobs.listEvents": {
    about: job,
    call: (client, one) => client.fineTuning.jobs.listEvents(one),
    says: list,
  },
  "fineTuning.jobs.checkpoints.list": {
    about: job,
    call: (client, one) => client.fineTuning.jobs.checkpoints.list(one),
    says: { data: [{ fine_tuning_job_id: expect.stringMatching(/^ftjob-slc/) }] },
  },
  "fineTuning.alpha.graders.run": {
    call: (client) => client.fineTuning.alpha.graders.run({ grader, model_sample: "a" }),
    says: { reward: 1 },
  },
  "fineTuning.alpha.graders.validate": {
    call: (client) => client.fineTuning.alpha.graders.validate({ grader }),
    says: { grader: { name: "g" } },
  },
};

export const keptMethods: Record<string, Served> = {
  ...files,
  ...completions,
  ...conversations,
  ...skills,
  ...voices,
  ...fineTuning,
};
