/**
 * Redis's wire format, RESP2 and RESP3. Source: redis.io, "Redis serialization protocol specification".
 * Texts are UTF-8: nothing else is stored here.
 */

export type Reply = string | number | boolean | null | RedisError | Reply[];

/** Redis refused a command, in its own words. */
export class RedisError extends Error {
  override name = "RedisError";
}

/** What comes is no RESP: whoever answers is no Redis. */
export class NotRedis extends Error {
  override name = "NotRedis";
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Bytes of one text of a reply, at most. */
const LONGEST_TEXT = 64 * 1024 * 1024;
/** Bytes of a line that says what comes, at most. */
const LONGEST_LINE = 64 * 1024;
const MOST_ITEMS = 1_000_000;
const DEEPEST = 16;

/** A command as an array of bulk strings, the form all servers take. */
export function encodeCommand(words: readonly string[]): Uint8Array {
  const parts = words.map((word) => `$${encoder.encode(word).length}\r\n${word}\r\n`);
  return encoder.encode(`*${words.length}\r\n${parts.join("")}`);
}

/** A list that is not whole yet. */
interface OpenList {
  type: string;
  length: number;
  items: Reply[];
}

type Token = { value: Reply } | { type: string; length: number };

/** Reads replies off bytes as they come; each byte is looked at once. */
export class ReplyReader {
  #bytes = new Uint8Array(4096);
  #begin = 0;
  #end = 0;
  /** Outermost first. */
  readonly #open: OpenList[] = [];

  push(bytes: Uint8Array): void {
    if (this.#end + bytes.length > this.#bytes.length) this.#makeRoom(bytes.length);
    this.#bytes.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** `undefined` where the next is not whole yet. @throws NotRedis */
  next(): Reply | undefined {
    for (let token = this.#token(); token !== undefined; token = this.#token()) {
      if ("length" in token && token.length > 0) {
        if (this.#open.length >= DEEPEST) throw new NotRedis("a reply is nested too deeply");
        this.#open.push({ ...token, items: [] });
        continue;
      }
      const whole = "value" in token ? this.#add(token.value) : this.#close(token.type, []);
      if (whole !== undefined) return whole;
    }
    return undefined;
  }

  /** The value, where it is a whole reply; else it becomes a part of one. */
  #add(value: Reply): Reply | undefined {
    const list = this.#open.at(-1);
    if (list === undefined) return value;
    list.items.push(value);
    if (list.items.length < list.length) return undefined;
    this.#open.pop();
    return this.#close(list.type, list.items);
  }

  /** What is pushed unasked, and attributes of what follows, are nothing we ask for. */
  #close(type: string, items: Reply[]): Reply | undefined {
    return type === ">" || type === "|" ? undefined : this.#add(items);
  }

  #makeRoom(more: number): void {
    const kept = this.#bytes.subarray(this.#begin, this.#end);
    const larger = new Uint8Array(Math.max(4096, (kept.length + more) * 2));
    larger.set(kept);
    this.#bytes = larger;
    this.#begin = 0;
    this.#end = kept.length;
  }

  #token(): Token | undefined {
    const line = this.#line();
    if (line === undefined) return undefined;
    const { type, text, end } = line;
    switch (type) {
      case "$":
      case "=":
      case "!":
        return this.#text(type, count(text, LONGEST_TEXT), end);
      case "*":
      case "~":
      case ">":
        this.#begin = end;
        return listOf(type, count(text, MOST_ITEMS));
      case "%":
      case "|":
        this.#begin = end;
        return listOf(type, count(text, MOST_ITEMS) * 2);
      default:
        this.#begin = end;
        return { value: scalar(type, text) };
    }
  }

  /** The line that begins the next; it is not taken yet. */
  #line(): { type: string; text: string; end: number } | undefined {
    const found = this.#bytes.subarray(0, this.#end).indexOf(10, this.#begin);
    if (found === -1 && this.#end - this.#begin > LONGEST_LINE) throw new NotRedis("what answers is no Redis");
    if (found === -1) return undefined;
    const line = decoder.decode(this.#bytes.subarray(this.#begin, found)).replace(/\r$/, "");
    return { type: line.slice(0, 1), text: line.slice(1), end: found + 1 };
  }

  #text(type: string, length: number, at: number): Token | undefined {
    const end = length < 0 ? at : at + length + 2; // and the line's end
    if (end > this.#end) return undefined;
    this.#begin = end;
    if (length < 0) return { value: null };
    const text = decoder.decode(this.#bytes.subarray(at, at + length));
    if (type === "!") return { value: new RedisError(text) };
    return { value: type === "=" ? text.slice(4) : text }; // `txt:` before it says what it is
  }
}

function scalar(type: string, text: string): Reply {
  switch (type) {
    case "+":
    case "(": // a number too large to be one
      return text;
    case "-":
      return new RedisError(text);
    case ":":
    case ",":
      return Number(text);
    case "#":
      return text === "t";
    case "_":
      return null;
    default:
      throw new NotRedis("what answers is no Redis");
  }
}

function listOf(type: string, length: number): Token {
  return length < 0 ? { value: null } : { type, length };
}

/** -1 is nothing at all. */
function count(text: string, most: number): number {
  const number = Number(text);
  if (Number.isInteger(number) && number >= -1 && number <= most) return number;
  throw new NotRedis(`a reply has the length ${text.slice(0, 20)}`);
}
