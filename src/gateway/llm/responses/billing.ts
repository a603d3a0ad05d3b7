/**
 * What providers make in the background is paid for when it is done. Nobody may come back for it then, so that a row remembers
 * it: whoever sees the end first, a client that reads it or cron, puts it on the ledger.
 */

import { asRecord } from "../../../formats/json.ts";
import type { ResponseObject } from "../../../formats/openai/responses/types.ts";
import { spendRow } from "../../../ledger/row.ts";
import { cost } from "../../../models/cost.ts";
import { surcharge } from "../../../models/surcharge.ts";
import { responseCalls } from "../../../operations/response-calls.ts";
import { responses } from "../../../operations/responses.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { findResponse, UNFINISHED, unfinishedElsewhere, updateUnfinished } from "../../../store/responses.ts";
import type { StoredResponseRow } from "../../../store/schema/index.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { unreservedCharges } from "../../../tenancy/charges.ts";
import { callerOf } from "../../caller.ts";
import type { Gateway, Keeper } from "../../gateway.ts";
import { askQuietly } from "../batches/quietly.ts";
import { databaseOf } from "../objects/lookup.ts";
import { textOf } from "../objects/renamed-reply.ts";
import { opened } from "./conversation.ts";

/** Who pays, and where it is made. */
export interface Bill {
  /** Digest of the key. */
  token: string;
  deploymentId: string;
  /** The response, as its provider calls it. */
  theirs: string;
}

export function isUnfinished(status: unknown): boolean {
  return UNFINISHED.some((one) => one === status);
}

/** It is seen as it is now. The first to see its end puts it on the ledger. @param id as its owner knows it */
export async function seen(gateway: Gateway, keeper: Keeper, id: string, response: ResponseObject): Promise<void> {
  const { status, background } = response;
  if (background !== true || status === undefined || isUnfinished(status)) return;
  const database = databaseOf(gateway);
  const row = await findResponse(database, id);
  if (row === undefined || !isUnfinished(row.status)) return;
  const bill = (await opened(gateway, row))?.bill;
  if (bill === undefined || !(await updateUnfinished(database, id, { status }))) return;
  await account(gateway, keeper, bill, response);
}

async function account(gateway: Gateway, keeper: Keeper, bill: Bill, response: ResponseObject): Promise<void> {
  const deployment = deploymentOf(gateway, bill);
  const meter = responses.meter({ model: response.model, input: "" }, deployment?.target ?? NOWHERE);
  meter.response(response);
  const { usage } = meter;
  if (usage === undefined || deployment === undefined) return;
  const { info, provider, model } = deployment.target;
  const { surcharges, timezone, watch } = gateway.config.settings.calls;
  const identity = await gateway.authPorts(keeper).findKey?.(bill.token);
  const role = identity === undefined ? "proxy_admin" : "key";
  const principal = { role, token: bill.token, userId: identity?.key.user_id ?? undefined, identity } as const;
  const now = Date.now();
  const startedAt = response.created_at * 1000;
  const priced = info && cost(usage, info, { ...meter.terms, at: startedAt })?.total;
  const total = priced !== undefined && surcharges ? surcharge(priced, provider, surcharges).total : priced;
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now };
  const caller = callerOf(gateway, principal, gateway.subjects(keeper), facts);
  const id = newLogId(now);
  const group = deployment.modelName;
  const row = spendRow({
    ...{ id, logId: id, attribution: caller.attribution, operation: "responses", modelGroup: group, model, provider },
    ...{ deploymentId: deployment.id, stream: false, outcome: "success", status: 200, usage, estimated: false },
    ...(total !== undefined && { cost: total }),
    ...{ startedAt, endedAt: now, tags: [...caller.tags], attempts: [], retries: 0, fallbacks: 0, hedges: 0 },
  });
  const subjects = await caller.subjects(caller.tags);
  const charges = unreservedCharges(subjects, { model, group, now, timezone, watch }, total ?? 0);
  gateway.calls(keeper).journal.closed({ row, charges });
}

const NOWHERE = { provider: "", model: "" };

function deploymentOf({ router }: Gateway, { deploymentId }: Bill): Deployment | undefined {
  return router.groups.deployments().find(({ id }) => id === deploymentId);
}

/** Milliseconds a client has to come back before cron looks. */
const PATIENCE = 60_000;
/** Responses one run looks at. */
const AT_ONCE = 20;

/** Those that nobody has come back for. Bounded: what one run does not manage the next one does. */
export async function accountForgotten(gateway: Gateway, keeper: Keeper, now: number): Promise<void> {
  if (gateway.database === undefined) return;
  const rows = await unfinishedElsewhere(gateway.database, now - PATIENCE, AT_ONCE);
  for (const row of rows)
    await look(gateway, keeper, row).catch((error: unknown) =>
      gateway.log.fault("a response in the background", error),
    );
}

async function look(gateway: Gateway, keeper: Keeper, row: StoredResponseRow): Promise<void> {
  const bill = (await opened(gateway, row))?.bill;
  const deployment = bill && deploymentOf(gateway, bill);
  if (bill === undefined || deployment === undefined) return;
  const native = { method: "GET" as const, path: `/${encodeURIComponent(bill.theirs)}`, headers: {} };
  const reply = await askQuietly({ gateway, keeper }, deployment, native, responseCalls("responses.poll"));
  if (reply.status === 404) await updateUnfinished(databaseOf(gateway), row.id, { status: "failed" });
  if (reply.status >= 300 || reply.body instanceof ReadableStream) return;
  const response = asRecord(JSON.parse(textOf(reply.body)));
  await seen(gateway, keeper, row.id, response as unknown as ResponseObject); // a provider that has the API
}
