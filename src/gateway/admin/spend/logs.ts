/** `/spend/logs` and its pages: single calls. */

import { z } from "zod";
import { BadRequestError, PermissionDeniedError } from "../../../formats/errors.ts";
import { NANO } from "../../../models/money.ts";
import type { SpendLog } from "../../../store/schema/index.ts";
import type { LogFilter } from "../../../store/spend/filter.ts";
import { findLog, LARGEST_PAGE, logPage, numberedLogPage, sessionLogs } from "../../../store/spend/logs.ts";
import type { Route } from "../../route.ts";
import { type AdminCall, adminRoute, queryOf } from "../admin-call.ts";
import { pageFields, pageView } from "../paging.ts";
import { DATES, daysOf, lastDays, MOST_LOG_DAYS, timesBetween, timesOf } from "./dates.ts";
import { summaryOf } from "./log-summary.ts";
import { logView, payloadView } from "./log-view.ts";
import { keyFilter, ownOf, seesTeam } from "./sight.ts";

const id = z.string().max(512).optional();

const LogsQuery = z.object({
  api_key: z.string().max(4096).optional(),
  user_id: id,
  request_id: id,
  ...DATES,
  summarize: z.stringbool().default(true),
});

const PageQuery = z.object({
  api_key: z.string().max(4096).optional(),
  user_id: id,
  request_id: id,
  team_id: id,
  min_spend: z.coerce.number().min(0).max(1e6).optional(),
  max_spend: z.coerce.number().min(0).max(1e6).optional(),
  ...DATES,
  ...pageFields({ size: 50, most: LARGEST_PAGE }),
  status_filter: z.enum(["success", "failure"]).optional(),
  model: id,
  model_id: id,
  key_alias: id,
  end_user: id,
  error_code: id,
  error_message: id,
  sort_by: z.enum(["startTime", "endTime", "spend", "total_tokens"]).default("startTime"),
  sort_order: z.enum(["asc", "desc"]).default("desc"),
});

const SessionQuery = z.object({
  session_id: z.string().min(1).max(512),
  ...pageFields({ size: 50, most: LARGEST_PAGE }),
});

