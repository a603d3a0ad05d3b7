/** Calls the gateway makes for itself to a provider that runs a batch: nobody's limits hold, and no row is written. */

import type { Reply } from "../../../call/call.ts";
import type { Caller } from "../../../call/caller.ts";
import type { AnyOperation } from "../../../operations/operation.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { ADMIN_USER_ID } from "../../../tenancy/principal.ts";
import { callerOf } from "../../caller.ts";
import { askProvider } from "../native.ts";
import type { Workplace } from "./work.ts";

const SILENT = { opened() {}, closed() {} };

/** The gateway itself, which may ask for anything, and pays for nothing. */
export function quietCaller({ gateway, keeper }: Pick<Workplace, "gateway" | "keeper">, now = Date.now()): Caller {
  const principal = { role: "proxy_admin" as const, token: "", userId: ADMIN_USER_ID, identity: undefined };
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now };
  const lookup = { ...gateway.subjects(keeper), everybody: [] };
  return callerOf(gateway, principal, lookup, facts);
}

export function askQuietly(
  { gateway, keeper }: Pick<Workplace, "gateway" | "keeper">,
  deployment: Deployment,
  native: NativeCall,
  operation?: AnyOperation,
): Promise<Reply> {
  const now = Date.now();
  const input = {
    id: newLogId(now),
    isOwnId: true,
    body: {},
    headers: new Headers(),
    signal: new AbortController().signal,
    caller: quietCaller({ gateway, keeper }, now),
  };
  return askProvider(gateway, { ...gateway.calls(keeper), journal: SILENT }, deployment, native, input, {
    name: "batch.poll",
    ...(operation && { operation }),
  });
}
