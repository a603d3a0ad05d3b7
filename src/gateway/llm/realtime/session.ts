/** `GET /v1/realtime`: the client's WebSocket, and the session it is for. */
import { atDeployment } from "../../../call/at-deployment.ts";
import type { CallDependencies, CallInput } from "../../../call/call.ts";
import { openRealtime } from "../../../call/realtime/open.ts";
import { AuthenticationError, BadRequestError } from "../../../formats/errors.ts";
import { protocolsOf } from "../../../formats/websocket.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { ClientSecret } from "../../../secrets/client-secret.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse } from "../native.ts";
import { isUpgrade, principalNow, switched, upgradeRequired } from "../web-socket.ts";
import { givenClientSecret } from "./credentials.ts";

/** The API's subprotocol. */
const PROTOCOL = "realtime";

/** Headers that go on to providers that speak OpenAI's events. */
const PASSED = ["openai-beta", "openai-safety-identifier"] as const;

export async function openSession(call: RouteCall): Promise<Response> {
  const { context, gateway } = call;
  const { headers } = context.req.raw;
  if (!isUpgrade(headers)) return upgradeRequired("A session in real time");
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
  return switched(client, context.req.raw, PROTOCOL, opened.headers);
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
