/** `/spend/reconcile`: a provider's bill beside the ledger, and where they differ. Nothing is changed. */

import { z } from "zod";
import { BadRequestError } from "../../../formats/errors.ts";
import { readAnthropicCsv, readAnthropicJson } from "../../../ledger/reconcile/anthropic.ts";
import { type Comparison, type Figure, reconcile } from "../../../ledger/reconcile/compare.ts";
import { readOpenAiCsv, readOpenAiJson } from "../../../ledger/reconcile/openai.ts";
import { type TokenCounts, type Usage, UsageExportError } from "../../../ledger/reconcile/usage.ts";
import { toUsd } from "../../../models/cost.ts";
import { NANO } from "../../../models/money.ts";
import { type LedgerUsage, usageOfProvider } from "../../../store/spend/ledger-usage.ts";
import type { Route } from "../../route.ts";
import { adminRoute, bodyOf } from "../admin-call.ts";
import { type Days, daysOf, MOST_LOG_DAYS, timesOf } from "./dates.ts";

const part = z.union([z.string(), z.record(z.string(), z.unknown())]);
const ReconcileBody = z.object({
  provider: z.enum(["openai", "anthropic"]),
  /** A CSV file, or JSON of the provider's API, as text or as it is; several for one of usage and one of costs. */
  export: z.union([part, z.array(part).max(1000)]),
  start_date: z.string().nullish(),
  end_date: z.string().nullish(),
  /** US dollars a line may differ by: bills are rounded. */
  tolerance: z.number().min(0).max(1000).nullish(),
});

const READERS = {
  openai: { json: readOpenAiJson, csv: readOpenAiCsv },
  anthropic: { json: readAnthropicJson, csv: readAnthropicCsv },
} as const;

export const reconcileRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/spend/reconcile"],
    access: "spend_all",
    summary: "Compare an export of a provider's usage or costs with the ledger, by day and model",
    tag: "spend",
    body: ReconcileBody,
    async handle(call) {
      const body = await bodyOf(call, ReconcileBody);
      const bill = billOf(body.provider, body.export);
      const days = rangeOf(body, bill);
      const ledger = await usageOfProvider(call.db, body.provider, timesOf(days));
      const result = reconcile(bill.filter(within(days)), ledger.map(usageOf), {
        tolerance: Math.round((body.tolerance ?? 0) * NANO),
      });
      return {
        provider: body.provider,
        start_date: days.from,
        end_date: days.to,
        billed: toUsd(result.billed),
        ledger: toUsd(result.ledger),
        difference: toUsd(result.billed - result.ledger),
        matched: result.matched.length,
        differing: result.differing.map(comparisonView),
        only_billed: result.onlyBilled.map(usageView),
        only_ledger: result.onlyLedger.map(usageView),
      };
    },
  }),
];

type Export = z.infer<typeof ReconcileBody>["export"];

/** @throws BadRequestError where it cannot be read, saying where */
function billOf(provider: keyof typeof READERS, given: Export): Usage[] {
  const { json, csv } = READERS[provider];
  const parts = Array.isArray(given) ? given : [given];
  try {
    return parts.flatMap((part) => {
      if (typeof part !== "string") return json(part);
      return /^\s*[[{]/.test(part) ? json(parsed(part)) : csv(part);
    });
  } catch (cause) {
    if (!(cause instanceof UsageExportError)) throw cause;
    throw new BadRequestError(`The export cannot be read: ${cause.message.slice(0, 500)}`, { param: "export", cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UsageExportError("it begins as JSON, but is none", { cause });
  }
}

/** The days asked for, else those of the bill. */
function rangeOf(
  { start_date, end_date }: { start_date?: string | null | undefined; end_date?: string | null | undefined },
  bill: readonly Usage[],
): Days {
  const days = bill.map(({ day }) => day).sort();
  const [first = ""] = days;
  return daysOf({ start_date: start_date || first, end_date: end_date || (days.at(-1) ?? "") }, MOST_LOG_DAYS);
}

const within =
  ({ from, to }: Days) =>
  ({ day }: Usage) =>
    from <= day && day <= to;

function usageOf({ day, model, requests, cost, ...tokens }: LedgerUsage): Usage {
  return {
    day,
    model,
    requests,
    cost,
    tokens: {
      input: tokens.promptTokens,
      cacheRead: tokens.cacheReadTokens,
      cacheWrite: tokens.cacheCreationTokens,
      output: tokens.completionTokens,
    },
  };
}

/** What differs, and nothing else. */
function comparisonView({ day, model, requestId, tokens, requests, cost }: Comparison) {
  return {
    date: day,
    model,
    request_id: requestId ?? null,
    tokens: tokensView(tokens),
    requests: requests ?? null,
    cost: cost === undefined ? null : inDollars(cost),
  };
}

function inDollars({ billed, ledger, difference }: Figure): Figure {
  return { billed: toUsd(billed), ledger: toUsd(ledger), difference: toUsd(difference) };
}

function usageView({ day, model, requestId, requests, tokens = {}, cost }: Usage) {
  return {
    date: day,
    model,
    request_id: requestId ?? null,
    requests: requests ?? null,
    tokens: tokensView(tokens),
    cost: cost === undefined ? null : toUsd(cost),
  };
}

const KINDS = {
  input: "input",
  cacheRead: "cache_read",
  cacheWrite: "cache_write",
  output: "output",
} as const satisfies Record<keyof TokenCounts, string>;

/** Kinds that are not told are left out. */
function tokensView<Value>(tokens: { [Kind in keyof TokenCounts]?: Value }) {
  const kinds = Object.keys(KINDS) as (keyof typeof KINDS)[]; // the keys of a constant
  return Object.fromEntries(
    kinds.flatMap((kind) => {
      const value = tokens[kind];
      return value === undefined ? [] : [[KINDS[kind], value] as const];
    }),
  );
}
