/** Calls the gateway makes for itself to a provider that runs a batch: nobody's limits hold, and no row is written. */

import type { Reply } from "../../../call/call.ts";
import type { forward } from "../../../operations/forward.ts";
import type { NativeCall } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import { newLogId } from "../../../store/spend/log-id.ts";
import { ADMIN_USER_ID } from "../../../tenancy/principal.ts";
import { callerOf } from "../../caller.ts";
import { askProvider } from "../native.ts";
import type { Workplace } from "./work.ts";

const SILENT = { opened() {}, closed() {} };

export function askQuietly(
  { gateway, keeper }: Pick<Workplace, "gateway" | "keeper">,
  deployment: Deployment,
  native: NativeCall,
  operation?: ReturnType<typeof forward>,
): Promise<Reply> {
  const principal = { role: "proxy_admin" as const, token: "", userId: ADMIN_USER_ID, identity: undefined };
  const now = Date.now();
  const facts = { customerId: undefined, sessionId: undefined, requesterIp: undefined, metadata: undefined, now };
  const lookup = { ...gateway.subjects(keeper), everybody: [] };
  const input = {
    id: newLogId(now),
    isOwnId: true,
    body: {},
    headers: new Headers(),
    signal: new AbortController().signal,
    caller: callerOf(gateway, principal, lookup, facts),
  };
  return askProvider(gateway, { ...gateway.calls(keeper), journal: SILENT }, deployment, native, input, {
    name: "batch.poll",
    ...(operation && { operation }),
  });
}
