/** `/user/daily/activity` and its like: what users, teams, organizations, customers and tags did, day by day. */
import { z } from "zod";
import { PermissionDeniedError } from "../../../formats/errors.ts";
import type { Database } from "../../../store/database.ts";
import { type Activity, dailyActivity } from "../../../store/spend/activity.ts";
import { customerNames, keyNames, organizationNames, teamNames } from "../../../store/spend/names.ts";
import { type Dimension, type SumFilter, totalsBy } from "../../../store/spend/sums.ts";
import { seesAll } from "../../../tenancy/roles.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { pageFields } from "../paging.ts";
import { activityView } from "./daily-activity-view.ts";
import { DATES, type Days, daysOf, dayText, lengthOf } from "./dates.ts";
import { keyFilter, organizationSight, teamSight } from "./sight.ts";

/** Ids with commas between them. */
const ids = z
  .string()
  .max(100_000)
  .transform((text) => text.split(",").map((one) => one.trim()))
  .transform((all) => all.filter((one) => one !== ""))
  .optional();

const WHAT = { ...DATES, model: z.string().max(512).optional(), api_key: z.string().max(4096).optional() };
const WHEN = {
  /** Minutes behind UTC, as JavaScript's `getTimezoneOffset`. */
  timezone: z.coerce.number().int().min(-840).max(840).optional(),
  include_current_utc_day: z.stringbool().default(false),
};
/** LiteLLM has 50 for users and 10 for the others. */
const USER_PAGE = pageFields({ size: 50, most: 1000 });
const PAGE = pageFields({ size: 10, most: 1000 });

const UserQuery = z.object({ ...WHAT, ...WHEN, user_id: z.string().max(512).optional(), ...USER_PAGE });
const TeamQuery = z.object({ ...WHAT, team_ids: ids, exclude_team_ids: ids, ...PAGE });
const OrganizationQuery = z.object({ ...WHAT, organization_ids: ids, exclude_organization_ids: ids, ...PAGE });
const CustomerQuery = z.object({ ...WHAT, end_user_ids: ids, exclude_end_user_ids: ids, ...PAGE });
const TagQuery = z.object({ ...WHAT, tags: ids, ...PAGE });

type Query = z.infer<z.ZodObject<typeof WHAT & typeof PAGE>>;

