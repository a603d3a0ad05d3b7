/** Moderations of OpenAI, and of those who took over its format. */
import { APIResponseValidationError } from "../../formats/errors.ts";
import { asRecord, isRecord, recordsIn } from "../../formats/json.ts";
import type { ModerationResult } from "../../formats/openai/moderations.ts";
import { type ErrorRule, toError } from "../failure.ts";
import type { ModerationAdapter, Target } from "../provider.ts";
import { type Host, type Path, postTo } from "./endpoint.ts";
import { embeddedError } from "./errors.ts";
import { type Json, textOf } from "./json.ts";
import { errorIn } from "./stream.ts";

/** What one provider's moderations differ in. */
export interface ModerationRow extends Host {
  path: Path;
  /** Further headers, names in lower case. */
  headers?: (target: Target) => Record<string, string>;
  rules: readonly ErrorRule[];
  rewritesAnswers?: boolean;
}

export function openaiModerationAdapter(row: ModerationRow): ModerationAdapter {
  const { label, rules } = row;
  return {
    wire: "openai",
    ...(row.rewritesAnswers && { rewritesAnswers: true }),
    supportedParams: () => "all",

    request: (request, target) => ({
      ...postTo(row, row.path, target, row.headers?.(target)),
      body: { json: { ...request, model: target.model } },
    }),

    response(body, exchange) {
      const error = isRecord(body) ? errorIn(body) : undefined;
      if (error !== undefined) throw embeddedError(error, label, rules, exchange);
      if (!isRecord(body) || !Array.isArray(body["results"]))
        throw new APIResponseValidationError(
          `litellm.APIResponseValidationError: ${label}Exception - the answer has no results: ${JSON.stringify(body)?.slice(0, 500)}`,
          { provider: exchange.target.provider, model: exchange.target.model },
        );
      return {
        ...body,
        id: textOf(body["id"]) || exchange.id,
        model: textOf(body["model"]) || exchange.target.model,
        results: recordsIn(body["results"]).map(resultOf),
      };
    },

    error: (failure) => toError(failure, label, rules),
  };
}

/** Mistral does not say `flagged`: what falls into any category is. */
function resultOf(result: Json): ModerationResult {
  // what the two say is what the provider says
  const categories = asRecord(result["categories"]) as ModerationResult["categories"];
  const category_scores = asRecord(result["category_scores"]) as ModerationResult["category_scores"];
  const { flagged } = result;
  return {
    ...result,
    flagged: typeof flagged === "boolean" ? flagged : Object.values(categories).includes(true),
    categories,
    category_scores,
  };
}
