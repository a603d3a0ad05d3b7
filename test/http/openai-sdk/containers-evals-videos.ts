/** Containers, evals and videos. */
import { expect } from "vitest";
import {
  container,
  containerFile,
  evalRun,
  evalSource,
  evaluation,
  list,
  parts,
  type Served,
  text,
  video,
} from "./made.ts";

export const otherMethods: Record<string, Served> = {
  "containers.create": {
    call: (client) => client.containers.create({ name: "box" }),
    says: { id: expect.stringMatching(/^cntr_slc/) },
  },
  "containers.retrieve": {
    about: container,
    call: (client, one) => client.containers.retrieve(one),
    says: { name: "box" },
  },
  "containers.list": { call: (client) => client.containers.list({ name: "box" }), says: list },
  "containers.delete": { about: container, call: (client, one) => client.containers.delete(one), says: {} },
  "containers.files.create": {
    about: container,
    call: async (client, one) => client.containers.files.create(one, { file: await text("text", "a.txt") }),
    says: { container_id: expect.stringMatching(/^cntr_slc/) },
  },
  "containers.files.retrieve": {
    about: containerFile,
    call: (client, one) => client.containers.files.retrieve(parts(one)[1], { container_id: parts(one)[0] }),
    says: { path: "/mnt/data/a.txt" },
  },
  "containers.files.list": {
    about: containerFile,
    call: (client, one) => client.containers.files.list(parts(one)[0]),
    says: list,
  },
  "containers.files.delete": {
    about: containerFile,
    call: (client, one) => client.containers.files.delete(parts(one)[1], { container_id: parts(one)[0] }),
    says: {},
  },
  "containers.files.content.retrieve": {
    about: containerFile,
    call: async (client, one) => ({
      text: await (
        await client.containers.files.content.retrieve(parts(one)[1], { container_id: parts(one)[0] })
      ).text(),
    }),
    says: { text: "bytes" },
  },
  "evals.create": {
    call: async (client) => ({ id: await evaluation(client) }),
    says: { id: expect.stringMatching(/^eval_slc/) },
  },
  "evals.retrieve": {
    about: evaluation,
    call: (client, one) => client.evals.retrieve(one),
    says: { name: "table" },
  },
  "evals.update": {
    about: evaluation,
    call: (client, one) => client.evals.update(one, { name: "new" }),
    says: { name: "new" },
  },
  "evals.list": { call: (client) => client.evals.list(), says: list },
  "evals.delete": { about: evaluation, call: (client, one) => client.evals.delete(one), says: { deleted: true } },
  "evals.runs.create": {
    about: evaluation,
    call: (client, one) => client.evals.runs.create(one, { data_source: evalSource }),
    says: { eval_id: expect.stringMatching(/^eval_slc/) },
  },
  "evals.runs.retrieve": {
    about: evalRun,
    call: (client, one) => client.evals.runs.retrieve(parts(one)[1], { eval_id: parts(one)[0] }),
    says: { status: "queued" },
  },
  "evals.runs.list": { about: evalRun, call: (client, one) => client.evals.runs.list(parts(one)[0]), says: list },
  "evals.runs.delete": {
    about: evalRun,
    call: (client, one) => client.evals.runs.delete(parts(one)[1], { eval_id: parts(one)[0] }),
    says: {},
  },
  "evals.runs.cancel": {
    about: evalRun,
    call: (client, one) => client.evals.runs.cancel(parts(one)[1], { eval_id: parts(one)[0] }),
    says: {},
  },
  "evals.runs.outputItems.list": {
    about: evalRun,
    call: (client, one) => client.evals.runs.outputItems.list(parts(one)[1], { eval_id: parts(one)[0] }),
    says: list,
  },
  "evals.runs.outputItems.retrieve": {
    about: evalRun,
    call: (client, one) =>
      client.evals.runs.outputItems.retrieve("item_1", { eval_id: parts(one)[0], run_id: parts(one)[1] }),
    says: { id: "item_1" },
  },
  "videos.create": {
    call: (client) => client.videos.create({ model: "sora-2", prompt: "a cat" }),
    says: { id: expect.stringMatching(/^video_slc/) },
  },
  "videos.retrieve": { about: video, call: (client, one) => client.videos.retrieve(one), says: { object: "video" } },
  "videos.list": { call: (client) => client.videos.list(), says: list },
  "videos.delete": { about: video, call: (client, one) => client.videos.delete(one), says: { deleted: true } },
  "videos.downloadContent": {
    about: video,
    call: async (client, one) => [...new Uint8Array(await (await client.videos.downloadContent(one)).arrayBuffer())],
    says: [0, 1, 2, 255],
  },
  "videos.remix": {
    about: video,
    call: (client, one) => client.videos.remix(one, { prompt: "a dog" }),
    says: { remixed_from_video_id: expect.stringMatching(/^video_slc/) },
  },
  "videos.edit": {
    about: video,
    call: (client, one) => client.videos.edit({ video: { id: one }, prompt: "a dog" }),
    says: { id: expect.stringMatching(/^video_slc/) },
  },
  "videos.extend": {
    about: video,
    call: (client, one) => client.videos.extend({ video: { id: one }, prompt: "a dog", seconds: "4" }),
    says: { id: expect.stringMatching(/^video_slc/) },
  },
  "videos.createCharacter": {
    call: async (client) => client.videos.createCharacter({ name: "cat", video: await text("mp4", "cat.mp4") }),
    says: { id: expect.stringMatching(/^char_slc/) },
  },
  "videos.getCharacter": {
    about: async (client) =>
      (await client.videos.createCharacter({ name: "cat", video: await text("mp4", "cat.mp4") })).id ?? "",
    call: (client, one) => client.videos.getCharacter(one),
    says: { name: "cat" },
  },
};
