/** What the config says of new keys: defaults, upper bounds, and who may make them. */
import { BadRequestError } from "../../../formats/errors.ts";
import { parseDuration } from "../../../limits/window.ts";
import type { TeamMemberRow } from "../../../store/schema/index.ts";
import type { KeyUpperBounds } from "../../config/key-settings.ts";
import type { AdminCall } from "../admin-call.ts";
import { pythonList } from "../python-list.ts";
import type { KeyFields } from "./fields.ts";

const DEFAULTED = [
  "max_budget",
  "user_id",
  "team_id",
  "max_parallel_requests",
  "tpm_limit",
  "rpm_limit",
  "budget_duration",
  "duration",
] as const;

/** Of these, `null` says something: a budget for ever, a key of nobody. The others may as well not be there. */
const SAYING: readonly string[] = ["budget_duration", "user_id"];

export function withDefaults({ gateway }: AdminCall, asked: KeyFields): KeyFields {
  const { default_key_generate_params: defaults, default_soft_budget: soft } = gateway.config.settings.litellm;
  const fields = asked.soft_budget == null && soft !== undefined ? { ...asked, soft_budget: soft } : asked;
  if (defaults === undefined) return fields;
  const missing = DEFAULTED.filter(
    (name) => fields[name] === undefined || (fields[name] === null && !SAYING.includes(name)),
  );
  return {
    ...fields,
    ...Object.fromEntries(missing.map((name) => [name, defaults[name]])),
    ...(!fields.models?.length && { models: defaults.models }),
    ...(Object.keys(fields.metadata ?? {}).length === 0 && { metadata: defaults.metadata ?? fields.metadata }),
  };
}

const BOUNDED = [
  "max_budget",
  "max_parallel_requests",
  "tpm_limit",
  "rpm_limit",
  "budget_duration",
  "duration",
] as const;

/**
 * With the bounds where nothing is said.
 * @param isUpdate absent fields stay as they are then; `null` gets the bound
 * @throws BadRequestError where more is asked for
 */
export function withinUpperBounds({ gateway }: AdminCall, fields: KeyFields, isUpdate = false): KeyFields {
  const bounds: KeyUpperBounds = gateway.config.settings.litellm.upperbound_key_generate_params ?? {};
  const filled: Record<string, unknown> = {};
  for (const name of BOUNDED) {
    const [value, bound] = [fields[name], bounds[name]];
    if (bound === undefined || (isUpdate && value === undefined)) continue;
    if (value === undefined || value === null) filled[name] = bound;
    else if (amountOf(value) > amountOf(bound))
      throw new BadRequestError(`${name} is over max limit set in config - user_value=${value}; max_value=${bound}`, {
        type: "bad_request_error",
        param: name,
      });
  }
  return { ...fields, ...filled };
}

/** Seconds of a duration. */
function amountOf(value: number | string): number {
  if (typeof value === "number") return value;
  return value === "-1" ? Number.POSITIVE_INFINITY : parseDuration(value);
}

/** @throws BadRequestError where the role may not make such keys, or something that must be said is not */
export function checkPersonalGeneration({ gateway, principal }: AdminCall, fields: KeyFields): void {
  const rules = gateway.config.settings.litellm.key_generation_settings?.personal_key_generation;
  const { allowed_user_roles: allowed, required_params } = rules ?? {};
  if (allowed !== undefined && !allowed.includes(principal.role))
    throw refused(
      `Personal key creation has been restricted by admin. Allowed roles=${pythonList(allowed)}. Your role=${principal.role}`,
    );
  checkRequired(fields, required_params);
}

/** @param member the caller's membership; absent for who runs the team's organization */
export function checkTeamGeneration(
  { gateway }: AdminCall,
  fields: KeyFields,
  member: TeamMemberRow | undefined,
): void {
  const rules = gateway.config.settings.litellm.key_generation_settings?.team_key_generation;
  const { allowed_team_member_roles: allowed, required_params } = rules ?? {};
  if (member !== undefined && allowed !== undefined && !allowed.includes(member.role))
    throw refused(`Team member role ${member.role} not in allowed_team_member_roles=${pythonList(allowed)}`);
  checkRequired(fields, required_params);
}

function checkRequired(fields: Record<string, unknown>, required: readonly string[] = []): void {
  const lacking = required.find((name) => fields[name] === undefined);
  if (lacking !== undefined) throw refused(`Required param ${lacking} not in data`, lacking);
}

function refused(message: string, param?: string): BadRequestError {
  return new BadRequestError(message, { type: "bad_request_error", ...(param !== undefined && { param }) });
}
