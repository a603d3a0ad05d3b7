/**
 * Sluice as a library: every provider behind OpenAI's shapes, for Workers, Node, Deno, Bun and browsers.
 *
 * @example
 * import { completion } from "sluice";
 * const answer = await completion({ model: "anthropic/claude-sonnet-4-5", messages: [{ role: "user", content: "Hi" }] });
 *
 * @example
 * for await (const chunk of await completion({ model: "gemini/gemini-2.5-flash", messages, stream: true }))
 *   process.stdout.write(chunk.choices[0]?.delta.content ?? "");
 */
export { type MemoryCacheOptions, MemoryResponseCache } from "./cache/memory.ts";
export type { Kept, ResponseCache } from "./cache/store.ts";
export { Secret } from "./credentials/secret.ts";
export type { Message, MessagesRequest, StreamEvent } from "./formats/anthropic/types.ts";
export type { RerankRequest, RerankResponse, RerankResult } from "./formats/cohere/rerank.ts";
export * from "./formats/errors.ts";
export type { Interaction, InteractionEvent, InteractionRequest } from "./formats/gemini/interactions/types.ts";
export type { GenerateContentResponse } from "./formats/gemini/types.ts";
export type { OcrRequest, OcrResponse } from "./formats/mistral/ocr.ts";
export type {
  ChatChunk,
  ChatCompletion,
  ChatMessage,
  ChatRequest,
  Delta,
  Tool,
  ToolCall,
  Usage,
} from "./formats/openai/chat.ts";
export type { CompletionRequest, TextCompletion } from "./formats/openai/completions.ts";
export type { Embedding, EmbeddingRequest, EmbeddingResponse } from "./formats/openai/embeddings.ts";
export type {
  Image,
  ImageEditRequest,
  ImageEvent,
  ImageGenerationRequest,
  ImageResponse,
  ImageUsage,
  ImageVariationRequest,
} from "./formats/openai/images.ts";
export type {
  Assistant,
  Deleted,
  FineTuningJob,
  Page,
  StoredBatch,
  StoredFile,
  Thread,
  ThreadMessage,
  ThreadRun,
  VectorStore,
  VectorStoreMatch,
  VectorStoreSearchPage,
} from "./formats/openai/kept.ts";
export type { ModerationRequest, ModerationResponse, ModerationResult } from "./formats/openai/moderations.ts";
export type { ResponseEvent, ResponseObject, ResponsesRequest } from "./formats/openai/responses/types.ts";
export type { SpeechEvent, SpeechRequest } from "./formats/openai/speech.ts";
export type {
  Transcription,
  TranscriptionEvent,
  TranscriptionRequest,
  TranscriptionUsage,
  TranscriptSegment,
  TranscriptWord,
} from "./formats/openai/transcriptions.ts";
export type { Video, VideoRequest } from "./formats/openai/videos.ts";
export type { SearchRequest, SearchResponse, SearchResult } from "./formats/perplexity/search.ts";
export { type CompletionParams, completion } from "./library/completion.ts";
export { type EmbeddingParams, embedding } from "./library/embedding.ts";
export {
  cancelBatch,
  cancelFineTuningJob,
  createBatch,
  createFile,
  createFineTuningJob,
  deleteFile,
  fileContent,
  listBatches,
  listFiles,
  listFineTuningJobs,
  retrieveBatch,
  retrieveFile,
  retrieveFineTuningJob,
} from "./library/files.ts";
export {
  type GenerateContentParams,
  generateContent,
  generateContentStream,
} from "./library/generate-content.ts";
export {
  type ImageEditParams,
  type ImageGenerationParams,
  type ImageVariationParams,
  imageEdit,
  imageGeneration,
  imageVariation,
} from "./library/images.ts";
export { type InteractionsParams, interactions } from "./library/interactions.ts";
export { type MessagesParams, messages } from "./library/messages.ts";
export { completionCost, getModelInfo, tokenCounter } from "./library/models.ts";
export { type ModerationParams, moderation } from "./library/moderation.ts";
export type { NativeOptions } from "./library/native.ts";
export { type OcrParams, ocr } from "./library/ocr.ts";
export { type RerankParams, rerank } from "./library/rerank.ts";
export { type ResponsesParams, responses } from "./library/responses.ts";
export { Router, type RouterCallOptions, type RouterOptions } from "./library/router.ts";
export { type SearchParams, search } from "./library/search.ts";
export { type SpeechParams, speech } from "./library/speech.ts";
export {
  addMessage,
  cancelResponses,
  createAssistants,
  createThread,
  deleteAssistant,
  deleteResponses,
  getAssistants,
  getMessages,
  getResponses,
  getThread,
  runThread,
  vectorStoreCreate,
  vectorStoreSearch,
} from "./library/stores.ts";
export { type TextCompletionParams, textCompletion } from "./library/text-completion.ts";
export { type TranscriptionParams, transcription, translation } from "./library/transcription.ts";
export { type VideoIdParams, type VideoParams, videoContent, videoGeneration, videoStatus } from "./library/videos.ts";
export type { ModelInfo } from "./models/catalogue.ts";
export type { Candidate, Strategy } from "./router/request.ts";
