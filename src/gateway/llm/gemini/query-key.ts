import type { Principal } from "../../../tenancy/principal.ts";
import { authenticate, keyOf } from "../../auth.ts";
import type { PublicCall } from "../../route.ts";

/** Google's clients may name their key in the query. It goes nowhere from there: neither upstream nor to a log. */
export async function authenticateWithQuery({ context, gateway }: PublicCall): Promise<Principal> {
  const ports = gateway.authPorts(context);
  const { headers } = context.req.raw;
  const key = context.req.query("key");
  const isInQuery = key !== undefined && keyOf(headers, ports.keyHeader) === undefined;
  return authenticate(isInQuery ? new Headers({ authorization: `Bearer ${printable(key)}` }) : headers, ports);
}

/** What a header cannot carry is no key of ours, and not looked up. */
function printable(key: string): string {
  return /^[\x21-\x7e]*$/.test(key) ? key : "";
}
