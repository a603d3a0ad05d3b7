/** What goes out of the blocks of a streamed answer while they come: the streams of Claude's API and of Converse have the same. */
import type { ChunkWriter } from "../openai/chunks.ts";

/** A block that has begun. */
export interface OpenBlock<Block> {
  block: Block;
  /** JSON of a tool's input as it comes. */
  json: string;
  /** Index among the answer's tool calls. */
  call?: number;
  /** The block's place in the answer's text, in UTF-16 units. */
  start: number;
}

export class BlockWriter<Block> {
  readonly #writer: ChunkWriter;
  readonly #isText: (block: Block) => boolean;
  #length = 0;
  #calls = 0;

  /** @param isText of a tool that stands for the text of the answer */
  constructor(writer: ChunkWriter, isText: (block: Block) => boolean) {
    this.#writer = writer;
    this.#isText = isText;
  }

  /** Of the text so far, in UTF-16 units. */
  get length(): number {
    return this.#length;
  }

  begin(block: Block): OpenBlock<Block> {
    return { block, json: "", start: this.#length };
  }

  /** The block is a call that the client is to answer. */
  call(open: OpenBlock<Block>, head: Parameters<ChunkWriter["toolCall"]>[1]): void {
    open.call = this.#calls++;
    this.#writer.toolCall(open.call, head);
  }

  /** A piece of a tool's input. */
  input(open: OpenBlock<Block>, json: string): void {
    if (json === "") return;
    open.json += json;
    if (open.call !== undefined) this.#writer.toolArguments(open.call, json);
    else if (this.#isText(open.block)) this.say(json);
  }

  /**
   * The whole input, once the block has ended; what a limit of tokens cut in the middle is kept as text.
   * @param given with the block's start: some inputs come whole, and none at all means `{}`
   */
  wholeInput(open: OpenBlock<Block>, given: unknown): unknown {
    if (open.json === "") this.input(open, JSON.stringify(given ?? {}));
    try {
      return JSON.parse(open.json);
    } catch {
      return open.json;
    }
  }

  say(content: string): void {
    if (content === "") return;
    this.#length += content.length;
    this.#writer.delta({ content });
  }
}
