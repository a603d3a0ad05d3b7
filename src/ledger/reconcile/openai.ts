/**
 * OpenAI's exports, by day and model; none of them has ids of requests.
 *
 * - Usage API, `GET /v1/organization/usage/{completions,embeddings,moderations}`, `group_by=model`: platform.openai.com's
 *   API reference, "Usage": `input_tokens` holds the cached ones.
 * - Costs API, `GET /v1/organization/costs`, `group_by=line_item`: line items are `gpt-4o-2024-08-06, cached input`,
 *   `priority | gpt-5, output, long context`, `web search tool calls`. The reference calls `line_item` a text and no more;
 *   the forms are those that public users of the API have met.
 * - The dashboard's CSV files have the fields of the APIs as columns (`start_time_iso`, `num_model_requests`, `input_tokens`,
 *   ...; `amount_value`, `amount_currency`, `line_item`). OpenAI documents that there are such files, not their columns.
 */
import { z } from "zod";
import { readCsv } from "./csv.ts";
import { type TokenCounts, type Usage, UsageExportError } from "./usage.ts";
import { countOf, dayOf, nanoOf } from "./values.ts";

const count = z.number().int().nonnegative().nullish();
const usageResult = z.looseObject({
  object: z.string().startsWith("organization.usage."),
  model: z.string().nullish(),
  num_model_requests: count,
  input_tokens: count,
  input_cached_tokens: count,
  output_tokens: count,
});
const costResult = z.looseObject({
  object: z.literal("organization.costs.result"),
  amount: z.object({ value: z.union([z.number(), z.string()]), currency: z.string() }),
  line_item: z.string().nullish(),
});
const pageSchema = z.looseObject({
  data: z.array(z.looseObject({ start_time: z.number(), results: z.array(z.union([costResult, usageResult])) })),
});

/**
 * Pages of the usage or the costs API, as they were answered: one, or a list of them.
 * @throws UsageExportError
 */
export function readOpenAiJson(json: unknown): Usage[] {
  return (Array.isArray(json) ? json : [json]).flatMap((page) => {
    const read = pageSchema.safeParse(page);
    if (!read.success)
      throw new UsageExportError("this is no page of OpenAI's usage or costs API", { cause: read.error });
    return read.data.data.flatMap(({ start_time, results }) =>
      results.map((result): Usage => {
        const day = dayOf(start_time);
        if ("amount" in result && result.object === "organization.costs.result") {
          const { amount, line_item } = costResult.parse(result);
          onlyDollars(amount.currency);
          return { day, model: modelOfLineItem(line_item ?? ""), cost: nanoOf(amount.value) };
        }
        const { model, num_model_requests, ...tokens } = usageResult.parse(result);
        const usage: Usage = { day, model: model ?? "", requests: num_model_requests ?? 0 };
        if (tokens.input_tokens == null) return usage;
        return { ...usage, tokens: tokensOf(tokens.input_tokens, tokens.input_cached_tokens, tokens.output_tokens) };
      }),
    );
  });
}

/**
 * A CSV file of the usage dashboard: activity or cost.
 * @throws UsageExportError
 */
export function readOpenAiCsv(text: string): Usage[] {
  const { columns, rows } = readCsv(text);
  const has = (...names: string[]) => names.every((name) => columns.includes(name));
  const isCost = has("amount_value");
  if (!(has("start_time_iso") || has("start_time")) || !(isCost || has("input_tokens", "model")))
    throw new UsageExportError(`no columns of an export of OpenAI's: ${columns.join(", ")}`);
  return rows.flatMap(({ line, cells }): Usage[] => {
    const day = dayOf(cells["start_time"] || cells["start_time_iso"] || "", line);
    if (isCost) {
      if (cells["amount_value"] === "") return []; // a day without costs
      onlyDollars(cells["amount_currency"] || "usd", line);
      return [
        { day, model: modelOfLineItem(cells["line_item"] ?? ""), cost: nanoOf(cells["amount_value"] ?? "", 0, line) },
      ];
    }
    const of = (name: string) => countOf(cells[name], name, line);
    if (cells["model"] === "" && of("input_tokens") === 0 && of("num_model_requests") === 0) return [];
    const cached = columns.includes("input_cached_tokens") ? of("input_cached_tokens") : undefined;
    return [
      {
        day,
        model: cells["model"] ?? "",
        requests: of("num_model_requests"),
        tokens: tokensOf(of("input_tokens"), cached, of("output_tokens")),
      },
    ];
  });
}

function tokensOf(input: number, cacheRead: number | null | undefined, output: number | null | undefined): TokenCounts {
  return { input, ...(cacheRead != null && { cacheRead }), output: output ?? 0 };
}

/** Empty where the line item is of no model: tools, storage. */
export function modelOfLineItem(lineItem: string): string {
  const match = /^(?:[^|]* \| )?(\S+)(?: (?:text|audio|image))?, (?:cached input|cache writes|input|output)\b/i.exec(
    lineItem,
  );
  return match?.[1] ?? "";
}

function onlyDollars(currency: string, line?: number): void {
  if (currency.toLowerCase() !== "usd")
    throw new UsageExportError(`the currency is ${currency}, not US dollars`, { line });
}
