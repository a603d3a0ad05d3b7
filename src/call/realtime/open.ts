/**
 * Opens a session: admit, route, connect. Until the provider's WebSocket is open the client has seen nothing, and everything
 * may be tried again elsewhere, as with any other call.
 */

import type { Secret } from "../../credentials/secret.ts";
import { BadRequestError } from "../../formats/errors.ts";
import { isBeta, type RealtimeReader, type RealtimeTranslator } from "../../formats/openai/realtime.ts";
import type { CallOptions } from "../../operations/attempt.ts";
import type { Target } from "../../providers/provider.ts";
import { openSession, type RealtimeAdapter, type RealtimeQuery } from "../../providers/realtime.ts";
import { findProvider, providerFor } from "../../providers/registry.ts";
import type { Deployment } from "../../router/deployment.ts";
import type { Choice } from "../../router/engine.ts";
import type { CallDependencies, CallInput, Reply } from "../call.ts";
import type { Caller } from "../caller.ts";
import { errorHeaders, replyHeaders } from "../headers.ts";
import { limitsOf } from "../limits-of.ts";
import { splitOptions } from "../options.ts";
import { Reservation, type Size } from "../reservation.ts";
import { routeRequest } from "../routing.ts";
import { Settlement } from "../settlement.ts";
import { RealtimeSession, type Socket } from "./session.ts";
import { ofResponse, ofSession } from "./shares.ts";

export interface RealtimeInput extends Omit<CallInput, "shadow" | "onAsked"> {
  /** What the client asks of the provider. */
  asked: RealtimeQuery;
  /** The client speaks the provider's own messages, whatever those are. */
  isNative?: true;
  /** A key of the provider's that is made for this session, in place of the deployment's. */
  secret?: Secret;
  /** Who it is for, as of now. @throws SluiceError where it may no longer use the gateway */
  callerNow(): Promise<Caller>;
}

/** An open session, which waits for the client's WebSocket. */
export interface OpenSession {
  headers: Record<string, string>;
  start(client: Socket): void;
}

/** Seconds in which a WebSocket is open, or will never be. */
const LONGEST_OPENING = 30;
const NOTHING = { tokens: 0, cost: 0 };

/** Every failure before the session is open is a reply; nothing is thrown. */
export async function openRealtime(dependencies: CallDependencies, input: RealtimeInput): Promise<OpenSession | Reply> {
  const settlement = new Settlement(dependencies, "realtime", input);
  dependencies.waitUntil(settlement.done);
  try {
    const admitted = admit(input);
    const { model, options, routing } = admitted;
    settlement.admitted({ model, stream: true }, options);
    settlement.reserved(await reserve(dependencies, input, model, options));
    const operation = {
      countInput: async () => 0,
      paramsOf: () => [],
      affinityOf: (_: unknown, session: string | undefined) => ({ session, user: undefined, promptPrefix: undefined }),
    };
    const route = routeRequest(operation, { model, stream: true }, options, routing, input);
    const ask = (choice: Choice) => connect(dependencies, input, options, choice, settlement);
    const outcome = await dependencies.router.run(route, ask, settlement.record);
    settlement.answered(outcome);
    const { choice, value } = outcome;
    value.isChosen = true;
    // It is open, which is all that can be said of the deployment: its responses are told one by one.
    choice.ticket.succeeded(NO_TOKENS);
    const { target, adapter, url, upstream, translator, reader } = value;
    const session = new RealtimeSession({
      account: {
        dependencies,
        id: input.id,
        model,
        options,
        choice,
        target,
        url,
        ...(adapter.speech && { speech: adapter.speech }),
        isBeta: isBeta(input.asked.headers["openai-beta"]),
        onlyListens: input.asked.intent === "transcription",
        callerNow: () => input.callerNow(),
      },
      caller: input.caller,
      settlement,
      upstream,
      translator,
      reader,
    });
    return { headers: replyHeaders(settlement, {}), start: (client) => session.start(client) };
  } catch (cause) {
    const error = settlement.toError(cause);
    settlement.fail(error, input.signal.aborted);
    return {
      status: error.status,
      headers: { "content-type": "application/json", ...errorHeaders(settlement, error) },
      body: JSON.stringify(error.toBody()),
      ended: settlement.done,
    };
  }
}

const NO_TOKENS = { tokens: 0, completionTokens: 0 };

