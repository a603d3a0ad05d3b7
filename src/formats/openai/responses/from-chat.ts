/**
 * Chat's answers in the format of the Responses API. A whole answer is read as the chunks of a stream, so that both say
 * the same.
 */
import { isRecord, type JsonObject, stringsIn } from "../../json.ts";
import type { ChatChunk, ChatCompletion, Delta, ThinkingBlock, ToolCallDelta } from "../chat.ts";
import { chunksOfCompletion } from "../stream.ts";
import type { CallKind } from "./client-tools.ts";
import { EventWriter, lastEventType } from "./event-writer.ts";
import { OpenCall, OpenMessage, OpenReasoning } from "./open-items.ts";
import { begunResponse, endOf } from "./response-object.ts";
import { seal, stateOf } from "./sealed.ts";
import type { ResponseEvent, ResponseObject, ResponsesRequest } from "./types.ts";
import { toResponsesUsage } from "./usage.ts";

export interface AnswerOptions {
  /** Of the response, `resp_…`. */
  id: string;
  /** Unix seconds. */
  created: number;
  model: string;
  request: ResponsesRequest;
  /** Wire format of the provider that answers. */
  by?: string;
  /** What the request's tools are to the client. */
  kinds: ReadonlyMap<string, CallKind>;
}

export function toResponse(completion: ChatCompletion, options: AnswerOptions): ResponseObject {
  const stream = new ResponseStream(options);
  for (const chunk of chunksOfCompletion(completion)) stream.chunk(chunk);
  stream.end();
  return stream.response;
}

/**
 * Translates the chunks of one stream. Reasoning and text are items of their own, in the order in which they come; an
 * item is done before the next begins, but for calls whose arguments come side by side.
 */
