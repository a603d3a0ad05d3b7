/** An upstream that answers every provider's API well, or fails as the beginning of its path says. */
import type { ServerResponse } from "node:http";
import { AWS_EVENT_STREAM } from "../../../src/formats/aws-event-stream.ts";
import { textAnswer, textStream } from "../../formats/bedrock/answers.ts";
import { events, sse, whole } from "../answers.ts";
import { chunk } from "../bedrock-upstream.ts";
import { json, type Received, startUpstream } from "../upstream.ts";

/** How it fails: `/reset/…`, or `/once-reset-17/…`, which fails the first request of that number only. */
export const FAILURES = ["500", "429", "reset", "page", "empty", "cut"] as const;
export type Failure = (typeof FAILURES)[number];

export async function startMatrixUpstream() {
  const failed = new Set<string>();
  return startUpstream((request, response) => {
    const [, how = "", rest = ""] = /^\/([^/]+)(\/.*)$/.exec(request.path) ?? [];
    const once = /^once-(\w+)-\d+$/.exec(how)?.[1];
    if (once === undefined) return answer(request, rest, how, response);
    const fails = !failed.has(how);
    failed.add(how);
    return answer(request, rest, fails ? once : "good", response);
  });
}

function answer({ body }: Received, path: string, how: string, response: ServerResponse): void {
  switch (how) {
    case "500":
      json(response, 500, { error: { message: "boom", type: "server_error" } });
      return;
    case "429":
      json(response, 429, { error: { message: "slow down", type: "rate_limit" } }, { "retry-after": "1" });
      return;
    case "reset":
      response.socket?.destroy();
      return;
    case "page":
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<h1>It works!</h1>");
      return;
    case "empty":
      response.writeHead(200, { "content-type": "application/json" });
      response.end();
      return;
    default:
      send(good(path, body), how === "cut", response);
  }
}

interface Good {
  type: string;
  text: string | Buffer;
}

/** The whole of it, or two thirds and then nothing: what has begun breaks off. */
function send({ type, text }: Good, isCut: boolean, response: ServerResponse): void {
  const bytes = Buffer.from(text);
  response.writeHead(200, { "content-type": type, ...(isCut && { "content-length": String(bytes.length) }) });
  if (!isCut) {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, Math.floor((bytes.length * 2) / 3)), () => {
    setTimeout(() => response.socket?.destroy(), 20); // after the bytes are on their way
  });
}

const asJson = (value: unknown): Good => ({ type: "application/json", text: JSON.stringify(value) });
const asEvents = (list: { event?: string; data: string }[]): Good => ({ type: "text/event-stream", text: sse(list) });

const IMAGE = Buffer.from("image").toString("base64");
const SOUND = Buffer.from("sound ".repeat(50));
/** Vertex AI's. */
const VECTOR = { values: [0.125, 1], statistics: { token_count: 11 } };
const USAGE = { prompt_tokens: 11, total_tokens: 11 };

function good(path: string, body: Received["body"]): Good {
  const [tail = ""] = path.split("?");
  if (tail.startsWith("/model/")) return ofBedrock(tail);
  const streams = body["stream"] === true;
  if (tail.endsWith("/chat/completions"))
    return streams
      ? asEvents(events("openai", "Hel", "lo", "!".repeat(60), " Hello"))
      : asJson(whole("openai", "Hello"));
  if (tail.endsWith("/count_tokens")) return asJson({ input_tokens: 11 });
  if (tail.endsWith("/messages"))
    return streams
      ? asEvents(events("anthropic", "Hel", "lo", "!".repeat(60), " Hello"))
      : asJson(whole("anthropic", "Hello"));
  if (tail.endsWith(":streamGenerateContent")) return asEvents(events("gemini", "Hel", "lo", " Hello"));
  if (tail.endsWith(":generateContent")) return asJson(generated(body));
  if (tail.endsWith(":countTokens")) return asJson({ totalTokens: 11 });
  if (tail.endsWith("mbedContents")) return asJson({ embeddings: [{ values: [0.125, 1] }] });
  if (tail.endsWith("mbedContent")) return asJson({ embedding: { values: [0.125, 1] } });
  if (tail.endsWith(":predict"))
    return asJson({ predictions: [{ bytesBase64Encoded: IMAGE, mimeType: "image/png", embeddings: VECTOR }] });
  if (tail.endsWith("/responses/input_tokens")) return asJson({ object: "response.input_tokens", input_tokens: 11 });
  if (tail.endsWith("/responses/compact"))
    return asJson({
      ...responseOf("completed", [{ id: "cmp_1", type: "compaction", encrypted_content: "x" }]),
      object: "response.compaction",
    });
  if (tail.endsWith("/responses")) return streams ? asEvents(responseEvents()) : asJson(responseOf("completed"));
  if (tail.endsWith("/completions")) return streams ? asEvents(textEvents()) : asJson(textOf("Hello", "stop"));
  if (tail.endsWith("/embed")) return asJson({ id: "1", embeddings: { float: [[0.125, 1]] }, meta: {} });
  if (tail.endsWith("/embeddings"))
    return asJson({
      object: "list",
      model: "m",
      data: [{ object: "embedding", index: 0, embedding: [0.125, 1] }],
      usage: USAGE,
    });
  if (tail.endsWith("/moderations"))
    return asJson({ id: "modr-1", model: "m", results: [{ flagged: false, categories: {}, category_scores: {} }] });
  if (tail.endsWith(":rank")) return asJson({ records: [{ id: "0", score: 0.5 }] });
  if (tail.endsWith("/rerank")) {
    const results = [{ index: 0, relevance_score: 0.5, relevanceScore: 0.5 }]; // the last is Bedrock's name for it
    const voyage = { object: "list", data: results, model: "m", usage: { total_tokens: 11 } };
    return asJson({ id: "1", results, meta: { billed_units: { search_units: 1 } }, ...voyage });
  }
  if (/\/images?\/|\/images$/.test(tail)) return asJson({ created: 1, data: [{ b64_json: IMAGE }] });
  if (tail.endsWith("/audio/speech")) return { type: "audio/wav", text: SOUND };
  if (/\/audio\/(?:transcriptions|translations)$/.test(tail)) return asJson({ text: "Hello" });
  if (tail.endsWith("/ocr"))
    return asJson({
      model: "m",
      pages: [{ index: 0, markdown: "# Hi", images: [] }],
      usage_info: { pages_processed: 1 },
    });
  throw new Error(`no good answer for ${tail}`);
}

