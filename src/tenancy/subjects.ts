/**
 * Whom a call counts for, and what limits each of them: key, user, team, member, organization, project, customer, tags
 * and the gateway as a whole. Every one that applies is checked; none overrides another.
 */
import { asRecord, isRecord } from "../formats/json.ts";
import type { ScopeId } from "../limits/demand.ts";
import type { KeyIdentity } from "../store/identity.ts";
import type { Customer, Tag } from "../store/subjects.ts";
import { scopeOf } from "./scopes.ts";

/** LiteLLM's names of what is limited, in texts and headers. */
export type SubjectKind =
  | "api_key"
  | "user"
  | "team"
  | "team_member"
  | "organization"
  | "organization_member"
  | "project"
  | "end_user"
  | "tag"
  | "priority"
  | "proxy";

export interface Subject {
  kind: SubjectKind;
  scope: ScopeId;
  /** As texts name it: an id, or a key's digest. */
  id: string;
  requests?: number;
  tokens?: number;
  parallel?: number;
  budgets: readonly Budget[];
  /** US dollars above which alerts are sent. */
  softBudget?: number;
  /** Keys: nano-dollars since ever, as of some seconds ago. For headers; budgets ask the counters. */
  spentNano?: number;
  /** Limits of single models, by public name. */
  models: Readonly<Record<string, ModelLimits>>;
  /** `dynamic` limits hold only while the model is under pressure. */
  requestsAreDynamic?: boolean;
  tokensAreDynamic?: boolean;
}

export interface Budget {
  /** US dollars; infinite where spend is only counted. */
  dollars: number;
  /** `30d`; absent: for ever. */
  duration?: string;
  /** From when windows are counted that follow no calendar; milliseconds since the epoch. */
  anchor?: number;
}

export interface ModelLimits {
  requests?: number;
  tokens?: number;
  budget?: Budget;
}

/** What rows of all kinds have of limits. */
interface LimitColumns {
  max_budget?: number | null;
  soft_budget?: number | null;
  budget_duration?: string | null;
  budget_anchor?: string | null;
  max_parallel_requests?: number | null;
  tpm_limit?: number | null;
  rpm_limit?: number | null;
  model_max_budget?: unknown;
}

/** @param now for what has an end, such as a raised budget; milliseconds since the epoch */
export function subjectsOf(
  identity: KeyIdentity | undefined,
  customer: Customer | undefined,
  tags: readonly Tag[],
  { now, userBudgetOnTeamKeys }: { now: number; userBudgetOnTeamKeys: boolean },
): Subject[] {
  const subjects: Subject[] = [];
  if (identity !== undefined) {
    subjects.push({ ...keySubject(identity, now), spentNano: identity.spentNano });
    const { key, user, team, member, memberBudget, organization, organizationMember, project } = identity;
    if (user !== undefined) {
      const bounds = userBudgetOnTeamKeys || team === undefined ? user : { ...user, max_budget: null };
      subjects.push(subject("user", scopeOf.user(user.user_id), user.user_id, [bounds], user.metadata));
    }
    if (team !== undefined) {
      subjects.push(subject("team", scopeOf.team(team.team_id), team.team_id, [team], team.metadata));
      if (key.user_id !== null && (member !== undefined || memberBudget !== undefined))
        subjects.push(
          subject("team_member", scopeOf.teamMember(team.team_id, key.user_id), `${team.team_id}:${key.user_id}`, [
            memberBudget,
          ]),
        );
    }
    if (organization !== undefined) {
      const id = organization.organization_id;
      subjects.push(
        subject("organization", scopeOf.organization(id), id, [identity.organizationBudget], organization.metadata),
      );
      if (organizationMember !== undefined)
        subjects.push(
          subject(
            "organization_member",
            scopeOf.organizationMember(id, organizationMember.user_id),
            `${id}:${organizationMember.user_id}`,
            [identity.organizationMemberBudget],
          ),
        );
    }
    if (project !== undefined)
      subjects.push(
        subject("project", scopeOf.project(project.project_id), project.project_id, [identity.projectBudget], {
          ...project.metadata,
          model_rpm_limit: project.model_rpm_limit,
          model_tpm_limit: project.model_tpm_limit,
        }),
      );
  }
  if (customer !== undefined)
    subjects.push(subject("end_user", scopeOf.customer(customer.id), customer.id, [customer.budget]));
  for (const { row, budget } of tags) subjects.push(subject("tag", scopeOf.tag(row.tag_name), row.tag_name, [budget]));
  return subjects;
}

