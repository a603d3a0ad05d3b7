/**
 * Counts and reads tokens of OpenAI's byte pair encodings. The ranks are those of `js-tiktoken`; its encoder is not
 * used, since it keeps 71 MB for `o200k_base` where an isolate has 128, needs 0.6 s to start, and takes 10 s for 3,500
 * characters of Japanese. Here the vocabulary is three flat arrays (6 MB), and time is linear in the text.
 */

/** As `js-tiktoken/ranks/*` exports it. */
export interface Ranks {
  /** The regular expression that splits text into pieces. */
  pat_str: string;
  /** Lines `! firstRank base64 base64 ...`. */
  bpe_ranks: string;
}

/** Byte strings and their ranks, in one hash table with open addressing. */
interface Vocabulary {
  /** All tokens, one behind the other; token `i` is `bytes[starts[i]..starts[i + 1]]`. */
  bytes: Uint8Array;
  starts: Uint32Array;
  ranks: Uint32Array;
  /** Number of a token + 1 at the place of its hash; 0 is free. Its size is a power of two. */
  table: Uint32Array;
}

const none = 0xffffffff;

/** Longer pieces (a run of letters without a space) are cut: merging is quadratic in this length. */
const pieceBytes = 384;

/** The regular expression sees no more than this many characters at a time. */
const windowChars = 16_384;

const base64Digits = new Uint8Array(128);
[..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"].forEach((character, value) => {
  base64Digits[character.charCodeAt(0)] = value;
});

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = 0x811c9dc5;
  for (let index = start; index < end; index++) value = Math.imul(value ^ (bytes[index] ?? 0), 0x01000193);
  return (value ^ (value >>> 15)) >>> 0;
}

function readVocabulary(text: string): Vocabulary {
  const bytes = new Uint8Array(text.length);
  const starts: number[] = [];
  const ranks: number[] = [];
  let end = 0;
  for (const line of text.split("\n")) {
    let rank = -1;
    let from = 0;
    for (let column = 0; from < line.length; column++) {
      const space = line.indexOf(" ", from);
      const to = space < 0 ? line.length : space;
      if (column === 1) rank = Number(line.slice(from, to));
      else if (column > 1) {
        starts.push(end);
        ranks.push(rank++);
        let bits = 0;
        let held = 0;
        for (let index = from; index < to && line.charCodeAt(index) !== 61; index++) {
          bits = ((bits << 6) | (base64Digits[line.charCodeAt(index)] ?? 0)) & 0xffffff;
          held += 6;
          if (held < 8) continue;
          held -= 8;
          bytes[end++] = (bits >> held) & 0xff;
        }
      }
      from = to + 1;
    }
  }
  starts.push(end);

  const table = new Uint32Array(2 ** Math.ceil(Math.log2(ranks.length * 2)));
  for (let token = 0; token < ranks.length; token++) {
    let slot = hash(bytes, starts[token] ?? 0, starts[token + 1] ?? 0) & (table.length - 1);
    while (table[slot]) slot = (slot + 1) & (table.length - 1);
    table[slot] = token + 1;
  }
  return { bytes: bytes.slice(0, end), starts: Uint32Array.from(starts), ranks: Uint32Array.from(ranks), table };
}

/** The rank of a byte string; `none` where it is no token. */
function rankOf({ bytes, starts, ranks, table }: Vocabulary, text: Uint8Array, from: number, to: number): number {
  let slot = hash(text, from, to) & (table.length - 1);
  for (let entry = table[slot]; entry; entry = table[slot]) {
    const start = starts[entry - 1] ?? 0;
    if ((starts[entry] ?? 0) - start === to - from) {
      let index = from;
      while (index < to && text[index] === bytes[start + index - from]) index++;
      if (index === to) return ranks[entry - 1] ?? none;
    }
    slot = (slot + 1) & (table.length - 1);
  }
  return none;
}

