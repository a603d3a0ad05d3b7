/** Searches of data stores by Discovery Engine, which are paid for one by one. */
import { findModel } from "../../../models/catalogue.ts";
import type { ForwardAnswer, ForwardReading } from "../../../operations/forward.ts";
import type { Meter } from "../../../operations/operation.ts";

const SEARCH = /^\/discovery\/.+\/servingConfigs\/[^/:]+:search(?:Lite)?$/i;

/** LiteLLM's row of prices. */
const ROW = "vertex_ai/search_api";

/**
 * `undefined` where a call is no search.
 * @param path as any server may read it
 */
export function searchReading(path: string): ForwardReading | undefined {
  const info = SEARCH.test(path) ? findModel(ROW) : undefined;
  return info && { info, termsOf: ONE, meter: () => new SearchMeter() };
}

const ONE = { measured: { queries: 1 } };
const NOTHING = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

class SearchMeter implements Meter<ForwardAnswer, never> {
  answer: ForwardAnswer;
  readonly usage = NOTHING;
  readonly terms = ONE;

  chunk(): void {}

  response(response: ForwardAnswer): void {
    this.answer = response;
  }

  async estimate() {
    return NOTHING;
  }
}