export function keySubject({ key, keyBudget }: Pick<KeyIdentity, "key" | "keyBudget">, now: number): Subject {
  const { metadata } = key;
  const until = Date.parse(String(metadata["temp_budget_expiry"] ?? ""));
  const increase = Number(metadata["temp_budget_increase"] ?? 0);
  const isRaised = until > now && increase > 0;
  const own = isRaised && key.max_budget !== null ? { ...key, max_budget: key.max_budget + increase } : key;
  const one = subject("api_key", scopeOf.key(key.scope_id), key.token, [own, keyBudget], metadata);
  return { ...one, budgets: [...one.budgets, ...severalWindows(metadata["budget_limits"], key.budget_anchor)] };
}

/** `budget_limits`: budgets for several windows at once. */
function severalWindows(given: unknown, anchor: string | null): Budget[] {
  if (!Array.isArray(given)) return [];
  return given
    .filter(isRecord)
    .flatMap(({ max_budget: dollars, budget_duration: duration }) =>
      typeof dollars === "number" && typeof duration === "string"
        ? [{ dollars, duration, ...(anchor !== null && { anchor: Date.parse(anchor) }) }]
        : [],
    );
}

/** @param columns the subject's own row, then the tier it shares: what the first does not say, the next does */
function subject(
  kind: SubjectKind,
  scope: ScopeId,
  id: string,
  columns: readonly (LimitColumns | undefined)[],
  metadata: Readonly<Record<string, unknown>> = {},
): Subject {
  const said = columns.filter((row) => row !== undefined);
  const first = <Name extends keyof LimitColumns>(name: Name): LimitColumns[Name] =>
    said.map((row) => row[name]).find((value) => value !== null && value !== undefined);
  const dollars = first("max_budget");
  const duration = first("budget_duration");
  const anchor = first("budget_anchor");
  const budget: Budget = {
    dollars: dollars ?? Number.POSITIVE_INFINITY,
    ...(duration && { duration }),
    ...(anchor && { anchor: Date.parse(anchor) }),
  };
  const soft = first("soft_budget");
  const requests = first("rpm_limit");
  const tokens = first("tpm_limit");
  const parallel = first("max_parallel_requests");
  return {
    kind,
    scope,
    id,
    budgets: dollars != null || duration != null ? [budget] : [],
    models: modelLimits(
      metadata,
      said.map(({ model_max_budget }) => model_max_budget),
      anchor ?? null,
    ),
    ...(requests != null && { requests }),
    ...(tokens != null && { tokens }),
    ...(parallel != null && { parallel }),
    ...(soft != null && { softBudget: soft }),
    ...(metadata["rpm_limit_type"] === "dynamic" && { requestsAreDynamic: true }),
    ...(metadata["tpm_limit_type"] === "dynamic" && { tokensAreDynamic: true }),
  };
}

function modelLimits(
  metadata: Readonly<Record<string, unknown>>,
  budgets: readonly unknown[],
  anchor: string | null,
): Record<string, ModelLimits> {
  const limits: Record<string, ModelLimits> = Object.create(null); // names are the users' own
  const of = (model: string) => (limits[model] ??= {});
  for (const [model, value] of Object.entries(asRecord(metadata["model_rpm_limit"])))
    if (typeof value === "number") of(model).requests = value;
  for (const [model, value] of Object.entries(asRecord(metadata["model_tpm_limit"])))
    if (typeof value === "number") of(model).tokens = value;
  for (const table of budgets)
    for (const [model, value] of Object.entries(asRecord(table))) {
      const budget = modelBudget(value, anchor);
      if (budget !== undefined) of(model).budget ??= budget;
      if (!isRecord(value)) continue;
      if (typeof value["rpm_limit"] === "number") of(model).requests ??= value["rpm_limit"];
      if (typeof value["tpm_limit"] === "number") of(model).tokens ??= value["tpm_limit"];
    }
  return limits;
}

/** `{budget_limit, time_period}` or `{max_budget, budget_duration}`, or the dollars alone. */
function modelBudget(value: unknown, anchor: string | null): Budget | undefined {
  const fields = isRecord(value) ? value : { max_budget: value };
  const given = fields["budget_limit"] ?? fields["max_budget"];
  const dollars = given === null || given === undefined || given === "" ? Number.NaN : Number(given);
  if (!Number.isFinite(dollars)) return undefined;
  const duration = fields["time_period"] ?? fields["budget_duration"];
  return {
    dollars,
    ...(typeof duration === "string" && { duration }),
    ...(anchor !== null && { anchor: Date.parse(anchor) }),
  };
}