/** Of Bedrock's models, each in its maker's format. */
function ofBedrock(tail: string): Good {
  if (tail.endsWith("/count-tokens")) return asJson({ inputTokens: 11 });
  if (tail.includes("titan-embed")) return asJson({ embedding: [0.125, 1], inputTextTokenCount: 11 });
  if (tail.includes("nova-canvas")) return asJson({ images: [IMAGE] });
  if (tail.endsWith("/converse")) return asJson(textAnswer("Hello"));
  if (tail.endsWith("/converse-stream"))
    return { type: AWS_EVENT_STREAM, text: Buffer.concat(textStream("Hel", "lo", "!".repeat(60), " Hello")) };
  if (tail.endsWith("/invoke")) return asJson(whole("anthropic", "Hello"));
  const pieces = events("anthropic", "Hel", "lo", "!".repeat(60), " Hello").map(({ data }) => chunk(data));
  return { type: AWS_EVENT_STREAM, text: Buffer.concat(pieces) };
}

/** What Gemini makes: a picture or a sound where it is asked for one. */
function generated(body: Received["body"]): object {
  const { responseModalities = [] } = (body["generationConfig"] ?? {}) as { responseModalities?: string[] };
  const inline = responseModalities.includes("AUDIO")
    ? { mimeType: "audio/L16;codec=pcm;rate=24000", data: SOUND.toString("base64") }
    : responseModalities.includes("IMAGE")
      ? { mimeType: "image/png", data: IMAGE }
      : undefined;
  const answer = whole("gemini", "Hello") as { candidates: { content: { parts: object[] } }[] };
  if (inline !== undefined) answer.candidates[0]!.content.parts = [{ inlineData: inline }];
  return answer;
}

const textOf = (text: string, finish_reason: string | null) => ({
  id: "cmpl-1",
  object: "text_completion",
  created: 1,
  model: "m",
  choices: [{ index: 0, text, logprobs: null, finish_reason }],
  usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
});

function textEvents() {
  const pieces = ["Hel", "lo", "!".repeat(60), " Hello"].map((text) =>
    JSON.stringify({ ...textOf(text, null), usage: null }),
  );
  return [...pieces, JSON.stringify(textOf("", "stop")), "[DONE]"].map((data) => ({ data }));
}

function responseOf(status: string, output: object[] = [messageItem("completed", "Hello")]) {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1,
    status,
    model: "m",
    output,
    error: null,
    incomplete_details: null,
    parallel_tool_calls: true,
    tool_choice: "auto",
    tools: [],
    usage:
      status === "completed"
        ? {
            input_tokens: 11,
            input_tokens_details: { cached_tokens: 0 },
            output_tokens: 7,
            output_tokens_details: { reasoning_tokens: 0 },
            total_tokens: 18,
          }
        : null,
  };
}

function messageItem(status: string, text?: string) {
  const content = text === undefined ? [] : [{ type: "output_text", text, annotations: [], logprobs: [] }];
  return { id: "msg_1", type: "message", role: "assistant", status, content };
}

function responseEvents() {
  const part = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const list: [string, object][] = [
    ["response.created", { response: responseOf("in_progress", []) }],
    ["response.in_progress", { response: responseOf("in_progress", []) }],
    ["response.output_item.added", { output_index: 0, item: messageItem("in_progress") }],
    ["response.content_part.added", { ...part, part: { type: "output_text", text: "", annotations: [] } }],
    ...["Hel", "lo", "!".repeat(60), " Hello"].map((delta): [string, object] => [
      "response.output_text.delta",
      { ...part, delta, logprobs: [] },
    ]),
    ["response.output_text.done", { ...part, text: "Hello", logprobs: [] }],
    ["response.content_part.done", { ...part, part: { type: "output_text", text: "Hello", annotations: [] } }],
    ["response.output_item.done", { output_index: 0, item: messageItem("completed", "Hello") }],
    ["response.completed", { response: responseOf("completed") }],
  ];
  return list.map(([event, rest], sequence_number) => ({
    event,
    data: JSON.stringify({ type: event, sequence_number, ...rest }),
  }));
}
