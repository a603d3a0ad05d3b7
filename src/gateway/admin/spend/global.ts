/** `/global/spend`: what the last 30 days cost, by day, key, team, model, provider and end user. */
import { z } from "zod";
import { toUsd } from "../../../models/cost.ts";
import { customersSeen } from "../../../store/spend/customers.ts";
import { keyNames, teamNames } from "../../../store/spend/names.ts";
import { dailyTotals, dailyTotalsBy, total, totalsBy } from "../../../store/spend/sums.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, bodyOf, queryOf } from "../admin-call.ts";
import { DATES, daysOf, dayText, lastDays } from "./dates.ts";
import { keyFilter, ownOf } from "./sight.ts";

/** Days LiteLLM's views look back. */
const LAST = 30;
/** Rows of an answer where LiteLLM has no limit. */
const MOST = 1000;
const MOST_CUSTOMERS = 10_000;
const TOP_CUSTOMERS = 100;
const TOP_TEAMS = 10;

const time = z.iso.datetime({ offset: true, local: true }).or(z.iso.date()).nullish();
const EndUsersBody = z.object({ api_key: z.string().max(4096).nullish(), startTime: time, endTime: time });
const limit = z.coerce.number().int().min(1).max(MOST);

export const globalSpendRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/global/spend"],
    access: "spend_all",
    summary: "What the last 30 days cost, and the budget of the gateway",
    tag: "spend",
    async handle(call) {
      const { spend } = await total(call.db, lastDays(call.now, LAST));
      return { spend: toUsd(spend), max_budget: call.gateway.config.settings.litellm.max_budget ?? 0 };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/logs"],
    access: "spend",
    summary: "What each of the last 30 days cost (?api_key= of one key); who is no admin sees their own, by key",
    tag: "spend",
    handle: (call) => spendByDay(call, queryOf(call, z.object({ api_key: z.string().max(4096).optional() }))),
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/keys"],
    access: "spend",
    summary: "The keys that cost the most in the last 30 days",
    tag: "spend",
    async handle(call) {
      const query = queryOf(call, z.object({ limit: limit.default(MOST) }));
      const filter = { ...lastDays(call.now, LAST), ...ownOf(call) };
      const keys = await totalsBy(call.db, "key", filter, { limit: query.limit, withoutNone: true });
      const names = await keyNames(
        call.db,
        keys.map(({ id }) => id),
      );
      return keys.map(({ id, spend }) => ({
        api_key: id,
        key_alias: names.get(id)?.key_alias ?? null,
        key_name: names.get(id)?.key_name ?? null,
        total_spend: toUsd(spend),
      }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/teams"],
    access: "spend_all",
    summary: "What each team cost on each of the last 30 days",
    tag: "spend",
    handle: spendByTeam,
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/models"],
    access: "spend",
    summary: "The models that cost the most in the last 30 days",
    tag: "spend",
    async handle(call) {
      const query = queryOf(call, z.object({ limit: limit.default(10) }));
      const filter = { ...lastDays(call.now, LAST), ...ownOf(call) };
      const models = await totalsBy(call.db, "model", filter, { limit: query.limit });
      return models.map(({ id, spend }) => ({ model: id, total_spend: toUsd(spend) }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/provider"],
    access: "spend",
    summary: "What each provider cost between start_date and end_date",
    tag: "spend",
    async handle(call) {
      const filter = { ...daysOf(queryOf(call, z.object(DATES))), ...ownOf(call) };
      const providers = await totalsBy(call.db, "provider", filter, { limit: MOST, withoutNone: true });
      return providers.map(({ id, spend }) => ({ provider: id, spend: toUsd(spend) }));
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/global/spend/end_users"],
    access: "spend_all",
    summary: "The hundred end users that cost the most, in the last 30 days or from startTime to endTime",
    tag: "spend",
    body: EndUsersBody,
    handle: spendByCustomer,
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/all_end_users"],
    access: "spend_all",
    summary: "Every end user that ever called",
    tag: "spend",
    handle: async ({ db }) => ({ end_users: await customersSeen(db, MOST_CUSTOMERS) }),
  }),
];

async function spendByDay(call: AdminCall, { api_key }: { api_key?: string | undefined }) {
  const own = ownOf(call);
  const filter = { ...lastDays(call.now, LAST), ...own, ...(await keyFilter(call, own, api_key)) };
  if (own.userIds !== undefined) {
    const rows = await dailyTotalsBy(call.db, "key", filter);
    const [user] = own.userIds;
    return rows.map(({ day, id, spend }) => ({ date: day, spend: toUsd(spend), user, api_key: id }));
  }
  const days = await dailyTotals(call.db, filter);
  const ofKey = filter.keyHashes && { api_key: filter.keyHashes[0] };
  return days.map(({ day, spend }) => ({ date: day, spend: toUsd(spend), ...ofKey }));
}

/** LiteLLM goes by the teams' aliases; its field `team_id` has the alias, too. */
async function spendByTeam({ db, now }: AdminCall) {
  const rows = await dailyTotalsBy(db, "team", lastDays(now, LAST));
  const names = await teamNames(
    db,
    rows.map(({ id }) => id),
  );
  const named = rows.map((row) => ({
    ...row,
    team: row.id === "" ? "Unassigned" : (names.get(row.id)?.team_alias ?? row.id),
  }));
  const byTeam = spendBy(named, ({ team }) => team);
  return {
    daily_spend: [...Map.groupBy(named, ({ day }) => day)].map(([date, ofDay]) => ({
      ...Object.fromEntries(spendBy(ofDay, ({ team }) => team).map(([team, nano]) => [team, toUsd(nano)])),
      date, // last: no team can stand for it
    })),
    teams: byTeam.map(([team]) => team),
    total_spend_per_team: byTeam
      .slice(0, TOP_TEAMS)
      .map(([team, nano]) => ({ team_id: team, total_spend: toUsd(nano) })),
  };
}

/** Nano-dollars, the most first. */
function spendBy<Row extends { spend: number }>(rows: readonly Row[], name: (row: Row) => string): [string, number][] {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(name(row), (sums.get(name(row)) ?? 0) + row.spend);
  return [...sums].sort(([, a], [, b]) => b - a);
}

/** Times count as the days they are on: the sums are by day. */
async function spendByCustomer(call: AdminCall) {
  const { api_key, startTime, endTime } = call.context.req.raw.body === null ? {} : await bodyOf(call, EndUsersBody);
  const last = lastDays(call.now, LAST);
  const filter = {
    from: startTime ? dayText(Date.parse(startTime)) : last.from,
    to: endTime ? dayText(Date.parse(endTime)) : last.to,
    ...(await keyFilter(call, {}, api_key)),
  };
  const customers = await totalsBy(call.db, "customer", filter, { limit: TOP_CUSTOMERS, withoutNone: true });
  return customers.map(({ id, requests, spend }) => ({
    end_user: id,
    total_count: requests,
    total_spend: toUsd(spend),
  }));
}
