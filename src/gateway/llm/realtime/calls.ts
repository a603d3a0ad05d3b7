/**
 * `POST /v1/realtime/calls`: the offer of a WebRTC client, passed on to the provider. Sound then goes between the two,
 * and the gateway neither sees what is used nor can end it; so an admin has to allow it.
 */
import { BadRequestError, SluiceError } from "../../../formats/errors.ts";
import { readBytes } from "../../body.ts";
import type { RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { asResponse, callNative } from "../native.ts";
import { givenClientSecret } from "./credentials.ts";
import { deploymentOf } from "./session.ts";

export async function openCall(call: RouteCall): Promise<Response> {
  const { context, gateway } = call;
  if (gateway.config.settings.general.allow_unmetered_realtime_calls !== true)
    throw new SluiceError(
      "WebRTC calls go past the gateway, which cannot count what they use. Open a session by WebSocket (/v1/realtime), or have the admin set general_settings.allow_unmetered_realtime_calls.",
      { param: "allow_unmetered_realtime_calls" },
      501,
      "not_implemented_error",
    );
  const secret = await givenClientSecret(call);
  if (secret === undefined)
    throw new BadRequestError(
      "A call is opened with a client secret (POST /v1/realtime/client_secrets), not with a key.",
    );
  const { caller } = callInput(call, { model: secret.model });
  const model = caller.modelFor(secret.model);
  const refusal = caller.refuseModel(model);
  if (refusal !== undefined) throw refusal;
  const deployment = deploymentOf(call, secret, model);
  const request = context.req.raw;
  const body = await readBytes(request, gateway.config.settings.maxRequestBytes);
  const contentType = request.headers.get("content-type") ?? "application/sdp";
  const query = new URLSearchParams({ model: deployment.target.model });
  // Azure's: which events the browser sees.
  const filter = context.req.query("webrtcfilter");
  if (filter !== undefined) query.set("webrtcfilter", filter);
  const path = `/v1/realtime/calls?${query}`;
  const asked = { ...deployment, target: { ...deployment.target, apiKey: secret.secret } };
  const native = { method: "POST" as const, path, headers: { "content-type": contentType }, body };
  return asResponse(await callNative(call, asked, native, { name: "realtime_call" }));
}
