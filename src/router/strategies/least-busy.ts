import type { Strategy } from "../request.ts";
import { lowest } from "./lowest.ts";

/** `least-busy`: the one with the fewest requests under way. */
export const leastBusy: Strategy = (candidates, _request, { random }) =>
  lowest(candidates, ({ stats }) => stats.inFlight, random);
