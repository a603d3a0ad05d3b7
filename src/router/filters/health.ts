import type { Filter } from "../request.ts";

/** Those whose last health check failed are passed over, while there are others (`enable_health_check_routing`). */
export const health: Filter = (candidates, _, { isUnhealthy }) => {
  if (isUnhealthy === undefined) return candidates;
  const sound = candidates.filter(({ deployment }) => !isUnhealthy(deployment.id));
  return sound.length > 0 ? sound : candidates;
};
