import { isRecord } from "../json.ts";
import type { Annotation, Delta } from "../openai/chat.ts";
import { NATIVE_PARTS } from "./assistant.ts";
import { annotationsOf } from "./citations.ts";
import { finishFields, finishReason } from "./finish-reason.ts";
import type { JsonObject } from "./json.ts";
import { logprobsOf } from "./logprobs.ts";
import { dataUrl } from "./media.ts";
import { applyPartialArg } from "./partial-args.ts";
import { generateCallId, joinToolCallId } from "./signature.ts";
import type { Candidate, FunctionCall, Part } from "./types.ts";

/** What a candidate's end says beside its reason. */
export interface CandidateEnd {
  reason: ReturnType<typeof finishReason>;
  /** Fields of the choice. */
  extra: Record<string, unknown>;
}

/**
 * Reads one candidate, whole or in chunks, and tells it in OpenAI's deltas. Both go this way, so that a stream joined
 * equals the answer unstreamed.
 */
export class CandidateReader {
  readonly #index: number;
  readonly #idSeed: string;
  #text = "";
  /** A thinking block is open that has no signature yet. */
  #openThought = false;
  #calls = 0;
  #images = 0;
  /** A call whose arguments arrive in pieces. */
  #pending: { index: number; args: JsonObject } | undefined;
  #signatures: string[] = [];
  #nativeParts: Part[] = [];
  #logprobs: ReturnType<typeof logprobsOf> = [];
  #reason: Candidate["finishReason"];
  #message: Candidate["finishMessage"];
  #grounding: JsonObject | undefined;
  #citation: JsonObject | undefined;
  #urlContext: unknown;
  #safety: unknown;

  /** @param idSeed unique to the answer: ids for calls that have none are made from it */
  constructor(index: number, idSeed: string) {
    this.#index = index;
    this.#idSeed = idSeed;
  }

