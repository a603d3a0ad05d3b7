/** `/global/spend/report`: what teams, customers, keys, ... spent on which models, by day or in all. */
import { z } from "zod";
import { toUsd } from "../../../models/cost.ts";
import type { Database } from "../../../store/database.ts";
import { organizationNames, teamNames } from "../../../store/spend/names.ts";
import { type Sum, sumsBy } from "../../../store/spend/report.ts";
import type { Dimension, SumFilter } from "../../../store/spend/sums.ts";
import type { Route } from "../../route.ts";
import { adminRoute, queryOf } from "../admin-call.ts";
import { DATES, daysOf } from "./dates.ts";
import { keyFilter } from "./sight.ts";

const id = z.string().max(512).optional();
const ReportQuery = z.object({
  ...DATES,
  group_by: z
    .enum(["team", "customer", "api_key", "key", "internal_user_id", "model", "tag", "organization"])
    .default("team"),
  api_key: z.string().max(4096).optional(),
  internal_user_id: id,
  team_id: id,
  customer_id: id,
});

export const reportRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/global/spend/report"],
    access: "spend_all",
    summary:
      "Spend between start_date and end_date by ?group_by= team, customer, api_key, internal_user_id, model, tag or organization",
    tag: "spend",
    async handle(call) {
      const { group_by, api_key, internal_user_id, team_id, customer_id, ...dates } = queryOf(call, ReportQuery);
      const filter = daysOf(dates);
      if (api_key) return wholeReport(call.db, "api_key", { ...filter, ...(await keyFilter(call, {}, api_key)) });
      if (internal_user_id) return wholeReport(call.db, "api_key", { ...filter, userIds: [internal_user_id] });
      if (team_id && customer_id)
        return dailyReport(call.db, "team_customer", { ...filter, teamIds: [team_id], customerIds: [customer_id] });
      const asked = {
        ...filter,
        ...(team_id && { teamIds: [team_id] }),
        ...(customer_id && { customerIds: [customer_id] }),
      };
      switch (group_by) {
        case "api_key":
        case "key":
          return wholeReport(call.db, "api_key", asked);
        case "internal_user_id":
          return wholeReport(call.db, "internal_user_id", asked);
        default:
          return dailyReport(call.db, group_by, asked);
      }
    },
  }),
];

const OWNER = { api_key: "key", internal_user_id: "user" } as const satisfies Record<string, Dimension>;

/** Of the whole range, each key or user with the models it used; who spent the most first. */
async function wholeReport(db: Database, by: keyof typeof OWNER, filter: SumFilter) {
  const sums = await sumsBy(db, [OWNER[by], "model"], filter);
  const owners = [...Map.groupBy(sums, ({ ids: [owner = ""] }) => owner)].map(([owner, ofOwner]) => ({
    owner,
    nano: nanoOf(ofOwner),
    ofOwner,
  }));
  return owners
    .sort((a, b) => b.nano - a.nano)
    .map(({ owner, nano, ofOwner }) => ({
      [by]: owner,
      total_cost: toUsd(nano),
      total_input_tokens: total(ofOwner, "promptTokens"),
      total_output_tokens: total(ofOwner, "completionTokens"),
      model_details: ofOwner.map(({ ids: [, model = ""], ...sum }) => ({
        model,
        total_cost: toUsd(sum.spend),
        total_input_tokens: sum.promptTokens,
        total_output_tokens: sum.completionTokens,
      })),
    }));
}

interface DailyReport {
  /** Whom it is by, each with the field that names it. */
  by: readonly (readonly [field: string, Dimension])[];
  /** The field of a day. */
  list: string;
}

const DAILY = {
  team: { by: [["team_name", "team"]], list: "teams" },
  customer: { by: [["customer", "customer"]], list: "customers" },
  team_customer: {
    by: [
      ["team_name", "team"],
      ["customer", "customer"],
    ],
    list: "teams_customers",
  },
  model: { by: [["model", "model"]], list: "models" },
  tag: { by: [["tag", "tag"]], list: "tags" },
  organization: { by: [["organization_name", "organization"]], list: "organizations" },
} as const satisfies Record<string, DailyReport>;

/** For each day with calls, who spent what with which key on which model. */
async function dailyReport(db: Database, report: keyof typeof DAILY, filter: SumFilter) {
  const { by, list }: DailyReport = DAILY[report];
  const dimensions = by.map(([, dimension]) => dimension);
  const sums = await sumsBy(db, [...dimensions, "model", "key"], filter, { daily: true });
  const nameOf = await namesOf(db, dimensions, sums);
  return [...Map.groupBy(sums, ({ day }) => day)].map(([day, ofDay]) => ({
    group_by_day: day,
    [list]: [...Map.groupBy(ofDay, ({ ids }) => JSON.stringify(ids.slice(0, by.length))).values()].map((ofOne) => ({
      ...Object.fromEntries(by.map(([field, dimension], index) => [field, nameOf(dimension, ofOne[0]?.ids[index])])),
      total_spend: toUsd(nanoOf(ofOne)),
      metadata: ofOne.map(({ ids, spend, totalTokens }) => ({
        model: ids[by.length] ?? "",
        api_key: ids[by.length + 1] ?? "",
        spend: toUsd(spend),
        total_tokens: totalTokens,
      })),
    })),
  }));
}

/** Teams and organizations have names; the rest goes by its id. */
async function namesOf(db: Database, dimensions: readonly Dimension[], sums: readonly Sum[]) {
  const idsOf = (dimension: Dimension) => {
    const index = dimensions.indexOf(dimension);
    return index < 0 ? [] : sums.map(({ ids }) => ids[index] ?? "");
  };
  const [teams, organizations] = await Promise.all([
    teamNames(db, idsOf("team")),
    organizationNames(db, idsOf("organization")),
  ]);
  return (dimension: Dimension, id = ""): string => {
    if (dimension === "team") return id === "" ? "Unassigned Team" : (teams.get(id)?.team_alias ?? id);
    if (dimension === "organization")
      return id === "" ? "Unassigned Organization" : (organizations.get(id)?.organization_alias ?? id);
    return id;
  };
}

const nanoOf = (sums: readonly Sum[]) => total(sums, "spend");

function total(sums: readonly Sum[], field: "spend" | "promptTokens" | "completionTokens"): number {
  return sums.reduce((all, sum) => all + sum[field], 0);
}
