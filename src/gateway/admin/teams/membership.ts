/** Members added to a team, each with a user: made where there is none yet. */
import { and, eq } from "drizzle-orm";
import { BadRequestError } from "../../../formats/errors.ts";
import { among, atOnce, inParts, type Statement } from "../../../store/among.ts";
import {
  type BudgetRow,
  budgets,
  type TeamMemberRow,
  type TeamRow,
  teamMembers,
  type UserRow,
  users,
} from "../../../store/schema/index.ts";
import { findTiers, membersOf } from "../../../store/teams.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { type NamedUser, usersNamed } from "../users/named.ts";
import type { MemberFields } from "./body.ts";
import { ownTier } from "./tiers.ts";
import { memberView } from "./view.ts";

export interface Added {
  users: UserRow[];
  members: TeamMemberRow[];
}

/** Somebody to be added, with the user that is there or will be. */
interface Candidate extends NamedUser {
  email: string | null;
  role: "admin" | "user";
}

/**
 * Adds members. Those who are in the team already are passed over.
 * @param maxBudget US dollars each may spend in the team; `undefined`: what the team says
 * @throws BadRequestError `team_member_already_in_team` where nobody is left to add
 */
export async function addMembers(
  call: AdminCall,
  team: TeamRow,
  wanted: MemberFields | readonly MemberFields[],
  maxBudget?: number | null,
): Promise<Added> {
  const list = Array.isArray(wanted) ? wanted : [wanted];
  const candidates = await findCandidates(call, list);
  const existing = await membersOf(call.db, [team.team_id]);
  const known = new Set(existing.map(({ user_id }) => user_id));
  const left = candidates.filter(({ user }) => !known.has(user.user_id));
  if (left.length === 0 && list.length > 0) throw alreadyIn(wanted, existing);
  const tiers = await tiersFor(call, team, left.length, maxBudget);
  const members = left.map(({ user, email, role }, index) => ({
    team_id: team.team_id,
    user_id: user.user_id,
    user_email: email,
    role,
    budget_id: tiers[index]?.budget_id ?? null,
    created_at: call.nowText,
  }));
  const made = left.filter(({ isNew }) => isNew).map(({ user }) => user);
  await atOnce(call.db, [
    ...inParts(made).map((rows) => call.db.insert(users).values(rows).onConflictDoNothing()),
    ...inParts(tiers).map((rows) => call.db.insert(budgets).values(rows)),
    ...inParts(members).map((rows) => call.db.insert(teamMembers).values(rows).onConflictDoNothing()),
  ]);
  return { users: left.map(({ user }) => user), members };
}

/** Writes down that the members of a team changed. */
export async function membersChanged(call: AdminCall, teamId: string, before: readonly TeamMemberRow[]): Promise<void> {
  const after = await membersOf(call.db, [teamId]);
  await changed(call, {
    table: "LiteLLM_TeamTable",
    id: teamId,
    action: "updated",
    before: { members_with_roles: before.map(memberView) },
    after: { members_with_roles: after.map(memberView) },
  });
}

/** Each user once, as said first. */
async function findCandidates(call: AdminCall, wanted: readonly MemberFields[]): Promise<Candidate[]> {
  const candidates = new Map<string, Candidate>();
  const named = await usersNamed(call, wanted);
  for (const [index, { user_email, role }] of wanted.entries()) {
    const one = named[index];
    if (one === undefined || candidates.has(one.user.user_id)) continue;
    candidates.set(one.user.user_id, { ...one, email: user_email ?? one.user.user_email, role });
  }
  return [...candidates.values()];
}

async function tiersFor(
  call: AdminCall,
  { team_member_budget_id }: TeamRow,
  count: number,
  maxBudget: number | null | undefined,
): Promise<BudgetRow[]> {
  if (maxBudget == null) return [];
  const shared = (await findTiers(call.db, [team_member_budget_id])).get(team_member_budget_id ?? "");
  return Array.from({ length: count }, () => ownTier(call, { max_budget: maxBudget }, shared));
}

function alreadyIn(wanted: MemberFields | readonly MemberFields[], existing: readonly TeamMemberRow[]) {
  const details = { type: "team_member_already_in_team", param: "member" };
  const members = JSON.stringify(existing.slice(0, MOST_NAMED).map(memberView));
  if (!isOne(wanted)) return new BadRequestError(`All users are already in team. Existing members=${members}`, details);
  const { user_id, user_email } = wanted;
  return new BadRequestError(
    `User already in team. Member: user_id=${user_id ?? null}, user_email=${user_email ?? null}. Existing members=${members}`,
    details,
  );
}

function isOne(wanted: MemberFields | readonly MemberFields[]): wanted is MemberFields {
  return !Array.isArray(wanted);
}

/** Members an error names. */
const MOST_NAMED = 20;

/** Statements that end memberships in a team: the rows, and the tiers nobody else has. */
export function removal({ db }: AdminCall, teamId: string, members: readonly TeamMemberRow[]): Statement[] {
  const ids = members.map(({ user_id }) => user_id);
  const tiers = members.flatMap(({ budget_id }) => budget_id ?? []);
  return [
    db.delete(teamMembers).where(and(eq(teamMembers.team_id, teamId), among(teamMembers.user_id, ids))),
    db.delete(budgets).where(among(budgets.budget_id, tiers)),
  ];
}
