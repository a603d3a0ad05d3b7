import { expect, it } from "vitest";
import { findProvider, providerFor } from "../../../src/providers/registry.ts";
import { vertexModel } from "../../../src/providers/vertex/model.ts";

it.each([
  ["gemini-2.5-pro", "gemini", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"],
  ["google/gemini-2.5-pro", "gemini", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"],
  ["publishers/google/models/gemini-2.5-pro", "gemini", "publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro"],
  ["gemini/4711", "gemini", "endpoints/4711", "4711"],
  ["claude-opus-4-1@20250805", "claude", "publishers/anthropic/models/claude-opus-4-1@20250805", "claude-opus-4-1"],
  ["anthropic/claude-opus-4-5", "claude", "publishers/anthropic/models/claude-opus-4-5", "claude-opus-4-5"],
  ["mistral-small-2503", "mistral", "publishers/mistralai/models/mistral-small-2503", "mistral-small-2503"],
  ["mistralai/codestral-2@001", "mistral", "publishers/mistralai/models/codestral-2@001", "codestral-2"],
  ["ministral-3b", "mistral", "publishers/mistralai/models/ministral-3b", "ministral-3b"],
  ["jamba-1.5-large@001", "ai21", "publishers/ai21/models/jamba-1.5-large@001", "jamba-1.5-large"],
  ["meta/llama3-405b-instruct-maas", "openapi", "endpoints/openapi", "meta/llama3-405b-instruct-maas"],
  ["openai/gpt-oss-120b-maas", "openapi", "endpoints/openapi", "openai/gpt-oss-120b-maas"],
  ["deepseek-ai/deepseek-v3.2-maas", "openapi", "endpoints/openapi", "deepseek-ai/deepseek-v3.2-maas"],
  ["openai/123456", "endpoint", "endpoints/123456", ""],
  ["123456", "endpoint", "endpoints/123456", ""],
  ["gemma/gemma-3-12b-it-1222", "predict", "endpoints/1222", "gemma-3-12b-it-1222"],
] as const)("%s", (model, kind, resource, name) => {
  expect(vertexModel({ model })).toEqual({ kind, resource, name });
});

it("an endpoint whose base model is a Gemini is one", () => {
  const info = { litellm_provider: "vertex_ai-language-models" };
  expect(vertexModel({ model: "4711", info })).toMatchObject({ kind: "gemini", resource: "endpoints/4711" });
});

it("each kind has the operations of its maker", () => {
  const has = (model: string) => Object.keys(providerFor({ provider: "vertex_ai", model }) ?? {});
  expect(has("gemini-2.5-pro")).toEqual(expect.arrayContaining(["generateContent", "realtime", "videos", "rerank"]));
  expect(has("claude-opus-4-5")).toEqual(expect.arrayContaining(["messages", "countTokens", "chat", "authorize"]));
  expect(has("claude-opus-4-5")).not.toContain("embeddings");
  expect(has("mistral-ocr-2505")).toContain("ocr");
  expect(has("codestral-2501")).toContain("completions");
  expect(findProvider("vertex_ai_beta")?.slug).toBe("vertex_ai_beta");
});
