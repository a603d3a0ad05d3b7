import { describe, expect, test } from "vitest";
import { BadRequestError } from "../../src/formats/errors.ts";
import { findProvider, providers } from "../../src/providers/registry.ts";
import { resolveModel } from "../../src/providers/resolve.ts";

const known = new Map([
  ["gpt-4o", "openai"],
  ["claude-sonnet-4-5", "anthropic"],
]);
const knownModels = (name: string) => known.get(name);

describe("resolveModel", () => {
  test.each([
    ["groq/llama-3", {}, "groq", "llama-3"],
    ["openrouter/anthropic/claude-sonnet-4", {}, "openrouter", "anthropic/claude-sonnet-4"],
    ["together_ai/meta-llama/Llama-3", {}, "together_ai", "meta-llama/Llama-3"],
    ["anthropic/claude-x", {}, "anthropic", "claude-x"],
    ["gemini/gemini-3-pro", {}, "gemini", "gemini-3-pro"],
    ["ai21_chat/jamba", {}, "ai21_chat", "jamba"],
    ["gpt-4o", { knownModels }, "openai", "gpt-4o"],
    ["claude-sonnet-4-5", { knownModels }, "anthropic", "claude-sonnet-4-5"],
    ["my-model", { customProvider: "openai" }, "openai", "my-model"],
    ["org/my-model", { customProvider: "hosted_vllm" }, "hosted_vllm", "org/my-model"],
    ["openai/my-model", { customProvider: "openai" }, "openai", "my-model"],
    ["openai/gpt-4o", { customProvider: "openrouter" }, "openrouter", "openai/gpt-4o"],
    ["llama-3", { apiBase: "https://api.groq.com/openai/v1" }, "groq", "llama-3"],
    ["meta-llama/Llama-3", { apiBase: "https://api.together.xyz/v1" }, "together_ai", "meta-llama/Llama-3"],
    ["openai/x", { apiBase: "https://api.groq.com/openai/v1" }, "openai", "x"],
  ])("%s %o is %s %s", (name, options, provider, model) => {
    expect(resolveModel(name, options)).toEqual({ provider, model });
  });

  test.each([
    ["unknown-model", {}],
    ["nobody/model", { apiBase: "https://own.test/v1" }],
    ["llama", { apiBase: "http://localhost:8000/api/v1" }],
    ["gpt-4o", { customProvider: "nobody" }],
    ["groq/", {}],
    ["", {}],
  ])("%s %o tells no provider", (name, options) => {
    expect(() => resolveModel(name, options)).toThrow(BadRequestError);
    expect(() => resolveModel(name, options)).toThrow(
      `LLM Provider NOT provided. Pass in the LLM provider you are trying to call. You passed model=${name}`,
    );
  });

  test.each([
    ["together-ai/x", "together_ai"],
    ["opnai/x", "openai"],
    ["antropic/x", "anthropic"],
    ["Groq/x", "groq"],
  ])("%s is told of %s", (name, nearest) => expect(() => resolveModel(name)).toThrow(`did you mean \`${nearest}\``));
});

test("every provider is found under its slug", () => {
  for (const [slug, provider] of providers) {
    expect(provider.slug).toBe(slug);
    expect(findProvider(slug)).toBe(provider);
  }
  expect(findProvider("toString")).toBeUndefined();
});
