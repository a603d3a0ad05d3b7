/**
 * Who opens a session. Browsers can set no headers for a WebSocket: they send the key among the subprotocols, as OpenAI has
 * it, or in the query, as Azure has it.
 */
import { AuthenticationError } from "../../../formats/errors.ts";
import { protocolsOf } from "../../../formats/websocket.ts";
import { type ClientSecret, isClientSecret, openClientSecret } from "../../../secrets/client-secret.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import { authenticate, keyOf, principalOf } from "../../auth.ts";
import type { PublicCall } from "../../route.ts";

/** OpenAI's subprotocol with the key behind it. */
export const KEY_PROTOCOL = "openai-insecure-api-key.";

/** @throws AuthenticationError where nobody is known by it */
export async function whoOpens(call: PublicCall): Promise<Principal> {
  const { context, gateway } = call;
  const ports = gateway.authPorts(context);
  const key = givenKey(call);
  if (key === undefined || !isClientSecret(key)) return authenticate(withKey(call, key), ports);
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

function givenKey({ context, gateway }: PublicCall): string | undefined {
  const { headers } = context.req.raw;
  const inHeaders = keyOf(headers, gateway.authPorts(context).keyHeader);
  if (inHeaders !== undefined) return inHeaders;
  const protocols = protocolsOf(headers.get("sec-websocket-protocol"));
  const named = protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
  return named ?? context.req.query("api-key");
}

function withKey({ context }: PublicCall, key: string | undefined): Headers {
  if (key === undefined) return context.req.raw.headers;
  return new Headers({ authorization: `Bearer ${key}` });
}
