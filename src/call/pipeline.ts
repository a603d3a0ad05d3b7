/**
 * The way of one call, the same for every operation: admit, guard, recall, route, speak, guard, settle.
 * Rooms that are not built yet are simply not on the way.
 */
import { type Attempt, attempt } from "../operations/attempt.ts";
import type { BaseRequest, Operation } from "../operations/operation.ts";
import type { Choice, Outcome } from "../router/engine.ts";
import type { RouteRequest } from "../router/request.ts";
import { BudgetExceededError } from "../tenancy/limit-refusals.ts";
import { type Admitted, admit, inPlace, lacking, reserveOrFallBack, sizeOf, withOverrides } from "./admit.ts";
import type { CallDependencies, CallInput, Reply } from "./call.ts";
import { ownUpstream } from "./client-credentials.ts";
import { continueStream } from "./continue.ts";
import { errorHeaders } from "./headers.ts";
import { passedHeaders } from "./passed-headers.ts";
import { isOfGroup, keepAnswer, type Recall, recall } from "./recall.ts";
import { replyBytes, replyRecalled, replyStream, replyWhole, retelling } from "./replies.ts";
import { routeRequest } from "./routing.ts";
import { Settlement } from "./settlement.ts";

/** Carries one call through. Every failure is a reply in the client's format; nothing is thrown. */
export async function perform<Request extends BaseRequest, Response, Chunk>(
  usual: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  asIs: CallInput,
): Promise<Reply> {
  const settlement = new Settlement(usual, operation.name, asIs);
  usual.waitUntil(settlement.done);
  try {
    const { dependencies, input } = ownUpstream(usual, asIs) ?? { dependencies: usual, input: asIs };
    const place = await input.caller.place();
    const given = await admit(dependencies, operation, input, input.body);
    const asked = inPlace(dependencies, operation, input, given, place);
    settlement.admitted(asked.request, asked.options);
    settlement.asked(asked.request);
    const { admitted, reservation } = await reserveOrFallBack(dependencies, operation, input, asked);
    const { request, options, routing } = admitted;
    settlement.reserved(reservation);
    const region = place?.region;
    const recalled =
      dependencies.cache && (await recall(dependencies, operation, input, { ...admitted, region }, settlement));
    if (recalled?.lookup.found !== undefined)
      return await replyRecalled(operation, input, request, recalled, settlement);
    const route = routeRequest(operation, request, options, routing, input, region);
    const askDeployment = async (choice: Choice) => {
      const asked = await withOverrides(dependencies, operation, input, admitted, choice);
      return ask(
        dependencies,
        operation,
        input,
        lacking(dependencies, operation, asked, recalled, choice),
        choice,
        settlement,
      );
    };
    const outcome = await dependencies.router.run(route, askDeployment, settlement.record);
    settlement.answered(outcome);
    return await reply({ dependencies, operation, input, admitted, recalled, route, outcome, settlement });
  } catch (cause) {
    const error = settlement.toError(cause);
    settlement.fail(error, asIs.signal.aborted);
    return {
      status: operation.errorStatus?.(error) ?? error.status,
      headers: { "content-type": "application/json", ...errorHeaders(settlement, error) },
      body: JSON.stringify(operation.errorBody(error)),
      ended: settlement.done,
      ...(error instanceof BudgetExceededError && { mayPass: true }),
    };
  }
}

interface Answered<Request extends BaseRequest, Response, Chunk> {
  dependencies: CallDependencies;
  operation: Operation<Request, Response, Chunk>;
  input: CallInput;
  admitted: Admitted<Request>;
  recalled: Recall<Request, Response> | undefined;
  route: RouteRequest;
  outcome: Outcome<Attempt<Request, Response, Chunk>>;
  settlement: Settlement;
}

/** Sends what a deployment answers. A stream that breaks off may go on elsewhere. */
async function reply<Request extends BaseRequest, Response, Chunk>({
  dependencies,
  operation,
  input,
  admitted,
  recalled,
  route,
  outcome: { value, choice },
  settlement,
}: Answered<Request, Response, Chunk>): Promise<Reply> {
  const { request } = admitted;
  const { answer } = value;
  const { router, settings } = dependencies;
  const own = recalled && isOfGroup(recalled, choice) ? recalled : undefined;
  if (own !== undefined) keepAnswer(dependencies, own, value.meter, settlement);
  const retell = retelling(operation, input, request, choice);
  if (answer.kind === "complete")
    return replyWhole(operation, request, value, answer, settlement, { retell, complete: own?.lookup.complete });
  if (answer.kind === "bytes") return replyBytes(input, value, answer, settlement);
  const askRest = (choice: Choice, rest: Request) => {
    const asked = { ...admitted, request: rest, size: sizeOf(operation, rest, dependencies.prices) };
    return ask(dependencies, operation, input, asked, choice, settlement);
  };
  const isContinued = router.settings.midStreamFallback === "continue";
  const readsAll = own !== undefined || settings.storePrompts || input.onAnswer !== undefined;
  return replyStream(operation, input, request, value, answer, settlement, { isContinued, retell, readsAll }, (error) =>
    continueStream({ operation, request, attempt: value, choice, route, router, settlement, ask: askRest }, error),
  );
}

/** Speak: asks the deployment the router chose. */
async function ask<Request extends BaseRequest, Response, Chunk>(
  { fetch, now, settings, gate }: CallDependencies,
  operation: Operation<Request, Response, Chunk>,
  { id, onAsked, headers, caller }: CallInput,
  { request, size, options: given }: Admitted<Request>,
  choice: Choice,
  settlement: Settlement,
): Promise<Attempt<Request, Response, Chunk>> {
  const ports = { fetch, now, signal: choice.signal, id };
  const { passing } = settings;
  const options = passing
    ? {
        ...given,
        extraHeaders: passedHeaders(passing, given.extraHeaders, { headers, attribution: caller.attribution }, choice),
      }
    : given;
  const admission = await gate.enter(id, choice.deployment, size);
  const served = { name: choice.group, deployments: [choice.deployment] };
  const bound = await settlement.reservation?.cover(choice, served, size).catch((error: unknown) => {
    admission?.settle({ tokens: 0, cost: 0 });
    throw error;
  });
  const affordable = bound === undefined ? request : operation.bounded(request, bound);
  const asked = attempt(
    operation,
    affordable,
    choice.deployment,
    options,
    settings,
    ports,
    settlement.attempt(choice, admission),
  );
  onAsked?.(choice);
  try {
    return await asked;
  } catch (error) {
    settlement.failedAttempt(choice, error);
    throw error;
  }
}
