/** The shape bills and ledger are compared in. */

/** Tokens by kind. What a bill does not tell is absent, and not compared. */
export interface TokenCounts {
  /** All input tokens, those of the cache included. */
  input?: number;
  /** Read from the provider's cache. */
  cacheRead?: number;
  /** Written to the provider's cache. */
  cacheWrite?: number;
  output?: number;
}

/** What was used: by one call, or by one model on one day. */
export interface Usage {
  /** In UTC: `2026-11-22`. */
  day: string;
  /** As it was called by whoever tells; empty where usage is not told by model. */
  model: string;
  /** Of the call; absent where many are told together. */
  requestId?: string;
  requests?: number;
  tokens?: TokenCounts;
  /** Nano-dollars. */
  cost?: number;
}

/** An export that cannot be read: what is wrong, and where. */
export class UsageExportError extends Error {
  override name = "UsageExportError";
  /** Line of a CSV file, counted from 1. */
  readonly line: number | undefined;

  constructor(message: string, { line, cause }: { line?: number; cause?: unknown } = {}) {
    super(line === undefined ? message : `line ${line}: ${message}`, { cause });
    this.line = line;
  }
}

/** Usage of the same day and model together: an export of tokens and one of money are one bill. */
export function merged(usages: Iterable<Usage>): Usage[] {
  const sums = new Map<string, Usage>();
  for (const usage of usages) {
    const key = JSON.stringify([usage.day, usage.model, usage.requestId]);
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? usage : plus(sum, usage));
  }
  return [...sums.values()];
}

export function plus(a: Usage, b: Usage): Usage {
  const sum: Usage = { ...a };
  const requests = added(a.requests, b.requests);
  const cost = added(a.cost, b.cost);
  if (requests !== undefined) sum.requests = requests;
  if (cost !== undefined) sum.cost = cost;
  if (a.tokens === undefined || b.tokens === undefined) {
    const tokens = a.tokens ?? b.tokens;
    return tokens === undefined ? sum : { ...sum, tokens };
  }
  const tokens: TokenCounts = {};
  for (const kind of ["input", "cacheRead", "cacheWrite", "output"] as const) {
    const count = added(a.tokens[kind], b.tokens[kind]);
    if (count !== undefined) tokens[kind] = count;
  }
  return { ...sum, tokens };
}

const added = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : a + (b ?? 0);
