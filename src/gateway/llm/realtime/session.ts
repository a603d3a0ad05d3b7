/** `GET /v1/realtime`: the client's WebSocket, and the session it is for. */
import { atDeployment } from "../../../call/at-deployment.ts";
import type { CallDependencies, CallInput } from "../../../call/call.ts";
import { openRealtime } from "../../../call/realtime/open.ts";
import { AuthenticationError, BadRequestError, SluiceError } from "../../../formats/errors.ts";
import { protocolsOf } from "../../../formats/websocket.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { ClientSecret } from "../../../secrets/client-secret.ts";
import { principalOf } from "../../auth.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse } from "../native.ts";
import { givenClientSecret, KEY_PROTOCOL } from "./credentials.ts";

/** Answered to clients that name subprotocols: a browser closes where none of its own comes back. */
const PROTOCOL = "realtime";

/** Headers that go on to providers that speak OpenAI's events. */
const PASSED = ["openai-beta", "openai-safety-identifier"] as const;

export async function openSession(call: RouteCall): Promise<Response> {
  const { context, gateway } = call;
  const { headers } = context.req.raw;
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return upgradeRequired();
  const protocols = protocolsOf(headers.get("sec-websocket-protocol"));
  const secret = await givenClientSecret(call);
  const { user, intent, ...query } = context.req.query();
  if (query["call_id"] !== undefined)
    throw new BadRequestError("A call that was opened by WebRTC cannot be joined: the gateway does not know of it.", {
      param: "call_id",
    });
  const model = secret?.model ?? query["model"] ?? query["deployment"];
  const input = callInput(call, { model, ...(user !== undefined && { user }) });
  const opened = await openRealtime(secret === undefined ? gateway.calls(context) : boundTo(call, secret, input), {
    ...input,
    asked: { ...(intent !== undefined && { intent }), headers: passedHeaders(headers, protocols) },
    ...(secret && { secret: secret.secret }),
    callerNow: async () => callInput({ ...call, principal: await principalNow(call) }, input.body).caller,
  });
  if ("status" in opened) return asResponse(opened);
  const { 0: client, 1: server } = new WebSocketPair();
  opened.start(server);
  const protocol = protocols.includes(PROTOCOL) ? PROTOCOL : protocols.find((name) => !name.startsWith(KEY_PROTOCOL));
  const response = new Response(null, { status: 101, webSocket: client, headers: opened.headers });
  if (protocol !== undefined) response.headers.set("sec-websocket-protocol", protocol);
  return response;
}

function upgradeRequired(): Response {
  const message = "A session in real time is a WebSocket: connect with wss:// (or ws://), or send Upgrade: websocket.";
  const error = new SluiceError(message, {}, 426, "invalid_request_error");
  return Response.json(error.toBody(), { status: 426, headers: { upgrade: "websocket" } });
}

/** What the client asks of the provider, beside the model. */
function passedHeaders(headers: Headers, protocols: readonly string[]): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of PASSED) {
    const value = headers.get(name);
    if (value !== null) passed[name] = value;
  }
  if (protocols.includes("openai-beta.realtime-v1")) passed["openai-beta"] = "realtime=v1";
  return passed;
}

/** Whoever opened the session, as of now. @throws SluiceError where the key is blocked, over or gone */
async function principalNow({ context, gateway, principal }: RouteCall): Promise<RouteCall["principal"]> {
  const now = await principalOf(principal.token, gateway.authPorts(context));
  if (now !== undefined) return now;
  throw new AuthenticationError("Authentication Error, the key is no more.", {
    type: "token_not_found_in_db",
    param: "key",
  });
}

/** What a call needs, with the deployment whose provider made the secret, and no other: none else knows it. */
function boundTo(call: RouteCall, secret: ClientSecret, { caller }: CallInput): CallDependencies {
  const deployment = deploymentOf(call, secret, caller.modelFor(secret.model));
  return atDeployment(call.gateway.calls(call.context), deployment);
}

/**
 * The deployment a secret was made by, under the model's name.
 * @throws AuthenticationError where it is gone
 */
export function deploymentOf({ gateway }: RouteCall, secret: ClientSecret, modelName: string): Deployment {
  const deployment = gateway.router.groups.deployments().find(({ id }) => id === secret.deployment);
  const bound = deployment?.bind?.(modelName) ?? deployment;
  if (bound !== undefined) return { ...bound, modelName };
  throw new AuthenticationError("Authentication Error, the deployment of the client secret is no more.", {
    type: "auth_error",
    param: "key",
  });
}
