/** Searches of data stores by Discovery Engine, which are paid for one by one. */
import { findModel } from "../../../models/catalogue.ts";
import type { ForwardReading } from "../../../operations/forward.ts";
import { searchReading } from "../objects/readings.ts";

const SEARCH = /^\/discovery\/.+\/servingConfigs\/[^/:]+:search(?:Lite)?$/i;

/** LiteLLM's row of prices. */
const ROW = "vertex_ai/search_api";

/**
 * `undefined` where a call is no search.
 * @param path as any server may read it
 */
export function discoveryReading(path: string): ForwardReading | undefined {
  const info = SEARCH.test(path) ? findModel(ROW) : undefined;
  return info && { ...searchReading(), info };
}