export class ResponseStream {
  readonly #options: AnswerOptions;
  readonly #writer = new EventWriter();
  #response: ResponseObject;
  #begun = false;
  #ended = false;
  #reasoning: OpenReasoning | undefined;
  #message: OpenMessage | undefined;
  readonly #calls = new Map<number, OpenCall>();
  /** Calls that were begun, open or not. */
  readonly #callsSeen = new Set<number>();
  #items = 0;
  /** Characters of text in the messages that are done. */
  #textBefore = 0;
  #finish: string | undefined;
  /** State that is known only when its item is done. */
  #late: { thinking: ThinkingBlock[]; fields: JsonObject; calls: Record<string, JsonObject> } = {
    thinking: [],
    fields: {},
    calls: {},
  };
  #queries: string[] = [];

  constructor(options: AnswerOptions) {
    this.#options = options;
    this.#response = begunResponse(options.request, options);
  }

  /** The response, as far as it has come. */
  get response(): ResponseObject {
    return this.#response;
  }

  chunk(chunk: ChatChunk): ResponseEvent[] {
    if (this.#ended) return [];
    if (!this.#begun) this.#begin(chunk);
    if (chunk.service_tier) this.#response = { ...this.#response, service_tier: chunk.service_tier };
    this.#queries.push(...queriesOf(chunk));
    for (const { index, delta, finish_reason, logprobs } of chunk.choices) {
      if (index !== 0) continue; // a response is one answer
      this.#delta(delta ?? {}, logprobs);
      if (finish_reason) this.#finish = finish_reason;
    }
    if (chunk.usage) this.#response = { ...this.#response, usage: toResponsesUsage(chunk.usage) };
    // Usage comes last, and whoever waits for the upstream to hang up waits in vain for some.
    if (chunk.usage && this.#finish !== undefined) this.#complete();
    return this.#writer.take();
  }

  /** The upstream has ended: whatever is still owed. */
  end(): ResponseEvent[] {
    if (this.#begun && !this.#ended) this.#complete();
    return this.#writer.take();
  }

  #begin({ model, created }: ChatChunk): void {
    this.#begun = true;
    this.#response = {
      ...this.#response,
      model: model || this.#response.model,
      created_at: created || this.#response.created_at,
    };
    this.#writer.begin(this.#response);
  }

  #delta(delta: Delta, logprobs: unknown): void {
    const { reasoning_content: reasoning, thinking_blocks: blocks, content, refusal, annotations, images } = delta;
    if (reasoning) this.#reason().think(reasoning);
    if (blocks?.length) this.#think(blocks.filter(isRecord)); // as types have it; upstreams may not
    if (content) this.#say().say(content, logprobsOf(logprobs));
    for (const annotation of annotations ?? []) this.#message?.annotate(annotation);
    if (refusal) this.#say().refuse(refusal);
    for (const image of images ?? []) this.#image(image.image_url.url);
    for (const call of delta.tool_calls ?? []) this.#call(call);
    const fields = delta.provider_specific_fields;
    Object.assign(this.#late.fields, stateOf(fields));
    this.#queries.push(...queriesOfBlocks(fields?.["content_blocks"]));
  }

  #reason(): OpenReasoning {
    if (this.#reasoning === undefined) {
      this.#closeSaid("completed");
      this.#reasoning = new OpenReasoning(this.#writer, this.#newId("rs"), this.#options.by);
    }
    return this.#reasoning;
  }

  #think(blocks: readonly ThinkingBlock[]): void {
    const isLate = ({ thinking, data }: ThinkingBlock) => this.#reasoning === undefined && !thinking && !data;
    for (const block of blocks) {
      if (isLate(block)) this.#late.thinking.push(block);
      else this.#reason().add([block]);
    }
  }

  #say(): OpenMessage {
    if (this.#message === undefined) {
      this.#closeSaid("completed");
      this.#message = new OpenMessage(this.#writer, this.#newId("msg"), this.#textBefore);
    }
    return this.#message;
  }

  #image(url: string): void {
    const [, type = "image/png", result] = /^data:([^;,]*);base64,(.*)$/s.exec(url) ?? [];
    if (result === undefined) return;
    this.#closeSaid("completed");
    const output_format = type.replace(/^image\//, "");
    this.#writer.whole({
      id: this.#newId("ig"),
      type: "image_generation_call",
      status: "completed",
      output_format,
      result,
    });
  }

  #call({ index, id, function: part, custom, provider_specific_fields: fields }: ToolCallDelta): void {
    if (!this.#callsSeen.has(index)) {
      // Codex always asks for one call at a time, and not every model can be told.
      if (this.#callsSeen.size > 0 && this.#options.request.parallel_tool_calls === false) return;
      this.#closeSaid("completed");
      for (const [other, call] of this.#calls)
        if (call.isWhole) {
          call.close("completed");
          this.#calls.delete(other);
        }
      const name = part?.name ?? custom?.name ?? "";
      const callId = id || `call_${this.#suffix}_${index}`;
      const kind = this.#options.kinds.get(name) ?? { type: custom ? "custom" : "function", name };
      this.#callsSeen.add(index);
      this.#calls.set(index, new OpenCall(this.#writer, kind, { id: this.#newId(prefixOf(kind)), callId }));
      if (isRecord(fields) && Object.keys(fields).some((field) => field !== "thought_signature"))
        this.#late.calls[callId] = fields; // a signature of Gemini's is in the id as well
    }
    this.#calls.get(index)?.write(part?.arguments ?? custom?.input ?? "");
  }

  /** Closes reasoning and text. */
  #closeSaid(status: "completed" | "incomplete"): void {
    this.#reasoning?.close();
    this.#reasoning = undefined;
    this.#textBefore += this.#message?.length ?? 0;
    this.#message?.close(status);
    this.#message = undefined;
  }

  #complete(): void {
    this.#ended = true;
    const end = endOf(this.#finish);
    const status = end.status === "incomplete" ? "incomplete" : "completed";
    this.#closeSaid(status);
    for (const call of this.#calls.values()) call.close(status);
    this.#tellSearches();
    this.#keepState();
    this.#response = { ...this.#response, ...end, output: this.#writer.output };
    this.#writer.emit(lastEventType(this.#response), { response: this.#response });
  }

  /** Searches the provider made; they are known when all is said. */
  #tellSearches(): void {
    const made = this.#response.usage?.["server_tool_use"];
    const count = isRecord(made) && typeof made["web_search_requests"] === "number" ? made["web_search_requests"] : 0;
    const queries = [...new Set(this.#queries)];
    const known = Array.from(
      { length: Math.min(Math.max(count, queries.length), MOST_SEARCHES) },
      (_, at) => queries[at] ?? "",
    );
    for (const query of known)
      this.#writer.whole({
        id: this.#newId("ws"),
        type: "web_search_call",
        status: "completed",
        action: { type: "search", query },
      });
  }

  /** A last item for what came too late for its own, for clients that send such items back. */
  #keepState(): void {
    const { thinking, fields, calls } = this.#late;
    const isEmpty = thinking.length === 0 && Object.keys(fields).length === 0 && Object.keys(calls).length === 0;
    if (isEmpty || !this.#options.request.include?.includes("reasoning.encrypted_content")) return;
    const { by } = this.#options;
    const encrypted_content = seal({ ...(by && { by }), thinking, fields, calls });
    this.#writer.whole({ id: this.#newId("rs"), type: "reasoning", summary: [], encrypted_content });
  }

  get #suffix(): string {
    return this.#options.id.replace(/^resp_/, "");
  }

  #newId(prefix: string): string {
    const id = `${prefix}_${this.#suffix}_${this.#items}`;
    this.#items += 1;
    return id;
  }
}

/** No answer has so many; a provider's figure may be anything. */
const MOST_SEARCHES = 100;

function prefixOf({ type }: CallKind): string {
  switch (type) {
    case "function":
      return "fc";
    case "custom":
      return "ctc";
    case "local_shell":
      return "lsh";
    case "shell":
      return "sh";
    case "apply_patch":
      return "apc";
  }
}

function logprobsOf(logprobs: unknown): unknown[] {
  return isRecord(logprobs) && Array.isArray(logprobs["content"]) ? logprobs["content"] : [];
}

/** What Google searched for. */
function queriesOf(chunk: ChatChunk): string[] {
  const grounding = chunk["vertex_ai_grounding_metadata"];
  if (!Array.isArray(grounding)) return [];
  return grounding.filter(isRecord).flatMap((one) => stringsIn(one["webSearchQueries"]));
}

/** What Claude searched for. */
function queriesOfBlocks(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return [];
  return blocks
    .filter(isRecord)
    .filter(({ type, name }) => type === "server_tool_use" && name === "web_search")
    .flatMap(({ input }) => (isRecord(input) && typeof input["query"] === "string" ? [input["query"]] : []));
}
