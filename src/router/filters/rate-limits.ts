import { RateLimitError } from "../../formats/errors.ts";
import type { Filter } from "../request.ts";
import { withinLimits } from "../within-limits.ts";

/** LiteLLM tells a client to wait a minute, the length of the window. */
const RETRY_AFTER = "60";

/** `enforce_model_rate_limits`: `rpm` and `tpm` are limits whatever the strategy. */
export const rateLimits: Filter = async (candidates, request, { settings }) => {
  if (candidates.length === 0 || !settings.affinityChecks.includes("enforce_model_rate_limits")) return candidates;
  const open = await withinLimits(candidates, request);
  if (open.length > 0) return open;
  const usage = candidates.map(
    ({ deployment: { id, rpm, tpm }, stats }) =>
      `${id}: RPM limit=${rpm ?? "none"}, current usage=${stats.requests}, TPM limit=${tpm ?? "none"}, current usage=${stats.tokens}`,
  );
  throw new RateLimitError(`litellm.RateLimitError: Model rate limit exceeded. ${usage.join("; ")}`, {
    model: request.model,
    headers: { "retry-after": RETRY_AFTER },
  });
};
