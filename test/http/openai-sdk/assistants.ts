/** Assistants, threads and their runs. */
import { expect } from "vitest";
import { assistant, DONE, list, message, parts, run, type Served, SLOW, thread } from "./made.ts";

export const assistantMethods: Record<string, Served> = {
  "beta.assistants.create": {
    call: (client) => client.beta.assistants.create({ model: "gpt-4o" }),
    says: { id: expect.stringMatching(/^asst_slc/) },
  },
  "beta.assistants.retrieve": {
    about: assistant,
    call: (client, one) => client.beta.assistants.retrieve(one),
    says: { object: "assistant" },
  },
  "beta.assistants.update": {
    about: assistant,
    call: (client, one) => client.beta.assistants.update(one, { name: "new" }),
    says: { name: "new" },
  },
  "beta.assistants.list": { call: (client) => client.beta.assistants.list(), says: list },
  "beta.assistants.delete": {
    about: assistant,
    call: (client, one) => client.beta.assistants.delete(one),
    says: { deleted: true },
  },
  "beta.threads.create": {
    call: (client) => client.beta.threads.create({}),
    says: { id: expect.stringMatching(/^thread_slc/) },
  },
  "beta.threads.retrieve": {
    about: thread,
    call: (client, one) => client.beta.threads.retrieve(one),
    says: { object: "thread" },
  },
  "beta.threads.update": {
    about: thread,
    call: (client, one) => client.beta.threads.update(one, { metadata: { a: "b" } }),
    says: { metadata: { a: "b" } },
  },
  "beta.threads.delete": {
    about: thread,
    call: (client, one) => client.beta.threads.delete(one),
    says: { deleted: true },
  },
  "beta.threads.createAndRun": {
    about: assistant,
    call: (client, one) => client.beta.threads.createAndRun({ assistant_id: one }),
    says: { thread_id: expect.stringMatching(/^thread_slc/) },
  },
  "beta.threads.createAndRunPoll": {
    about: assistant,
    call: (client, one) => client.beta.threads.createAndRunPoll({ assistant_id: one, ...DONE }, SLOW),
    says: { status: "completed" },
  },
  "beta.threads.createAndRunStream": {
    about: assistant,
    call: (client, one) => client.beta.threads.createAndRunStream({ assistant_id: one }).finalRun(),
    says: { status: "completed" },
  },
  "beta.threads.messages.create": {
    about: thread,
    call: (client, one) => client.beta.threads.messages.create(one, { role: "user", content: "Hi" }),
    says: { thread_id: expect.stringMatching(/^thread_slc/) },
  },
  "beta.threads.messages.retrieve": {
    about: message,
    call: (client, one) => client.beta.threads.messages.retrieve(parts(one)[1], { thread_id: parts(one)[0] }),
    says: { role: "user" },
  },
  "beta.threads.messages.update": {
    about: message,
    call: (client, one) =>
      client.beta.threads.messages.update(parts(one)[1], { thread_id: parts(one)[0], metadata: { a: "b" } }),
    says: { role: "user" },
  },
  "beta.threads.messages.list": {
    about: message,
    call: (client, one) => client.beta.threads.messages.list(parts(one)[0]),
    says: list,
  },
  "beta.threads.messages.delete": {
    about: message,
    call: (client, one) => client.beta.threads.messages.delete(parts(one)[1], { thread_id: parts(one)[0] }),
    says: { deleted: true },
  },
  "beta.threads.runs.create": {
    about: thread,
    call: async (client, one) =>
      client.beta.threads.runs.create(one, { assistant_id: await assistant(client), ...DONE }),
    says: { assistant_id: expect.stringMatching(/^asst_slc/) },
  },
  "beta.threads.runs.createAndPoll": {
    about: thread,
    call: async (client, one) =>
      client.beta.threads.runs.createAndPoll(one, { assistant_id: await assistant(client), ...DONE }, SLOW),
    says: { status: "completed" },
  },
  "beta.threads.runs.createAndStream": {
    about: thread,
    call: async (client, one) =>
      client.beta.threads.runs.createAndStream(one, { assistant_id: await assistant(client) }).finalRun(),
    says: { status: "completed" },
  },
  "beta.threads.runs.stream": {
    about: thread,
    call: async (client, one) =>
      client.beta.threads.runs.stream(one, { assistant_id: await assistant(client) }).finalRun(),
    says: { status: "completed" },
  },
  "beta.threads.runs.retrieve": {
    about: run,
    call: (client, one) => client.beta.threads.runs.retrieve(parts(one)[1], { thread_id: parts(one)[0] }),
    says: { assistant_id: expect.stringMatching(/^asst_slc/) },
  },
  "beta.threads.runs.update": {
    about: run,
    call: (client, one) => client.beta.threads.runs.update(parts(one)[1], { thread_id: parts(one)[0] }),
    says: { status: "completed" },
  },
  "beta.threads.runs.list": {
    about: run,
    call: (client, one) => client.beta.threads.runs.list(parts(one)[0]),
    says: list,
  },
  "beta.threads.runs.cancel": {
    about: run,
    call: (client, one) => client.beta.threads.runs.cancel(parts(one)[1], { thread_id: parts(one)[0] }),
    says: {},
  },
  "beta.threads.runs.poll": {
    about: run,
    call: (client, one) => client.beta.threads.runs.poll(parts(one)[1], { thread_id: parts(one)[0] }, SLOW),
    says: { status: "completed" },
  },
  "beta.threads.runs.submitToolOutputs": {
    about: run,
    call: (client, one) =>
      client.beta.threads.runs.submitToolOutputs(parts(one)[1], { thread_id: parts(one)[0], tool_outputs: [] }),
    says: {},
  },
  "beta.threads.runs.submitToolOutputsAndPoll": {
    about: run,
    call: (client, one) =>
      client.beta.threads.runs.submitToolOutputsAndPoll(
        parts(one)[1],
        { thread_id: parts(one)[0], tool_outputs: [] },
        SLOW,
      ),
    says: { status: "completed" },
  },
  "beta.threads.runs.submitToolOutputsStream": {
    about: run,
    call: (client, one) =>
      client.beta.threads.runs
        .submitToolOutputsStream(parts(one)[1], { thread_id: parts(one)[0], tool_outputs: [] })
        .finalRun(),
    says: { status: "completed" },
  },
  "beta.threads.runs.steps.list": {
    about: run,
    call: (client, one) => client.beta.threads.runs.steps.list(parts(one)[1], { thread_id: parts(one)[0] }),
    says: list,
  },
  "beta.threads.runs.steps.retrieve": {
    about: run,
    call: (client, one) =>
      client.beta.threads.runs.steps.retrieve("step_1", { thread_id: parts(one)[0], run_id: parts(one)[1] }),
    says: { id: "step_1" },
  },
};