/** The byte string of a rank; ranks ascend. */
function bytesOf({ bytes, starts, ranks }: Vocabulary, rank: number): Uint8Array | undefined {
  let low = 0;
  let high = ranks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranks[middle] ?? 0) < rank) low = middle + 1;
    else high = middle;
  }
  return ranks[low] === rank ? bytes.subarray(starts[low], starts[low + 1]) : undefined;
}

/** Where the parts of the piece at work begin, and the rank each would have together with the next. */
interface Parts {
  starts: Uint32Array;
  pairs: Uint32Array;
}

/** Merges neighbours of the lowest rank until none can be merged; how many parts are left. */
function countPiece(words: Vocabulary, text: Uint8Array, from: number, to: number, { starts, pairs }: Parts): number {
  if (to - from <= 1 || rankOf(words, text, from, to) !== none) return to > from ? 1 : 0;
  let count = to - from;
  for (let part = 0; part <= count; part++) starts[part] = from + part;
  const pairAt = (part: number) =>
    part + 2 > count ? none : rankOf(words, text, starts[part] ?? 0, starts[part + 2] ?? 0);
  for (let part = 0; part < count; part++) pairs[part] = pairAt(part);
  for (;;) {
    let lowest = none;
    let at = -1;
    for (let part = 0; part < count - 1; part++) {
      const rank = pairs[part] ?? none;
      if (rank < lowest) {
        lowest = rank;
        at = part;
      }
    }
    if (at < 0) return count;
    starts.copyWithin(at + 1, at + 2, count + 1);
    pairs.copyWithin(at + 1, at + 2, count);
    count--;
    pairs[at] = pairAt(at);
    if (at > 0) pairs[at - 1] = pairAt(at - 1);
  }
}

/** Where to end a window: behind it, or before the last white space in its last quarter; never within a character. */
function windowEnd(text: string, start: number): number {
  const end = start + windowChars;
  if (end >= text.length) return text.length;
  for (let index = end; index > end - windowChars / 4; index--) {
    const code = text.charCodeAt(index);
    if ((code === 32 || code === 10) && text.charCodeAt(index - 1) > 32) return index;
  }
  return (text.charCodeAt(end) & 0xfc00) === 0xdc00 ? end - 1 : end;
}

/** One encoding at work. */
export interface BytePairs {
  /**
   * Special tokens in the text (`<|endoftext|>`) count as the plain text they are. Exact but for runs of more than 384
   * bytes without a break, where each cut may add a token.
   */
  count(text: string): number;
  /** The text of tokens; `undefined` where one is none of the encoding's, or is a special token. */
  decode(tokens: readonly number[]): string | undefined;
}

export function bytePairs({ pat_str, bpe_ranks }: Ranks): BytePairs {
  const words = readVocabulary(bpe_ranks);
  const pattern = new RegExp(pat_str, "gu");
  const encoder = new TextEncoder();
  const buffer = new Uint8Array(windowChars * 3);
  const parts: Parts = { starts: new Uint32Array(pieceBytes + 1), pairs: new Uint32Array(pieceBytes + 1) };

  const countBytes = (length: number) => {
    let tokens = 0;
    for (let from = 0; from < length; ) {
      let to = Math.min(length, from + pieceBytes);
      // Not within a character of several bytes.
      while (to < length && to > from + 1 && ((buffer[to] ?? 0) & 0xc0) === 0x80) to--;
      tokens += countPiece(words, buffer, from, to, parts);
      from = to;
    }
    return tokens;
  };

  return {
    count(text) {
      let tokens = 0;
      for (let start = 0; start < text.length; ) {
        const end = windowEnd(text, start);
        for (const [piece] of text.slice(start, end).matchAll(pattern))
          tokens += countBytes(encoder.encodeInto(piece, buffer).written);
        start = end;
      }
      return tokens;
    },
    decode(tokens) {
      const decoder = new TextDecoder();
      let text = "";
      for (const token of tokens) {
        const bytes = bytesOf(words, token);
        if (bytes === undefined) return undefined;
        text += decoder.decode(bytes, { stream: true }); // a character may be several tokens
      }
      return text + decoder.decode();
    },
  };
}
