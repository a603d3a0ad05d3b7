/** Vector stores. */
import { expect } from "vitest";
import { fileBatch, list, parts, type Served, SLOW, store, storeFile, text } from "./made.ts";

export const vectorStoreMethods: Record<string, Served> = {
  "vectorStores.create": {
    call: (client) => client.vectorStores.create({ name: "docs" }),
    says: { id: expect.stringMatching(/^vs_slc/) },
  },
  "vectorStores.retrieve": {
    about: store,
    call: (client, one) => client.vectorStores.retrieve(one),
    says: { name: "docs" },
  },
  "vectorStores.update": {
    about: store,
    call: (client, one) => client.vectorStores.update(one, { name: "new" }),
    says: { name: "new" },
  },
  "vectorStores.list": { call: (client) => client.vectorStores.list(), says: list },
  "vectorStores.delete": {
    about: store,
    call: (client, one) => client.vectorStores.delete(one),
    says: { deleted: true },
  },
  "vectorStores.search": {
    about: storeFile,
    call: (client, one) => client.vectorStores.search(parts(one)[0], { query: "x" }),
    says: { data: [{ file_id: expect.stringMatching(/^file-slc/) }] },
  },
  "vectorStores.files.create": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.create(parts(one)[0], { file_id: parts(one)[1] }),
    says: { id: expect.stringMatching(/^file-slc/), vector_store_id: expect.stringMatching(/^vs_slc/) },
  },
  "vectorStores.files.createAndPoll": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.createAndPoll(parts(one)[0], { file_id: parts(one)[1] }, SLOW),
    says: { status: "completed" },
  },
  "vectorStores.files.poll": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.poll(...parts(one), SLOW),
    says: { status: "completed" },
  },
  "vectorStores.files.upload": {
    about: store,
    call: async (client, one) => client.vectorStores.files.upload(one, await text("text", "a.txt")),
    says: { id: expect.stringMatching(/^file-slc/) },
  },
  "vectorStores.files.uploadAndPoll": {
    about: store,
    call: async (client, one) => client.vectorStores.files.uploadAndPoll(one, await text("text", "a.txt"), SLOW),
    says: { status: "completed" },
  },
  "vectorStores.files.retrieve": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.retrieve(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: { id: expect.stringMatching(/^file-slc/) },
  },
  "vectorStores.files.update": {
    about: storeFile,
    call: (client, one) =>
      client.vectorStores.files.update(parts(one)[1], { vector_store_id: parts(one)[0], attributes: { a: 1 } }),
    says: { id: expect.stringMatching(/^file-slc/) },
  },
  "vectorStores.files.list": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.list(parts(one)[0]),
    says: { data: [{ id: expect.stringMatching(/^file-slc/) }] },
  },
  "vectorStores.files.delete": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.delete(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: { deleted: true },
  },
  "vectorStores.files.content": {
    about: storeFile,
    call: (client, one) => client.vectorStores.files.content(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: { data: [{ text: "found" }] },
  },
  "vectorStores.fileBatches.create": {
    about: storeFile,
    call: (client, one) => client.vectorStores.fileBatches.create(parts(one)[0], { file_ids: [parts(one)[1]] }),
    says: { vector_store_id: expect.stringMatching(/^vs_slc/) },
  },
  "vectorStores.fileBatches.createAndPoll": {
    about: storeFile,
    call: (client, one) =>
      client.vectorStores.fileBatches.createAndPoll(parts(one)[0], { file_ids: [parts(one)[1]] }, SLOW),
    says: { status: "completed" },
  },
  "vectorStores.fileBatches.uploadAndPoll": {
    about: store,
    call: async (client, one) =>
      client.vectorStores.fileBatches.uploadAndPoll(one, { files: [await text("text", "a.txt")] }, SLOW),
    says: { status: "completed" },
  },
  "vectorStores.fileBatches.retrieve": {
    about: fileBatch,
    call: (client, one) => client.vectorStores.fileBatches.retrieve(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: { status: "completed" },
  },
  "vectorStores.fileBatches.poll": {
    about: fileBatch,
    call: (client, one) => client.vectorStores.fileBatches.poll(...parts(one), SLOW),
    says: { status: "completed" },
  },
  "vectorStores.fileBatches.cancel": {
    about: fileBatch,
    call: (client, one) => client.vectorStores.fileBatches.cancel(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: {},
  },
  "vectorStores.fileBatches.listFiles": {
    about: fileBatch,
    call: (client, one) => client.vectorStores.fileBatches.listFiles(parts(one)[1], { vector_store_id: parts(one)[0] }),
    says: { data: [{ id: expect.stringMatching(/^file-slc/) }] },
  },
};
