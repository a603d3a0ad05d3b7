import type { Candidate, RouteRequest } from "./request.ts";

/**
 * The candidates that can take one more request this minute by their own `rpm` and `tpm`. What a deployment does not
 * limit is unlimited; 0 lets nothing through. The prompt is counted only where a candidate has `tpm`.
 */
export async function withinLimits(
  candidates: readonly Candidate[],
  request: Pick<RouteRequest, "inputTokens">,
): Promise<Candidate[]> {
  const prompt = candidates.some(({ deployment }) => deployment.tpm !== undefined) ? await request.inputTokens() : 0;
  return candidates.filter(
    ({ deployment: { rpm = Number.POSITIVE_INFINITY, tpm = Number.POSITIVE_INFINITY }, stats }) =>
      stats.requests + 1 <= rpm && stats.tokens + prompt <= tpm,
  );
}
