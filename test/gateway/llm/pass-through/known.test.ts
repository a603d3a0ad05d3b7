import { expect, test } from "vitest";
import { knownCall } from "../../../../src/gateway/llm/pass-through/known.ts";
import { refuseTokens } from "../../../../src/gateway/llm/pass-through/tokens.ts";

test.each([
  ["openai", "/v1/chat/completions", "chat", "openai"],
  ["openai", "/v1/Chat/Completions", "chat", "openai"],
  ["groq", "/openai/v1/chat/completions", "chat", "openai"],
  ["gemini", "/v1beta/openai/chat/completions", "chat", "openai"],
  ["gemini", "/v1beta/openai/embeddings", "embeddings", "openai"],
  ["anthropic", "/v1/chat/completions", "chat", "openai"],
  ["cohere", "/compatibility/v1/chat/completions", "chat", "openai"],
  ["cohere", "/v2/chat", "chat", "cohere"],
  ["cohere", "/v2/embed", "embeddings", "cohere"],
  ["cohere", "/v2/rerank", "rerank", "cohere"],
  ["voyage", "/v1/embeddings", "embeddings", "voyage"],
  ["anthropic", "/v1/messages", "messages", "anthropic"],
  ["openrouter", "/v1/messages", "messages", "anthropic"],
  ["deepseek", "/anthropic/messages", "messages", "anthropic"],
  ["gemini", "/v1beta2/models/gemini-2.5-pro:generateContent", "generate_content", "gemini"],
  ["gemini", "/v1beta/dynamic/x:streamGenerateContent", "generate_content", "gemini"],
  ["openai", "/v1/responses", "responses", "openai"],
  ["openai", "/v1/images/edits", "image_edits", "openai"],
  ["openai", "/v1/audio/speech", "speech", "openai"],
  ["mistral", "/v1/ocr", "ocr", "mistral"],
])("%s%s is %s, read by %s", (slug, path, operation, reader) => {
  const known = knownCall(path, slug);
  expect([known?.operation.name, known?.reader.slug]).toEqual([operation, reader]);
});

test.each([
  ["azure", "/openai/deployments/d/chat/completions", "chat"],
  ["azure", "/openai/deployments/d/extensions/chat/completions", "chat"],
  ["azure", "/openai/v1/responses", "responses"],
  ["azure", "/openai/deployments/d/audio/transcriptions", "transcriptions"],
  ["azure_ai", "/models/chat/completions", "chat"],
  ["azure_ai", "/chat/completions", "chat"],
  ["azure_ai", "/anthropic/v1/messages", "messages"],
  ["azure_ai", "/providers/cohere/v2/rerank", "rerank"],
])("%s%s is %s", (slug, path, operation) => expect(knownCall(path, slug)?.operation.name).toBe(operation));

test.each([
  ["openai", "/v1/threads/thread_1/messages"],
  ["openai", "/v1/files"],
  ["openai", "/v1/chat/completions/chatcmpl-1"],
  ["nobody", "/v1/chat/completions"],
  ["azure", "/deployment/chat/completions"],
  ["azure", "/account/gateway/azure-openai/resource/deployment/chat/completions"],
])("%s%s is none", (slug, path) => expect(knownCall(path, slug)).toBeUndefined());

test.each([
  "/v1/realtime",
  "/v1/realtime/client_secrets",
  "/v1/Realtime/Sessions",
  "/v1/realtime/transcription_sessions",
  "/v1/realtime/calls",
  "/v1alpha/auth_tokens",
  "/v1alpha/auth_tokens:create",
  "/v1/chatkit/sessions",
  "/v1/organization/admin_api_keys",
  "/v1/organization/projects/p/service_accounts",
  "/v1/accounts/a/users/u/apiKeys",
  "/api/v1/keys",
  "/key/generate",
  "/v3/token",
  "/v1/auth/grant",
  "/v1/single-use-token/realtime_scribe",
  "/v1/convai/conversation/get-signed-url",
  "/openai/realtimeapi/sessions",
  "/v1beta1/projects/p/locations/us-central1/featureOnlineStores/s/featureViews/v:generateFetchAccessToken",
])("%s hands out tokens", (path) => expect(refuseTokens(path)?.status).toBe(403));

test.each([
  "/v1/models",
  "/v1/models/gpt-realtime",
  "/v1/messages/count_tokens",
  "/v1/responses/input_tokens",
  "/v1/tokenize",
  "/v1beta/models/gemini-2.5-pro:countTokens",
  "/v1/organizations/me",
  "/v1/files/file-token",
])("%s does not", (path) => expect(refuseTokens(path)).toBeUndefined());
