/** Who opens a session: by a key, or by a client secret that was made with one. */
import { AuthenticationError } from "../../../formats/errors.ts";
import { type ClientSecret, isClientSecret, openClientSecret } from "../../../secrets/client-secret.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { principalOf } from "../../auth.ts";
import type { PublicCall } from "../../route.ts";
import { givenKey, whoConnects } from "../web-socket.ts";

/** @throws AuthenticationError where nobody is known by it */
export async function whoOpens(call: PublicCall): Promise<Principal> {
  const { context, gateway } = call;
  const ports = gateway.authPorts(context);
  const key = givenKey(call);
  if (key === undefined || !isClientSecret(key)) return whoConnects(call);
  const { token } = await openClientSecret(gateway.vault, key, ports.now);
  const principal = await principalOf(token, ports);
  if (principal !== undefined) return principal;
  throw new AuthenticationError("Authentication Error, the key of the client secret is no more.", {
    type: "token_not_found_in_db",
    param: "key",
  });
}

/** The client secret the session is opened with; `undefined` where it is opened with a key. */
export async function givenClientSecret(call: PublicCall): Promise<ClientSecret | undefined> {
  const key = givenKey(call);
  return key !== undefined && isClientSecret(key) ? openClientSecret(call.gateway.vault, key, Date.now()) : undefined;
}
