/** Which calls are asked for. */
import { and, type Column, eq, gte, inArray, lt, lte, ne, or, type SQL, sql } from "drizzle-orm";
import { spendLogs } from "../schema/spend.ts";
import { timeOfLogId } from "./log-id.ts";

/** All that are given must hold. */
export interface LogFilter {
  /** Milliseconds since the epoch: calls that began then or later. */
  from?: number;
  /** Milliseconds since the epoch: calls that began before. */
  to?: number;
  /** SHA-256 of keys, in hexadecimal. */
  keyHashes?: readonly string[];
  keyAlias?: string;
  userIds?: readonly string[];
  teamIds?: readonly string[];
  organizationIds?: readonly string[];
  projectIds?: readonly string[];
  customerIds?: readonly string[];
  sessionId?: string;
  tag?: string;
  /** The provider's model or the public name. */
  model?: string;
  deploymentId?: string;
  /** The row's id, or the id the client knows the call by. */
  requestId?: string;
  status?: "success" | "failure";
  /** HTTP status, or class of the error. */
  errorCode?: string;
  /** A part of the error's message, whatever the case of its letters. */
  errorMessage?: string;
  /** Nano-dollars. */
  minCost?: number;
  maxCost?: number;
}

export function matching(filter: LogFilter): SQL | undefined {
  const { from, to, model, tag, status, errorCode, errorMessage, minCost, maxCost } = filter;
  return and(
    from === undefined ? undefined : gte(spendLogs.startedAt, from),
    to === undefined ? undefined : lt(spendLogs.startedAt, to),
    oneOf(spendLogs.keyHash, filter.keyHashes),
    is(spendLogs.keyAlias, filter.keyAlias),
    oneOf(spendLogs.userId, filter.userIds),
    oneOf(spendLogs.teamId, filter.teamIds),
    oneOf(spendLogs.organizationId, filter.organizationIds),
    oneOf(spendLogs.projectId, filter.projectIds),
    oneOf(spendLogs.customerId, filter.customerIds),
    is(spendLogs.sessionId, filter.sessionId),
    is(spendLogs.deploymentId, filter.deploymentId),
    model === undefined ? undefined : or(eq(spendLogs.model, model), eq(spendLogs.modelGroup, model)),
    tag === undefined ? undefined : sql`EXISTS (SELECT 1 FROM json_each(${spendLogs.tags}) WHERE value = ${tag})`,
    status === undefined ? undefined : status === "success" ? isSuccess : ne(spendLogs.outcome, "success"),
    errorCode === undefined
      ? undefined
      : or(sql`CAST(${spendLogs.status} AS TEXT) = ${errorCode}`, eq(spendLogs.error, errorCode)),
    errorMessage === undefined ? undefined : sql`instr(lower(${spendLogs.errorMessage}), lower(${errorMessage})) > 0`,
    minCost === undefined ? undefined : gte(spendLogs.cost, minCost),
    maxCost === undefined ? undefined : lte(spendLogs.cost, maxCost),
    filter.requestId === undefined ? undefined : withRequestId(filter.requestId),
  );
}

const isSuccess = eq(spendLogs.outcome, "success");

const is = (column: Column, value: string | undefined) => (value === undefined ? undefined : eq(column, value));

/** A list is one parameter, however long: D1 takes a hundred. */
function oneOf(column: Column, values: readonly string[] | undefined): SQL | undefined {
  if (values === undefined) return undefined;
  if (values.length === 1 && values[0] !== undefined) return eq(column, values[0]);
  return inArray(column, sql`(SELECT value FROM json_each(${JSON.stringify(values)}))`);
}

/** A row's own id says its time: so it is found by the table's key, without an index of ids. */
function withRequestId(id: string): SQL | undefined {
  const byCall = eq(spendLogs.callId, id); // the index has it
  const time = timeOfLogId(id);
  return time === undefined ? byCall : or(and(eq(spendLogs.startedAt, time), eq(spendLogs.id, id)), byCall);
}
