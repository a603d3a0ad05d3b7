/** `/team/member_*`: who is in a team, as what, and what each may spend there. */

import { and, desc, eq } from "drizzle-orm";
import { BadRequestError, PermissionDeniedError, SluiceError } from "../../../formats/errors.ts";
import { defined } from "../../../formats/json.ts";
import { atOnce } from "../../../store/among.ts";
import { keys, type TeamMemberRow, type TeamRow, teamMembers, users } from "../../../store/schema/index.ts";
import { findMember, findMembersByEmail, findTeam, findTiers, membersOf } from "../../../store/teams.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { type AdminCall, adminRoute, bodyOf } from "../admin-call.ts";
import { removeKeysWhere } from "../keys-of.ts";
import { availableTeams } from "../users/defaults.ts";
import { listedUserViews } from "../users/view.ts";
import { teamFor, teamNotFound } from "./access.ts";
import {
  BulkMemberAddBody,
  MemberAddBody,
  MemberDeleteBody,
  type MemberFields,
  MemberUpdateBody,
  MOST_MEMBERS,
} from "./body.ts";
import { type Added, addMembers, membersChanged, removal } from "./membership.ts";
import { dropTier, setTier } from "./tiers.ts";
import { freshTeamView, membershipViews } from "./view.ts";

