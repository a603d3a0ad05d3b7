/** A provider's bill beside the ledger. */
import type { SpendRow } from "../row.ts";
import { merged, plus, type TokenCounts, type Usage } from "./usage.ts";

export interface Figure {
  billed: number;
  ledger: number;
  /** `billed` less `ledger`: what the ledger lacks. */
  difference: number;
}

export interface Comparison {
  day: string;
  /** As both are called in common. */
  model: string;
  requestId?: string;
  billed: Usage;
  ledger: Usage;
  /** The kinds that differ. */
  tokens: Partial<Record<keyof TokenCounts, Figure>>;
  requests?: Figure;
  /** Nano-dollars; absent where the bill tells no money, or it is the same. */
  cost?: Figure;
}

export interface Reconciliation {
  matched: Comparison[];
  differing: Comparison[];
  onlyBilled: Usage[];
  onlyLedger: Usage[];
  /** Nano-dollars, of what has a price. */
  billed: number;
  ledger: number;
}

export interface CompareOptions {
  /** Nano-dollars a line may differ by: providers round. */
  tolerance?: number;
  /** What both sides call a model; `plainModel` if not given. */
  modelName?(name: string): string;
}

/**
 * Compares by call where both name it, else by day and model. Only what the bill tells is compared: an export of tokens says
 * nothing of money.
 */
export function reconcile(
  bill: Iterable<Usage>,
  ledger: Iterable<Usage>,
  { tolerance = 0, modelName = plainModel }: CompareOptions = {},
): Reconciliation {
  const named = (usage: Usage): Usage => ({ ...usage, model: modelName(usage.model) });
  const billed = merged([...bill].map(named));
  const hasCalls = billed.some(({ requestId }) => requestId !== undefined);
  const rest = new Map<string, Usage>();
  for (const line of ledger) {
    const { requestId, ...whole } = named(line);
    const usage = hasCalls && requestId !== undefined ? { ...whole, requestId } : whole;
    const known = rest.get(keyOf(usage));
    rest.set(keyOf(usage), known === undefined ? usage : plus(known, usage));
  }
  const sum = (usages: Iterable<Usage>) => [...usages].reduce((total, { cost }) => total + (cost ?? 0), 0);
  const result: Reconciliation = {
    matched: [],
    differing: [],
    onlyBilled: [],
    onlyLedger: [],
    billed: sum(billed),
    ledger: sum(rest.values()),
  };
  for (const usage of billed) {
    const key = keyOf(usage);
    const own = rest.get(key);
    if (own === undefined) {
      result.onlyBilled.push(usage);
      continue;
    }
    rest.delete(key);
    const comparison = compared(usage, own, tolerance);
    const isSame = Object.keys(comparison.tokens).length === 0 && !comparison.requests && !comparison.cost;
    (isSame ? result.matched : result.differing).push(comparison);
  }
  result.onlyLedger.push(...rest.values());
  return result;
}

/** A call has its day in the bill's and the ledger's clock, which need not be the same: its id is enough. */
function keyOf({ day, model, requestId }: Usage): string {
  return requestId === undefined ? JSON.stringify([day, model]) : requestId;
}

function compared(billed: Usage, ledger: Usage, tolerance: number): Comparison {
  const { day, model, requestId } = billed;
  const comparison: Comparison = { day, model, ...(requestId && { requestId }), billed, ledger, tokens: {} };
  for (const kind of ["input", "cacheRead", "cacheWrite", "output"] as const) {
    const figure = differing(billed.tokens?.[kind], ledger.tokens?.[kind], 0);
    if (figure !== undefined) comparison.tokens[kind] = figure;
  }
  const requests = differing(billed.requests, ledger.requests, 0);
  const cost = differing(billed.cost, ledger.cost, tolerance);
  return { ...comparison, ...(requests && { requests }), ...(cost && { cost }) };
}

function differing(billed: number | undefined, ledger = 0, tolerance: number): Figure | undefined {
  if (billed === undefined || Math.abs(billed - ledger) <= tolerance) return undefined;
  return { billed, ledger, difference: billed - ledger };
}

/**
 * A model's name without what only one side says: the route before it (`openai/gpt-4o`), its date (`gpt-4o-2024-08-06`,
 * `claude-haiku-4-5-20251001`), the writing of a console (`Claude Haiku 4.5`).
 */
export function plainModel(name: string): string {
  return (name.split("/").at(-1) ?? "")
    .toLowerCase()
    .replace(/[ .]/g, "-")
    .replace(/-(\d{4}-\d{2}-\d{2}|20\d{6})$/, "");
}

/** Rows of the ledger as usage, a call each. Of calls that were answered from a cache no provider tells anything. */
export function usageOfRows(rows: Iterable<LedgerRow>): Usage[] {
  return [...rows]
    .filter(({ cacheHit }) => cacheHit !== true)
    .map((row) => ({
      day: new Date(row.startedAt).toISOString().slice(0, 10),
      model: row.model,
      requestId: row.callId ?? row.id,
      requests: 1,
      tokens: {
        input: row.promptTokens,
        cacheRead: row.cacheReadTokens,
        cacheWrite: row.cacheCreationTokens,
        output: row.completionTokens,
      },
      cost: row.cost,
    }));
}

type Nullish<T> = { [Key in keyof T]: T[Key] | null };
/** A row as it is sent or stored. */
export type LedgerRow = Pick<
  SpendRow,
  | "id"
  | "startedAt"
  | "model"
  | "promptTokens"
  | "cacheReadTokens"
  | "cacheCreationTokens"
  | "completionTokens"
  | "cost"
> &
  Nullish<Pick<SpendRow, "callId" | "cacheHit">>;
