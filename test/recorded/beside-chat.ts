/** The operations beside chat: what their clients send, and what an answer says, recorded or got. */
import type { Exchange, Operation } from "./exchanges.ts";
import { eventsOf } from "./extract/sse.ts";
import { countOf, isRecord, type Json, parseLoose, recordOf, recordsOf, textOf } from "./json.ts";

export const PATHS: Readonly<Record<Exclude<Operation, "chat">, string>> = {
  embeddings: "/v1/embeddings",
  imageGenerations: "/v1/images/generations",
  completions: "/v1/completions",
  moderations: "/v1/moderations",
  rerank: "/v2/rerank",
};

/** The recorded request in the hub's format; the least there can be where none was recorded. */
export function clientBody({ operation, wire, request, id, streaming }: Exchange, askForUsage: boolean): Json {
  if (request === undefined) return { ...LEAST[operation], model: id };
  const native = wire === "gemini" ? fromGemini(request) : renamed(request);
  if (!streaming) return { ...native, model: id };
  return {
    ...native,
    model: id,
    stream_options: { ...recordOf(native["stream_options"]), include_usage: askForUsage },
  };
}

const LEAST: Readonly<Record<Operation, Json>> = {
  chat: {},
  embeddings: { input: "Hello" },
  imageGenerations: { prompt: "Hello" },
  completions: { prompt: "Hello" },
  moderations: { input: "Hello" },
  rerank: { query: "Hello", documents: ["Hello"] },
};

/** Cohere's, Mistral's and Voyage's own names. */
const HUB_NAMES: Readonly<Record<string, string>> = { texts: "input", output_dimension: "dimensions", top_k: "top_n" };

function renamed({ embedding_types: _, ...body }: Json): Json {
  return Object.fromEntries(Object.entries(body).map(([name, value]) => [HUB_NAMES[name] ?? name, value]));
}

function fromGemini(body: Json): Json {
  const instances = recordsOf(body["instances"]); // Vertex AI's
  if (instances.length > 0) return { input: instances.map(({ content }) => textOf(content)) };
  const requests = recordsOf(body["requests"]);
  const { content: _, model: _model, ...options } = requests[0] ?? {};
  const input = requests.map(({ content }) => textOf(recordsOf(recordOf(content)["parts"])[0]?.["text"]));
  return { ...options, input };
}

/** What the recorded answer says. */
export function recordedFacts({ operation, provider, body, streaming }: Exchange): unknown {
  return facts(operation, streaming ? joined(body) : parseLoose(body), provider);
}

/** What the gateway's answer says, and the rules of the format that it breaks. */
export function gotFacts({ operation, streaming }: Exchange, text: string): { facts: unknown; broken: string[] } {
  const broken: string[] = [];
  if (streaming && !text.endsWith("data: [DONE]\n\n")) broken.push("a stream ends with [DONE]");
  const body = recordOf(streaming ? joined(text) : parseLoose(text));
  const object = { embeddings: "list", completions: "text_completion" }[operation as string];
  if (object !== undefined && body["object"] !== object) broken.push(`an answer is a ${object}`);
  const items = operation === "imageGenerations" ? [] : recordsOf(body["data"] ?? body["choices"]); // images have no index
  if (items.some(({ index }, position) => index !== position)) broken.push("indices are contiguous");
  return { facts: facts(operation, body, "the gateway"), broken };
}

/** The chunks of a stream as one answer. */
function joined(text: string): Json {
  const whole: Json = {};
  const choices: Json[] = [];
  for (const chunk of eventsOf(text)) {
    if (isRecord(chunk["usage"])) whole["usage"] = chunk["usage"];
    whole["object"] = chunk["object"];
    for (const { index, text: piece, finish_reason } of recordsOf(chunk["choices"])) {
      const at = countOf(index) ?? 0;
      const known = choices[at] ?? { index: at, text: "", finish_reason: null };
      choices[at] = {
        ...known,
        text: textOf(known["text"]) + textOf(piece),
        finish_reason: finish_reason ?? known["finish_reason"],
      };
    }
  }
  return { ...whole, choices };
}

function facts(operation: Operation, value: unknown, provider: string): unknown {
  const body = recordOf(value);
  const usage = recordOf(body["usage"]);
  const billed = recordOf(recordOf(body["meta"])["billed_units"]);
  switch (operation) {
    case "embeddings":
      return {
        vectors: vectorsOf(body).map((vector) => shortened(vector, provider)),
        tokens: usage["prompt_tokens"] ?? usage["total_tokens"] ?? inputTokens(body) ?? null,
      };
    case "completions":
      return {
        choices: recordsOf(body["choices"]).map(({ text, finish_reason }) => [
          text,
          FINISH[textOf(finish_reason)] ?? finish_reason,
        ]),
        usage: isRecord(body["usage"]) ? [usage["prompt_tokens"], usage["completion_tokens"] ?? 0] : null,
      };
    case "imageGenerations":
      return {
        images: recordsOf(body["data"] ?? body["predictions"]).flatMap(imageOf),
        usage: isRecord(usage["input_tokens_details"]) ? [usage["input_tokens"], usage["output_tokens"]] : null,
      };
    case "rerank":
      return {
        results: recordsOf(body["results"] ?? body["data"]).map(({ index, relevance_score }) => [
          index,
          relevance_score,
        ]),
        units: billed["search_units"] ?? billed["total_tokens"] ?? usage["total_tokens"] ?? null,
      };
    default:
      return body["results"];
  }
}

/** Of OpenAI's or of Imagen's, which also tells there what it took away. */
function imageOf(image: Json): unknown[] {
  const base64 = textOf(image["b64_json"] ?? image["bytesBase64Encoded"]);
  const url = textOf(image["url"] ?? image["gcsUri"]);
  return base64 || url ? [[base64.length, base64.slice(0, 60), url, textOf(image["revised_prompt"])]] : [];
}

/** OpenAI's words for those of others. */
const FINISH: Readonly<Record<string, string>> = { eos: "stop" };

function vectorsOf(body: Json): unknown[] {
  if (Array.isArray(body["data"])) return recordsOf(body["data"]).map(({ embedding }) => embedding);
  const { embeddings, predictions } = body;
  if (Array.isArray(predictions)) return recordsOf(predictions).map((one) => recordOf(one["embeddings"])["values"]);
  if (isRecord(embeddings)) return embeddings["float"] as unknown[]; // Cohere, asked for types
  return (embeddings as unknown[]).map((one) => (isRecord(one) ? one["values"] : one)); // Gemini, or Cohere's first version
}

/** How many numbers, and the first of them as 32 bits have it. */
function shortened(vector: unknown, provider: string): unknown {
  const numbers = typeof vector === "string" ? decoded(vector, provider) : (vector as number[]);
  return [numbers.length, ...numbers.slice(0, 4).map(Math.fround)];
}

/** Perplexity's bytes are numbers each. */
function decoded(text: string, provider: string): number[] {
  const bytes = Buffer.from(text, "base64");
  if (provider === "perplexity") return [...new Int8Array(bytes)];
  return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4));
}

function inputTokens(body: Json): unknown {
  const { input_tokens: text, image_tokens: images } = recordOf(recordOf(body["meta"])["billed_units"]);
  if (typeof text === "number") return text + (countOf(images) ?? 0);
  const counts = recordsOf(body["predictions"]).map(({ embeddings }) => recordOf(recordOf(embeddings)["statistics"]));
  if (counts.length > 0) return counts.reduce((sum, { token_count }) => sum + (countOf(token_count) ?? 0), 0);
  return recordOf(body["usageMetadata"])["promptTokenCount"];
}
