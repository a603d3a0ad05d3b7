/** Fields that many management bodies have, each said once. What is not given stays absent; `null` is a value. */
import { z } from "zod";
import { BadRequestError } from "../../formats/errors.ts";
import { budgetWindow } from "../../limits/window.ts";

export const text = z.string().max(4096).nullish();
export const texts = z.array(z.string().max(4096)).max(10_000).nullish();
export const count = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullish();
export const flag = z.boolean().nullish();
export const object = z.record(z.string(), z.unknown()).nullish();

/** US dollars. */
export const dollars = z.number().min(0).max(1e9).nullish();

/** `30s`, `15m`, `24h`, `7d`, `1w`, `1mo`. */
export const duration = z
  .string()
  .nullish()
  .superRefine((value, context) => {
    if (value === null || value === undefined) return;
    try {
      budgetWindow(value, 0);
    } catch (error) {
      context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
    }
  });

export const LIMIT_FIELDS = {
  max_budget: dollars,
  soft_budget: dollars,
  budget_duration: duration,
  max_parallel_requests: count,
  tpm_limit: count,
  rpm_limit: count,
  model_max_budget: object,
};

/** Limits of a row of which nothing was said. */
export const NO_LIMITS = {
  max_budget: null,
  soft_budget: null,
  budget_duration: null,
  max_parallel_requests: null,
  tpm_limit: null,
  rpm_limit: null,
  model_max_budget: {},
};

/** The columns of the limits a body says. */
export function limitsOf(fields: { [Name in keyof typeof LIMIT_FIELDS]?: z.infer<(typeof LIMIT_FIELDS)[Name]> }) {
  return {
    max_budget: fields.max_budget,
    soft_budget: fields.soft_budget,
    budget_duration: fields.budget_duration,
    max_parallel_requests: fields.max_parallel_requests,
    tpm_limit: fields.tpm_limit,
    rpm_limit: fields.rpm_limit,
    model_max_budget: orEmpty(fields.model_max_budget, {}),
  };
}

/** Names an id may have: they stand in URLs, logs and the names of Durable Objects. */
export const identifier = z.string().min(1).max(512).nullish();

/** LiteLLM's Terraform provider says `""` where its configuration has nothing: `null`. */
export function orEmptyText<T extends z.ZodType>(field: T) {
  return z.union([z.literal("").transform(() => null), field]);
}

/**
 * For columns that cannot be null: what was given, `null` read as empty.
 * @throws BadRequestError never; the types say what may come
 */
export function orEmpty<T>(value: T | null | undefined, empty: T): T | undefined {
  return value === null ? empty : value;
}

export function missing(param: string): BadRequestError {
  return new BadRequestError(`${param} is required`, { param, type: "bad_request_error" });
}
