import type { Strategy } from "../request.ts";
import { withinLimits } from "../within-limits.ts";
import { lowest } from "./lowest.ts";

/**
 * `usage-based-routing` and `-v2`: of those within their limits the one with the fewest tokens this minute. LiteLLM's
 * two differ in where they count; here the router's state does that for both.
 */
export const usageBased: Strategy = async (candidates, request, { random }) =>
  lowest(await withinLimits(candidates, request), ({ stats }) => stats.tokens, random);
