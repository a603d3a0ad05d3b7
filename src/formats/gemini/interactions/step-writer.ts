/** The parts of an answer of `generateContent`, as they come, as events of the steps of an interaction. */
import { asRecord, isRecord, recordsIn } from "../../json.ts";
import { type JsonObject, textField } from "../json.ts";
import type { Part } from "../types.ts";
import type { InteractionEvent, Step } from "./types.ts";

export class StepWriter {
  #index = 0;
  /** The type of the step that is being written. */
  #open: string | undefined;
  #codeCall = "";
  #called = false;
  #annotated = false;

  /** Did the model call a function? Then it waits for its result. */
  get called(): boolean {
    return this.#called;
  }

  part(part: Part): InteractionEvent[] {
    const { text, thought, thoughtSignature: signature, functionCall, inlineData, fileData } = part;
    if (functionCall) return [...this.#signature(signature), ...this.#call(functionCall)];
    if (thought) {
      const said = text ? this.#within("thought", { type: "thought_summary", content: { type: "text", text } }) : [];
      return [...said, ...this.#signature(signature)];
    }
    if (isRecord(part["executableCode"])) return this.#code(part["executableCode"]);
    if (isRecord(part["codeExecutionResult"])) return this.#codeResult(part["codeExecutionResult"]);
    const signed = this.#signature(signature);
    if (typeof text === "string")
      return text === "" ? signed : [...signed, ...this.#within("model_output", { type: "text", text })];
    if (inlineData) {
      const { mimeType, data } = inlineData;
      const medium = { type: kindOf(mimeType), ...(mimeType && { mime_type: mimeType }), data };
      return [...signed, ...this.#within("model_output", medium)];
    }
    if (fileData) {
      const { mimeType, fileUri } = fileData;
      const medium = { type: kindOf(mimeType), ...(mimeType && { mime_type: mimeType }), uri: fileUri };
      return [...signed, ...this.#within("model_output", medium)];
    }
    return signed;
  }

  /** What the text says where it has it from. Each answer tells it once. */
  sources(candidate: JsonObject): InteractionEvent[] {
    const annotations = this.#annotated ? [] : annotationsOf(candidate["groundingMetadata"]);
    if (annotations.length === 0 || this.#open !== "model_output") return [];
    this.#annotated = true;
    return this.#within("model_output", { type: "text_annotation_delta", annotations });
  }

  /** Ends the step that is being written. */
  close(): InteractionEvent[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    return [{ event_type: "step.stop", index: this.#index++ }];
  }

  #within(type: string, delta: JsonObject): InteractionEvent[] {
    const begun = this.#open === type ? [] : this.#begin({ type });
    return [...begun, { event_type: "step.delta", index: this.#index, delta }];
  }

  #begin(step: Step): InteractionEvent[] {
    const ended = this.close();
    this.#open = step.type ?? undefined;
    return [...ended, { event_type: "step.start", index: this.#index, step }];
  }

  /** Google says it of the thought before what was thought about. */
  #signature(signature: string | null | undefined): InteractionEvent[] {
    return signature ? this.#within("thought", { type: "thought_signature", signature }) : [];
  }

  #call({ id, name, args }: NonNullable<Part["functionCall"]>): InteractionEvent[] {
    this.#called = true;
    const step = { type: "function_call", id: id || `call_${crypto.randomUUID()}`, name: name ?? "", arguments: {} };
    const delta = { type: "arguments_delta", arguments: JSON.stringify(args ?? {}) };
    return [...this.#begin(step), { event_type: "step.delta", index: this.#index, delta }, ...this.close()];
  }

  #code({ code, language }: JsonObject): InteractionEvent[] {
    this.#codeCall = `code_${crypto.randomUUID()}`;
    const said = { code, language: typeof language === "string" ? language.toLowerCase() : "python" };
    return [...this.#begin({ type: "code_execution_call", id: this.#codeCall, arguments: said }), ...this.close()];
  }

  #codeResult({ outcome, output }: JsonObject): InteractionEvent[] {
    const isError = outcome !== undefined && outcome !== "OUTCOME_OK";
    const step = {
      type: "code_execution_result",
      call_id: this.#codeCall,
      result: typeof output === "string" ? output : "",
      ...(isError && { is_error: true }),
    };
    return [...this.#begin(step), ...this.close()];
  }
}

function kindOf(mimeType: string | null | undefined): string {
  const kind = mimeType?.split("/")[0];
  return kind === "image" || kind === "audio" || kind === "video" ? kind : "document";
}

/** Passages, by bytes as Google counts them, each with its source. */
function annotationsOf(grounding: unknown): JsonObject[] {
  if (!isRecord(grounding)) return [];
  const sources = recordsIn(grounding["groundingChunks"]);
  return recordsIn(grounding["groundingSupports"]).flatMap(({ segment, groundingChunkIndices: indices }) => {
    const { startIndex = 0, endIndex = 0 } = asRecord(segment);
    return (Array.isArray(indices) ? indices : []).flatMap((index: unknown) => {
      const source = typeof index === "number" ? sources[index] : undefined;
      const web = source?.["web"] ?? source?.["retrievedContext"];
      const url = textField(web, "uri");
      if (url === undefined) return [];
      const title = textField(web, "title");
      return [{ type: "url_citation", url, ...(title && { title }), start_index: startIndex, end_index: endIndex }];
    });
  });
}
