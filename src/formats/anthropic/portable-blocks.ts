/** Content blocks that Anthropic alone has, as blocks of which every chat model has an equal. */
import { UnsupportedParamsError } from "../errors.ts";
import { isRecord } from "../json.ts";
import { present, text } from "./fields.ts";
import type { Block, Turn } from "./types.ts";

/** Claude Code's note of its version to Anthropic. It changes with each conversation, which spoils others' prompt caches. */
const ATTRIBUTION = "x-anthropic-billing-header:";

/**
 * @param dropParams what another model cannot be shown is left out
 * @throws UnsupportedParamsError for it, unless `dropParams`
 */
export function portableTurn(turn: Turn, path: string, dropParams = false): Turn {
  if (typeof turn.content === "string") return turn;
  return { ...turn, content: portableBlocks(turn.content, `${path}.content`, dropParams) };
}

export function portableSystem(system: string | readonly Block[]): string | Block[] {
  if (typeof system === "string") return system.startsWith(ATTRIBUTION) ? "" : system;
  return portableBlocks(
    system.filter((block) => !text(block["text"]).startsWith(ATTRIBUTION)),
    "system",
    false,
  );
}

function portableBlocks(blocks: readonly Block[], path: string, dropParams: boolean): Block[] {
  return blocks.flatMap((block, index) => portable(block, `${path}[${index}]`, dropParams));
}

function portable(block: Block, path: string, dropParams: boolean): Block[] {
  switch (block.type) {
    case "text": {
      const { citations: _, ...plain } = block;
      return [plain];
    }
    case "document":
      return documentBlocks(block, path, dropParams);
    case "search_result": {
      const found = isBlocks(block["content"]) ? block["content"].map((part) => text(part["text"])) : [];
      return [{ type: "text", text: lines(text(block["title"]), text(block["source"]), ...found) }];
    }
    case "tool_reference":
      return [{ type: "text", text: `The tool ${text(block["tool_name"])} can be called.` }];
    case "tool_result":
      return [
        isBlocks(block["content"])
          ? { ...block, content: portableBlocks(block["content"], `${path}.content`, dropParams) }
          : block,
      ];
    case "container_upload":
      if (dropParams) return [];
      throw new UnsupportedParamsError(
        "litellm.UnsupportedParamsError: files in a container are Anthropic's own, and this model is not served there.",
        { param: path },
      );
    default:
      return [block];
  }
}

/** A document of text is text; one of blocks is its blocks. Notes on it stand before it. */
function documentBlocks(block: Block, path: string, dropParams: boolean): Block[] {
  const { citations: _, context, ...document } = block;
  const source = isRecord(block["source"]) ? block["source"] : {};
  const notes = text(context);
  const title = text(block["title"]);
  switch (source["type"]) {
    case "text":
      return [{ type: "text", text: lines(title, notes, text(source["data"])) }];
    case "content": {
      const heading = lines(title, notes);
      const inner: Block[] = isBlocks(source["content"])
        ? source["content"]
        : [{ type: "text", text: text(source["content"]) }];
      return [...(heading ? [{ type: "text", text: heading }] : []), ...portableBlocks(inner, path, dropParams)];
    }
    default:
      return [...(notes ? [{ type: "text", text: notes }] : []), present(document)];
  }
}

function isBlocks(value: unknown): value is Block[] {
  return Array.isArray(value) && value.every((one) => isRecord(one) && typeof one["type"] === "string");
}

function lines(...texts: string[]): string {
  return texts.filter((one) => one !== "").join("\n");
}
