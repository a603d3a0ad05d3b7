/** Reads usage off the events of a response, and counts what came of one that was cut short. */
import type { JsonObject } from "../../formats/json.ts";
import type { Usage } from "../../formats/openai/chat.ts";
import { usageOfResponse } from "../../formats/openai/realtime.ts";
import type { CostOptions } from "../../models/cost.ts";
import type { Meter } from "../../operations/operation.ts";
import type { Speech } from "../../providers/realtime.ts";

/** Bytes of a second of sound as OpenAI sends it, base64: 24 kHz, 16 bits. */
const CHARACTERS_A_SECOND = 64_000;

/** A piece of the answer: the type of its event and the length of its message. */
export interface Piece {
  type: string;
  length: number;
}

export class ResponseMeter implements Meter<JsonObject, Piece> {
  readonly #input: () => Promise<number>;
  readonly #speech: Speech;
  readonly terms: CostOptions = {};
  answer: JsonObject | undefined;
  #texts = 0;
  #characters = 0;

  constructor(input: () => Promise<number>, speech: Speech) {
    this.#input = input;
    this.#speech = speech;
  }

  chunk({ type, length }: Piece): void {
    if (/^response\.(?:output_)?audio\.delta$/.test(type)) this.#characters += length;
    else if (type.endsWith(".delta")) this.#texts += 1; // a token or so
  }

  response(response: JsonObject): void {
    this.answer = response;
  }

  get usage(): Usage | undefined {
    return this.answer && usageOfResponse(this.answer);
  }

  async estimate(): Promise<Usage> {
    const prompt_tokens = await this.#input();
    const audio_tokens = Math.ceil((this.#characters / CHARACTERS_A_SECOND) * this.#speech.spoken);
    const completion_tokens = this.#texts + audio_tokens;
    return {
      prompt_tokens,
      completion_tokens,
      total_tokens: prompt_tokens + completion_tokens,
      completion_tokens_details: { text_tokens: this.#texts, audio_tokens },
    };
  }
}