  read(candidate: Candidate): Delta[] {
    this.#reason = candidate.finishReason ?? this.#reason;
    this.#message = candidate.finishMessage ?? this.#message;
    this.#safety = candidate.safetyRatings ?? this.#safety;
    this.#urlContext = candidate.urlContextMetadata ?? this.#urlContext;
    if (isRecord(candidate.groundingMetadata)) this.#grounding = { ...this.#grounding, ...candidate.groundingMetadata };
    if (isRecord(candidate.citationMetadata)) this.#citation = joinLists(this.#citation, candidate.citationMetadata);
    this.#logprobs.push(...logprobsOf(candidate.logprobsResult));
    return (candidate.content?.parts ?? []).flatMap((part) => this.#part(part));
  }

  /** Has the model said why it stopped? */
  get isFinished(): boolean {
    return this.#reason !== undefined && this.#reason !== null;
  }

  get grounding(): JsonObject | undefined {
    return this.#grounding && Object.keys(this.#grounding).length > 0 ? this.#grounding : undefined;
  }

  get citation(): JsonObject | undefined {
    return this.#citation;
  }

  get urlContext(): unknown {
    return this.#urlContext;
  }

  get safety(): unknown {
    return this.#safety;
  }

  /** What is known only at the end: arguments still gathered, citations, signatures. */
  rest(): Delta[] {
    const deltas = this.#closeCall();
    const annotations: Annotation[] = annotationsOf(this.#text, this.#grounding, this.#citation);
    if (annotations.length > 0) deltas.push({ annotations });
    const fields = {
      ...(this.#signatures.length > 0 ? { thought_signatures: this.#signatures } : {}),
      ...(this.#nativeParts.length > 0 ? { [NATIVE_PARTS]: this.#nativeParts } : {}),
    };
    if (Object.keys(fields).length > 0) deltas.push({ provider_specific_fields: fields });
    return deltas;
  }

  end(): CandidateEnd {
    return {
      reason: finishReason(this.#reason, this.#calls > 0),
      extra: {
        ...finishFields(this.#reason, this.#message),
        ...(this.#logprobs.length > 0 ? { logprobs: { content: this.#logprobs, refusal: null } } : {}),
      },
    };
  }

  #part(part: Part): Delta[] {
    if (part.functionCall) return this.#functionCall(part.functionCall, part.thoughtSignature ?? undefined);
    if (part.inlineData && !part.thought) return this.#media(part);
    if (typeof part.text !== "string") return this.#native(part);
    return part.thought
      ? this.#thought(part.text, part.thoughtSignature)
      : this.#said(part.text, part.thoughtSignature);
  }

  #thought(text: string, signature: string | null | undefined): Delta[] {
    if (text === "" && !signature) return [];
    this.#openThought = !signature;
    const block = { type: "thinking", thinking: text, ...(signature ? { signature } : {}) };
    return [{ ...(text === "" ? {} : { reasoning_content: text }), thinking_blocks: [block] }];
  }

  #said(text: string, signature: string | null | undefined): Delta[] {
    this.#text += text;
    const deltas: Delta[] = text === "" ? [] : [{ content: text }];
    if (!signature) return deltas;
    this.#signatures.push(signature);
    // Clients that know thinking blocks only (Anthropic's) keep the signature there.
    if (this.#openThought) deltas.push({ thinking_blocks: [{ type: "thinking", thinking: "", signature }] });
    this.#openThought = false;
    return deltas;
  }

  #functionCall(call: FunctionCall, signature: string | undefined): Delta[] {
    const deltas: Delta[] = [];
    if (call.name) deltas.push(...this.#closeCall(), this.#beginCall(call, call.name, signature));
    if (this.#pending === undefined) return deltas;
    for (const piece of call.partialArgs ?? []) applyPartialArg(this.#pending.args, piece);
    if (call.args && !call.name) Object.assign(this.#pending.args, call.args);
    return call.willContinue ? deltas : [...deltas, ...this.#closeCall()];
  }

  #beginCall(call: FunctionCall, name: string, signature: string | undefined): Delta {
    const index = this.#calls;
    this.#calls += 1;
    this.#pending = { index, args: { ...call.args } };
    const id = call.id || generateCallId(this.#idSeed, this.#index, index);
    const fields = signature === undefined ? {} : { provider_specific_fields: { thought_signature: signature } };
    const begun = { index, id: joinToolCallId(id, signature), type: "function", function: { name, arguments: "" } };
    return { tool_calls: [{ ...begun, ...fields }] };
  }

  #closeCall(): Delta[] {
    if (this.#pending === undefined) return [];
    const { index, args } = this.#pending;
    this.#pending = undefined;
    return [{ tool_calls: [{ index, function: { arguments: JSON.stringify(args) } }] }];
  }

  #media(part: Part): Delta[] {
    const mimeType = part.inlineData?.mimeType ?? "application/octet-stream";
    const data = part.inlineData?.data ?? "";
    if (mimeType.startsWith("image/")) {
      const fields = part.thoughtSignature
        ? { provider_specific_fields: { thought_signature: part.thoughtSignature } }
        : {};
      const index = this.#images;
      this.#images += 1;
      return [{ images: [{ type: "image_url", image_url: { url: dataUrl(mimeType, data) }, index, ...fields }] }];
    }
    if (mimeType.startsWith("audio/")) {
      const id = `audio_${this.#idSeed}_${this.#index}`;
      return [{ audio: { id, data, transcript: "", expires_at: 0, mime_type: mimeType } }];
    }
    return this.#native(part);
  }

  #native(part: Part): Delta[] {
    if (Object.keys(part).length > 0) this.#nativeParts.push(part);
    return [];
  }
}

/** Later chunks add citations to earlier ones. */
function joinLists(known: JsonObject | undefined, more: JsonObject): JsonObject {
  const joined: JsonObject = { ...known };
  for (const [name, value] of Object.entries(more)) {
    const before = joined[name];
    joined[name] = Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value;
  }
  return joined;
}
