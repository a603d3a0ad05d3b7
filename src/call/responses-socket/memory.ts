/** What a connection remembers of its responses that nobody else keeps, so that they can be gone on from (`store: false`). */
import type { Item } from "../../formats/openai/responses/types.ts";

/** Responses remembered; clients go on from the last of each of their lanes. */
const MOST = 32;

export interface Remembered {
  /** The response it begins with, where that is kept elsewhere. */
  root: string | undefined;
  /** All that was said since, the last answer included. */
  items: readonly Item[];
  /** Characters of JSON. */
  size: number;
}

export class ConversationMemory {
  readonly #conversations = new Map<string, Remembered>();
  readonly #largest: number;
  #size = 0;

  /** @param largest characters of JSON that all conversations together may have */
  constructor(largest: number) {
    this.#largest = largest;
  }

  /** What this response goes on from and what it says; `undefined` where it is not known here. */
  find(id: string): Remembered | undefined {
    return this.#conversations.get(id);
  }

  /**
   * @param previous the response it goes on from, known here or not
   * @param said what was said since, the answer included
   */
  remember(id: string, previous: string | undefined, said: readonly Item[]): void {
    const known = previous === undefined ? undefined : this.#conversations.get(previous);
    const before = known ?? { root: previous, items: [], size: 0 };
    const own = standingAlone(said);
    const compacted = own.findLastIndex(({ type }) => type === "compaction");
    const ownSize = JSON.stringify(own).length;
    // A compaction stands for all before it.
    const conversation =
      compacted === -1
        ? { root: before.root, items: [...before.items, ...own], size: before.size + ownSize }
        : { root: undefined, items: own.slice(compacted), size: ownSize };
    this.#forget(id);
    if (conversation.size > this.#largest) return;
    this.#conversations.set(id, conversation);
    this.#size += conversation.size;
    // Conversations that go on from each other share their items, and are counted as if they did not.
    for (const [oldest] of this.#conversations) {
      if (this.#conversations.size <= MOST && this.#size <= this.#largest) return;
      this.#forget(oldest);
    }
  }

  #forget(id: string): void {
    this.#size -= this.#conversations.get(id)?.size ?? 0;
    this.#conversations.delete(id);
  }
}

/**
 * Items that say all themselves. Whoever does not keep the response looks in vain for reasoning that is not in the item, and
 * for what hangs on it by its id.
 */
function standingAlone(items: readonly Item[]): Item[] {
  const kept = items.filter(({ type, encrypted_content: sealed }) => type !== "reasoning" || Boolean(sealed));
  if (kept.length === items.length) return kept;
  return kept.map((item) => {
    if (!NAMED_BY_REASONING.has(item.type ?? "message")) return item;
    const { id: _, ...rest } = item;
    return rest;
  });
}

const NAMED_BY_REASONING: ReadonlySet<string> = new Set(["message", "function_call", "custom_tool_call"]);
