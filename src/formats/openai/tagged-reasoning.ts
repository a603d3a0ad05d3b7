/** Reasoning that stands within the text, between tags: some servers of open models leave it there. */

export interface Tags {
  open: string;
  close: string;
  /** The text begins within the reasoning: its first tag was a part of the prompt. */
  begun?: boolean;
}

export interface Told {
  reasoning: string;
  content: string;
}

/** Splits a text that comes in pieces cut anywhere, also within a tag. */
export class ReasoningSplitter {
  readonly #tags: Tags;
  #isInside: boolean;
  /** Characters that may be the beginning of a tag. */
  #held = "";

  constructor(tags: Tags) {
    this.#tags = tags;
    this.#isInside = tags.begun === true;
  }

  push(piece: string): Told {
    const told = { reasoning: "", content: "" };
    let rest = this.#held + piece;
    for (;;) {
      const tag = this.#isInside ? this.#tags.close : this.#tags.open;
      const at = rest.indexOf(tag);
      if (at === -1) {
        const kept = rest.length - beginningOf(tag, rest);
        this.#tell(told, rest.slice(0, kept));
        this.#held = rest.slice(kept);
        return told;
      }
      this.#tell(told, rest.slice(0, at));
      rest = rest.slice(at + tag.length);
      this.#isInside = !this.#isInside;
    }
  }

  /** What was held back, as no tag came of it. */
  end(): Told {
    const told = { reasoning: "", content: "" };
    this.#tell(told, this.#held);
    this.#held = "";
    return told;
  }

  #tell(told: Told, text: string): void {
    if (this.#isInside) told.reasoning += text;
    else told.content += text;
  }
}

/** A whole text. */
export function splitReasoning(text: string, tags: Tags): Told {
  const splitter = new ReasoningSplitter(tags);
  const told = splitter.push(text);
  const last = splitter.end();
  return { reasoning: told.reasoning + last.reasoning, content: told.content + last.content };
}

/** How many characters at the end of the text may be the beginning of the tag. */
function beginningOf(tag: string, text: string): number {
  for (let length = Math.min(tag.length - 1, text.length); length > 0; length--)
    if (text.endsWith(tag.slice(0, length))) return length;
  return 0;
}
