/**
 * What Groq's answers tell of the tools that it ran, and of the models its Compound systems asked: `executed_tools` of a
 * message, and `usage_breakdown` beside the usage. Put into the usage, by which a call is paid for.
 */
import { isRecord, recordsIn } from "../../formats/json.ts";
import type { Usage } from "../../formats/openai/chat.ts";
import type { Json } from "./json.ts";

/** Streams tell of a tool when it begins and when it has ended, under the same number. */
export class ExecutedTools {
  readonly #searches = new Set<unknown>();
  #breakdown: Json | undefined;

  /** @param said a message, or a delta of one */
  add(said: unknown): void {
    if (!isRecord(said)) return;
    for (const tool of recordsIn(said["executed_tools"]))
      if (isSearch(tool)) this.#searches.add(tool["index"] ?? this.#searches.size);
  }

  /** @param body an answer, or a chunk of one: streams have it in `x_groq` */
  addBreakdown({ usage_breakdown, x_groq }: Json): void {
    const found = [usage_breakdown, isRecord(x_groq) ? x_groq["usage_breakdown"] : undefined].find(isRecord);
    if (found !== undefined) this.#breakdown = found;
  }

  /** The usage with what is known of them. */
  within(usage: Usage): Usage {
    const searches = this.#searches.size;
    return {
      ...usage,
      ...(this.#breakdown && { usage_breakdown: this.#breakdown }),
      ...(searches > 0 && !usage.server_tool_use && { server_tool_use: { web_search_requests: searches } }),
    };
  }
}

/** Compound's `search`, and of GPT-OSS's browser the searches (`browser.search`), not the pages it opens. */
function isSearch({ type, name }: Json): boolean {
  return typeof name === "string" ? /(?:^|[._])search$/.test(name) : /^(?:web_|browser_)?search$/.test(String(type));
}
