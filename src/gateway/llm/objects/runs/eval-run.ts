/** A run of an eval: a model answers each item, other models grade the answers. */
import { isBlank, linesOf } from "../../../../batches/input.ts";
import type { BatchSize } from "../../../../batches/size.ts";
import { BadRequestError } from "../../../../formats/errors.ts";
import { asRecord, type JsonObject, recordsIn } from "../../../../formats/json.ts";
import { cost } from "../../../../models/cost.ts";
import { countTokens } from "../../../../models/tokens.ts";
import { longestOutput, worstCase } from "../../../../models/worst-case.ts";
import { normaliseUsage } from "../../../../providers/openai/usage.ts";
import type { BegunRun, MeasuredRunKind } from "./kind.ts";

const pathOf = (id: string, within: string) => `/v1/evals/${encodeURIComponent(within)}/runs/${encodeURIComponent(id)}`;

export const evalRun: MeasuredRunKind = {
  kind: "eval.run",
  operation: "evals.runs",
  metadata: ({ provider_id: id, state }) => ({ eval_id: asRecord(state)["parent"], run_id: id }),
  longest: 7 * 86_400_000,
  retrieve: (id, within) => ({ method: "GET", path: pathOf(id, within), headers: {} }),
  cancel: (id, within) => ({ method: "POST", path: pathOf(id, within), headers: {} }),

  bills(run, { infoOf }) {
    return new Map(
      recordsIn(run["per_model_usage"]).flatMap((told) => {
        const usage = normaliseUsage(told);
        if (usage === undefined) return [];
        const model = String(told["model_name"] ?? "");
        const info = infoOf(model);
        return [
          [model, { requests: Number(told["invocation_count"] ?? 1), usage, cost: info && cost(usage, info)?.total }],
        ];
      }),
    );
  },

  async sizes(begun) {
    const { body, parent } = begun;
    const source = asRecord(body["data_source"]);
    const items = await itemsOf(begun, asRecord(source["source"]));
    const sampled = await sampling(begun, source, items);
    const graders = gradersIn(parent["testing_criteria"]);
    const graded = await Promise.all(graders.map((grader) => grading(begun, grader, items, sampled?.output ?? 0)));
    const sizes = new Map<string, BatchSize>();
    const add = (model: string, cost: number) =>
      sizes.set(model, { requests: 1, tokens: 0, cost: (sizes.get(model)?.cost ?? 0) + cost });
    if (sampled !== undefined) add(begun.model ?? sampled.model, sampled.cost);
    for (const { model, cost } of graded) add(model, cost);
    return sizes;
  },
};

interface Items {
  count: number;
  /** Characters of all of them. */
  text: string;
}

/** @throws BadRequestError where they are not known to the gateway */
async function itemsOf({ contentOf }: BegunRun, source: JsonObject): Promise<Items> {
  if (source["type"] === "file_content") {
    const items = recordsIn(source["content"]);
    return { count: items.length, text: items.map((item) => JSON.stringify(item)).join("\n") };
  }
  if (source["type"] !== "file_id")
    throw new BadRequestError(
      "litellm.BadRequestError: what a run over this source may cost is not known before, and this key has limits",
      { param: "data_source.source" },
    );
  const decoder = new TextDecoder();
  const lines: string[] = [];
  for await (const raw of linesOf(await contentOf(String(source["id"]))))
    if (!isBlank(raw)) lines.push(decoder.decode(raw.bytes));
  return { count: lines.length, text: lines.join("\n") };
}

interface Asked {
  model: string;
  /** Nano-dollars, of all items. */
  cost: number;
  /** Tokens of one answer, at most. */
  output: number;
}

/** The model that answers each item; none where the items have their answers. */
async function sampling(begun: BegunRun, source: JsonObject, items: Items): Promise<Asked | undefined> {
  const { model } = source;
  if (typeof model !== "string") return undefined;
  const messages = asRecord(source["input_messages"]);
  const bound = asRecord(source["sampling_params"])["max_completion_tokens"];
  return asked(begun, { model, template: messages["template"] ?? [], bound }, items, 0);
}

/** Its prompt may hold the item, and the answer. */
function grading(begun: BegunRun, grader: JsonObject, items: Items, answer: number): Promise<Asked> {
  const { model, input, sampling_params: limits } = grader;
  const bound = asRecord(limits)["max_completions_tokens"]; // so for graders, and for them alone
  return asked(begun, { model: String(model), template: input, bound }, items, answer);
}

interface Question {
  model: string;
  template: unknown;
  /** Tokens of an answer, if a number. */
  bound: unknown;
}

/** @param answer tokens of what else a placeholder may stand for */
async function asked(
  { infoOf, price, now }: BegunRun,
  { model, template, bound }: Question,
  { count, text }: Items,
  answer: number,
): Promise<Asked> {
  const info = infoOf(model);
  const written = JSON.stringify(template ?? "");
  const places = Math.max(1, written.split("{{").length - 1);
  const prompt =
    count * (await countTokens(written, model)) + places * ((await countTokens(text, model)) + count * answer);
  const output = typeof bound === "number" && bound > 0 ? bound : longestOutput(info);
  return { model, output, cost: price(worstCase(info, prompt, count * output, now)) };
}

/** Those that ask a model; others compare. */
export function gradersIn(criteria: unknown): JsonObject[] {
  return recordsIn(criteria).flatMap((grader) => {
    if (grader["type"] === "multi") return gradersIn(heldBy(grader));
    return typeof grader["model"] === "string" ? [grader] : [];
  });
}

/** A single one, or several by their names. */
function heldBy({ graders }: JsonObject): unknown[] {
  const held = asRecord(graders);
  return typeof held["type"] === "string" ? [held] : Object.values(held);
}