export const memberRoutes = [
  adminRoute({
    method: "POST",
    paths: ["/team/member_add"],
    access: "manage",
    summary: "Add members to a team, and make users of those who are none yet",
    tag: "teams",
    body: MemberAddBody,
    async handle(call) {
      const { team_id, member, max_budget_in_team } = await bodyOf(call, MemberAddBody);
      const team = await teamToJoin(call, team_id, Array.isArray(member) ? member : [member], max_budget_in_team);
      return addedView(call, team, await add(call, team, member, max_budget_in_team));
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/team/bulk_member_add"],
    access: "manage",
    summary: "Add many members to a team",
    tag: "teams",
    body: BulkMemberAddBody,
    async handle(call) {
      const { team_id, max_budget_in_team, ...who } = await bodyOf(call, BulkMemberAddBody);
      const members = who.all_users ? await everybody(call) : (who.members ?? []);
      if (members.length === 0) throw new BadRequestError("At least one member is required", { param: "members" });
      if (members.length > MOST_MEMBERS)
        throw new BadRequestError(`Maximum ${MOST_MEMBERS} members can be added at once`, { param: "members" });
      const team = await teamToJoin(call, team_id, members, max_budget_in_team);
      return addMany(call, team, members, max_budget_in_team);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/team/member_delete"],
    access: "manage",
    summary: "Remove a member from a team, with the member's keys for it",
    tag: "teams",
    body: MemberDeleteBody,
    async handle(call) {
      const { team_id, ...who } = await bodyOf(call, MemberDeleteBody);
      const { team } = await teamFor(call, team_id, "team_admin");
      const leaving = await named(call, team_id, who);
      if (leaving.length === 0) throw new BadRequestError("User not found in team", { param: "user_id" });
      const before = await membersOf(call.db, [team_id]);
      for (const { user_id } of leaving)
        await removeKeysWhere(call, and(eq(keys.team_id, team_id), eq(keys.user_id, user_id)) ?? eq(keys.token, ""));
      await atOnce(call.db, removal(call, team_id, leaving));
      await membersChanged(call, team_id, before);
      return freshTeamView(call, team);
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/team/member_update"],
    access: "manage",
    summary: "Change what a member is in a team, and what it may spend there",
    tag: "teams",
    body: MemberUpdateBody,
    async handle(call) {
      const { team_id, role, user_id, user_email, ...limits } = await bodyOf(call, MemberUpdateBody);
      const { team } = await teamFor(call, team_id, "team_admin");
      const [member, ...others] = await named(call, team_id, { user_id, user_email });
      if (member === undefined || others.length > 0)
        throw new BadRequestError(`User id doesn't exist in team table. User not found in team=${team_id}`, {
          param: "user_id",
        });
      await update(call, team, member, { role, ...limits });
      return {
        team_id,
        user_id: member.user_id,
        user_email: user_email ?? null,
        max_budget_in_team: limits.max_budget_in_team ?? null,
        tpm_limit: limits.tpm_limit ?? null,
        rpm_limit: limits.rpm_limit ?? null,
      };
    },
  }),
];

/** A team to which the caller may add these: its admins may add anybody, others themselves to one open to all. */
async function teamToJoin(
  call: AdminCall,
  id: string,
  members: readonly MemberFields[],
  maxBudget: number | null | undefined,
): Promise<TeamRow> {
  const { userId } = call.principal;
  const joins = members.every(({ user_id, role }) => user_id != null && user_id === userId && role === "user");
  if (!joins || maxBudget != null || !availableTeams(call).includes(id))
    return (await teamFor(call, id, "team_admin")).team;
  const team = await findTeam(call.db, id);
  if (team === undefined) throw teamNotFound(id);
  return team;
}

async function add(
  call: AdminCall,
  team: TeamRow,
  wanted: MemberFields | readonly MemberFields[],
  maxBudget: number | null | undefined,
): Promise<Added> {
  const before = await membersOf(call.db, [team.team_id]);
  const added = await addMembers(call, team, wanted, maxBudget);
  await membersChanged(call, team.team_id, before);
  return added;
}

async function addedView(call: AdminCall, team: TeamRow, added: Added) {
  const [view, updated_users, updated_team_memberships] = await Promise.all([
    freshTeamView(call, team),
    listedUserViews(call, added.users),
    membershipViews(call, added.members, [team]),
  ]);
  return { ...view, updated_users, updated_team_memberships };
}

/** All are added or none; each is told what became of it, as in LiteLLM. */
async function addMany(
  call: AdminCall,
  team: TeamRow,
  members: readonly MemberFields[],
  maxBudget: number | null | undefined,
) {
  const about = ({ user_id, user_email }: MemberFields) => ({
    user_id: user_id ?? null,
    user_email: user_email ?? null,
  });
  const answer = { team_id: team.team_id, total_requested: members.length };
  try {
    const updated_team = await addedView(call, team, await add(call, team, members, maxBudget));
    const { updated_users, updated_team_memberships } = updated_team;
    const results = members.map((member) => {
      const email = member.user_email?.toLowerCase();
      const user = updated_users.find(({ user_id, user_email }) =>
        member.user_id == null ? user_email?.toLowerCase() === email : user_id === member.user_id,
      );
      const membership = updated_team_memberships.find(({ user_id }) => user_id === user?.user_id);
      return {
        ...about(member),
        success: true,
        error: null,
        updated_user: user ?? null,
        updated_team_membership: membership ?? null,
      };
    });
    return { ...answer, results, successful_additions: members.length, failed_additions: 0, updated_team };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.status >= 500) throw error;
    const results = members.map((member) => ({
      ...about(member),
      success: false,
      error: error.message,
      updated_user: null,
      updated_team_membership: null,
    }));
    return { ...answer, results, successful_additions: 0, failed_additions: members.length, updated_team: null };
  }
}

/** All users there are, as plain members: the proxy admin's to say. */
async function everybody({ db, principal }: AdminCall): Promise<MemberFields[]> {
  if (!isAdmin(principal.role))
    throw new PermissionDeniedError("Only proxy admins can add all users to a team.", {
      type: "auth_error",
      param: "all_users",
    });
  const rows = await db
    .select({ user_id: users.user_id, user_email: users.user_email })
    .from(users)
    .orderBy(desc(users.created_at))
    .limit(MOST_MEMBERS + 1);
  return rows.map(({ user_id, user_email }) => ({ user_id, user_email, role: "user" }));
}

async function named(
  { db }: AdminCall,
  teamId: string,
  { user_id, user_email }: { user_id?: string | null | undefined; user_email?: string | null | undefined },
): Promise<TeamMemberRow[]> {
  if (user_id != null) {
    const member = await findMember(db, teamId, user_id);
    return member === undefined ? [] : [member];
  }
  if (user_email != null) return findMembersByEmail(db, teamId, user_email);
  throw new BadRequestError("Either user_id or user_email needs to be passed in", { param: "user_id" });
}

async function update(
  call: AdminCall,
  team: TeamRow,
  member: TeamMemberRow,
  wanted: {
    role?: "admin" | "user" | null | undefined;
    max_budget_in_team?: number | null | undefined;
    tpm_limit?: number | null | undefined;
    rpm_limit?: number | null | undefined;
  },
): Promise<void> {
  const before = await membersOf(call.db, [team.team_id]);
  const limits = defined({
    max_budget: wanted.max_budget_in_team,
    tpm_limit: wanted.tpm_limit,
    rpm_limit: wanted.rpm_limit,
  });
  const shared = (await findTiers(call.db, [team.team_member_budget_id])).get(team.team_member_budget_id ?? "");
  const budget_id = await setTier(call, member.budget_id, limits, shared);
  const isSame = and(eq(teamMembers.team_id, team.team_id), eq(teamMembers.user_id, member.user_id));
  await call.db
    .update(teamMembers)
    .set({ budget_id, ...(wanted.role != null && { role: wanted.role }) })
    .where(isSame);
  if (member.budget_id !== null && budget_id === null) await dropTier(call, member.budget_id);
  await membersChanged(call, team.team_id, before);
}
