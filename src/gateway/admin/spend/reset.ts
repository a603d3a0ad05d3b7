/** `/global/spend/reset`: keys and teams begin anew at 0. What is on the ledger stays. */
import { asc, gt } from "drizzle-orm";
import { PermissionDeniedError } from "../../../formats/errors.ts";
import { keys, teams } from "../../../store/schema/index.ts";
import { scopeOf } from "../../../tenancy/scopes.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, changed } from "../admin-call.ts";
import { resetSpend } from "../spend.ts";
import type { Period } from "../windows.ts";

/** Rows that are read at a time, and scopes that are asked at a time. */
const PAGE = 500;
const AT_ONCE = 20;

export const resetRoutes: readonly Route[] = [
  adminRoute({
    method: "POST",
    paths: ["/global/spend/reset"],
    access: "admin",
    summary: "Set the spend of all keys and teams to 0; for the master key only",
    tag: "spend",
    async handle(call) {
      if (call.principal.identity !== undefined)
        throw new PermissionDeniedError("Only the master key may reset all spend.", { type: "auth_error" });
      for await (const scopes of scopesOf(call)) await resetAll(call, scopes);
      await changed(call, { table: "LiteLLM_SpendLogs", id: "all", action: "updated", after: { spend: 0 } });
      return { message: "Spend for all API Keys and Teams reset successfully", status: "success" };
    },
  }),
  adminRoute({
    method: "POST",
    paths: ["/global/spend/refresh"],
    access: "admin",
    summary: "Does nothing: sums are always up to date",
    tag: "spend",
    handle: async () => ({ message: "MonthlyGlobalSpend view refreshed", status: "success" }),
  }),
];

interface Scope extends Period {
  scope: string;
}

async function* scopesOf({ db }: AdminCall): AsyncGenerator<Scope[]> {
  const period = (table: typeof keys | typeof teams) => ({
    budget_duration: table.budget_duration,
    budget_anchor: table.budget_anchor,
  });
  yield* pages((after) =>
    db
      .select({ id: keys.token, scope: keys.scope_id, ...period(keys) })
      .from(keys)
      .where(gt(keys.token, after))
      .orderBy(asc(keys.token))
      .limit(PAGE),
  )(({ scope }) => scopeOf.key(scope));
  yield* pages((after) =>
    db
      .select({ id: teams.team_id, scope: teams.team_id, ...period(teams) })
      .from(teams)
      .where(gt(teams.team_id, after))
      .orderBy(asc(teams.team_id))
      .limit(PAGE),
  )(({ scope }) => scopeOf.team(scope));
}

function pages<Row extends Scope & { id: string }>(read: (after: string) => Promise<Row[]>) {
  return async function* (nameOf: (row: Row) => string): AsyncGenerator<Scope[]> {
    let after = "";
    for (;;) {
      const rows = await read(after);
      const last = rows.at(-1);
      if (last === undefined) return;
      yield rows.map((row) => ({ ...row, scope: nameOf(row) }));
      after = last.id;
    }
  };
}

async function resetAll(call: AdminCall, scopes: readonly Scope[]): Promise<void> {
  for (let start = 0; start < scopes.length; start += AT_ONCE)
    await Promise.all(scopes.slice(start, start + AT_ONCE).map((period) => resetSpend(call, period.scope, period, 0)));
}
