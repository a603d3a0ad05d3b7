/**
 * Google's Live API for its own clients: `/vertex_ai/live`, and the path at which Google's libraries open it. Whose credentials
 * and whether the caller may is known with the first message, which names the model.
 */
import { atDeployment } from "../../../call/at-deployment.ts";
import type { Caller } from "../../../call/caller.ts";
import { openRealtime } from "../../../call/realtime/open.ts";
import { BadRequestError, SluiceError } from "../../../formats/errors.ts";
import { modelOfSetup } from "../../../formats/gemini/live/reader.ts";
import { asRecord, type JsonObject } from "../../../formats/json.ts";
import { closeReason } from "../../../formats/websocket.ts";
import type { Target } from "../../../providers/provider.ts";
import type { Deployment } from "../../../router/deployment.ts";
import type { Principal } from "../../../tenancy/principal.ts";
import type { PublicCall, RouteCall } from "../../route.ts";
import { callInput } from "../call-input.ts";
import { authenticateWithQuery } from "../gemini/query-key.ts";
import { providerDeployment } from "../provider-deployment.ts";
import { isUpgrade, principalNow, switched, upgradeRequired, whoConnects } from "../web-socket.ts";
import { refuse, refusePath, refuseUnpriced } from "./access.ts";
import { HeldSocket } from "./held-socket.ts";
import { ownDeployment } from "./own-names.ts";
import { isVertex, vertexDeployment } from "./vertex.ts";

/** Milliseconds in which a client says what it wants. */
const LONGEST_SILENCE = 30_000;
const POLICY_VIOLATION = 1008;
const FAILED = 1011;

/** Google's libraries say the key in the query, browsers as a subprotocol. */
export function whoOpensLive(call: PublicCall): Promise<Principal> {
  return call.context.req.query("key") === undefined ? whoConnects(call) : authenticateWithQuery(call);
}

/** @param slug of the provider whose Live API it is */
export async function openLive(call: RouteCall, slug: string): Promise<Response> {
  const { context, gateway } = call;
  if (!isUpgrade(context.req.raw.headers)) return upgradeRequired("Google's Live API");
  const refusal = refusePath(call);
  if (refusal !== undefined) throw refusal;
  const hasOwn = gateway.router.groups.deployments().some(({ target }) => target.provider === slug);
  if (!hasOwn && deploymentOf(call, slug, "", {}) === undefined) throw noCredentials(slug);
  const { 0: client, 1: server } = new WebSocketPair();
  const socket = new HeldSocket(server);
  const begun = begin(call, slug, socket).catch((cause: unknown) => {
    if (socket.signal.aborted) return;
    const isOurs = cause instanceof SluiceError;
    if (!isOurs) gateway.log.fault(context.get("callId"), cause);
    const message = isOurs ? cause.message : "the gateway failed";
    socket.close(isOurs && cause.status < 500 ? POLICY_VIOLATION : FAILED, closeReason(message));
  });
  gateway.waitUntil(context, begun);
  return switched(client, context.req.raw, "", {});
}

/** @throws SluiceError where the session is not to be */
async function begin(call: RouteCall, slug: string, socket: HeldSocket): Promise<void> {
  const { context, gateway } = call;
  const { user, ...query } = context.req.query();
  const { model, ...place } = placeIn(modelOfSetup(await inTime(socket.first)) ?? query["model"] ?? "");
  const location = place.location ?? query["vertex_location"] ?? query["location"];
  const project = place.project ?? query["vertex_project"] ?? query["project_id"];
  const own = ownDeployment(call, slug, model);
  const wanted = { provider: slug, model, servedAs: own?.modelName, isKnown: true };
  const refusal = refuse(call, wanted);
  if (refusal !== undefined) throw refusal;
  const standing = deploymentOf(call, slug, model, { project, location });
  const found = project === undefined ? (own ?? standing) : (standing ?? own);
  if (found === undefined) throw noCredentials(slug);
  const deployment = { ...found, target: at(found.target, location) };
  refuseUnpriced(call, deployment);
  const body = { model: deployment.modelName, ...(user !== undefined && { user }) };
  const input = callInput(call, body);
  const opened = await openRealtime(atDeployment(gateway.calls(context), deployment), {
    ...input,
    caller: named(input.caller),
    signal: socket.signal,
    isNative: true,
    asked: { headers: {} },
    callerNow: async () => {
      const now = { ...call, principal: await principalNow(call) };
      const refused = refuse(now, wanted);
      if (refused !== undefined) throw refused;
      return named(callInput(now, body).caller);
    },
  });
  if ("start" in opened) return opened.start(socket);
  throw new SluiceError(messageOf(opened.body), {}, opened.status);
}

/** What the caller may name was looked at under each of the model's names. */
function named(caller: Caller): Caller {
  return { ...caller, modelFor: (model) => model, refuseModel: () => undefined };
}

async function inTime(first: Promise<string>): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new BadRequestError("No setup came.")), LONGEST_SILENCE);
  try {
    return await Promise.race([first, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

interface Named {
  model: string;
  project?: string;
  location?: string;
}

const NAME =
  /^(?:projects\/([^/]+)\/)?(?:locations\/([^/]+)\/)?(?:(?:publishers\/google\/)?models\/([^/:]+)|(endpoints\/[^/:]+)|([^/:]+))$/;

/** @throws BadRequestError where a session names no model of Google's */
function placeIn(name: string): Named {
  const [whole, project, location, model, endpoint, plain] = NAME.exec(name) ?? [];
  if (whole === undefined)
    throw new BadRequestError(`setup.model ${JSON.stringify(name.slice(0, 200))} is no model of Google's`, {
      param: "setup.model",
    });
  return {
    model: model ?? endpoint?.replace("endpoints/", "gemini/") ?? plain ?? "",
    ...(project !== undefined && { project }),
    ...(location !== undefined && { location }),
  };
}

function deploymentOf(
  { gateway }: RouteCall,
  slug: string,
  model: string,
  { project, location }: Partial<Record<"project" | "location", string | undefined>>,
): Deployment | undefined {
  if (!isVertex(slug)) return providerDeployment(gateway, slug, model === "" ? {} : { model });
  const place =
    project === undefined ? "" : `/projects/${project}${location === undefined ? "" : `/locations/${location}`}`;
  return vertexDeployment(gateway, slug, place, model);
}

/** A location that is named is asked, as on the other routes. */
function at({ params = {}, ...target }: Target, location: string | undefined): Target {
  if (location === undefined) return { ...target, params };
  const { vertex_ai_location: _, ...others } = params;
  return { ...target, params: { ...others, vertex_location: location } };
}

function messageOf(body: unknown): string {
  const error: JsonObject = asRecord(asRecord(typeof body === "string" ? JSON.parse(body) : undefined)["error"]);
  return String(error["message"] ?? "the session could not be opened");
}

function noCredentials(provider: string): BadRequestError {
  return new BadRequestError(
    `litellm.BadRequestError: the gateway has no credentials for ${provider}: set those of the environment, or use_in_pass_through on a deployment of it`,
    { provider, param: "model" },
  );
}
