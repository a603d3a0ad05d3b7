/** Settings that say what keys may be made, and by whom. */
import { z } from "zod";
import { isRange } from "../../formats/ip-address.ts";
import { budgetWindow, parseDuration } from "../../limits/window.ts";
import type { Kind } from "../../router/settings/kinds.ts";

const amount = z.number().min(0).optional();
const count = z.number().int().min(0).optional();
const lifetime = z.string().refine((text) => succeeds(() => parseDuration(text)), "not a duration such as 30d");
/** `general_settings.key_rotation_bound`. */
export const keyRotationBound: Kind<z.ZodType<string>> = {
  label: "duration",
  expected: "a duration such as 30d, or -1",
  schema: lifetime.or(z.literal("-1")).or(z.literal(-1).transform(() => "-1")),
};
const budgetPeriod = z.string().refine((text) => succeeds(() => budgetWindow(text, 0)), "not a duration such as 30d");

const accountRules = z.object({ enforced_params: z.array(z.string()).optional() });
const address = z.string().trim().refine(isRange, "not an IP address or network");

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

export const teamDefaults = shape(
  "fields of teams",
  z.object({
    max_budget: amount.nullish(),
    budget_duration: budgetPeriod.nullish(),
    max_parallel_requests: count.nullish(),
    tpm_limit: count.nullish(),
    rpm_limit: count.nullish(),
    models: z.array(z.string()).nullish(),
    team_member_permissions: z.array(z.string()).nullish(),
  }),
);

/** LiteLLM takes a list of such maps, too. */
export const serviceAccounts: Kind<z.ZodType<{ enforced_params: string[] }>> = {
  label: "map",
  expected: "a map with enforced_params",
  schema: z
    .union([accountRules, z.array(accountRules)])
    .transform((rules) => ({ enforced_params: [rules].flat().flatMap(({ enforced_params = [] }) => enforced_params) })),
};

export const modelGroupSettings = shape(
  "settings, each with a list of model groups",
  z.object({ forward_client_headers_to_llm_api: z.array(z.string()).nullish() }),
);

/** IP addresses and networks. */
export const addresses: Kind<z.ZodType<string[]>> = {
  label: "list of strings",
  expected: "a list of IP addresses and networks (10.0.0.0/8)",
  schema: z.union([z.array(address), address.transform((only) => [only])]),
};

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
