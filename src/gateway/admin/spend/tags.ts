/** What was spent with which tags, and how many users called with them. */
import { z } from "zod";
import { toUsd } from "../../../models/cost.ts";
import { distinctTags, type SumFilter, totalsBy } from "../../../store/spend/sums.ts";
import { activeUsers, clientTags, tagSummaries } from "../../../store/spend/tag-users.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { chartDate, DATES, daysOf, dayText } from "./dates.ts";

const DAY = 86_400_000;
/** Rows of an answer where LiteLLM has no limit. */
const MOST = 10_000;
/** Days LiteLLM looks back for the tags of clients. */
const CLIENT_DAYS = 90;

const TagsQuery = z.object({ ...DATES, tags: z.string().max(10_000).optional() });
const FilterQuery = z.object({ ...DATES, tag_filter: z.string().max(256).optional() });

export const tagSpendRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/spend/tags"],
    access: "spend_all",
    summary: "Calls and spend by tag, of all times or between start_date and end_date",
    tag: "spend",
    async handle(call) {
      const { start_date, end_date } = queryOf(call, z.object(DATES));
      const range = start_date || end_date ? daysOf({ start_date, end_date }) : {};
      return (await spendByTag(call, range)).map(({ id, requests, spend }) => ({
        individual_request_tag: id,
        log_count: requests,
        total_spend: toUsd(spend),
      }));
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/tags"],
    access: "spend_all",
    summary: "Calls and spend by tag between start_date and end_date (?tags= some, with commas)",
    tag: "spend",
    async handle(call) {
      const { tags, ...dates } = queryOf(call, TagsQuery);
      const some = tags?.split(",").filter((tag) => tag !== "") ?? [];
      const isAll = some.length === 0 || some.includes("all-tags");
      const sums = await spendByTag(call, { ...daysOf(dates), ...(!isAll && { tags: some }) });
      return {
        spend_per_tag: sums.map(({ id, spend, requests }) => ({ name: id, spend: toUsd(spend), log_count: requests })),
      };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/global/spend/all_tag_names"],
    access: "spend_all",
    summary: "Every tag that was ever used",
    tag: "spend",
    handle: async ({ db }) => ({ tag_names: await distinctTags(db) }),
  }),
  adminRoute({
    method: "GET",
    paths: ["/tag/distinct"],
    access: "spend_all",
    summary: "The client programs of the last 90 days: tags of the form `User-Agent: …`",
    tag: "spend",
    async handle({ db, now }) {
      const tags = await clientTags(db, { from: dayText(now - CLIENT_DAYS * DAY), to: dayText(now) });
      return { results: tags.map((tag) => ({ tag })) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/tag/summary"],
    access: "spend_all",
    summary: "Users, calls, tokens and spend by tag between start_date and end_date",
    tag: "spend",
    async handle(call) {
      const sums = await tagSummaries(call.db, { ...daysOf(queryOf(call, FilterQuery)), ...tagFilter(call) });
      return {
        results: sums.map(({ tag, users, ...sum }) => ({
          tag,
          unique_users: users,
          total_requests: sum.requests,
          successful_requests: sum.successful,
          failed_requests: sum.failed,
          total_tokens: sum.totalTokens,
          total_spend: toUsd(sum.spend),
        })),
      };
    },
  }),
  activeUserRoute("/tag/dau", "Users by tag on each of the last seven days", { days: 1, name: (day) => day }),
  activeUserRoute("/tag/wau", "Users by tag in each of the last seven weeks", {
    days: 7,
    name: (start, number) => `Week ${number} (${chartDate(start)})`,
  }),
  activeUserRoute("/tag/mau", "Users by tag in each of the last seven times 30 days", {
    days: 30,
    name: (start, number) => `Month ${number} (${chartDate(start)})`,
  }),
];

function spendByTag({ db }: AdminCall, filter: SumFilter) {
  return totalsBy(db, "tag", filter, { limit: MOST });
}

/** The tags of the query: `tag_filters`, as often as wanted, else `tag_filter`; without any those of client programs. */
function tagFilter(call: AdminCall): { tags?: readonly string[] } {
  const { tag_filter } = queryOf(call, FilterQuery);
  const several = (call.context.req.queries("tag_filters") ?? []).slice(0, MOST_FILTERS);
  if (several.length > 0) return { tags: several };
  return tag_filter ? { tags: [tag_filter] } : {};
}

const MOST_FILTERS = 250;
/** Days, weeks or months of a chart. */
const PERIODS = 7;

interface Period {
  days: number;
  /** @param number 1 is the oldest */
  name(start: string, number: number): string;
}

function activeUserRoute(path: string, summary: string, { days, name }: Period): Route {
  return adminRoute({
    method: "GET",
    paths: [path],
    access: "spend_all",
    summary,
    tag: "spend",
    async handle(call) {
      const filter = tagFilter(call);
      const periods = Array.from({ length: PERIODS }, (_, ago) => {
        const end = call.now - ago * days * DAY;
        return { number: PERIODS - ago, from: dayText(end - (days - 1) * DAY), to: dayText(end) };
      });
      const results = periods.map(async ({ number, from, to }) =>
        (await activeUsers(call.db, { from, to, ...filter })).map(({ tag, users }) => ({
          tag,
          active_users: users,
          date: name(from, number),
          period_start: days === 1 ? null : from,
          period_end: days === 1 ? null : to,
        })),
      );
      return { results: (await Promise.all(results)).flat() };
    },
  });
}
