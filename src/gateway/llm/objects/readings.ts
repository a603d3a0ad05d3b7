/** What calls to objects use that is paid for by other units than tokens. */
import { isRecord } from "../../../formats/json.ts";
import type { Usage } from "../../../formats/openai/chat.ts";
import type { CostOptions } from "../../../models/cost.ts";
import type { Measured } from "../../../models/units.ts";
import type { ForwardAnswer, ForwardReading } from "../../../operations/forward.ts";
import type { Meter } from "../../../operations/operation.ts";

/** A search of a vector store is one query. */
export function searchReading(): ForwardReading {
  return measuring({ queries: 1 }, () => ({ queries: 1 }));
}

/** A container is paid for by the session, which begins with it. */
export function containerReading(): ForwardReading {
  return measuring({ sessions: 1 }, () => ({ sessions: 1 }));
}

/** OpenAI: "Clip duration in seconds (allowed values: 4, 8, 12). Defaults to 4 seconds." */
const USUAL_SECONDS = 4;
const MOST_SECONDS = 12;

/** A video is paid for when it is asked for, by its length: as asked, else as the answer says (that of a remix's source). */
export function videoReading(body: Record<string, unknown>): ForwardReading {
  const asked = secondsOf(body);
  const isNew = "prompt" in body && body["video"] === undefined;
  return measuring({ seconds: asked ?? (isNew ? USUAL_SECONDS : MOST_SECONDS) }, (answer) => ({
    seconds: asked ?? (isRecord(answer) ? secondsOf(answer) : undefined) ?? USUAL_SECONDS,
  }));
}

function secondsOf({ seconds }: Record<string, unknown>): number | undefined {
  const count = Number(seconds ?? Number.NaN);
  return Number.isFinite(count) && count > 0 ? count : undefined;
}

function measuring(most: Measured, used: (answer: unknown) => Measured): ForwardReading {
  return { termsOf: { measured: most }, meter: () => new MeasuredMeter(used) };
}

class MeasuredMeter implements Meter<ForwardAnswer, never> {
  answer: ForwardAnswer;
  readonly usage: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  readonly #used: (answer: unknown) => Measured;

  constructor(used: (answer: unknown) => Measured) {
    this.#used = used;
  }

  chunk(): void {}

  response(response: ForwardAnswer): void {
    this.answer = response;
  }

  get terms(): CostOptions {
    return { measured: this.#used(this.answer) };
  }

  async estimate(): Promise<Usage> {
    return this.usage;
  }
}
