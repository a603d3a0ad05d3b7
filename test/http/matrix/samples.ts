/** For each operation a request that any provider takes, and what its answer must hold. */

export interface Sample {
  path: string;
  /** JSON, or fields of a form. */
  body: Record<string, unknown>;
  form?: true;
  /** Another path for the streamed request; absent: `stream: true` in the body. */
  streamPath?: string;
  streamBody?: Record<string, unknown>;
  streams?: true;
  /** What stands in an answer, whole or streamed. */
  says: string;
  /** Where a provider has the operation for some models only. */
  models?: Readonly<Record<string, string>>;
}

const MESSAGES = [{ role: "user", content: "Hi" }];
const CONTENTS = [{ role: "user", parts: [{ text: "Hi" }] }];

/** A WAV file of nothing: a tenth of a second. */
function silence(): File {
  const samples = 1600;
  const bytes = new DataView(new ArrayBuffer(44 + samples));
  const text = (at: number, said: string) =>
    [...said].forEach((letter, index) => void bytes.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true);
  bytes.setUint16(22, 1, true);
  bytes.setUint32(24, 16_000, true);
  bytes.setUint32(28, 16_000, true);
  bytes.setUint16(32, 1, true);
  bytes.setUint16(34, 8, true);
  text(36, "data");
  bytes.setUint32(40, samples, true);
  return new File([bytes.buffer], "silence.wav", { type: "audio/wav" });
}

/** A PNG of one transparent pixel. */
const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";
export const pixel = () => new File([Buffer.from(PIXEL, "base64")], "pixel.png", { type: "image/png" });

const drawing = {
  openai: "gpt-image-1",
  azure: "gpt-image-1",
  bedrock: "amazon.nova-canvas-v1:0",
  gemini: "gemini-2.5-flash-image",
  vertex_ai: "gemini-2.5-flash-image",
};

export const SAMPLES: Readonly<Record<string, Sample>> = {
  chat: { path: "/v1/chat/completions", body: { messages: MESSAGES, max_tokens: 50 }, streams: true, says: "Hello" },
  completions: { path: "/v1/completions", body: { prompt: "Hi", max_tokens: 50 }, streams: true, says: "Hello" },
  embeddings: { path: "/v1/embeddings", body: { input: "Hi", encoding_format: "float" }, says: "0.125" },
  moderations: { path: "/v1/moderations", body: { input: "Hi" }, says: "flagged" },
  rerank: { path: "/v2/rerank", body: { query: "Hi", documents: ["a", "b"] }, says: "relevance_score" },
  messages: { path: "/v1/messages", body: { messages: MESSAGES, max_tokens: 50 }, streams: true, says: "Hello" },
  count_tokens: { path: "/v1/messages/count_tokens", body: { messages: MESSAGES }, says: "input_tokens" },
  responses: { path: "/v1/responses", body: { input: "Hi", store: false }, streams: true, says: "Hello" },
  responses_compact: { path: "/v1/responses/compact", body: { input: "Hi" }, says: "compaction" },
  responses_input_tokens: { path: "/v1/responses/input_tokens", body: { input: "Hi" }, says: "input_tokens" },
  generate_content: {
    path: "/v1beta/models/{model}:generateContent",
    streamPath: "/v1beta/models/{model}:streamGenerateContent?alt=sse",
    body: { contents: CONTENTS },
    streams: true,
    says: "Hello",
  },
  image_generations: {
    path: "/v1/images/generations",
    body: { prompt: "A cat" },
    says: "aW1hZ2U",
    models: drawing,
  },
  image_edits: {
    path: "/v1/images/edits",
    body: { prompt: "A cat", image: pixel() },
    form: true,
    says: "aW1hZ2U",
    models: drawing,
  },
  image_variations: {
    path: "/v1/images/variations",
    body: { image: pixel() },
    form: true,
    says: "aW1hZ2U",
    models: { openai: "dall-e-2" },
  },
  speech: {
    path: "/v1/audio/speech",
    body: { input: "Hi", voice: "alloy", response_format: "wav" },
    says: "sound",
    models: {
      openai: "tts-1",
      azure: "tts",
      gemini: "gemini-2.5-flash-preview-tts",
      vertex_ai: "gemini-2.5-flash-preview-tts",
    },
  },
  transcriptions: {
    path: "/v1/audio/transcriptions",
    body: { file: silence() },
    form: true,
    says: "Hello",
    models: { openai: "whisper-1", azure: "whisper" },
  },
  translations: {
    path: "/v1/audio/translations",
    body: { file: silence() },
    form: true,
    says: "Hello",
    models: { openai: "whisper-1", azure: "whisper" },
  },
  ocr: {
    path: "/v1/ocr",
    body: { document: { type: "document_url", document_url: "https://example.com/a.pdf" } },
    says: "markdown",
  },
};
