/** One team: what it is, who is in it, its keys. */
import { eq } from "drizzle-orm";
import { z } from "zod";
import { NotFoundError, UnprocessableEntityError } from "../../../formats/errors.ts";
import { keys } from "../../../store/schema/index.ts";
import { findTeam, findTiers, membersOf } from "../../../store/teams.ts";
import { adminRoute, queryOf } from "../admin-call.ts";
import { budgetView } from "../budgets.ts";
import { keyViewsWhere } from "../keys-of.ts";
import { teamFor } from "./access.ts";
import { freshTeamView, membershipViews } from "./view.ts";

/** What members of a team may be permitted to do with its keys. */
const PERMISSIONS = [
  "/key/generate",
  "/key/update",
  "/key/delete",
  "/key/regenerate",
  "/key/service-account/generate",
  "/key/{key_id}/regenerate",
  "/key/block",
  "/key/unblock",
  "/key/bulk_update",
  "/key/{key_id}/reset_spend",
  "/key/info",
  "/key/health",
];

const TeamQuery = z.object({ team_id: z.string().max(512).optional() });

export const readRoutes = [
  adminRoute({
    method: "GET",
    paths: ["/team/info"],
    access: "info",
    summary: "A team, its keys and its members' budgets",
    tag: "teams",
    async handle(call) {
      const { team_id } = queryOf(call, TeamQuery);
      if (!team_id)
        throw new UnprocessableEntityError("Malformed request. No team id passed in.", {
          type: "auth_error",
          param: "team_id",
        });
      if ((await findTeam(call.db, team_id)) === undefined)
        throw new NotFoundError(`Team not found, passed team id: ${team_id}.`, { type: "auth_error" });
      const { team } = await teamFor(call, team_id, "looker");
      const { team_member_budget_id } = team;
      const members = await membersOf(call.db, [team_id]);
      const [view, teamKeys, team_memberships, tiers] = await Promise.all([
        freshTeamView(call, team),
        keyViewsWhere(call, eq(keys.team_id, team_id)),
        membershipViews(call, members, [team]),
        findTiers(call.db, [team_member_budget_id]),
      ]);
      const tier = tiers.get(team_member_budget_id ?? "");
      const team_member_budget_table = tier === undefined ? null : budgetView(tier, call);
      return {
        team_id,
        team_info: {
          ...view,
          team_member_budget: tier?.max_budget ?? null,
          team_member_budget_duration: tier?.budget_duration ?? null,
          team_member_rpm_limit: tier?.rpm_limit ?? null,
          team_member_tpm_limit: tier?.tpm_limit ?? null,
          team_member_budget_table,
        },
        keys: teamKeys.map(({ view: key }) => key),
        team_memberships,
      };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/team/permissions_list"],
    access: "view",
    summary: "What members who are not its admins may do with a team's keys",
    tag: "teams",
    async handle(call) {
      const { team_id } = queryOf(call, z.object({ team_id: z.string().max(512) }));
      const { team } = await teamFor(call, team_id, "looker");
      return {
        team_id,
        team_member_permissions: team.team_member_permissions,
        all_available_permissions: PERMISSIONS,
      };
    },
  }),
];