/** What the client asks, told apart and checked. */
function admit({ body, headers, caller }: RealtimeInput) {
  const missing = caller.enforcedParams.find((path) => body[path] === undefined);
  if (missing !== undefined)
    throw new BadRequestError(
      `BadRequest please pass param=${missing} in request body. This is a required param for this key or team.`,
      { param: missing },
    );
  const asked = body["model"];
  if (typeof asked !== "string" || asked === "")
    throw new BadRequestError("litellm.BadRequestError: a session needs a model: /v1/realtime?model=...", {
      param: "model",
    });
  const { options, routing } = splitOptions(body, headers);
  const model = caller.modelFor(asked);
  const refusal = model === asked ? caller.refuseModel(model) : caller.refuseAlias(asked, model);
  if (refusal !== undefined) throw refusal;
  return { model, options: { ...options, mock: {}, tags: [...new Set([...options.tags, ...caller.tags])] }, routing };
}

/** A request and a place for the session; and a look whether there are tokens and money for any response at all. */
async function reserve(
  dependencies: CallDependencies,
  { id, caller }: RealtimeInput,
  model: string,
  options: CallOptions,
): Promise<Reservation> {
  const { subjects, served, ports } = await limitsOf(dependencies, caller, model, options.tags);
  const probe = await Reservation.make(id, subjects.map(ofResponse), served, sizeOf(model, undefined), ports);
  probe.settle(NOTHING);
  return Reservation.make(id, subjects.map(ofSession), served, sizeOf(model, 0), ports);
}

function sizeOf(model: string, output: number | undefined): Size {
  return { model, input: async () => 0, output, roomFor: () => 0, answers: 1, terms: {} };
}

interface Connected {
  target: Target;
  adapter: RealtimeAdapter;
  url: string;
  upstream: WebSocket;
  translator: RealtimeTranslator | undefined;
  reader: RealtimeReader | undefined;
  /** Of two that were asked at once, the other is closed. */
  isChosen: boolean;
}

/** Asks the deployment the router chose for a session. */
async function connect(
  { fetch, settings, gate, now }: CallDependencies,
  { id, asked, secret, isNative }: RealtimeInput,
  options: CallOptions,
  choice: Choice,
  settlement: Settlement,
): Promise<Connected> {
  const { deployment } = choice;
  const target = secret === undefined ? deployment.target : { ...deployment.target, apiKey: secret };
  const size = sizeOf(choice.group, 0);
  const admission = await gate.enter(id, deployment, size);
  const observer = settlement.attempt(choice, admission);
  try {
    await settlement.reservation?.cover(choice, { name: choice.group, deployments: [deployment] }, size);
    const adapter = adapterOf(deployment);
    if (isNative && adapter.reader === undefined) throw notNative(target);
    // Before it is open: what the target lacks is no reason to have opened a session.
    const translator = isNative ? undefined : adapter.translator?.(target, asked);
    const reader = isNative && adapter.reader?.(target);
    let url = "";
    const upstream = await openSession(adapter, target, asked, {
      fetch,
      authorize: findProvider(target.provider)?.authorize,
      now,
      signal: choice.signal,
      seconds: Math.min(LONGEST_OPENING, options.timeout ?? deployment.timeout ?? settings.timeout),
      onRequest(asked) {
        url = asked;
        observer.asks(asked);
      },
    });
    const connected = { target, adapter, url, upstream, translator, reader, isChosen: false };
    choice.signal.addEventListener("abort", () => {
      if (connected.isChosen) return;
      upstream.accept();
      upstream.close(1000);
    });
    return connected;
  } catch (error) {
    settlement.failedAttempt(choice, error);
    throw error;
  }
}

function adapterOf({ target, mockResponse }: Deployment): RealtimeAdapter {
  const { provider, model } = target;
  const adapter = providerFor(target)?.realtime;
  if (adapter !== undefined && mockResponse === undefined) return adapter;
  const what = adapter === undefined ? `${provider} does not do realtime` : "a mock answer has no realtime session";
  throw new BadRequestError(`litellm.BadRequestError: ${what} (model=${model})`, { provider, model });
}

function notNative({ provider, model }: Target): BadRequestError {
  const message = `litellm.BadRequestError: sessions of ${provider} are at /v1/realtime (model=${model})`;
  return new BadRequestError(message, { provider, model });
}
