/** What is known of a virtual key: its row, and the rows of all it belongs to. Loaded at once, kept for a while. */
import type {
  BudgetRow,
  KeyRow,
  OrganizationMemberRow,
  OrganizationRow,
  ProjectRow,
  TeamMemberRow,
  TeamRow,
  UserRow,
} from "./schema/index.ts";

export interface KeyIdentity {
  key: KeyRow;
  /** Tier of the key (`budget_id`). */
  keyBudget: BudgetRow | undefined;
  user: UserRow | undefined;
  team: TeamRow | undefined;
  /** The user's membership in the key's team, and its tier (the team's tier for members where it has none). */
  member: TeamMemberRow | undefined;
  memberBudget: BudgetRow | undefined;
  organization: OrganizationRow | undefined;
  organizationBudget: BudgetRow | undefined;
  organizationMember: OrganizationMemberRow | undefined;
  organizationMemberBudget: BudgetRow | undefined;
  project: ProjectRow | undefined;
  projectBudget: BudgetRow | undefined;
  /** Names of the models in the access groups of the key, and of its team. */
  keyGroupModels: readonly string[];
  teamGroupModels: readonly string[];
  /** Nano-dollars the key has spent since ever, as of some seconds ago. */
  spentNano: number;
  /** This key was replaced, and still works until then (ISO 8601). */
  revokeAt?: string;
  /** A rotation has made a successor that waits to be taken; times as above. */
  successor?: { madeAt: string; retireAt: string | null };
}

/** The rows of an identity, its tiers in one list. */
export interface IdentityRows
  extends Pick<
    KeyIdentity,
    "key" | "user" | "team" | "member" | "organization" | "organizationMember" | "project" | "spentNano"
  > {
  tiers: readonly BudgetRow[];
}

/** Each with its tier, and without models of access groups. */
export function identityOf({ tiers, ...rows }: IdentityRows): KeyIdentity {
  const { key, team, member, organization, organizationMember, project } = rows;
  const tier = (id: string | null | undefined) => tiers.find(({ budget_id }) => budget_id === id);
  return {
    ...rows,
    keyBudget: tier(key.budget_id),
    memberBudget: tier(member?.budget_id ?? team?.team_member_budget_id),
    organizationBudget: tier(organization?.budget_id),
    organizationMemberBudget: tier(organizationMember?.budget_id),
    projectBudget: tier(project?.budget_id),
    keyGroupModels: [],
    teamGroupModels: [],
  };
}
