/** Settings that say what keys may be made, and by whom. */
import { z } from "zod";
import { budgetWindow, parseDuration } from "../../limits/window.ts";
import type { Kind } from "../../router/settings/kinds.ts";

const amount = z.number().min(0).optional();
const count = z.number().int().min(0).optional();
const lifetime = z.string().refine((text) => succeeds(() => parseDuration(text)), "not a duration such as 30d");
const budgetPeriod = z.string().refine((text) => succeeds(() => budgetWindow(text, 0)), "not a duration such as 30d");

const limits = {
  max_budget: amount,
  budget_duration: budgetPeriod.optional(),
  duration: lifetime.optional(),
  max_parallel_requests: count,
  tpm_limit: count,
  rpm_limit: count,
};

export const keyUpperBounds = shape("limits of keys", z.object(limits));
export type KeyUpperBounds = z.infer<typeof keyUpperBounds.schema>;

export const keyDefaults = shape(
  "fields of keys",
  z.object({
    ...limits,
    duration: lifetime.or(z.literal("-1")).optional(),
    user_id: z.string().optional(),
    team_id: z.string().optional(),
    models: z.array(z.string()).optional(),
    metadata: z.record(z.string(), z.unknown()).optional(),
  }),
);
export type KeyDefaults = z.infer<typeof keyDefaults.schema>;

export const keyGeneration = shape(
  "`team_key_generation` and `personal_key_generation`",
  z.object({
    team_key_generation: z
      .object({
        required_params: z.array(z.string()).optional(),
        allowed_team_member_roles: z.array(z.string()).optional(),
      })
      .optional(),
    personal_key_generation: z
      .object({ required_params: z.array(z.string()).optional(), allowed_user_roles: z.array(z.string()).optional() })
      .optional(),
  }),
);

function shape<Schema extends z.ZodType>(what: string, schema: Schema): Kind<Schema> {
  return { label: "map", expected: `a map of ${what}`, schema };
}

function succeeds(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}
