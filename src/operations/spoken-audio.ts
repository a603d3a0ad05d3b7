/** Audio on its way to the client: how long it is so far, told without keeping it. */
import { sampleDuration } from "../formats/audio/duration.ts";
import { HEAD, TAIL } from "../formats/audio/sample.ts";

/** OpenAI: "pcm … raw samples in 24kHz (16-bit signed, low-endian)", of one channel. */
const PCM_RATE = 24_000;
const PCM_BYTES = 2;

export class SpokenAudio {
  readonly #format: string | undefined;
  #contentType = "";
  #head: Uint8Array[] = [];
  #headSize = 0;
  #tail: Uint8Array[] = [];
  #tailSize = 0;
  #size = 0;

  /** @param format that was asked for */
  constructor(format: string | undefined) {
    this.#format = format;
  }

  add(piece: Uint8Array, contentType = ""): void {
    this.#contentType = contentType;
    this.#size += piece.length;
    if (this.#headSize < HEAD) {
      this.#head.push(piece.slice(0, HEAD - this.#headSize));
      this.#headSize += piece.length;
    }
    const last = piece.slice(-TAIL); // a copy: the piece itself is the client's
    this.#tail.push(last);
    this.#tailSize += last.length;
    while (this.#tailSize - (this.#tail[0]?.length ?? 0) >= TAIL) this.#tailSize -= this.#tail.shift()?.length ?? 0;
  }

  /** `undefined` where there is none, or its format does not tell. */
  get seconds(): number | undefined {
    if (this.#size === 0) return undefined;
    const sample = { head: joined(this.#head), tail: joined(this.#tail), size: this.#size };
    return sampleDuration(sample) ?? this.#pcmSeconds;
  }

  get #pcmSeconds(): number | undefined {
    const isPcm = this.#format === "pcm" || /^audio\/(?:pcm|l16)\b/i.test(this.#contentType);
    if (!isPcm) return undefined;
    const rate = Number(/rate=(\d+)/.exec(this.#contentType)?.[1] ?? PCM_RATE);
    return rate > 0 ? this.#size / (rate * PCM_BYTES) : undefined;
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((size, { length }) => size + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
