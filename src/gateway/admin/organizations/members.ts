/** Members of an organization: added, changed and removed by the proxy admin and by those who run it. */
import { and, eq } from "drizzle-orm";
import { BadRequestError, NotFoundError, PermissionDeniedError } from "../../../formats/errors.ts";
import { atOnce, inParts } from "../../../store/among.ts";
import { findMembership, listMembers, type Membership } from "../../../store/organizations.ts";
import {
  budgets,
  type OrganizationMemberRow,
  organizationMembers,
  type UserRow,
  users,
} from "../../../store/schema/index.ts";
import { findUsersByEmails } from "../../../store/users.ts";
import { isAdmin } from "../../../tenancy/roles.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import { type AdminCall, changed } from "../admin-call.ts";
import { ownTier } from "../teams/tiers.ts";
import { changeTier } from "../tiers.ts";
import { type NamedUser, onlyOne, usersNamed } from "../users/named.ts";
import type { MemberFields, MemberRole } from "./body.ts";

interface Candidate extends NamedUser {
  role: MemberRole;
}

const TABLE = "LiteLLM_OrganizationMembership";

/**
 * Adds members, each with a user: made where there is none yet. All of them or none.
 * @param maxBudget US dollars each may spend in the organization
 * @throws BadRequestError where one is in it already
 */
export async function addMembers(
  call: AdminCall,
  organizationId: string,
  wanted: readonly MemberFields[],
  maxBudget: number | null | undefined,
): Promise<{ users: UserRow[]; memberships: Membership[] }> {
  const candidates = await findCandidates(call, wanted);
  await refuseKnown(call, organizationId, candidates);
  const tiers = maxBudget == null ? [] : candidates.map(() => ownTier(call, { max_budget: maxBudget }, undefined));
  const members = candidates.map(({ user, role }, index) => ({
    organization_id: organizationId,
    user_id: user.user_id,
    user_role: role,
    budget_id: tiers[index]?.budget_id ?? null,
    created_at: call.nowText,
    updated_at: call.nowText,
  }));
  const made = candidates.filter(({ isNew }) => isNew).map(({ user }) => user);
  await atOnce(call.db, [
    ...inParts(made).map((rows) => call.db.insert(users).values(rows).onConflictDoNothing()),
    ...inParts(tiers).map((rows) => call.db.insert(budgets).values(rows)),
    ...inParts(members).map((rows) => call.db.insert(organizationMembers).values(rows)),
  ]);
  for (const member of members)
    await changed(call, { table: TABLE, id: idOf(member), action: "created", after: member });
  return {
    users: candidates.map(({ user }) => user),
    memberships: candidates.flatMap(({ user }, index) => {
      const member = members[index];
      return member === undefined ? [] : [{ member, tier: tiers[index], user }];
    }),
  };
}

async function refuseKnown(call: AdminCall, id: string, candidates: readonly Candidate[]): Promise<void> {
  const known = new Set((await listMembers(call.db, [id])).map(({ member }) => member.user_id));
  const [first] = candidates.filter(({ user }) => known.has(user.user_id));
  if (first !== undefined)
    throw new BadRequestError(`User already in organization. user_id=${first.user.user_id}, organization_id=${id}`, {
      param: "member",
    });
}

/** Each user once, as said last. */
async function findCandidates(call: AdminCall, wanted: readonly MemberFields[]): Promise<Candidate[]> {
  const candidates = new Map<string, Candidate>();
  const named = await usersNamed(call, wanted);
  for (const [index, { role }] of wanted.entries()) {
    const one = named[index];
    if (one !== undefined) candidates.set(one.user.user_id, { ...one, role });
  }
  return [...candidates.values()];
}

export interface MemberChanges {
  role?: MemberRole | null;
  max_budget_in_organization?: number | null;
}

export async function updateMember(
  call: AdminCall,
  before: Membership,
  { role, max_budget_in_organization: maxBudget }: MemberChanges,
): Promise<Membership> {
  const { member } = before;
  const { principal } = call;
  if (maxBudget !== undefined && member.user_id === principal.userId && !isAdmin(principal.role))
    throw new PermissionDeniedError("Only the proxy admin may change what you may spend yourself.", {
      type: "auth_error",
      param: "max_budget_in_organization",
    });
  const tier = await changeTier(call, member.budget_id, maxBudget === undefined ? {} : { max_budget: maxBudget });
  await call.db
    .update(organizationMembers)
    .set({ ...(role != null && { user_role: role }), budget_id: tier?.budget_id ?? null, updated_at: call.nowText })
    .where(isMember(member));
  const after = await membershipOf(call, member.organization_id, member);
  await changed(call, { table: TABLE, id: idOf(member), action: "updated", before: member, after: after.member });
  return after;
}

export async function removeMember(call: AdminCall, { member }: Membership): Promise<void> {
  await call.db.delete(organizationMembers).where(isMember(member));
  await call.gateway.accounts.forget(scopeOf.organizationMember(member.organization_id, member.user_id));
  await changed(call, { table: TABLE, id: idOf(member), action: "deleted", before: member });
}

/** @throws NotFoundError, BadRequestError where the email does not say who is meant */
export async function membershipOf(
  call: AdminCall,
  organizationId: string,
  { user_id, user_email }: { user_id?: string | null; user_email?: string | null },
): Promise<Membership> {
  const id = user_id ?? (user_email == null ? undefined : await userByEmail(call, user_email));
  if (id === undefined)
    throw new BadRequestError("Either user_id or user_email must be provided", { param: "user_id" });
  const membership = await findMembership(call.db, organizationId, id);
  if (membership === undefined)
    throw new NotFoundError(`Member not found in organization for user_id=${id}`, { param: "user_id" });
  return membership;
}

async function userByEmail({ db }: AdminCall, email: string): Promise<string> {
  const user = onlyOne(await findUsersByEmails(db, [email]));
  if (user === undefined) throw new NotFoundError(`User not found for user_email=${email}`, { param: "user_email" });
  return user.user_id;
}

function isMember({ organization_id, user_id }: Pick<OrganizationMemberRow, "organization_id" | "user_id">) {
  return and(eq(organizationMembers.organization_id, organization_id), eq(organizationMembers.user_id, user_id));
}

function idOf({ organization_id, user_id }: Pick<OrganizationMemberRow, "organization_id" | "user_id">): string {
  return `${organization_id}:${user_id}`;
}