export const logRoutes: readonly Route[] = [
  adminRoute({
    method: "GET",
    paths: ["/spend/logs"],
    access: "spend_own",
    summary: "Calls, the newest first; with start_date and end_date sums by day (?summarize=false: calls)",
    tag: "spend",
    async handle(call) {
      const { api_key, user_id, request_id, summarize, ...dates } = queryOf(call, LogsQuery);
      const filter = await ownFilter(call, { api_key, user_id });
      if (!dates.start_date || !dates.end_date) {
        // Who asks for one key or one call is answered by an index; others are not let read the whole table.
        const isIndexed = filter.keyHashes !== undefined || request_id !== undefined;
        const range = isIndexed ? {} : timesOf(lastDays(call.now, MOST_LOG_DAYS));
        return newest(call, { ...filter, ...range, ...(request_id && { requestId: request_id }) });
      }
      if (summarize && !request_id) return summaryOf(call.db, filter, daysOf(dates));
      const range = timesOf(daysOf(dates, MOST_LOG_DAYS));
      return newest(call, { ...filter, ...range, ...(request_id && { requestId: request_id }) });
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/spend/logs/v2", "/spend/logs/ui"],
    access: "spend",
    summary: "Calls between start_date and end_date, in pages",
    tag: "spend",
    async handle(call) {
      const { sort_by, sort_order, page, page_size, ...asked } = queryOf(call, PageQuery);
      const { logs, total } = await numberedLogPage(call.db, await pageFilter(call, asked), {
        page,
        pageSize: page_size,
        orderBy: sort_by,
        ascending: sort_order === "asc",
      });
      return { data: logs.map(logView), ...pageView({ page, page_size }, total) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/spend/logs/session/ui"],
    access: "spend",
    summary: "The calls of one session, the oldest first, in pages",
    tag: "spend",
    async handle(call) {
      const { session_id, page, page_size } = queryOf(call, SessionQuery);
      const filter = ownOf(call);
      const { logs, totals } = await sessionLogs(call.db, session_id, { page, pageSize: page_size, filter });
      return { data: logs.map(logView), ...pageView({ page, page_size }, totals.calls) };
    },
  }),
  adminRoute({
    method: "GET",
    paths: ["/spend/logs/ui/:request_id"],
    access: "spend",
    summary: "What was asked and answered in one call, where that is kept; null where there is none",
    tag: "spend",
    async handle(call) {
      const log = await findLog(call.db, (call.context.req.param("request_id") ?? "").slice(0, 512));
      if (log === undefined || !(await mayRead(call, log))) return null;
      const stored = log.payloadRef === null ? undefined : await call.gateway.payloads?.get(log.payloadRef);
      return payloadView(stored ?? log);
    },
  }),
];

async function newest({ db }: AdminCall, filter: LogFilter) {
  const { logs } = await logPage(db, filter, { limit: LARGEST_PAGE });
  return logs.map(logView);
}

/** Whatever user is asked for: who is no admin gets their own, as in LiteLLM. */
async function ownFilter(
  call: AdminCall,
  { api_key, user_id }: { api_key?: string | undefined; user_id?: string | undefined },
) {
  const own = ownOf(call);
  const isOwn = own.userIds !== undefined || own.keyHashes !== undefined;
  return { ...(user_id && !isOwn && { userIds: [user_id] }), ...own, ...(await keyFilter(call, own, api_key)) };
}

async function pageFilter(
  call: AdminCall,
  asked: Omit<z.infer<typeof PageQuery>, "page" | "page_size" | "sort_by" | "sort_order">,
): Promise<LogFilter> {
  const { start_date, end_date, team_id, min_spend, max_spend } = asked;
  if (!start_date || !end_date)
    throw new BadRequestError("Start date and end date are required", { type: "bad_request", param: "start_date" });
  const whose = team_id === undefined ? await ownFilter(call, asked) : await teamFilter(call, { ...asked, team_id });
  return {
    ...timesBetween(start_date, end_date),
    ...whose,
    ...(asked.request_id && { requestId: asked.request_id }),
    ...(asked.status_filter && { status: asked.status_filter }),
    ...(asked.model && { model: asked.model }),
    ...(asked.model_id && { deploymentId: asked.model_id }),
    ...(asked.key_alias && { keyAlias: asked.key_alias }),
    ...(asked.end_user && { customerIds: [asked.end_user] }),
    ...(asked.error_code && { errorCode: asked.error_code }),
    ...(asked.error_message && { errorMessage: asked.error_message }),
    ...(min_spend !== undefined && { minCost: Math.round(min_spend * NANO) }),
    ...(max_spend !== undefined && { maxCost: Math.round(max_spend * NANO) }),
  };
}

/** A team's calls, for who runs it: of any user in it. */
async function teamFilter(
  call: AdminCall,
  { team_id, user_id, api_key }: { team_id: string; user_id?: string | undefined; api_key?: string | undefined },
): Promise<LogFilter> {
  if (!(await seesTeam(call, team_id)))
    throw new PermissionDeniedError(`Only admins of the team may see its spend. team_id=${team_id}`, {
      type: "auth_error",
      param: "team_id",
    });
  return { teamIds: [team_id], ...(user_id && { userIds: [user_id] }), ...(await keyFilter(call, {}, api_key)) };
}

async function mayRead(call: AdminCall, { userId, keyHash, teamId }: SpendLog): Promise<boolean> {
  const { userIds, keyHashes } = ownOf(call);
  if (userIds === undefined && keyHashes === undefined) return true;
  if (userId !== null && userIds?.includes(userId)) return true;
  if (keyHashes?.includes(keyHash)) return true;
  return teamId !== null && seesTeam(call, teamId);
}