export const dailyActivityRoutes: readonly Route[] = [
  ...inPagesAndWhole("/user/daily/activity", "What users did, day by day", async (call, isWhole) => {
    const { user_id, timezone, include_current_utc_day, ...query } = queryOf(call, UserQuery);
    const days = daysOf(query);
    const shown = include_current_utc_day && timezone !== undefined ? untilNow(days, timezone, call.now) : days;
    return answer(call, "user", { ...shown, ...userSight(call, user_id) }, query, isWhole);
  }),
  ...inPagesAndWhole("/team/daily/activity", "What teams did, day by day", async (call, isWhole) => {
    const { team_ids, exclude_team_ids, ...query } = queryOf(call, TeamQuery);
    const filter = { ...daysOf(query), ...(await teamSight(call, team_ids)) };
    return answer(call, "team", await without(call.db, "team", filter, exclude_team_ids), query, isWhole);
  }),
  adminRoute({
    method: "GET",
    paths: ["/organization/daily/activity"],
    access: "spend",
    summary: "What organizations did, day by day",
    tag: "spend",
    async handle(call) {
      const { organization_ids, exclude_organization_ids, ...query } = queryOf(call, OrganizationQuery);
      const filter = { ...daysOf(query), ...(await organizationSight(call, organization_ids)) };
      const asked = await without(call.db, "organization", filter, exclude_organization_ids);
      return answer(call, "organization", asked, query);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/customer/daily/activity", "/end_user/daily/activity"],
    access: "spend_all",
    summary: "What customers did, day by day",
    tag: "spend",
    async handle(call) {
      const { end_user_ids, exclude_end_user_ids, ...query } = queryOf(call, CustomerQuery);
      const filter = { ...daysOf(query), ...(end_user_ids && { customerIds: end_user_ids }) };
      return answer(call, "customer", await without(call.db, "customer", filter, exclude_end_user_ids), query);
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/tag/daily/activity"],
    access: "spend_all",
    summary: "What was done with tags, day by day; a call counts for each of its tags",
    tag: "spend",
    async handle(call) {
      const { tags, ...query } = queryOf(call, TagQuery);
      return answer(call, "tag", { ...daysOf(query), ...(tags && { tags }) }, query);
    },
  }),
];

/** The route in pages of days, and `…/aggregated` with all days at once. */
function inPagesAndWhole(
  path: string,
  summary: string,
  handle: (call: AdminCall, isWhole: boolean) => Promise<unknown>,
): Route[] {
  return [false, true].map((isWhole) =>
    adminRoute({
      method: "GET",
      paths: [isWhole ? `${path}/aggregated` : path],
      access: "spend",
      summary: isWhole ? `${summary}, all at once` : `${summary}, in pages`,
      tag: "spend",
      handle: (call) => handle(call, isWhole),
    }),
  );
}

async function answer(
  call: AdminCall,
  by: Dimension,
  filter: SumFilter & Days,
  { model, api_key, page, page_size }: Pick<Query, "model" | "api_key" | "page" | "page_size">,
  isWhole = false,
) {
  const asked = { ...filter, ...(model && { model }), ...(await keyFilter(call, {}, api_key)) };
  const pages = isWhole ? { page: 1, pageSize: lengthOf(filter) } : { page, pageSize: page_size };
  const activity = await dailyActivity(call.db, by, asked, pages);
  const [keys, entities] = await Promise.all([
    keyNames(call.db, idsIn(activity, "keys")),
    entityNames(call.db, by, idsIn(activity, "entities")),
  ]);
  return activityView(activity, { keys, entities });
}

function idsIn({ days }: Activity, part: "keys" | "entities"): string[] {
  return [...new Set(days.flatMap(({ breakdown }) => Object.keys(breakdown[part])))];
}

async function entityNames(db: Database, by: Dimension, ids: string[]): Promise<ReadonlyMap<string, object>> {
  if (by === "team") return teamNames(db, ids);
  if (by === "organization") return organizationNames(db, ids);
  if (by === "customer") return customerNames(db, ids);
  return new Map();
}

/**
 * Days are days in UTC. Who is west of it asks in the evening for a day that UTC has left: then today's calls are in the
 * next day, and of that one there is nothing yet that was not asked for.
 */
function untilNow({ from, to }: Days, timezone: number, now: number): Days {
  const today = dayText(now);
  return to >= dayText(now - timezone * 60_000) && to < today ? { from, to: today } : { from, to };
}

/** @throws PermissionDeniedError where who is no admin asks for another user */
function userSight({ principal }: AdminCall, asked: string | undefined): { userIds?: readonly string[] } {
  if (seesAll(principal.role)) return asked ? { userIds: [asked] } : {};
  if (principal.userId !== undefined && (!asked || asked === principal.userId)) return { userIds: [principal.userId] };
  throw new PermissionDeniedError("Non-admin users can only view their own spend data", {
    type: "auth_error",
    param: "user_id",
  });
}

const FIELD = { team: "teamIds", organization: "organizationIds", customer: "customerIds" } as const;

/** The filter without some of its teams, organizations or customers. */
async function without<Filter extends SumFilter>(
  db: Database,
  by: keyof typeof FIELD,
  filter: Filter,
  excluded: readonly string[] | undefined,
): Promise<Filter> {
  if (excluded === undefined || excluded.length === 0) return filter;
  const there = filter[FIELD[by]] ?? (await totalsBy(db, by, filter, { limit: MOST_ENTITIES })).map(({ id }) => id);
  return { ...filter, [FIELD[by]]: there.filter((id) => !excluded.includes(id)) };
}

/** Teams, organizations or customers among which some are left out. */
const MOST_ENTITIES = 20_000;
