import { text } from "./fields.ts";
import type { Block } from "./types.ts";

/** Adds what a stream says to its block. A tool's input comes as pieces of JSON, which are for the reader to gather. */
export function extendBlock(block: Block, delta: Readonly<Record<string, unknown>>): void {
  switch (delta["type"]) {
    case "text_delta":
      append(block, "text", delta);
      break;
    case "thinking_delta":
      append(block, "thinking", delta);
      break;
    case "signature_delta":
      append(block, "signature", delta);
      break;
    case "citations_delta":
      block["citations"] = [...(Array.isArray(block["citations"]) ? block["citations"] : []), delta["citation"]];
      break;
    case "compaction_delta":
      append(block, "content", delta);
      break;
    default: // a tool's input, or of a kind that is yet to come
      break;
  }
}

function append(block: Block, field: string, delta: Readonly<Record<string, unknown>>): void {
  block[field] = text(block[field]) + text(delta[field]);
}
