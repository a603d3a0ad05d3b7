/** What the caller's limits have left, as headers: the figures are those of the counters that decide. */
import type { Standing } from "../limits/demand.ts";
import { formatUsd } from "../models/cost.ts";
import type { Subject } from "../tenancy/subjects.ts";

const SUFFIX = { requests: "requests", tokens: "tokens", parallel: "max_parallel_requests" } as const;

/**
 * LiteLLM's names: `x-ratelimit-{whose}-{limit|remaining}-{what}` for each, `x-ratelimit-{limit|remaining}-{what}` for the
 * tightest, and `x-litellm-key-*` for the key's own.
 * @param cost of this call, in nano-dollars
 */
export function limitHeaders(
  standings: readonly Standing[],
  subjects: readonly Subject[],
  cost: number,
): Record<string, string> {
  const headers: Record<string, string> = {};
  const key = subjects.find(({ kind }) => kind === "api_key");
  if (key?.spentNano !== undefined) headers["x-litellm-key-spend"] = formatUsd(key.spentNano + cost);
  const tightest = new Map<string, Standing>();
  for (const standing of standings) {
    const subject = subjects.find(({ scope }) => scope === standing.scope);
    if (subject === undefined) continue;
    if (standing.meter.kind === "budget") {
      if (subject.kind === "api_key" && standing.meter.id === "budget") budgetHeaders(headers, standing, cost);
      continue;
    }
    const [what = "", ...named] = standing.meter.id.split("/");
    const suffix = what in SUFFIX ? SUFFIX[what as keyof typeof SUFFIX] : undefined; // one of its keys, as just seen
    if (suffix === undefined) continue;
    const left = remainingOf(standing);
    const model = named.join("/").replaceAll(/[/:]/g, "-");
    if (named.length > 0) {
      if (subject.kind === "api_key") headers[`x-litellm-key-remaining-${suffix}-${asName(model)}`] = left;
      const descriptor = `model_per_${subject.kind === "api_key" ? "key" : subject.kind}`;
      setPair(headers, descriptor, suffix, standing);
      continue;
    }
    setPair(headers, subject.kind, suffix, standing);
    if (subject.kind === "api_key" && suffix !== "max_parallel_requests")
      headers[`x-litellm-key-${suffix === "requests" ? "rpm" : "tpm"}-limit`] = String(standing.meter.limit);
    const other = tightest.get(suffix);
    if (other === undefined || standing.remaining < other.remaining) tightest.set(suffix, standing);
  }
  for (const suffix of ["requests", "tokens"] as const) {
    const standing = tightest.get(suffix);
    if (standing === undefined) continue;
    headers[`x-ratelimit-limit-${suffix}`] = String(standing.meter.limit);
    headers[`x-ratelimit-remaining-${suffix}`] = remainingOf(standing);
  }
  return headers;
}

function setPair(headers: Record<string, string>, descriptor: string, suffix: string, standing: Standing): void {
  headers[`x-ratelimit-${descriptor}-limit-${suffix}`] = String(standing.meter.limit);
  headers[`x-ratelimit-${descriptor}-remaining-${suffix}`] = remainingOf(standing);
}

function budgetHeaders(headers: Record<string, string>, { meter, spent }: Standing, cost: number): void {
  if (Number.isFinite(meter.limit)) headers["x-litellm-key-max-budget"] = formatUsd(meter.limit);
  if (spent !== undefined) headers["x-litellm-key-spend"] = formatUsd(spent + cost);
}

function remainingOf({ remaining }: Standing): string {
  return String(Math.max(0, Math.floor(remaining)));
}

/** Model names may hold what a header's name may not. */
function asName(text: string): string {
  return text.replaceAll(/[^\w!#$%&'*+.^`|~-]/g, "_").slice(0, 100);
}
