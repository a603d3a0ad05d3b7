/** Responses, also under the name they have as a beta. */
import { expect } from "vitest";
import { response, type Served } from "./made.ts";

const OURS = expect.stringMatching(/^resp_/);
const asked = { model: "small", input: "Hi" };

export const responseMethods: Record<string, Served> = {
  "responses.create": { call: (client) => client.responses.create(asked), says: { id: OURS, status: "completed" } },
  "responses.parse": { call: (client) => client.responses.parse(asked), says: { id: OURS, status: "completed" } },
  "responses.stream": {
    call: (client) => client.responses.stream(asked).finalResponse(),
    says: { id: OURS, status: "completed" },
  },
  "responses.retrieve": {
    about: response,
    call: (client, one) => client.responses.retrieve(one),
    says: { id: OURS, object: "response" },
  },
  "responses.delete": {
    about: response,
    call: async (client, one) => {
      await client.responses.delete(one);
      return client.responses.retrieve(one).catch(({ status }: { status: number }) => ({ status }));
    },
    says: { status: 404 },
  },
  "responses.cancel": {
    about: response,
    call: (client, one) => client.responses.cancel(one),
    says: { id: OURS, status: "cancelled" },
  },
  "responses.compact": {
    call: (client) => client.responses.compact(asked),
    says: { object: "response.compaction" },
  },
  "responses.inputItems.list": {
    about: response,
    call: (client, one) => client.responses.inputItems.list(one),
    says: { data: [{ role: "user" }] },
  },
  "responses.inputTokens.count": {
    call: (client) => client.responses.inputTokens.count(asked),
    says: { input_tokens: 42 },
  },
  "beta.responses.create": {
    call: (client) => client.beta.responses.create(asked),
    says: { id: OURS, status: "completed" },
  },
  "beta.responses.retrieve": {
    about: response,
    call: (client, one) => client.beta.responses.retrieve(one),
    says: { id: OURS },
  },
  "beta.responses.delete": {
    about: response,
    call: async (client, one) => {
      await client.beta.responses.delete(one);
      return client.beta.responses.retrieve(one).catch(({ status }: { status: number }) => ({ status }));
    },
    says: { status: 404 },
  },
  "beta.responses.cancel": {
    about: response,
    call: (client, one) => client.beta.responses.cancel(one),
    says: { status: "cancelled" },
  },
  "beta.responses.compact": {
    call: (client) => client.beta.responses.compact(asked),
    says: { object: "response.compaction" },
  },
  "beta.responses.inputItems.list": {
    about: response,
    call: (client, one) => client.beta.responses.inputItems.list(one),
    says: { data: [{ role: "user" }] },
  },
  "beta.responses.inputTokens.count": {
    call: (client) => client.beta.responses.inputTokens.count(asked),
    says: { input_tokens: 42 },
  },
};
