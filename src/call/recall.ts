/** Recall: whether the answer is known, and that the one that comes will be. */
import type { CacheControls } from "../cache/controls.ts";
import { type Lookup, lookUp, modelsOf } from "../cache/lookup.ts";
import type { CallOptions } from "../operations/attempt.ts";
import type { BaseRequest, Meter, Operation } from "../operations/operation.ts";
import type { Choice } from "../router/engine.ts";
import type { ModelGroup } from "../router/groups.ts";
import type { CallDependencies, CallInput } from "./call.ts";
import type { Settlement } from "./settlement.ts";

export interface Recall<Request, Response> {
  lookup: Lookup<Request, Response>;
  /** By whom it is answered. */
  group: ModelGroup;
}

interface AskedOf<Request> {
  request: Request;
  options: CallOptions;
  controls: CacheControls;
  /** Where it must be answered. */
  region: string | undefined;
}

/** `undefined` where the cache has no part in the call. */
export async function recall<Request extends BaseRequest, Response, Chunk>(
  { cache, router, now, log }: CallDependencies,
  { name, cacheable }: Operation<Request, Response, Chunk>,
  { id, caller, shadow }: CallInput,
  { request, options, controls, region }: AskedOf<Request>,
  settlement: Settlement,
): Promise<Recall<Request, Response> | undefined> {
  if (cache === undefined || cacheable === undefined || shadow) return undefined;
  const group = router.groups.find(request.model, caller.attribution.teamId);
  if (group === undefined) return undefined; // who routes it tells
  const { tenant } = caller;
  const team = group.deployments[0]?.team?.id;
  const tags = router.settings.tagFiltering ? options.tags.toSorted() : undefined;
  const besides = { team, region, tags, ...changingOptions(options) };
  try {
    const models = modelsOf(group.deployments);
    const facts = { operation: name, group: group.name, models, tenant, besides, controls, now };
    const lookup = await lookUp(cache, cacheable, request, facts);
    if (lookup === undefined) return undefined;
    settlement.record.cacheHit = false;
    if (lookup.key !== undefined) settlement.record.cacheKey = lookup.key;
    return { lookup, group };
  } catch (error) {
    log.fault(id, error); // the call does as well without
    return undefined;
  }
}

/** Those that change what goes upstream, or stand in its place. */
function changingOptions(options: CallOptions) {
  const { dropParams, modifyParams, additionalDropParams, allowedOpenaiParams } = options;
  const { extraHeaders, forwardedHeaders, mock } = options;
  return { dropParams, modifyParams, additionalDropParams, allowedOpenaiParams, extraHeaders, forwardedHeaders, mock };
}

/**
 * Is it the asked group that answers, in the asked way? What another answers in its place is not kept, as it would stay when
 * this one answers again, nor put together with answers of this one.
 */
export function isOfGroup<Request, Response>({ group }: Recall<Request, Response>, choice: Choice): boolean {
  return choice.group === group.name && Object.keys(choice.overrides).length === 0;
}

/** Keeps the answer once the call is over, if it ended well. */
export function keepAnswer<Request, Response, Chunk>(
  { waitUntil, log }: Pick<CallDependencies, "waitUntil" | "log">,
  { lookup }: Recall<Request, Response>,
  meter: Meter<Response, Chunk>,
  settlement: Settlement,
): void {
  const keep = async () => {
    const outcome = await settlement.done;
    const { answer } = meter;
    if (outcome !== "success" || settlement.isContinued || answer === undefined) return;
    const { usage, cost, deploymentId, provider, model } = settlement.record;
    const by = { ...(deploymentId && { deploymentId }), ...(provider && { provider }), ...(model && { model }) };
    await lookup.keep(answer, { usage, cost, by });
  };
  waitUntil(keep().catch((error: unknown) => log.fault(settlement.record.id, error)));
}
