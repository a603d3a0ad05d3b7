/**
 * Anthropic's exports, by day and model; none of them has ids of requests.
 *
 * - Usage report, `GET /v1/organizations/usage_report/messages`, `group_by[]=model`, and cost report,
 *   `GET /v1/organizations/cost_report`, `group_by[]=description`: platform.claude.com/docs, "Usage and Cost API". An amount is a
 *   decimal in cents: "123.45" is $1.23. Costs of the priority tier are not in it.
 * - The console's CSV files: `usage_date_utc`, `model_version`, `usage_input_tokens_no_cache`, ...; `cost_usd`. Anthropic documents
 *   that there are such files, not their columns: they are those of files public readers of them were made for.
 */
import { z } from "zod";
import { readCsv } from "./csv.ts";
import { type Usage, UsageExportError } from "./usage.ts";
import { countOf, dayOf, nanoOf } from "./values.ts";

const count = z.number().int().nonnegative().default(0);
const usageResult = z.looseObject({
  model: z.string().nullish(),
  uncached_input_tokens: z.number().int().nonnegative(),
  cache_read_input_tokens: count,
  cache_creation: z.looseObject({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }).nullish(),
  output_tokens: count,
});
const costResult = z.looseObject({
  amount: z.string(),
  currency: z.string(),
  model: z.string().nullish(),
});
const pageSchema = z.looseObject({
  data: z.array(z.looseObject({ starting_at: z.string(), results: z.array(z.union([costResult, usageResult])) })),
});

/**
 * Pages of the usage or the cost report, as they were answered: one, or a list of them.
 * @throws UsageExportError
 */
export function readAnthropicJson(json: unknown): Usage[] {
  return (Array.isArray(json) ? json : [json]).flatMap((page) => {
    const read = pageSchema.safeParse(page);
    if (!read.success)
      throw new UsageExportError("this is no page of Anthropic's usage or cost report", { cause: read.error });
    return read.data.data.flatMap(({ starting_at, results }) =>
      results.map((result): Usage => {
        const usage: Usage = { day: dayOf(starting_at), model: result.model ?? "" };
        const cost = costResult.safeParse(result);
        if (cost.success) {
          if (cost.data.currency !== "USD")
            throw new UsageExportError(`the currency is ${cost.data.currency}, not USD`);
          return { ...usage, cost: nanoOf(cost.data.amount, 2) };
        }
        const { cache_creation, ...tokens } = usageResult.parse(result);
        const { ephemeral_5m_input_tokens = 0, ephemeral_1h_input_tokens = 0 } = cache_creation ?? {};
        const written = ephemeral_5m_input_tokens + ephemeral_1h_input_tokens;
        return {
          ...usage,
          tokens: tokensOf(tokens.uncached_input_tokens, tokens.cache_read_input_tokens, written, tokens.output_tokens),
        };
      }),
    );
  });
}

/**
 * A CSV file of the console: usage or cost.
 * @throws UsageExportError
 */
export function readAnthropicCsv(text: string): Usage[] {
  const { columns, rows } = readCsv(text);
  const isCost = columns.includes("cost_usd");
  if (!columns.includes("usage_date_utc") || !(isCost || columns.includes("usage_input_tokens_no_cache")))
    throw new UsageExportError(`no columns of an export of Anthropic's: ${columns.join(", ")}`);
  return rows.map(({ line, cells }): Usage => {
    const day = dayOf(cells["usage_date_utc"] ?? "", line);
    const model = cells["model_version"] || cells["model"] || "";
    if (isCost) return { day, model, cost: nanoOf(cells["cost_usd"] || "0", 0, line) };
    const of = (name: string) => countOf(cells[name], name, line);
    const written = of("usage_input_tokens_cache_write_5m") + of("usage_input_tokens_cache_write_1h");
    return {
      day,
      model,
      tokens: tokensOf(
        of("usage_input_tokens_no_cache"),
        of("usage_input_tokens_cache_read"),
        written,
        of("usage_output_tokens"),
      ),
    };
  });
}

const tokensOf = (uncached: number, cacheRead: number, cacheWrite: number, output: number) => ({
  input: uncached + cacheRead + cacheWrite,
  cacheRead,
  cacheWrite,
  output,
});
