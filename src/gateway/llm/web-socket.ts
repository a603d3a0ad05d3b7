/** What all routes share that are WebSockets: who opens them, who it is by now, and the answer to the upgrade. */
import { AuthenticationError, SluiceError } from "../../formats/errors.ts";
import { protocolsOf } from "../../formats/websocket.ts";
import type { Principal } from "../../tenancy/principal.ts";
import { authenticate, keyOf, principalOf } from "../auth.ts";
import type { PublicCall, RouteCall } from "../route.ts";

/** OpenAI's subprotocol with the key behind it. */
const KEY_PROTOCOL = "openai-insecure-api-key.";

/** The key, wherever it stands: browsers can set no headers, and send it as a subprotocol (OpenAI) or in the query (Azure). */
export function givenKey({ context, gateway }: PublicCall): string | undefined {
  const { headers } = context.req.raw;
  const inHeaders = keyOf(headers, gateway.authPorts(context).keyHeader);
  if (inHeaders !== undefined) return inHeaders;
  const protocols = protocolsOf(headers.get("sec-websocket-protocol"));
  const named = protocols.find((name) => name.startsWith(KEY_PROTOCOL))?.slice(KEY_PROTOCOL.length);
  return named ?? context.req.query("api-key");
}

/** @throws AuthenticationError where nobody is known by the key */
export function whoConnects(call: PublicCall): Promise<Principal> {
  const key = givenKey(call);
  const { headers } = call.context.req.raw;
  const said = key === undefined ? headers : new Headers({ authorization: `Bearer ${key}` });
  return authenticate(said, call.gateway.authPorts(call.context));
}

/** Whoever opened it, as of now. @throws SluiceError where the key is blocked, over or gone */
export async function principalNow({ context, gateway, principal }: RouteCall): Promise<Principal> {
  const now = await principalOf(principal.token, gateway.authPorts(context));
  if (now !== undefined) return now;
  throw new AuthenticationError("Authentication Error, the key is no more.", {
    type: "token_not_found_in_db",
    param: "key",
  });
}

export function isUpgrade(headers: Headers): boolean {
  return headers.get("upgrade")?.toLowerCase() === "websocket";
}

/** @param what is a WebSocket */
export function upgradeRequired(what: string): Response {
  const message = `${what} is a WebSocket: connect with wss:// (or ws://), or send Upgrade: websocket.`;
  const error = new SluiceError(message, {}, 426, "invalid_request_error");
  return Response.json(error.toBody(), { status: 426, headers: { upgrade: "websocket" } });
}

/**
 * The answer that opens it. A browser closes where none of the subprotocols it names comes back.
 * @param own the subprotocol to answer with, where the client names it
 */
export function switched(client: WebSocket, request: Request, own: string, headers: Record<string, string>): Response {
  const response = new Response(null, { status: 101, webSocket: client, headers });
  const protocols = protocolsOf(request.headers.get("sec-websocket-protocol"));
  const protocol = protocols.includes(own) ? own : protocols.find((name) => !name.startsWith(KEY_PROTOCOL));
  if (protocol !== undefined) response.headers.set("sec-websocket-protocol", protocol);
  return response;
}
